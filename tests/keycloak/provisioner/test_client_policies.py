"""Client profiles and client policies; Keycloak takes both lists whole."""

from typing import Any

from tests.keycloak.provisioner.checks import applied, planned, reasons, repaired, says
from tests.keycloak.provisioner.realms import TestRealm

PROFILES: list[dict[str, Any]] = [
    {
        "name": "careful",
        "description": "Asks for proof",
        "executors": [
            {"executor": "pkce-enforcer", "configuration": {"auto-configure": "true"}},
            {"executor": "secure-session"},
        ],
    },
    {"name": "lax"},
]
POLICIES: list[dict[str, Any]] = [
    {
        "name": "public ones",
        "enabled": True,
        "conditions": [{"condition": "client-access-type", "configuration": {"type": ["public"]}}],
        "profiles": ["careful", "fapi-1-baseline"],
    }
]
BOTH = {"clientProfiles": {"profiles": PROFILES}, "clientPolicies": {"policies": POLICIES}}


def profiles(realm: TestRealm) -> dict[str, dict]:
    return {each["name"]: each for each in realm.admin.get("client-policies/profiles").json()["profiles"]}


def test_changed_by_hand_and_made_by_hand(realm: TestRealm):
    says(realm, **BOTH)
    applied(realm)
    executors = [*reversed(profiles(realm)["careful"]["executors"]), {"executor": "consent-required"}]
    executors[-1]["configuration"] = {}
    by_hand = {"name": "by hand", "description": "", "executors": []}
    members = [by_hand, {**profiles(realm)["careful"], "executors": executors}, profiles(realm)["lax"]]
    realm.admin.put("client-policies/profiles", {"profiles": members}).raise_for_status()
    policies = realm.admin.get("client-policies/policies").json()["policies"]
    realm.admin.put("client-policies/policies", {"policies": [{**policies[0], "enabled": False}]})
    repaired(realm, "client-profile/careful", "client-policy/public ones")
    after = profiles(realm)
    assert list(after) == ["by hand", "careful", "lax"]
    assert [each["executor"] for each in after["careful"]["executors"]] == ["pkce-enforcer", "secure-session"]


def test_only_what_was_made_is_deleted(realm: TestRealm):
    says(realm, **BOTH)
    applied(realm)
    by_hand = {"name": "by hand", "executors": []}
    members = [*profiles(realm).values(), by_hand]
    realm.admin.put("client-policies/profiles", {"profiles": members}).raise_for_status()
    says(realm, clientProfiles={"profiles": PROFILES[1:]}, clientPolicies={"policies": []})
    gone = [("delete", "client-policy/public ones"), ("delete", "client-profile/careful")]
    assert planned(realm) == gone
    applied(realm, prune=True)
    assert sorted(profiles(realm)) == ["by hand", "lax"]


def test_a_profile_that_is_nowhere_is_refused(realm: TestRealm):
    says(realm)
    applied(realm)
    says(realm, clientPolicies={"policies": POLICIES})
    reason = "the client profile careful is neither in the files nor on the server"
    assert reasons(realm) == {"client-policy/public ones": reason}
