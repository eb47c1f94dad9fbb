"""Roles, what they are made of, who has them and what tokens may carry: on a real Keycloak."""

import copy

import pytest

from tests.keycloak.provisioner.realms import TestRealm

ROLES = {
    "roles": {
        "realm": [
            {"name": "plain", "description": "Nothing special", "attributes": {"level": ["1", "2"]}},
            {
                "name": "with/slash and space",
                "composite": True,
                "composites": {"realm": ["plain"], "client": {"shop": ["buyer"], "account": ["view-profile"]}},
            },
        ],
        "client": {
            "shop": [
                {"name": "buyer", "attributes": {"floor": ["2"]}},
                {"name": "boss", "composites": {"client": {"shop": ["buyer"]}}},
            ],
        },
    },
    "defaultRole": {"name": "default-roles-{realm}", "composites": {"realm": ["plain"]}},
    "clients": [
        {"clientId": "shop", "fullScopeAllowed": False, "serviceAccountsEnabled": True, "secret": "s"},
        {"clientId": "till", "fullScopeAllowed": False, "publicClient": True},
    ],
    "clientScopes": [{"name": "buying", "protocol": "openid-connect"}],
    "scopeMappings": [{"client": "till", "roles": ["plain"]}, {"clientScope": "buying", "roles": ["plain"]}],
    "clientScopeMappings": {"shop": [{"client": "till", "roles": ["buyer", "boss"]}]},
    "groups": [{"name": "staff", "realmRoles": ["plain"], "clientRoles": {"shop": ["boss"]}}],
    "users": [
        {
            "username": "service-account-shop",
            "serviceAccountClientId": "shop",
            "realmRoles": ["default-roles-{realm}"],
            "clientRoles": {"realm-management": ["query-users"], "shop": ["buyer"]},
        }
    ],
}


def content(realm: str) -> dict:
    found = copy.deepcopy(ROLES)
    found["defaultRole"]["name"] = f"default-roles-{realm}"
    found["users"][0]["realmRoles"] = [f"default-roles-{realm}"]
    return {"realm": realm, "enabled": True, **found}


@pytest.fixture
def applied(realm: TestRealm) -> TestRealm:
    realm.content = content(realm.name)
    realm.write()
    outcome = realm.apply()
    assert outcome.complete, outcome.error
    return realm


def planned(realm: TestRealm) -> list[str]:
    return [f"{change.action} {change.address}" for change in realm.plan().writes]


def unmanaged(realm: TestRealm) -> list[str]:
    kinds = ("role", "composite", "scope-mapping", "role-mapping")
    return [str(each.address) for each in realm.plan().unmanaged if each.address.kind in kinds]


def test_everything_is_there_and_a_second_apply_writes_nothing(applied: TestRealm):
    assert planned(applied) == []
    assert applied.apply().complete
    assert applied.api.writes == []
    role = next(each for each in applied.admin.get("roles").json() if each["name"] == "with/slash and space")
    made_of = applied.admin.get(f"roles-by-id/{role['id']}/composites").json()
    assert {each["name"] for each in made_of} == {"plain", "buyer", "view-profile"}
    plain = applied.admin.get("roles/plain").json()
    assert (plain["description"], plain["attributes"]) == ("Nothing special", {"level": ["1", "2"]})
    till = applied.admin.get("clients", clientId="till").json()[0]["id"]
    carried = applied.admin.get(f"clients/{till}/scope-mappings").json()
    assert [each["name"] for each in carried["realmMappings"]] == ["plain"]
    assert {each["name"] for each in carried["clientMappings"]["shop"]["mappings"]} == {"buyer", "boss"}
    user = applied.admin.get("users", username="service-account-shop", exact="true").json()[0]["id"]
    given = applied.admin.get(f"users/{user}/role-mappings").json()
    assert set(given["clientMappings"]) == {"realm-management", "shop"}


def test_what_was_changed_by_hand_is_repaired_and_what_was_added_is_kept(applied: TestRealm):
    before = unmanaged(applied)
    plain = applied.admin.get("roles/plain").json()
    applied.admin.put("roles/plain", {**plain, "description": "x", "attributes": {"own": ["kept"]}})
    client = applied.admin.get("clients", clientId="shop").json()[0]["id"]
    applied.admin.delete(f"clients/{client}/roles/boss")
    applied.admin.post("roles", {"name": "by-hand"})
    by_hand = applied.admin.get("roles/by-hand").json()
    group = applied.group("/staff")
    default = f"default-roles-{applied.name}"
    applied.admin.post(f"roles/{default}/composites", [by_hand])
    buyer = applied.admin.get(f"clients/{client}/roles/buyer").json()
    applied.admin.post(f"groups/{group}/role-mappings/clients/{client}", [buyer])
    user = applied.admin.get("users", username="service-account-shop", exact="true").json()[0]["id"]
    applied.admin.post(f"users/{user}/role-mappings/realm", [applied.admin.get("roles/plain").json()])

    assert planned(applied) == [
        "update role/plain",
        "create role/shop/boss",
        "create composite/shop/boss/shop/buyer",
        "create scope-mapping/client/till/shop/boss",
        "create role-mapping/group/staff/shop/boss",
    ]
    assert sorted(set(unmanaged(applied)) - set(before)) == [
        "role-mapping/group/staff/shop/buyer",
        "role-mapping/user/service-account-shop/plain",
        "role/by-hand",
    ]
    assert applied.apply().complete
    assert planned(applied) == []
    after = applied.admin.get("roles/plain").json()
    assert after["attributes"] == {"level": ["1", "2"], "own": ["kept"]}
    assert "by-hand" in {each["name"] for each in applied.admin.get(f"roles/{default}/composites").json()}


def test_only_what_an_apply_made_is_deleted_and_only_when_asked(applied: TestRealm):
    applied.admin.post("roles", {"name": "by-hand"})
    told = applied.content
    told["roles"]["realm"] = [{"name": "plain"}]
    told["roles"]["client"] = {"shop": [{"name": "buyer"}, {"name": "boss", "composites": {}}]}
    told["scopeMappings"] = []
    told["clientScopeMappings"] = {}
    told["groups"][0]["realmRoles"] = []
    told["users"][0]["clientRoles"] = {"shop": ["buyer"]}
    applied.write()
    expected = [
        "delete role-mapping/group/staff/plain",
        "delete role-mapping/user/service-account-shop/realm-management/query-users",
        "delete scope-mapping/client/till/plain",
        "delete scope-mapping/client/till/shop/boss",
        "delete scope-mapping/client/till/shop/buyer",
        "delete scope-mapping/client-scope/buying/plain",
        "delete role/with/slash and space",
    ]
    assert planned(applied) == expected
    assert applied.apply().complete
    assert applied.api.writes == []
    assert applied.apply(prune=True).complete
    assert planned(applied) == []
    assert applied.admin.get("roles/by-hand").status_code == 200


def test_roles_that_everybody_has_in_the_old_way(realm: TestRealm):
    realm.content = {"realm": realm.name, "roles": {"realm": [{"name": "plain"}]}, "defaultRoles": ["plain"]}
    realm.write()
    assert realm.apply().complete
    assert planned(realm) == []
    found = realm.admin.get(f"roles/default-roles-{realm.name}/composites").json()
    assert "plain" in {each["name"] for each in found}


def test_the_role_that_everybody_has_may_have_another_name_from_the_start(realm: TestRealm):
    realm.content = {"realm": realm.name, "defaultRole": {"name": "everybody"}}
    realm.write()
    assert realm.apply().complete
    assert realm.admin.get("").json()["defaultRole"]["name"] == "everybody"
    assert planned(realm) == []
    realm.content["defaultRole"]["name"] = "somebody"
    realm.write()
    (refused,) = realm.plan().refused
    assert refused.reason == "the default role on the server is everybody"
