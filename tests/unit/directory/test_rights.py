"""What is too much for the portal's own account, and how it is read."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
import responses

from directory.encoding import company_group, rights_of, subject_and_roles
from directory.rights import DIRECTORY_RIGHTS, MANAGEMENT, Rights, excess, shortfall
from tests.builders import a_company
from tests.unit.directory.wire import Wire, a_directory

OWN_ID = "5c0ba7ac-9e5d-4b5e-8d0e-0f1f6a1b7a02"
COMPANY = "7d4d6be4-21e6-4fd7-b4fd-a3d1df40d2c4"
PERSON = "10b943c9-40dd-4e4a-92b8-e03efbd0ddca"
ENOUGH = Rights(
    {
        "": frozenset({"offline_access", "uma_authorization", "default-roles-portal"}),
        "account": frozenset({"manage-account", "manage-account-links", "view-profile"}),
        MANAGEMENT: frozenset({"view-users", "query-users", "query-groups"}),
    },
    over_person=frozenset({"view", "manage", "resetPassword", "manageGroupMembership"}),
    over_company=frozenset({"view", "viewMembers", "manageMembers", "manageMembership"}),
    over_itself=frozenset({"view"}),
)
"""What Keycloak tells of the account of the realm file (measured, 26.7.5)."""
MANAGEMENT_ROLES = (
    "create-client impersonation manage-authorization manage-clients manage-events manage-identity-providers "
    "manage-organizations manage-realm manage-users query-clients query-realms realm-admin view-authorization "
    "view-clients view-events view-identity-providers view-organizations view-realm"
).split()


def holding(client: str, *roles: str) -> Rights:
    return replace(ENOUGH, roles={**ENOUGH.roles, client: ENOUGH.roles.get(client, frozenset()) | set(roles)})


class TestExcess:
    def test_what_the_realm_file_gives_is_enough_and_not_too_much(self):
        assert excess(ENOUGH) == shortfall(ENOUGH) == ()

    @pytest.mark.parametrize("role", MANAGEMENT_ROLES)
    def test_every_other_role_of_the_realms_management_is_named(self, role):
        assert excess(holding(MANAGEMENT, role)) == (f"holds {role} of realm-management",)

    @pytest.mark.parametrize(
        ("client", "role", "words"),
        [
            ("", "auditor", "holds auditor of the realm"),
            ("account", "view-applications", "holds view-applications of account"),
            ("sample-service", "editor", "holds editor of sample-service"),
            ("sample-service", "default-roles-portal", "holds default-roles-portal of sample-service"),
        ],
    )
    def test_so_is_every_role_elsewhere(self, client, role, words):
        assert excess(holding(client, role)) == (words,)

    def test_all_of_them_are_named(self):
        found = holding(MANAGEMENT, "view-realm", "manage-users")
        assert len(excess(found)) == 2

    @pytest.mark.parametrize(
        ("field", "right", "words"),
        [
            ("over_person", "mapRoles", "has the right mapRoles over people"),
            ("over_person", "impersonate", "has the right impersonate over people"),
            ("over_company", "manage", "has the right manage over companies"),
            ("over_itself", "manage", "has the right manage over its own account"),
            ("over_itself", "manageGroupMembership", "has the right manageGroupMembership over its own account"),
        ],
    )
    def test_a_fine_grained_right_too_many_is_named(self, field, right, words):
        assert excess(replace(ENOUGH, **{field: getattr(ENOUGH, field) | {right}})) == (words,)

    @pytest.mark.parametrize("policy", ["", "ADMIN_VIEW", "ADMIN_EDIT"])
    def test_a_realm_may_leave_unknown_attributes_to_administrators(self, policy):
        assert excess(replace(ENOUGH, unmanaged_attributes=policy)) == ()

    def test_but_never_to_everybody(self):
        (words,) = excess(replace(ENOUGH, unmanaged_attributes="ENABLED"))
        assert "unmanagedAttributePolicy is ENABLED" in words


@pytest.mark.parametrize("missing", sorted(DIRECTORY_RIGHTS))
def test_what_lacks_is_named(missing):
    found = replace(ENOUGH, roles={MANAGEMENT: DIRECTORY_RIGHTS - {missing}})
    assert excess(found) == ()
    assert shortfall(found) == (f"lacks {missing} of realm-management",)


def test_a_token_that_names_no_roles_lacks_all():
    """A lightweight one, for example: what it may do cannot be judged."""
    assert len(shortfall(Rights())) == 3


def a_token(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


TOKEN = a_token(
    {
        "sub": OWN_ID,
        "realm_access": {"roles": ["default-roles-portal"]},
        "resource_access": {MANAGEMENT: {"roles": ["query-users", "query-groups", "view-users"]}},
    }
)


def test_what_a_token_tells():
    assert subject_and_roles(TOKEN) == (
        OWN_ID,
        {"": {"default-roles-portal"}, MANAGEMENT: {"query-users", "query-groups", "view-users"}},
    )


@pytest.mark.parametrize("length", range(8))
def test_a_token_may_have_any_length(length):
    """Its padding is left away on the wire."""
    subject = OWN_ID + "x" * length
    assert subject_and_roles(a_token({"sub": subject})) == (subject, {"": frozenset()})


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({}, ("", {"": frozenset()})),
        ({"realm_access": None, "resource_access": None}, ("", {"": frozenset()})),
        (
            {"realm_access": {}, "resource_access": {"account": {}}},
            ("", {"": frozenset(), "account": frozenset()}),
        ),
    ],
)
def test_what_a_token_does_not_tell(claims, told):
    """A lightweight token names neither subject nor roles."""
    assert subject_and_roles(a_token(claims)) == told


@pytest.mark.parametrize(
    "token",
    ["", "opaque", "a.b.c", "e30..c2ln", a_token(["a list"]), a_token(None), "e30.e30", "e30.e30.c2ln.x.y"],
)
def test_what_is_no_token(token):
    with pytest.raises(ValueError):  # noqa: PT011 (whichever of its kind)
        subject_and_roles(token)


def test_what_is_no_token_is_said():
    with pytest.raises(ValueError, match=r"^the access token is not a JSON web token$"):
        subject_and_roles("opaque")


ROLES = {MANAGEMENT: DIRECTORY_RIGHTS}
PERSON_SEEN = {"id": PERSON, "access": {"view": True, "manage": False}}
COMPANY_SEEN = {"id": OWN_ID, "access": {"manage": False, "viewMembers": True}}
ITSELF_SEEN = {"id": OWN_ID, "access": {"view": True}}


def test_rights_are_those_granted_over_each():
    """Of one company; a right that is listed but not granted does not count."""
    found = rights_of(
        ROLES,
        profile={"unmanagedAttributePolicy": "ENABLED"},
        person=PERSON_SEEN,
        companies=[COMPANY_SEEN, {"access": {"manage": True}}],
        itself=ITSELF_SEEN,
    )
    assert found == Rights(
        roles=ROLES,
        over_person=frozenset({"view"}),
        over_company=frozenset({"viewMembers"}),
        over_itself=frozenset({"view"}),
        unmanaged_attributes="ENABLED",
    )


def test_what_may_not_be_seen_gives_nothing():
    """No person, no company, not itself, and a realm without a policy."""
    assert rights_of(ROLES, profile={}, person={}, companies=[], itself={"access": None}) == Rights(ROLES)


class TestReading:
    """On the wire."""

    @pytest.fixture
    def wire(self) -> Iterator[Wire]:
        with responses.RequestsMock() as mock:
            yield self.answering(Wire(mock))

    def answering(self, wire: Wire) -> Wire:
        wire.signs_in()
        wire.on_sign_in(lambda _: (200, {}, json.dumps({"access_token": TOKEN, "expires_in": 60})))
        wire.answers("GET", f"/groups/{COMPANY}/members", (200, [{"id": PERSON}]))
        wire.answers("GET", f"/users/{PERSON}", (200, {"id": PERSON, "access": {"view": True, "manage": False}}))
        company = {**company_group(a_company()), "id": COMPANY, "access": {"manage": False, "viewMembers": True}}
        auditors = {"id": OWN_ID, "name": "auditors", "path": "/auditors", "access": {"manage": True}}
        wire.answers("GET", "/groups", (200, [auditors, company]))
        wire.answers("GET", "/users/profile", (200, {"attributes": [], "unmanagedAttributePolicy": "ENABLED"}))
        wire.answers("GET", f"/users/{OWN_ID}", (200, {"id": OWN_ID, "access": {"view": True, "manage": False}}))
        return wire

    def test_everything_is_asked_and_nothing_changed(self, wire):
        """Of a company and one of its people, whatever groups come before it."""
        assert a_directory().own_rights() == Rights(
            roles={"": frozenset({"default-roles-portal"}), MANAGEMENT: DIRECTORY_RIGHTS},
            over_person=frozenset({"view"}),
            over_company=frozenset({"viewMembers"}),
            over_itself=frozenset({"view"}),
            unmanaged_attributes="ENABLED",
        )
        assert {asked.method for asked in wire.asked} == {"GET"}

    def test_the_token_is_a_new_one_each_time(self, wire):
        """An older one would not name a role that was given since."""
        directory = a_directory()
        directory.own_rights()
        before = len(wire.sign_ins)
        directory.own_rights()
        assert len(wire.sign_ins) == before + 1
