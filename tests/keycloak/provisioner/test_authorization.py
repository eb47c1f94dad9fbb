"""Authorization services of clients, and admin permissions by every kind of policy: on a real Keycloak."""

import copy
import json

import pytest

from tests.keycloak.provisioner.realms import TestRealm


def text(*items) -> str:
    return json.dumps(items)


POLICIES = [
    {
        "name": "by role",
        "type": "role",
        "config": {"roles": text({"id": "auditor", "required": True}, {"id": "api/reader"}), "fetchRoles": "true"},
    },
    {"name": "by group", "type": "group", "config": {"groups": text({"path": "/staff", "extendChildren": True})}},
    {"name": "by user", "type": "user", "logic": "NEGATIVE", "config": {"users": text("Olive")}},
    {"name": "by client", "type": "client", "config": {"clients": text("api", "account")}},
    {"name": "by scope", "type": "client-scope", "config": {"clientScopes": text({"id": "profile"})}},
    {"name": "by day", "type": "time", "config": {"hour": "8", "hourEnd": "18"}},
    {"name": "by address", "type": "regex", "config": {"targetClaim": "email", "pattern": ".*@portal"}},
]
MADE_OF = {"name": "all of it", "type": "aggregate", "config": {"applyPolicies": text("some of it", "by day")}}
SOME = {
    "name": "some of it",
    "type": "aggregate",
    "decisionStrategy": "AFFIRMATIVE",
    "config": {"applyPolicies": text("by role", "by user")},
}
SETTINGS = {
    "policyEnforcementMode": "PERMISSIVE",
    "decisionStrategy": "AFFIRMATIVE",
    "allowRemoteResourceManagement": False,
    "scopes": [{"name": "read", "displayName": "Read"}, {"name": "write"}],
    "resources": [
        {
            "name": "documents",
            "type": "urn:documents",
            "displayName": "Documents",
            "uris": ["/documents/*"],
            "attributes": {"shelf": ["1", "2"]},
            "scopes": [{"name": "read"}, {"name": "write"}],
        }
    ],
    "policies": [
        {
            "name": "reading",
            "type": "scope",
            "config": {"resources": text("documents"), "scopes": text("read"), "applyPolicies": text("all of it")},
        },
        {
            "name": "everything",
            "type": "resource",
            "decisionStrategy": "AFFIRMATIVE",
            "config": {"resources": text("documents"), "applyPolicies": text("by group", "by scope")},
        },
        MADE_OF,
        SOME,
        *POLICIES,
    ],
}
CONTENT = {
    "enabled": True,
    "roles": {"realm": [{"name": "auditor"}], "client": {"api": [{"name": "reader"}]}},
    "groups": [{"name": "staff", "id": "27b6bd4b-8d8b-4c9b-9f6e-3f4d2f6b1a11"}],
    "users": [{"username": "olive", "enabled": True}],
    "clients": [
        {
            "clientId": "api",
            "secret": "s",
            "serviceAccountsEnabled": True,
            "authorizationServicesEnabled": True,
            "authorizationSettings": SETTINGS,
        }
    ],
}
PERMISSIONS = [
    {
        "name": f"some {kind}",
        "type": "scope",
        "config": {
            "defaultResourceType": kind,
            "resources": text(name),
            "scopes": text("map-role" if kind == "Roles" else "view"),
            "applyPolicies": text("by role", "all of it"),
        },
    }
    for kind, name in (
        ("Groups", CONTENT["groups"][0]["id"]),
        ("Users", "olive"),
        ("Clients", "api"),
        ("Roles", "api/reader"),
        ("Organizations", "One"),
    )
]


def planned(realm: TestRealm) -> list[str]:
    return [f"{change.action} {change.address}" for change in realm.plan().writes]


def unmanaged(realm: TestRealm) -> list[str]:
    kinds = ("policy", "permission", "authorization-scope", "authorization-resource")
    return [str(each.address) for each in realm.plan().unmanaged if each.address.kind in kinds]


def base(realm: TestRealm, client: str) -> str:
    id = realm.admin.get("clients", clientId=client).json()[0]["id"]
    return f"clients/{id}/authz/resource-server"


class TestOfAClient:
    @pytest.fixture
    def applied(self, realm: TestRealm) -> TestRealm:
        realm.content = {"realm": realm.name, **copy.deepcopy(CONTENT)}
        realm.write()
        outcome = realm.apply()
        assert outcome.complete, outcome.error
        return realm

    def test_everything_is_there_and_a_second_apply_writes_nothing(self, applied: TestRealm):
        assert planned(applied) == []
        assert unmanaged(applied) == []
        assert applied.apply().complete
        assert applied.api.writes == []
        found = applied.admin.get(f"{base(applied, 'api')}/settings").json()
        assert (found["policyEnforcementMode"], found["decisionStrategy"]) == ("PERMISSIVE", "AFFIRMATIVE")
        assert {each["name"] for each in found["policies"]} == {each["name"] for each in SETTINGS["policies"]}

    def test_what_was_changed_by_hand(self, applied: TestRealm):
        folder = base(applied, "api")
        found = {each["name"]: each for each in applied.admin.get(f"{folder}/policy", max="100").json()}
        applied.admin.delete(f"{folder}/policy/{found['by day']['id']}")
        role = applied.admin.get(f"{folder}/policy/role/{found['by role']['id']}").json()
        applied.admin.put(f"{folder}/policy/role/{role['id']}", {**role, "roles": role["roles"][:1]})
        applied.admin.post(f"{folder}/policy/user", {"name": "by hand", "users": []})
        resource = applied.admin.get(f"{folder}/resource/search", name="documents").json()
        changed = {**resource, "uris": ["/else"], "attributes": {"own": ["kept"]}}
        applied.admin.put(f"{folder}/resource/{resource['_id']}", changed).raise_for_status()
        applied.admin.post(f"{folder}/scope", {"name": "hand"})
        present = applied.admin.get(folder).json()
        applied.admin.put(folder, {**present, "policyEnforcementMode": "DISABLED"})
        assert planned(applied) == [
            "update authorization/api",
            "update authorization-resource/api/documents",
            "create policy/api/by day",
            "update policy/api/by role",
            "update policy/api/all of it",
        ] or sorted(planned(applied)) == [
            "create policy/api/by day",
            "update authorization-resource/api/documents",
            "update authorization/api",
            "update policy/api/all of it",
            "update policy/api/by role",
        ]
        assert unmanaged(applied) == ["authorization-scope/api/hand", "policy/api/by hand"]
        assert applied.apply().complete
        assert planned(applied) == []
        after = applied.admin.get(f"{folder}/resource/search", name="documents").json()
        assert after["attributes"] == {"own": ["kept"], "shelf": ["1", "2"]}

    def test_a_permission_may_be_about_a_type_instead(self, applied: TestRealm):
        settings = applied.content["clients"][0]["authorizationSettings"]
        settings["policies"][1]["config"] = {
            "defaultResourceType": "urn:documents",
            "applyPolicies": text("by group"),
        }
        applied.write()
        assert planned(applied) == ["update permission/api/everything"]
        assert applied.apply().complete
        assert planned(applied) == []

    def test_only_what_an_apply_made_is_deleted(self, applied: TestRealm):
        folder = base(applied, "api")
        applied.admin.post(f"{folder}/policy/user", {"name": "by hand", "users": []})
        settings = applied.content["clients"][0]["authorizationSettings"]
        settings["policies"] = [each for each in settings["policies"] if each["name"] in ("by role", "by day")]
        settings["scopes"] = settings["scopes"][:1]
        settings["resources"] = []
        applied.write()
        assert len(applied.plan().deletions) == 11
        assert applied.apply(prune=True).complete
        assert planned(applied) == []
        found = applied.admin.get(f"{folder}/settings").json()
        assert {each["name"] for each in found["policies"]} == {"by role", "by day", "by hand"}
        assert [each["name"] for each in found["scopes"]] == ["read"]

    def test_what_is_missing_is_named(self, applied: TestRealm):
        policies = applied.content["clients"][0]["authorizationSettings"]["policies"]
        policies[2]["config"]["applyPolicies"] = text("nowhere")
        applied.write()
        (refused,) = applied.plan().refused
        assert refused.reason == "policy/api/nowhere is neither in the files nor on the server"
        policies[2]["config"]["applyPolicies"] = text("by day")
        policies[4]["config"]["roles"] = text({"id": "nobody"})
        applied.write()
        outcome = applied.apply()
        assert str(outcome.error) == "role/nobody is not on the server"


class TestOfTheRealmsAdministration:
    def test_every_kind_of_policy_and_of_object(self, realm: TestRealm):
        content = copy.deepcopy(CONTENT)
        content["clients"][0].pop("authorizationSettings")
        content["organizations"] = [{"name": "One"}]
        policies = [MADE_OF, SOME, *POLICIES, *copy.deepcopy(PERMISSIONS)]
        content["clients"].append(
            {"clientId": "admin-permissions", "authorizationSettings": {"policies": policies}}
        )
        realm.content = {
            "realm": realm.name,
            "adminPermissionsEnabled": True,
            "organizationsEnabled": True,
            **content,
        }
        realm.write()
        outcome = realm.apply()
        assert outcome.complete, outcome.error
        assert planned(realm) == []
        assert unmanaged(realm) == []

        folder = base(realm, "admin-permissions")
        found = {each["name"]: each for each in realm.admin.get(f"{folder}/policy", max="100").json()}
        role = realm.admin.get(f"{folder}/policy/role/{found['by role']['id']}").json()
        realm.admin.put(
            f"{folder}/policy/role/{role['id']}", {**role, "roles": role["roles"][:1]}
        ).raise_for_status()
        realm.admin.post(f"{folder}/policy/user", {"name": "by hand", "users": []})
        realm.admin.delete(f"{folder}/permission/{found['some Roles']['id']}")
        assert planned(realm) == [
            "update policy/admin-permissions/by role",
            "create permission/admin-permissions/some Roles",
        ]
        assert unmanaged(realm) == ["policy/admin-permissions/by hand"]
        assert realm.apply().complete
        assert planned(realm) == []

        policies[:] = policies[:-5]
        realm.content["clients"][1]["authorizationSettings"]["policies"] = policies
        realm.write()
        assert realm.apply(prune=True).complete
        assert planned(realm) == []
        assert realm.admin.get(f"{folder}/permission").json() == []
