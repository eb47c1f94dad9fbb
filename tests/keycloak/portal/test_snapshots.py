"""A snapshot that is not read again is the one that would be read."""

from collections.abc import Callable

import pytest

from directory.encoding import Subgroup
from tests.keycloak.portal.world import RealRequests, done

CHANGES: dict[str, Callable[[RealRequests, str], object]] = {
    "join": lambda world, user: world.world.join(user, f"/{world.ids['B']}"),
    "leave": lambda world, user: world.world.leave(user, f"/{world.ids['A']}"),
    "administrator": lambda world, user: world.world.join(user, f"/{world.ids['A']}/{Subgroup.ADMINISTRATORS}"),
    "name": lambda world, user: done(world.admin.put(f"/users/{user}", json={"lastName": "Autrement"})),
    "disable": lambda world, user: world.disable(user),
    "delete": lambda world, user: done(world.admin.delete(f"/users/{user}")),
}


@pytest.fixture
def somebody(everybody: RealRequests) -> str:
    """A member of A whom no case of the matrix knows."""
    email = "passing@den.example"
    account = {"username": email, "email": email, "firstName": "P", "lastName": "Q"}
    return everybody.world._create({**account, "enabled": True, "groups": [f"/{everybody.ids['A']}"]})


@pytest.mark.parametrize("change", CHANGES)
def test_every_kind_of_change_is_noticed(change: str, everybody: RealRequests, somebody: str):
    """Keycloak writes an event for it, so the next snapshot differs."""
    before = everybody.snapshot()
    CHANGES[change](everybody, somebody)
    assert everybody.snapshot() != before
    if change != "delete":
        done(everybody.admin.delete(f"/users/{somebody}"))


def test_a_snapshot_without_a_change_is_not_read_again(everybody: RealRequests):
    """It equals the one before, and a full reading of the realm."""
    before = everybody.snapshot()
    read_at = everybody.read_at
    assert everybody.snapshot() == before
    assert everybody.read_at is read_at
    assert {**before, **everybody._read_everything()} == before
