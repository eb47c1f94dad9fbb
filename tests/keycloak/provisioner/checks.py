"""What is promised of every kind of thing, whatever it is."""

from typing import Any

from tests.keycloak.provisioner.realms import TestRealm


def says(realm: TestRealm, **keys: Any) -> None:
    """A realm file with these keys only."""
    realm.content = {"realm": realm.name, "enabled": True, **keys}
    realm.write()


def planned(realm: TestRealm) -> list[tuple[str, str]]:
    """The (action, address) of what the plan names, but for what it leaves alone."""
    changes = (change for change in realm.plan() if change.action.value != "unmanaged")
    return [(change.action.value, str(change.address)) for change in changes]


def applied(realm: TestRealm, **options: Any) -> None:
    """Applied; what was planned is there, and a second apply writes nothing."""
    outcome = realm.apply(**options)
    assert outcome.complete, (str(outcome.error), str(outcome.failed))
    assert planned(realm) == []
    again = realm.apply(**options)
    assert again.complete
    assert realm.api is not None
    assert realm.api.writes == []


def repaired(realm: TestRealm, *addresses: str, writes: int | None = None) -> None:
    """These are seen to differ, an apply repairs them, and nothing is left."""
    assert [address for _, address in planned(realm)] == list(addresses)
    outcome = realm.apply()
    assert outcome.complete, (str(outcome.error), str(outcome.failed))
    assert realm.api is not None
    if writes is not None:
        assert len(realm.api.writes) == writes, realm.api.writes
    assert planned(realm) == []


def reasons(realm: TestRealm) -> dict[str, str]:
    """Why what is refused is refused, by address."""
    return {str(change.address): change.reason for change in realm.plan().refused}
