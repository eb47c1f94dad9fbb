"""Groups of a realm file, default groups, and what somebody adds to a company: on a real Keycloak."""

import pytest

from tests.keycloak.provisioner.conftest import COMPANIES
from tests.keycloak.provisioner.realms import TestRealm

GROUPS = {
    "groups": [
        {
            "name": "a/b",
            "path": "/a/b",
            "attributes": {"floor": ["1", "2"]},
            "subGroups": [{"name": "c", "description": "Below a slash", "subGroups": [{"name": "d"}]}],
        },
        {"name": "a", "subGroups": [{"name": "b"}]},
        {
            "name": "natively",
            "attributes": {"kind": ["company"], "displayName": ["Natively"]},
            "subGroups": [{"name": "administrators", "attributes": {"role": ["administrator"]}}],
        },
    ],
    "defaultGroups": ["/a/b/c", "natively"],
}


@pytest.fixture
def applied(realm: TestRealm) -> TestRealm:
    realm.content = {"realm": realm.name, "enabled": True, **GROUPS}
    realm.write()
    outcome = realm.apply()
    assert outcome.complete, outcome.error
    return realm


def planned(realm: TestRealm) -> list[str]:
    return [f"{change.action} {change.address}" for change in realm.plan().writes]


def unmanaged(realm: TestRealm) -> list[str]:
    return [str(each.address) for each in realm.plan().unmanaged if "group" in each.address.kind]


def test_they_are_there_and_a_second_apply_writes_nothing(applied: TestRealm):
    assert planned(applied) == []
    assert unmanaged(applied) == []
    assert applied.apply().complete
    assert applied.api.writes == []
    tops = {group["name"]: group for group in applied.admin.get("groups", briefRepresentation="false").json()}
    assert set(tops) == {"a/b", "a", "natively"}
    (child,) = applied.admin.get(f"groups/{tops['a/b']['id']}/children").json()
    assert (child["name"], child["description"]) == ("c", "Below a slash")
    assert {group["name"] for group in applied.admin.get("default-groups").json()} == {"c", "natively"}


def test_what_was_changed_by_hand(applied: TestRealm):
    tops = {group["name"]: group for group in applied.admin.get("groups", briefRepresentation="false").json()}
    (child,) = applied.admin.get(f"groups/{tops['a/b']['id']}/children").json()
    applied.admin.put(f"groups/{child['id']}", {"name": "c", "description": "x", "attributes": {"own": ["kept"]}})
    (company_child,) = applied.admin.get(f"groups/{tops['natively']['id']}/children").json()
    applied.admin.delete(f"groups/{company_child['id']}")
    applied.admin.post(f"groups/{tops['a']['id']}/children", {"name": "by-hand"})
    applied.admin.post(f"groups/{tops['natively']['id']}/children", {"name": "by-hand"})
    applied.admin.delete(f"default-groups/{child['id']}")
    applied.admin.put(f"default-groups/{tops['a']['id']}")
    assert planned(applied) == [
        "update group/a~/b/c",
        "create group/natively/administrators",
        "create default-group/a/b/c",
    ]
    assert unmanaged(applied) == ["group/a/by-hand", "group/natively/by-hand", "default-group/a"]
    assert applied.apply().complete
    assert planned(applied) == []
    after = applied.admin.get(f"groups/{child['id']}").json()
    assert (after["description"], after["attributes"]) == ("Below a slash", {"own": ["kept"]})


def test_only_what_an_apply_made_is_deleted(applied: TestRealm):
    applied.admin.post(f"groups/{applied.group('/a')}/children", {"name": "by-hand"})
    applied.content["groups"] = [{"name": "a"}]
    applied.content["defaultGroups"] = ["a"]
    applied.write()
    assert planned(applied) == [
        "create default-group/a",
        "delete default-group/a/b/c",
        "delete group/a/b",
        "delete group/a~/b",
        "delete group/natively",
    ]
    assert applied.apply(prune=True).complete
    assert planned(applied) == []
    assert [group["name"] for group in applied.admin.get("groups").json()] == ["a"]
    assert unmanaged(applied) == ["group/a/by-hand"]


def test_what_somebody_adds_to_a_company_is_shown_and_costs_nothing_while_nobody_does(realm: TestRealm):
    realm.write_companies(COMPANIES)
    assert realm.apply().complete
    assert realm.plan().writes == ()
    usual = len(realm.api.requests)
    acme = realm.group("/acme")
    assert unmanaged(realm) == []
    made = realm.admin.post(f"groups/{acme}/children", {"name": "by-hand"}).json()["id"]
    realm.admin.post(f"groups/{made}/children", {"name": "deeper"})
    realm.admin.post(f"groups/{realm.group('/globex/externals')}/children", {"name": "deep"})
    assert unmanaged(realm) == ["group/acme/by-hand", "group/globex/externals/deep"]
    assert planned(realm) == []
    assert len(realm.api.requests) > usual
