"""What the realm file promises to the portal and to services, seen in an applied realm."""

import base64
import json
import secrets

import pytest
import requests

from provisioner.errors import ProvisionerError
from provisioner.reading.variables import fill
from tests.keycloak.provisioner.realms import PORTAL_URL, TestRealm
from tests.keycloak.provisioner.signing_in import authorization, sign_in

PASSWORD = "a-Password-of-16"
PORTAL = ("portal", "portal-secret", f"{PORTAL_URL}/login/callback")
SERVICE = ("sample-service", "service-secret", "http://localhost:8001/login/callback")


OPERATIONS_ONLY = {
    "activationSentAt": ["2026-11-22T12:00:00+00:00"],
    "invitation": ['{"by": "Bruno Petit", "to": ["Acme Énergie"], "others": 0}'],
}
"""Attributes that no token holds and that the person himself neither sees nor changes."""


@pytest.fixture(scope="module")
def anne(shared_realm: TestRealm) -> str:
    """An active administrator of acme."""
    email = f"anne.{secrets.token_hex(4)}@acme.example"
    shared_realm.add_person(
        email,
        "/acme",
        "/acme/administrators",
        attributes={"title": ["mme"], "locale": ["fr"], **OPERATIONS_ONLY},
        credentials=[{"type": "password", "value": PASSWORD}],
    )
    return email


def claims(token: str) -> dict:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def userinfo(realm: TestRealm, tokens: dict) -> dict:
    return requests.get(
        f"{realm.url}/realms/{realm.name}/protocol/openid-connect/userinfo",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
        timeout=10,
    ).json()


@pytest.mark.parametrize("client", [PORTAL, SERVICE], ids=lambda client: client[0])
class TestClaims:
    @pytest.fixture
    def tokens(self, shared_realm, anne, client) -> dict:
        return sign_in(shared_realm, *client, anne, PASSWORD)

    def test_attachments_title_and_language_are_in_every_token(self, shared_realm, tokens, client):
        for found in (
            claims(tokens["id_token"]),
            claims(tokens["access_token"]),
            userinfo(shared_realm, tokens),
        ):
            assert sorted(found["attachments"]) == ["acme:administrator", "acme:user"]
            assert (found["title"], found["locale"]) == ("mme", "fr")
            assert not OPERATIONS_ONLY.keys() & found.keys()

    def test_an_access_token_lives_a_minute(self, tokens, client):
        access = claims(tokens["access_token"])
        assert access["exp"] - access["iat"] == 60

    def test_groups_are_told_to_the_portal_alone_and_by_userinfo_alone(self, shared_realm, tokens, client):
        assert "groups" not in claims(tokens["id_token"])
        assert "groups" not in claims(tokens["access_token"])
        expected = ["/acme", "/acme/administrators"] if client is PORTAL else []
        assert sorted(userinfo(shared_realm, tokens).get("groups", [])) == expected

    def test_the_token_is_good_for_nothing_else(self, tokens, client):
        access = claims(tokens["access_token"])
        assert "realm_access" not in access
        told = {name: sorted(each["roles"]) for name, each in access.get("resource_access", {}).items()}
        own_account = {"account": ["manage-account", "manage-account-links", "view-profile"]}
        assert told == (own_account if client is PORTAL else {})


class TestOwnProfile:
    """The account API with the holder's own token."""

    @pytest.fixture
    def account(self, shared_realm, anne):
        tokens = sign_in(shared_realm, *PORTAL, anne, PASSWORD)
        headers = {"Authorization": f"Bearer {tokens['access_token']}", "Accept": "application/json"}
        url = f"{shared_realm.url}/realms/{shared_realm.name}/account"

        def call(method: str, body=None):
            return requests.request(method, url, headers=headers, json=body, timeout=10)

        return call

    def test_names_title_and_language_are_changed(self, account, anne):
        body = {
            "username": anne,
            "email": anne,
            "firstName": "Annie",
            "lastName": "Dupont",
            "attributes": {"title": ["m"], "locale": ["en"]},
        }
        assert account("POST", body).status_code == 204
        after = account("GET").json()
        assert (after["firstName"], after["lastName"]) == ("Annie", "Dupont")
        assert after["attributes"] == {"title": ["m"], "locale": ["en"]}

    def test_the_address_is_not(self, account, shared_realm, anne):
        present = account("GET").json()
        answer = account("POST", {**present, "email": "other@acme.example", "username": "other@acme.example"})
        assert answer.status_code in (204, 400)
        after = shared_realm.admin.get(f"users/{shared_realm.id_of(anne)}").json()
        assert (after["email"], after["username"]) == (anne, anne)

    @pytest.mark.parametrize(("name", "value"), OPERATIONS_ONLY.items())
    def test_when_the_mail_left_and_who_invites_is_neither_seen_nor_changed(
        self, account, shared_realm, anne, name, value
    ):
        present = account("GET").json()
        assert name not in present["attributes"]
        account("POST", {**present, "attributes": {**present["attributes"], name: ["2000-01-01T00:00:00+00:00"]}})
        after = shared_realm.admin.get(f"users/{shared_realm.id_of(anne)}").json()
        assert after["attributes"][name] == value

    @pytest.mark.parametrize(
        ("field", "value"), [("title", "dr"), ("locale", "de"), ("firstName", "<script>"), ("lastName", "")]
    )
    def test_what_is_not_acceptable_is_refused(self, account, field, value):
        present = account("GET").json()
        if field in ("title", "locale"):
            present["attributes"][field] = [value]
        else:
            present[field] = value
        assert account("POST", present).status_code == 400

    def test_an_attribute_of_somebodys_own_making_is_not_kept(self, account, shared_realm, anne):
        present = account("GET").json()
        account(
            "POST", {**present, "attributes": {**present["attributes"], "attachment": ["globex:administrator"]}}
        )
        after = shared_realm.admin.get(f"users/{shared_realm.id_of(anne)}").json()
        assert "attachment" not in after["attributes"]


class TestBeginningASignIn:
    @pytest.mark.parametrize("client", [PORTAL, SERVICE], ids=lambda client: client[0])
    def test_proof_of_possession_is_required(self, shared_realm, client):
        answer = authorization(shared_realm, client[0], client[2], code_challenge="", code_challenge_method="")
        assert "error=invalid_request" in answer.headers["Location"]

    @pytest.mark.parametrize("client", [PORTAL, SERVICE], ids=lambda client: client[0])
    def test_no_other_proof_is_taken(self, shared_realm, client):
        """A challenge that is the verifier itself proves nothing to who reads the address."""
        answer = authorization(shared_realm, client[0], client[2], code_challenge_method="plain")
        assert "error=invalid_request" in answer.headers["Location"]

    @pytest.mark.parametrize("client", [PORTAL, SERVICE], ids=lambda client: client[0])
    @pytest.mark.parametrize("kind", ["token", "id_token", "id_token token", "code id_token"])
    def test_tokens_never_come_in_an_address(self, shared_realm, client, kind):
        answer = authorization(shared_realm, client[0], client[2], response_type=kind, nonce="n")
        assert "error=unauthorized_client" in answer.headers["Location"]

    @pytest.mark.parametrize("client", [PORTAL, SERVICE], ids=lambda client: client[0])
    @pytest.mark.parametrize(
        "address", ["{}/x", "{}?x=1", "{}#x", "{}/../other", "https://evil.example/login/callback"]
    )
    def test_other_addresses_are_refused(self, shared_realm, client, address):
        assert authorization(shared_realm, client[0], address.format(client[2])).status_code == 400

    def test_the_page_is_french_unless_asked_otherwise(self, shared_realm):
        assert 'lang="fr"' in authorization(shared_realm, PORTAL[0], PORTAL[2]).text
        assert 'lang="en"' in authorization(shared_realm, PORTAL[0], PORTAL[2], ui_locales="en").text


class TestClientPolicy:
    """What the realm demands of every client, whoever makes or changes it."""

    @pytest.mark.parametrize("name", ["portal", "sample-service"])
    @pytest.mark.parametrize(
        "address",
        ["*", "http://localhost:8000/*", "https://portal.example/*", "https://*.portal.example/callback"],
    )
    def test_no_client_gets_an_address_with_a_wildcard(self, shared_realm, name, address):
        (client,) = shared_realm.admin.get("clients", clientId=name).json()
        before = list(client["redirectUris"])
        client["redirectUris"].append(address)
        answer = shared_realm.admin.put(f"clients/{client['id']}", client)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        (after,) = shared_realm.admin.get("clients", clientId=name).json()
        assert after["redirectUris"] == before

    def test_a_new_client_has_exact_addresses_and_proves_itself(self, shared_realm):
        """A service that operations register tomorrow: no wildcard, and PKCE though nobody asked for it."""
        name = f"service-{secrets.token_hex(4)}"
        new = {"clientId": name, "protocol": "openid-connect", "redirectUris": ["https://service.example/*"]}
        assert shared_realm.admin.post("clients", new).status_code == 400
        new["redirectUris"] = ["https://service.example/callback"]
        assert shared_realm.admin.post("clients", new).status_code == 201
        (made,) = shared_realm.admin.get("clients", clientId=name).json()
        assert made["attributes"]["pkce.code.challenge.method"] == "S256"
        assert made["directAccessGrantsEnabled"] is False
        without = authorization(
            shared_realm, name, new["redirectUris"][0], code_challenge="", code_challenge_method=""
        )
        assert "error=invalid_request" in without.headers["Location"]

    def test_a_password_is_taken_on_keycloaks_page_alone(self, shared_realm, anne):
        """A form elsewhere would ask for no second factor: the client that every realm has for it is closed."""
        form = {"grant_type": "password", "client_id": "admin-cli", "username": anne, "password": PASSWORD}
        url = f"{shared_realm.url}/realms/{shared_realm.name}/protocol/openid-connect/token"
        answer = requests.post(url, data=form, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        assert "prohibited" in answer.json()["error_description"]


@pytest.mark.parametrize("password", ["short-1", "{email}"])
def test_weak_passwords_are_refused(shared_realm, password):
    email = f"p{secrets.token_hex(4)}@acme.example"
    person = shared_realm.add_person(email)
    body = {"type": "password", "value": password.format(email=email)}
    assert shared_realm.admin.put(f"users/{person}/reset-password", body).status_code == 400


class TestSecondFactorSwitch:
    """`SECOND_FACTOR_OF_ADMINISTRATORS`: one word of the environment; nothing but the sign-in differs."""

    def test_both_positions(self, realm: TestRealm):
        """Off without a word; each position is applied whole, and found without a difference afterwards."""
        assert realm.apply().complete
        for position, planned in (
            ("DISABLED", []),
            ("CONDITIONAL", ["flow/sign-in"]),
            ("DISABLED", ["flow/sign-in"]),
        ):
            realm.environment["SECOND_FACTOR_OF_ADMINISTRATORS"] = position
            assert [str(change.address) for change in realm.plan().writes] == planned
            assert realm.apply().complete
            assert realm.plan().writes == ()

    def test_another_word_is_refused(self, realm: TestRealm):
        """Naming what there is to choose from."""
        realm.environment["SECOND_FACTOR_OF_ADMINISTRATORS"] = "yes"
        with pytest.raises(ProvisionerError, match="REQUIRED, ALTERNATIVE, CONDITIONAL"):
            realm.plan()


def test_keycloaks_own_import_gives_the_same_realm(realm: TestRealm):
    """Besides the service account that Keycloak makes for its permissions, which goes on the deny list."""
    text = json.dumps(realm.content)
    content = json.loads(
        text, object_hook=lambda each: {key: _filled(value, realm) for key, value in each.items()}
    )
    answer = requests.post(
        f"{realm.url}/admin/realms",
        json=content,
        headers={"Authorization": f"Bearer {_admin_token(realm)}"},
        timeout=60,
    )
    assert answer.status_code == 201

    (change,) = realm.plan()

    assert str(change.address) == "permission/admin-permissions/portal-directory: protected people"
    assert realm.apply().complete
    assert realm.plan().writes == ()
    assert [group["name"] for group in realm.directory().get("groups").json()] == ["operators"]


def _filled(value, realm: TestRealm):
    if isinstance(value, list):
        return [_filled(each, realm) for each in value]
    return fill(value, realm.environment) if isinstance(value, str) else value


def _admin_token(realm: TestRealm) -> str:
    return realm.admin._token()
