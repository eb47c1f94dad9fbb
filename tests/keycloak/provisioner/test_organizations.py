"""Organizations, their identity providers and members: on a real Keycloak."""

import pytest

from tests.keycloak.provisioner.realms import TestRealm

ORGANIZATIONS = [
    {
        "name": "One",
        "alias": "one",
        "description": "The first",
        "redirectUrl": "https://one.example",
        "attributes": {"size": ["big"]},
        "domains": [{"name": "two.example", "verified": True}, {"name": "one.example"}],
        "identityProviders": [{"alias": "elsewhere"}],
        "members": [{"username": "Olive", "membershipType": "UNMANAGED"}],
    },
    {"name": "Two", "enabled": False},
]


@pytest.fixture
def applied(realm: TestRealm) -> TestRealm:
    realm.content = {"realm": realm.name, "enabled": True}
    realm.write()
    assert realm.apply().complete
    provider = {"alias": "elsewhere", "providerId": "oidc", "config": {"clientId": "x", "clientSecret": "y"}}
    realm.admin.post("identity-provider/instances", provider).raise_for_status()
    realm.content["organizationsEnabled"] = True
    realm.content["users"] = [{"username": "olive", "enabled": True}]
    realm.content["organizations"] = [dict(each) for each in ORGANIZATIONS]
    realm.write()
    outcome = realm.apply()
    assert outcome.complete, outcome.error
    return realm


def planned(realm: TestRealm) -> list[str]:
    return [f"{change.action} {change.address}" for change in realm.plan().writes]


def organization(realm: TestRealm, name: str) -> dict:
    found = realm.admin.get("organizations", briefRepresentation="false").json()
    return next(each for each in found if each["name"] == name)


def test_they_are_there_and_a_second_apply_writes_nothing(applied: TestRealm):
    assert planned(applied) == []
    assert applied.apply().complete
    assert applied.api.writes == []
    one = organization(applied, "One")
    assert {each["name"]: each["verified"] for each in one["domains"]} == {
        "two.example": True,
        "one.example": False,
    }
    assert not organization(applied, "Two")["enabled"]
    (member,) = applied.admin.get(f"organizations/{one['id']}/members").json()
    assert member["username"] == "olive"


def test_what_was_changed_by_hand(applied: TestRealm):
    one = organization(applied, "One")
    changed = {**one, "domains": one["domains"][:1], "attributes": {"own": ["kept"]}}
    applied.admin.put(f"organizations/{one['id']}", changed).raise_for_status()
    applied.admin.delete(f"organizations/{one['id']}/identity-providers/elsewhere")
    applied.admin.post("organizations", {"name": "byhand", "domains": [{"name": "hand.example"}]})
    assert planned(applied) == ["update organization/One", "create organization-identity-provider/One/elsewhere"]
    assert "organization/byhand" in [str(each.address) for each in applied.plan().unmanaged]
    assert applied.apply().complete
    assert planned(applied) == []
    assert organization(applied, "One")["attributes"] == {"size": ["big"], "own": ["kept"]}


def test_only_what_an_apply_made_is_deleted(applied: TestRealm):
    applied.admin.post("organizations", {"name": "byhand", "domains": [{"name": "hand.example"}]})
    applied.content["organizations"][0]["identityProviders"] = []
    del applied.content["organizations"][1]
    applied.write()
    assert planned(applied) == [
        "delete organization-identity-provider/One/elsewhere",
        "delete organization/Two",
    ]
    assert applied.apply(prune=True).complete
    assert planned(applied) == []
    assert organization(applied, "byhand")


def test_what_cannot_be_is_said_in_the_plan(applied: TestRealm):
    applied.content["organizations"][0]["alias"] = "other"
    applied.write()
    (refused,) = applied.plan().refused
    assert refused.reason == "its alias is one, which Keycloak does not change"
    applied.content["organizationsEnabled"] = False
    applied.content["organizations"] = [{"name": "Three"}]
    applied.write()
    (refused,) = applied.plan().refused
    assert refused.reason == "the realm's organizationsEnabled is off"


def test_one_that_the_files_name_by_its_alias_alone(applied: TestRealm):
    applied.content["organizations"] = [{"alias": "one", "description": "By its alias"}, {"alias": "three"}]
    applied.write()
    assert applied.apply().complete
    assert organization(applied, "One")["description"] == "By its alias"
    assert organization(applied, "three")["alias"] == "three"
    assert not [change for change in planned(applied) if not change.startswith("delete")]
