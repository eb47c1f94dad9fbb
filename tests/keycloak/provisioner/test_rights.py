"""What the portal's service account may do in an applied realm, and what it may not: asked of the real server."""

import secrets

import pytest

from directory.encoding import Place, Subgroup, new_user
from directory.model import Attachment, Locale, Profile, Title
from tests.keycloak.provisioner.realms import PORTAL_URL, TestRealm

FORBIDDEN = 403


def _email() -> str:
    return f"p{secrets.token_hex(4)}@acme.example"


def _new(email: str, *companies: str) -> dict:
    profile = Profile(email, "Durand", "Anne", Title.MME, Locale.FR)
    return new_user(profile, [Attachment(company) for company in companies])


@pytest.fixture(scope="module")
def directory(shared_realm: TestRealm):
    return shared_realm.directory()


@pytest.fixture(scope="module")
def operator(shared_realm: TestRealm) -> str:
    """Somebody of operations, in a group that is no company, after an apply."""
    id = shared_realm.add_person("operator@portal.example", "/operators")
    assert shared_realm.apply().complete
    return id


@pytest.fixture
def outsider(shared_realm: TestRealm) -> str:
    """Somebody attached nowhere."""
    return shared_realm.add_person(f"o{secrets.token_hex(4)}@elsewhere.example")


@pytest.fixture
def member(shared_realm: TestRealm) -> str:
    """Somebody of acme, not activated yet."""
    return shared_realm.add_person(_email(), "/acme", requiredActions=["UPDATE_PASSWORD", "VERIFY_EMAIL"])


class TestAllowed:
    @pytest.mark.parametrize("companies", [("acme",), ("acme", "globex")])
    def test_an_account_is_created_into_companies(self, directory, companies):
        assert directory.post("users", _new(_email(), *companies)).status_code == 201

    def test_an_account_is_created_as_administrator_and_external(self, directory):
        body = _new(_email(), "acme")
        body["groups"] += [Place("acme", subgroup).path for subgroup in Subgroup]
        assert directory.post("users", body).status_code == 201

    def test_members_of_a_company_are_seen(self, directory, shared_realm, member):
        people = directory.get(f"groups/{shared_realm.group('/acme')}/members", max="1000").json()
        assert member in [person["id"] for person in people]

    def test_groups_are_listed_with_their_attributes(self, directory):
        """Also those that are no companies: so the portal knows whom to hide."""
        groups = directory.get("groups", briefRepresentation="false").json()
        assert {group["name"]: group.get("attributes", {}).get("kind") for group in groups} == {
            "acme": ["company"],
            "globex": ["company"],
            "operators": None,
        }

    @pytest.mark.parametrize("path", ["users/{operator}", "users/{operator}/groups", "groups/{operators}/members"])
    def test_operators_are_read(self, directory, shared_realm, operator, path):
        """Hiding them is the portal's: `tests/contract/test_hiding.py`."""
        where = path.format(operator=operator, operators=shared_realm.group("/operators"))
        assert directory.get(where).status_code == 200

    def test_somebody_attached_nowhere_is_found_by_his_exact_address(self, directory, shared_realm, outsider):
        email = shared_realm.admin.get(f"users/{outsider}").json()["email"]
        found = directory.get("users", email=email, exact="true").json()
        assert [person["id"] for person in found] == [outsider]

    @pytest.mark.parametrize("path", ["/acme", "/acme/administrators", "/acme/externals"])
    def test_somebody_attached_nowhere_joins_and_leaves(self, directory, shared_realm, outsider, path):
        place = f"users/{outsider}/groups/{shared_realm.group(path)}"
        assert directory.put(place).status_code == 204
        assert directory.delete(place).status_code == 204

    def test_the_activation_mail_of_a_member_is_sent(self, directory, member):
        sent = directory.put(
            f"users/{member}/execute-actions-email",
            ["VERIFY_EMAIL"],
            lifespan="2592000",
            client_id="portal",
            redirect_uri=f"{PORTAL_URL}/",
        )
        assert sent.status_code == 204

    def test_the_profile_of_a_member_is_written(self, directory, member):
        present = directory.get(f"users/{member}").json()
        noted = {"activationSentAt": ["2026-11-22T12:00:00+00:00"]}
        assert directory.put(f"users/{member}", {**present, "attributes": noted}).status_code == 204
        assert directory.get(f"users/{member}").json()["attributes"]["activationSentAt"]

    def test_a_member_is_deleted_when_his_creation_is_cancelled(self, directory, member):
        assert directory.delete(f"users/{member}").status_code == 204


class TestRefused:
    @pytest.mark.parametrize("groups", [[], ["/operators"], ["/acme", "/operators"]])
    def test_no_account_outside_companies(self, directory, shared_realm, operator, groups):
        email = _email()
        body = {**_new(email), "groups": groups}
        assert directory.post("users", body).status_code == FORBIDDEN
        assert shared_realm.admin.get("users", email=email, exact="true").json() == []

    def test_nobody_joins_the_operators(self, directory, shared_realm, operator, outsider, member):
        group = shared_realm.group("/operators")
        for person in (outsider, member):
            assert directory.put(f"users/{person}/groups/{group}").status_code == FORBIDDEN

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "groups/{acme}", None),
            ("DELETE", "credentials/5c0ba7ac-9e5d-4b5e-8d0e-0f1f6a1b7a99", None),
            ("PUT", "execute-actions-email", ["VERIFY_EMAIL"]),
            ("PUT", "reset-password", {"type": "password", "value": "an-Invader-1234"}),
            ("PUT", "", {"firstName": "Invader", "lastName": "X", "email": "i@x.example"}),
            ("DELETE", "", None),
            ("POST", "logout", None),
        ],
    )
    def test_the_operator_is_out_of_reach(self, directory, shared_realm, operator, method, path, body):
        where = f"users/{operator}/{path.format(acme=shared_realm.group('/acme'))}".rstrip("/")
        assert directory.call(method, where, body).status_code == FORBIDDEN

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "reset-password", {"type": "password", "value": "an-Invader-1234"}),
            ("PUT", "", {"firstName": "Invader", "lastName": "X", "email": "i@x.example"}),
            ("DELETE", "", None),
        ],
    )
    def test_somebody_attached_nowhere_is_only_looked_up(self, directory, outsider, method, path, body):
        assert directory.call(method, f"users/{outsider}/{path}".rstrip("/"), body).status_code == FORBIDDEN

    def test_its_own_account_is_out_of_reach(self, directory, shared_realm):
        own = shared_realm.admin.get("users", username="service-account-portal-directory").json()[0]["id"]
        assert directory.put(f"users/{own}/groups/{shared_realm.group('/acme')}").status_code == FORBIDDEN
        assert directory.post(f"users/{own}/role-mappings/realm", []).status_code == FORBIDDEN

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "groups", {"name": "invaders"}),
            ("POST", "groups/{acme}/children", {"name": "invaders"}),
            ("PUT", "groups/{acme}", {"name": "acme", "attributes": {"kind": ["company"]}}),
            ("DELETE", "groups/{acme}", None),
            ("POST", "groups/{acme}/role-mappings/realm", []),
            ("GET", "events", None),
            ("GET", "admin-events", None),
            ("PUT", "", {"registrationAllowed": True}),
            ("PUT", "users/profile", {"attributes": []}),
            ("POST", "partialImport", {"ifResourceExists": "SKIP"}),
            ("POST", "partial-export", None),
            ("GET", "client-scopes", None),
            ("POST", "clients", {"clientId": "invader"}),
        ],
    )
    def test_the_realm_is_not_its_business(self, directory, shared_realm, method, path, body):
        where = path.format(acme=shared_realm.group("/acme"))
        assert directory.call(method, where, body).status_code == FORBIDDEN

    def test_clients_are_not_seen(self, directory):
        answer = directory.get("clients")
        assert answer.status_code == FORBIDDEN or answer.json() == []

    def test_no_member_is_impersonated_or_given_roles(self, directory, member):
        assert directory.post(f"users/{member}/impersonation").status_code == FORBIDDEN
        assert directory.post(f"users/{member}/role-mappings/realm", []).status_code == FORBIDDEN


class TestDenyList:
    """Groups and people that come later are put on the list by the next apply."""

    def test_a_new_group_that_is_no_company(self, realm):
        realm.write_companies("companies:\n  - {id: acme, name: Acme}\n")
        assert realm.apply().complete
        group = realm.admin.post("groups", {"name": "auditors"}).headers["Location"].rpartition("/")[2]
        auditor = realm.add_person("auditor@portal.example", "/auditors")
        outsider = realm.add_person("somebody@portal.example")
        membership = f"users/{outsider}/groups/{group}"
        attachment = f"users/{auditor}/groups/{realm.group('/acme')}"
        directory = realm.directory()
        for path in (membership, attachment):
            assert directory.put(path).status_code == directory.delete(path).status_code == 204

        outcome = realm.apply()

        assert [str(change.address) for change in outcome.done] == [
            "permission/admin-permissions/portal-directory: protected people",
            "permission/admin-permissions/portal-directory: protected groups",
        ]
        for path in (membership, attachment):
            assert directory.put(path).status_code == FORBIDDEN
        assert realm.plan().writes == ()

    def test_a_subgroup_of_a_company_that_carries_roles(self, realm):
        realm.write_companies("companies:\n  - {id: acme, name: Acme}\n")
        assert realm.apply().complete
        group = realm.group("/acme/externals")
        role = realm.admin.get("roles/offline_access").json()
        assert realm.admin.post(f"groups/{group}/role-mappings/realm", [role]).status_code == 204
        person = realm.add_person("someone@elsewhere.example")

        assert realm.apply().complete

        assert realm.directory().put(f"users/{person}/groups/{group}").status_code == FORBIDDEN
        assert realm.plan().writes == ()
