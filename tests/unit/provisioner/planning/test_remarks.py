"""What the server does not take over exactly: a warning in the plan, never a refusal and never a difference."""

from dataclasses import replace

import pytest

from provisioner.kinds import offers
from provisioner.kinds.kind import Kind
from provisioner.model.changes import Plan
from provisioner.model.state import Address, Json, RealmState, Resource
from provisioner.planning.plan import plan
from provisioner.server import baseline

NEW = baseline.before("portal")
MANAGEMENT = Address(Kind.CLIENT, ("realm-management",))


def wanted(*resources: tuple[Kind, tuple[str, ...], Json]) -> RealmState:
    return RealmState.of("portal", [Resource(Address(kind, names), fields) for kind, names, fields in resources])


def reasons(found: Plan) -> list[str]:
    return [remark.reason for remark in found.remarks]


def created(found: Plan) -> list[str]:
    return [str(change.address) for change in found.writes]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Kind.CLIENT_MAPPER, ("realm-management", "own")),
        (Kind.ASSIGNED_SCOPE, ("realm-management", "service_account")),
        (Kind.ROLE, ("realm-management", "own")),
        (Kind.COMPOSITE, ("realm-management", "view-users", "", "offline_access")),
        (Kind.SCOPE_MAPPING, ("client", "realm-management", "", "offline_access")),
    ],
)
def test_no_part_of_realm_management_is_written(kind: Kind, names: tuple[str, ...]):
    """Keycloak answers 403 to every write there."""
    found = plan(wanted((kind, names, {})), NEW)
    assert found.changes == ()
    assert reasons(found) == ["Keycloak lets no one change realm-management: left out"]


def test_a_role_of_realm_management_can_be_given_to_others():
    desired = wanted(
        (Kind.ROLE, ("", "auditor"), {}), (Kind.COMPOSITE, ("", "auditor", "realm-management", "view-users"), {})
    )
    assert reasons(plan(desired, NEW)) == []
    assert created(plan(desired, NEW)) == ["role/auditor", "composite/auditor/realm-management/view-users"]


class TestRolesThatNothingDefines:
    def test_one_is_made(self):
        """Keycloak's import makes it, for whoever has it."""
        desired = wanted((Kind.GROUP, ("/depot",), {}), (Kind.ROLE_MAPPING, ("group", "/depot", "", "reader"), {}))
        found = plan(desired, NEW)
        assert created(found) == ["role/reader", "group/depot", "role-mapping/group/depot/reader"]
        assert reasons(found) == ["named by group/depot, defined nowhere: made, as an import does"]

    def test_a_near_name_is_asked_about(self):
        desired = wanted(
            (Kind.GROUP, ("/depot",), {}),
            (Kind.ROLE, ("", "reader"), {}),
            (Kind.ROLE_MAPPING, ("group", "/depot", "", "raeder"), {}),
        )
        assert reasons(plan(desired, NEW))[0].endswith("made, as an import does (did you mean reader?)")

    def test_one_of_a_client_that_is_nowhere_is_refused(self):
        desired = wanted(
            (Kind.GROUP, ("/depot",), {}), (Kind.ROLE_MAPPING, ("group", "/depot", "nowhere", "x"), {})
        )
        (change,) = plan(desired, NEW).refused
        assert change.reason == "client/nowhere is neither in the files nor on the server"

    def test_one_that_keycloak_makes_with_the_client_is_not_made(self):
        desired = wanted(
            (Kind.CLIENT, ("robot",), {"authorizationServicesEnabled": True}),
            (Kind.ROLE, ("robot", "uma_protection"), {}),
            (Kind.ROLE_MAPPING, ("user", "service-account-robot", "robot", "uma_protection"), {}),
        )
        assert created(plan(desired, NEW))[0] == "client/robot"
        assert "role/robot/uma_protection" not in created(plan(desired, NEW))
        assert reasons(plan(desired, NEW)) == []


def test_the_scope_of_service_accounts_is_nobodys():
    """Keycloak assigns it, so it is neither unmanaged nor deleted."""
    client = (Kind.CLIENT, ("robot",), {"serviceAccountsEnabled": True})
    observed = wanted(client, (Kind.ASSIGNED_SCOPE, ("robot", "service_account"), {"assignment": "default"}))
    desired = replace(wanted(client), contains=frozenset({Address(Kind.ASSIGNED_SCOPE, ("robot",))}))
    assert plan(desired, observed).changes == ()


class TestPeople:
    def test_an_attribute_that_the_profile_lacks_is_one_warning(self):
        people = ((Kind.USER, (name,), {"attributes": {"shoe": ["38"]}}) for name in ("anne", "bob", "carl"))
        found = plan(wanted(*people), NEW)
        assert reasons(found) == [
            "the user profile does not declare the attribute shoe (and of 2 more): Keycloak drops it"
        ]
        assert all(change.after == {"attributes": {}} for change in found.writes)

    def test_people_of_company_files_are_told_of_too(self):
        """Title and language would be lost without a word."""
        fields = {"email": "a@x.example", "title": "mme", "locale": "fr", "administers": []}
        found = plan(wanted((Kind.PERSON, ("a@x.example",), fields)), NEW)
        assert [reason.split(":")[0] for reason in reasons(found)] == [
            "the user profile does not declare the attribute locale",
            "the user profile does not declare the attribute title",
        ]

    def test_somebody_with_the_address_is_renamed_where_the_realm_allows_it(self):
        desired = wanted((Kind.USER, ("anne",), {"email": "a@x.example"}))
        other = (Kind.USER, ("anne",), {"email": "a@x.example", "username": "ann"})
        realm = Kind.REALM, ("portal",), {"editUsernameAllowed": True}
        (change,) = plan(desired, wanted(other, realm)).writes
        assert (change.before, change.after) == ({"username": "ann"}, {"username": "anne"})
        (refused,) = plan(desired, wanted(other)).refused
        assert (
            refused.reason
            == "the user ann has the address a@x.example, and the realm's editUsernameAllowed is off"
        )


class TestOffers:
    known = replace(
        NEW,
        offers={
            offers.IDENTITY_PROVIDERS: frozenset({"oidc"}),
            offers.PROTOCOLS: frozenset({"saml"}),
            offers.CLIENT_AUTHENTICATORS: frozenset({"client-secret"}),
            offers.PROTOCOL_MAPPERS: frozenset({"m"}),
        },
    )

    def test_what_would_answer_400_half_way_is_refused(self):
        desired = wanted(
            (Kind.IDENTITY_PROVIDER, ("x",), {"providerId": "nope"}), (Kind.CLIENT, ("a",), {"protocol": "nope"})
        )
        assert [change.reason for change in plan(desired, self.known).refused] == [
            "the server has no identity provider nope",
            "the server has no protocol nope",
        ]

    def test_what_keycloak_takes_is_a_warning(self):
        desired = wanted(
            (Kind.CLIENT, ("a",), {"clientAuthenticatorType": "nope"}),
            (Kind.CLIENT_MAPPER, ("a", "b"), {"protocolMapper": "nope"}),
        )
        found = plan(desired, self.known)
        assert found.refused == ()
        assert reasons(found) == [
            "the server has no client authenticator nope, and takes it all the same",
            "the server has no protocol mapper nope, and takes it all the same",
        ]

    def test_nothing_is_refused_where_nothing_is_known(self):
        desired = wanted((Kind.IDENTITY_PROVIDER, ("x",), {"providerId": "nope"}))
        assert plan(desired, NEW).refused == ()

    def test_the_servers_own_information_is_read(self):
        info = {
            "providers": {
                "social": {"providers": {"github": {}}},
                "authenticator": {"providers": {"auth-cookie": {}}},
            },
            "themes": {"login": [{"name": "keycloak"}]},
        }
        found = offers.read(info)
        assert found[offers.IDENTITY_PROVIDERS] == {"github"}
        assert found["authenticators"] == {"basic-flow/auth-cookie"}
        assert found[offers.THEMES] == {"login/keycloak"}
        assert offers.read({}) == {}
