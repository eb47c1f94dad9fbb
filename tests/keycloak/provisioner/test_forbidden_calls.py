"""Every call that would take the realm or somebody over, with the credentials of the portal's account: refused.

And the realm is afterwards what it was before. Only some of the calls that read are answered: `READABLE` names
each with the reason. The decision is in `docs/adr/0009-reads-by-role.md`; what the account may do is in
`test_rights.py`, whom the portal hides in `tests/contract/test_hiding.py`.
"""

import secrets

import pytest

from tests.keycloak.provisioner.realms import TestRealm

FORBIDDEN = 403
READ = 200


def _email() -> str:
    return f"p{secrets.token_hex(4)}@acme.example"


@pytest.fixture(scope="module")
def directory(shared_realm: TestRealm):
    return shared_realm.directory()


@pytest.fixture(scope="module")
def operator(shared_realm: TestRealm) -> str:
    """Somebody of operations, in a group that is no company, after an apply."""
    id = shared_realm.add_person("operator@portal.example", "/operators")
    assert shared_realm.apply().complete
    return id


NEW_PASSWORD = {"type": "password", "value": "an-Invader-1234", "temporary": False}
INVADER = {"firstName": "Invader", "lastName": "X", "email": "i@x.example"}
ON_A_PERSON: tuple[tuple[str, str, object], ...] = (
    ("PUT", "", INVADER),
    ("PUT", "", {"enabled": False}),
    ("DELETE", "", None),
    ("PUT", "reset-password", NEW_PASSWORD),
    ("PUT", "execute-actions-email", ["UPDATE_PASSWORD"]),
    ("PUT", "send-verify-email", None),
    ("PUT", "reset-password-email", None),
    ("POST", "logout", None),
    ("POST", "impersonation", None),
    ("POST", "role-mappings/realm", ["R"]),
    ("DELETE", "role-mappings/realm", ["R"]),
    ("POST", "role-mappings/clients/{management}", ["C"]),
    ("POST", "federated-identity/other", {"userId": "1", "userName": "1"}),
)
"""What would take somebody over; `R` and `C` stand for a role of the realm and for `realm-admin`."""
READING = tuple(
    ("GET", rest, None) for rest in ("", "groups", "credentials", "sessions", "consents", "role-mappings")
)
"""What can be read of somebody."""
ACCOUNT = "`view-users` shows every account; the portal hides it (`directory/visibility.py`)"
GROUPS = "`view-users` shows the groups of every account: by them the portal knows whom it hides"
CREDENTIALS = "comes with `view-users`: kinds and dates, never what is secret; the portal never asks it"
WITH_IT = "comes with `view-users`; the portal never asks it (`tests/keycloak/trust/test_calls_of_a_story.py`)"
READABLE: dict[tuple[str, str], str] = {
    **{
        ("GET", f"users/{{{who}}}/{rest}"): reason
        for who in ("operator", "own")
        for rest, reason in (
            ("", ACCOUNT),
            ("groups", GROUPS),
            ("credentials", CREDENTIALS),
            ("sessions", WITH_IT),
            ("consents", WITH_IT),
            ("role-mappings", WITH_IT),
        )
    },
    (
        "GET",
        "groups/{operators}/members",
    ): "`view-users` shows who is in a group: so lists hide them",
}
"""The calls that are answered, all of them reads, and why that is accepted."""
ALWAYS_REFUSED = frozenset(("impersonation", "role-mappings/realm", "role-mappings/clients/{management}"))
"""Those of them that are refused of a member of a company too; the others the portal never asks (see
`tests/keycloak/trust/test_calls_of_a_story.py`)."""
ON_THE_REALM: tuple[tuple[str, str, object], ...] = (
    ("PUT", "", {"registrationAllowed": True}),
    ("DELETE", "", None),
    ("PUT", "users/profile", {"attributes": [], "unmanagedAttributePolicy": "ENABLED"}),
    ("GET", "clients", None),
    ("POST", "clients", {"clientId": "invader"}),
    ("GET", "clients/{portal}", None),
    ("PUT", "clients/{portal}", {"clientId": "portal", "redirectUris": ["*"]}),
    ("DELETE", "clients/{portal}", None),
    ("GET", "clients/{portal}/client-secret", None),
    ("POST", "clients/{portal}/client-secret", None),
    ("GET", "clients/{portal}/service-account-user", None),
    ("GET", "clients/{permissions}/authz/resource-server/permission", None),
    ("POST", "clients/{permissions}/authz/resource-server/policy/user", {"name": "invader", "users": ["{own}"]}),
    (
        "POST",
        "clients/{permissions}/authz/resource-server/permission/scope",
        {
            "name": "invader",
            "resourceType": "Users",
            "scopes": ["reset-password"],
            "policies": ["portal-directory"],
        },
    ),
    ("DELETE", "clients/{permissions}/authz/resource-server/policy/{protection}", None),
    ("GET", "client-scopes", None),
    ("POST", "client-scopes", {"name": "invader", "protocol": "openid-connect"}),
    ("GET", "roles", None),
    ("POST", "roles", {"name": "invader"}),
    ("GET", "events", None),
    ("DELETE", "events", None),
    ("GET", "admin-events", None),
    ("DELETE", "admin-events", None),
    ("GET", "events/config", None),
    ("PUT", "events/config", {"adminEventsEnabled": False}),
    ("GET", "authentication/flows", None),
    ("GET", "identity-provider/instances", None),
    ("POST", "identity-provider/instances", {"alias": "invader", "providerId": "oidc"}),
    ("GET", "components", None),
    ("POST", "components", {"name": "invader", "providerId": "declarative-user-profile"}),
    ("GET", "keys", None),
    ("GET", "client-policies/policies", None),
    ("GET", "default-groups", None),
    ("PUT", "default-groups/{acme}", None),
    ("POST", "logout-all", None),
    ("POST", "push-revocation", None),
    ("POST", "partialImport", {"ifResourceExists": "OVERWRITE", "users": [{"username": "invader"}]}),
    ("POST", "partial-export", None),
    ("POST", "groups", {"name": "invaders"}),
    ("POST", "groups/{acme}/children", {"name": "invaders"}),
    ("PUT", "groups/{acme}", {"name": "acme", "attributes": {"kind": ["company"], "services": ["all"]}}),
    ("DELETE", "groups/{acme}", None),
    ("POST", "groups/{acme}/role-mappings/realm", ["R"]),
    ("POST", "groups/{acme}/role-mappings/clients/{management}", ["C"]),
    ("GET", "groups/{operators}/members", None),
    ("DELETE", "groups/{operators}", None),
    ("PUT", "users/{own}/groups/{operators}", None),
    ("PUT", "users/{own}/groups/{acme}", None),
    ("PUT", "users/{outsider}/groups/{operators}", None),
    ("PUT", "users/{operator}/groups/{acme}", None),
    ("POST", "users", {"username": "invader@x.example", "email": "invader@x.example", "enabled": True}),
    ("POST", "users", {"username": "i@x.example", "email": "i@x.example", "groups": ["/operators"]}),
    ("POST", "users", {"username": "i@x.example", "email": "i@x.example", "groups": ["/acme", "/operators"]}),
    ("POST", "users", {"username": "i@x.example", "realmRoles": ["offline_access"]}),
)
"""What is no business of an account that invites and attaches."""


@pytest.fixture(scope="module")
def ids(shared_realm, operator) -> dict[str, str]:
    admin = shared_realm.admin
    clients = {each["clientId"]: each["id"] for each in admin.get("clients", max="100").json()}
    permissions = clients["admin-permissions"]
    policies = admin.get(f"clients/{permissions}/authz/resource-server/policy", max="100").json()
    groups = {name: shared_realm.group(f"/{name}") for name in ("acme", "operators")}
    return groups | {
        "portal": clients["portal"],
        "management": clients["realm-management"],
        "permissions": permissions,
        "protection": next(each["id"] for each in policies if each["name"].endswith("protected people")),
        "own": admin.get("users", username="service-account-portal-directory").json()[0]["id"],
        "operator": operator,
        "outsider": shared_realm.add_person(_email()),
        "member": shared_realm.add_person(_email(), "/acme"),
    }


@pytest.fixture(scope="module")
def roles(shared_realm, ids) -> dict[str, dict]:
    return {
        "R": shared_realm.admin.get("roles/offline_access").json(),
        "C": shared_realm.admin.get(f"clients/{ids['management']}/roles/realm-admin").json(),
    }


def snapshot(realm: TestRealm, ids: dict[str, str]) -> dict[str, object]:
    """All that these calls could change, as the administrator of the server sees it."""
    admin = realm.admin
    everybody = admin.get("users", max="1000", briefRepresentation="false").json()
    authorization = f"clients/{ids['permissions']}/authz/resource-server/policy"
    return {
        "realm": admin.get("").json(),
        "profile": admin.get("users/profile").json(),
        "people": sorted(everybody, key=lambda person: person["id"]),
        "groups": admin.get("groups", populateHierarchy="true", search="", briefRepresentation="false").json(),
        "operators": admin.get(f"groups/{ids['operators']}/members").json(),
        "own groups": admin.get(f"users/{ids['own']}/groups").json(),
        "own roles": admin.get(f"users/{ids['own']}/role-mappings").json(),
        "roles of the group": admin.get(f"groups/{ids['acme']}/role-mappings").json(),
        "roles of people": [
            admin.get(f"users/{ids[who]}/role-mappings").json() for who in ("operator", "outsider", "member")
        ],
        "credentials": [
            admin.get(f"users/{ids[who]}/credentials").json() for who in ("operator", "outsider", "member")
        ],
        "clients": admin.get("clients", max="100").json(),
        "secret": admin.get(f"clients/{ids['portal']}/client-secret").json(),
        "policies": sorted(each["name"] for each in admin.get(authorization, max="1000").json()),
        "roles": sorted(each["name"] for each in admin.get("roles").json()),
        "scopes": sorted(each["name"] for each in admin.get("client-scopes").json()),
        "default groups": admin.get("default-groups").json(),
    }


def of(who: str, *calls: tuple[str, str, object]) -> list[tuple[str, str, object]]:
    """The calls, about that person."""
    return [(method, f"users/{{{who}}}/{rest}", body) for method, rest, body in calls]


def ask(directory, ids: dict[str, str], roles: dict[str, dict], call: tuple[str, str, object]) -> int:
    method, path, body = call
    sent = [roles[each] if each in roles else each for each in body] if isinstance(body, list) else body
    return directory.call(method, path.format(**ids).rstrip("/"), sent).status_code


def test_none_of_them_is_done(directory, shared_realm, mail, ids, roles):
    """Over everybody: an operator, somebody attached nowhere, its own account, and a member where that holds."""
    before, mails = snapshot(shared_realm, ids), len(mail.store.all())
    calls = [
        *ON_THE_REALM,
        *of("operator", *ON_A_PERSON, *READING),
        *of("own", *ON_A_PERSON, *READING),
        *of("outsider", *ON_A_PERSON),
        *of("member", *(call for call in ON_A_PERSON if call[1] in ALWAYS_REFUSED)),
    ]
    wrong = []
    for call in calls:
        status, expected = ask(directory, ids, roles, call), READ if call[:2] in READABLE else FORBIDDEN
        if status != expected:
            wrong.append(f"{status} {call[0]} {call[1]}")
    assert len(calls) == 109
    assert wrong == []
    assert snapshot(shared_realm, ids) == before
    assert len(mail.store.all()) == mails


def test_no_secret_is_read(directory, shared_realm, ids):
    """Of credentials Keycloak shows no hash and no seed."""
    password = {**NEW_PASSWORD, "value": "a-password-of-their-own-1234"}
    shared_realm.admin.put(f"users/{ids['operator']}/reset-password", password).raise_for_status()
    (shown,) = directory.get(f"users/{ids['operator']}/credentials").json()
    assert shown["type"] == "password"
    assert "secretData" not in shown
    assert "value" not in shown


def test_what_is_answered_changes_nothing():
    """Every call of that list reads; all the others, each write among them, are refused."""
    assert {method for method, _ in READABLE} == {"GET"}
