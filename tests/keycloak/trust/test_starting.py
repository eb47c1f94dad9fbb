"""The portal starts with an account that has just its rights, and with no other: on the real server."""

import json

import pytest
import requests

from sandbox.stack import PORTAL_COMMAND
from tests.keycloak.trust.installation import Installation
from tests.waiting import until

ACCOUNT = "service-account-portal-directory"


@pytest.fixture
def at(own_installation: Installation) -> Installation:
    own_installation.recorder.start()
    return own_installation


def give(at: Installation, role: str, client: str = "realm-management") -> None:
    """One role more for the portal's account."""
    admin = at.realm.admin
    account = admin.get("users", username=ACCOUNT, exact="true").json()[0]["id"]
    if client:
        key = admin.get("clients", clientId=client).json()[0]["id"]
        found = admin.get(f"clients/{key}/roles/{role}").json()
        admin.post(f"users/{account}/role-mappings/clients/{key}", [found]).raise_for_status()
    else:
        found = admin.get(f"roles/{role}").json()
        admin.post(f"users/{account}/role-mappings/realm", [found]).raise_for_status()


def take_away(at: Installation, role: str) -> None:
    admin = at.realm.admin
    account = admin.get("users", username=ACCOUNT, exact="true").json()[0]["id"]
    key = admin.get("clients", clientId="realm-management").json()[0]["id"]
    found = admin.get(f"clients/{key}/roles/{role}").json()
    admin.call("DELETE", f"users/{account}/role-mappings/clients/{key}", [found]).raise_for_status()


def open_the_profile(at: Installation) -> None:
    """Let people give themselves attributes that the realm does not declare."""
    profile = at.realm.admin.get("users/profile").json()
    at.realm.admin.put("users/profile", {**profile, "unmanagedAttributePolicy": "ENABLED"}).raise_for_status()


def map_roles(at: Installation) -> None:
    permit(at, "portal-directory: roles", "Users", ["map-roles"])


def manage_companies(at: Installation) -> None:
    permit(at, "portal-directory: manage", "Groups", ["manage"])


def permit(at: Installation, name: str, kind: str, scopes: list[str]) -> None:
    """One permission more over everybody, or over every company."""
    admin = at.realm.admin
    key = admin.get("clients", clientId="admin-permissions").json()[0]["id"]
    body = {
        "name": name,
        "resourceType": kind,
        "resources": [],
        "scopes": scopes,
        "policies": ["portal-directory"],
    }
    admin.post(f"clients/{key}/authz/resource-server/permission/scope", body).raise_for_status()


def lift_protection(at: Installation) -> None:
    """Let the account change its own memberships, hence put itself into a group."""
    admin = at.realm.admin
    key = admin.get("clients", clientId="admin-permissions").json()[0]["id"]
    found = admin.get(
        f"clients/{key}/authz/resource-server/policy", name="portal-directory: protected people", max="5"
    ).json()
    admin.delete(f"clients/{key}/authz/resource-server/policy/{found[0]['id']}").raise_for_status()


def test_one_role_too_many_and_it_does_not_start(at: Installation):
    """Status 1, the role on the standard error, and nothing that looks like a fault of its own."""
    give(at, "view-realm")

    ended = at.command(*PORTAL_COMMAND)
    assert ended.returncode == 1, ended.stderr
    lines = [each["event"] for each in map(json.loads, ended.stderr.splitlines()) if each["level"] == "critical"]
    assert "not started: the portal's account holds view-realm of realm-management" in lines
    assert "Traceback" not in ended.stderr
    assert at.environment["CLIENT_PORTAL_DIRECTORY_SECRET"] not in ended.stderr

    checked = at.flask("check")
    assert (checked.returncode, checked.stdout) == (1, "")
    assert checked.stderr.startswith("the portal's account holds view-realm of realm-management\n")


def test_an_open_profile_and_it_does_not_start(at: Installation):
    """People could write themselves what the tokens say of them."""
    open_the_profile(at)

    ended = at.command(*PORTAL_COMMAND)
    assert ended.returncode == 1, ended.stderr
    assert "unmanagedAttributePolicy is ENABLED" in ended.stderr
    assert at.flask("check").returncode == 1


def test_whatever_is_too_much_is_named(at: Installation):
    """Roles of any client and of the realm, and what fine-grained permissions add."""
    at.realm.add_person("paul.martin@acme.example", "/acme")
    give(at, "manage-users")
    give(at, "read-token", "broker")
    at.realm.admin.post("roles", {"name": "auditor"}).raise_for_status()
    give(at, "auditor", "")
    map_roles(at)
    manage_companies(at)
    lift_protection(at)

    told = at.flask("check").stderr
    assert [reason for reason in NAMED if reason not in told] == []


NAMED = (
    "holds manage-users of realm-management",
    "holds read-token of broker",
    "holds auditor of the realm",
    "has the right mapRoles over people",
    "has the right manage over companies",
    "has the right manageGroupMembership over its own account",
)


def test_permissions_alone_are_found_too(at: Installation):
    """Without any role too many (which would switch them off)."""
    at.realm.add_person("paul.martin@acme.example", "/acme")
    map_roles(at)
    manage_companies(at)
    lift_protection(at)

    told = at.flask("check").stderr
    assert [reason for reason in NAMED if reason.startswith("has") and reason not in told] == []
    assert "holds" not in told


def test_the_realm_file_gives_just_what_it_needs(at: Installation):
    """And to see that, it changes nothing."""
    checked = at.flask("check")
    assert (checked.returncode, checked.stderr) == (0, "")
    changing = [call for call in at.recorder.calls if call.method not in {"GET", "HEAD"}]
    assert {call.path.rpartition("/")[2] for call in changing} == {"token"}


def test_without_keycloak_it_starts_and_refuses_as_soon_as_it_is_there(own_installation: Installation):
    """503 first because nobody answers, then because of the rights, until they are taken away: no restart."""
    at = own_installation
    give(at, "view-realm")
    at.start()
    assert at.get("/readyz").text == "keycloak: no answer\n"
    assert at.get("/login").status_code == 503

    at.recorder.start()
    until(lambda: at.get("/readyz").text == "rights: refused\n", "refused", seconds=60)
    for path in ("/users", "/help", "/login"):
        assert at.get(path).status_code == 503
    assert at.get("/livez").status_code == 200
    assert "view-realm" in at.log
    assert "Traceback" not in at.log

    take_away(at, "view-realm")
    until(lambda: at.get("/readyz").status_code == 200, "ready", seconds=60)
    assert at.get("/users").status_code == 302


def test_a_missing_setting_is_named_and_no_secret_shown(at: Installation):
    """A key that is too short is a secret all the same."""
    at.realm.environment["SECRET_KEY"] = "short-and-secre"
    ended = at.command(*PORTAL_COMMAND)
    assert ended.returncode == 2
    assert "not started: SECRET_KEY: " in ended.stderr
    assert "short-and-secre" not in ended.stderr
    assert "Traceback" not in ended.stderr
    with pytest.raises(requests.ConnectionError):
        at.get("/livez")
