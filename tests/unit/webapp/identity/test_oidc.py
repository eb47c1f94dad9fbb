"""The portal as a relying party of Keycloak, as seen on the wire."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from directory.errors import InvalidPersonError, RefusedError, UnavailableError
from directory.model import Affiliation, Attachment, CompanyRole, Locale, Title
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from webapp.app import create_app
from webapp.errors import SignedOutError
from webapp.identity.oidc import KeycloakIdentity, Tokens, actor_of
from webapp.settings import Settings
from webapp.storage.database import Database

REALM = "http://keycloak.invalid:8080/realms/portal"
CONNECT = f"{REALM}/protocol/openid-connect"
ACCOUNT = f"{REALM}/account/"
KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
PERSON = "11111111-2222-4333-8444-555555555555"
USERINFO = {
    "sub": PERSON,
    "email": "anne.durand@acme.example",
    "family_name": "Durand",
    "given_name": "Anne",
    "title": "mme",
    "locale": "fr",
    "groups": ["/acme", "/acme/administrators"],
    "attachments": ["acme:user", "acme:administrator"],
}


@pytest.fixture
def settings(database: Database) -> Settings:
    return Settings(
        portal_url="http://portal.test",
        keycloak_url="http://keycloak.invalid:8080",
        keycloak_realm="portal",
        client_portal_id="portal",
        client_portal_secret="secret",
        client_portal_directory_secret="secret",
        database_url=str(database.engine.url),
        secret_key="a key for tests only",
    )


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """Keycloak's published addresses and keys; everything else a test adds."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(
            f"{REALM}/.well-known/openid-configuration",
            json={
                "issuer": REALM,
                "authorization_endpoint": f"{CONNECT}/auth",
                "token_endpoint": f"{CONNECT}/token",
                "userinfo_endpoint": f"{CONNECT}/userinfo",
                "jwks_uri": f"{CONNECT}/certs",
                "end_session_endpoint": f"{CONNECT}/logout",
                "id_token_signing_alg_values_supported": ["RS256"],
                "authorization_response_iss_parameter_supported": True,
            },
        )
        mock.get(f"{CONNECT}/certs", json={"keys": [KEY.as_dict(private=False)]})
        yield mock


@pytest.fixture
def identity(settings: Settings) -> KeycloakIdentity:
    identity = KeycloakIdentity(settings)
    identity.bind(Flask("bare"))
    return identity


class _Client(FlaskClient):
    """Asks for the portal by its name."""

    def open(self, *arguments: Any, **options: Any) -> Any:
        return super().open(*arguments, **{"base_url": "http://portal.test", **options})


def tokens(*, lives: float = 60) -> Tokens:
    return Tokens("access", "refresh", "id", time.time() + lives)


def granted(**changes: Any) -> dict[str, Any]:
    """What the token endpoint answers."""
    return {
        "access_token": "new access",
        "refresh_token": "new refresh",
        "token_type": "Bearer",
        "expires_in": 60,
        **changes,
    }


class TestActor:
    """Who is acting is read from userinfo, at every request."""

    def test_one_call(self, wire: responses.RequestsMock, identity: KeycloakIdentity):
        """With the token of the session; name and rights as they are now."""
        userinfo = wire.get(f"{CONNECT}/userinfo", json=USERINFO)
        held = tokens()
        actor, kept = identity.actor(held)
        assert kept == held
        assert actor.id == PERSON
        assert actor.profile == a_profile("anne.durand@acme.example", title=Title.MME, locale=Locale.FR)
        assert actor.attachments == (an_attachment("acme", administrator=True),)
        assert userinfo.call_count == 1
        assert userinfo.calls[0].request.headers["Authorization"] == "Bearer access"

    @pytest.mark.parametrize("lives", [4, 0, -3600])
    def test_token_is_renewed_before_it_ends(
        self, lives: float, wire: responses.RequestsMock, identity: KeycloakIdentity
    ):
        """The renewed tokens are handed back to be kept; the id token stays when none comes."""
        grant = wire.post(f"{CONNECT}/token", json=granted())
        userinfo = wire.get(f"{CONNECT}/userinfo", json=USERINFO)
        _, kept = identity.actor(tokens(lives=lives))
        assert (kept.access_token, kept.refresh_token, kept.id_token) == ("new access", "new refresh", "id")
        assert 50 < kept.expires_at - time.time() <= 60
        assert userinfo.calls[0].request.headers["Authorization"] == "Bearer new access"
        sent = parse_qs(str(grant.calls[0].request.body))
        assert sent == {
            "grant_type": ["refresh_token"],
            "refresh_token": ["refresh"],
            "client_id": ["portal"],
            "client_secret": ["secret"],
        }

    def test_token_that_is_refused_early_is_renewed_once(
        self, wire: responses.RequestsMock, identity: KeycloakIdentity
    ):
        """The server's clock may be ahead of ours."""
        wire.get(f"{CONNECT}/userinfo", status=401)
        wire.get(f"{CONNECT}/userinfo", json=USERINFO)
        wire.post(f"{CONNECT}/token", json=granted())
        _, kept = identity.actor(tokens())
        assert kept.access_token == "new access"

    @pytest.mark.parametrize("status", [401, 403])
    def test_refused_after_the_renewal(
        self, status: int, wire: responses.RequestsMock, identity: KeycloakIdentity
    ):
        """The session is over, or the account disabled."""
        wire.get(f"{CONNECT}/userinfo", status=status)
        grant = wire.post(f"{CONNECT}/token", json=granted())
        with pytest.raises(SignedOutError):
            identity.actor(tokens())
        assert grant.call_count == 1

    def test_session_that_is_not_renewed(self, wire: responses.RequestsMock, identity: KeycloakIdentity):
        """Keycloak says 400 to a refresh token of an ended session."""
        wire.post(f"{CONNECT}/token", status=400, json={"error": "invalid_grant"})
        with pytest.raises(SignedOutError):
            identity.actor(tokens(lives=0))

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_keycloak_stumbles(self, status: int, wire: responses.RequestsMock, identity: KeycloakIdentity):
        """Unavailable is not signed out: the session must live on."""
        wire.get(f"{CONNECT}/userinfo", status=status, body="<html>")
        with pytest.raises(UnavailableError):
            identity.actor(tokens())

    @pytest.mark.parametrize("status", [401, 429, 500, 503])
    def test_keycloak_stumbles_at_the_renewal(
        self, status: int, wire: responses.RequestsMock, identity: KeycloakIdentity
    ):
        """Nor is it when the renewal meets trouble (401: our own secret is wrong)."""
        wire.post(f"{CONNECT}/token", status=status, json={"error": "x"})
        with pytest.raises(UnavailableError):
            identity.actor(tokens(lives=0))

    @pytest.mark.parametrize(
        "error", [requests.ConnectionError(), requests.ReadTimeout(), requests.TooManyRedirects()]
    )
    def test_not_reached(self, error: Exception, wire: responses.RequestsMock, identity: KeycloakIdentity):
        wire.get(f"{CONNECT}/userinfo", body=error)
        with pytest.raises(UnavailableError):
            identity.actor(tokens())

    @pytest.mark.parametrize("answer", [{}, {"access_token": "a"}, granted(expires_in="soon")])
    def test_renewal_that_makes_no_sense(
        self, answer: dict[str, Any], wire: responses.RequestsMock, identity: KeycloakIdentity
    ):
        wire.post(f"{CONNECT}/token", json=answer)
        with pytest.raises(UnavailableError):
            identity.actor(tokens(lives=0))

    @pytest.mark.parametrize("body", ["<html>proxy</html>", "[]", '"text"', "", "{}", '{"sub": ""}'])
    def test_answer_that_makes_no_sense(self, body: str, wire: responses.RequestsMock, identity: KeycloakIdentity):
        wire.get(f"{CONNECT}/userinfo", body=body)
        with pytest.raises(UnavailableError):
            identity.actor(tokens())

    def test_addresses_not_published(self, identity: KeycloakIdentity):
        """Nothing answers at all."""
        with responses.RequestsMock(), pytest.raises(UnavailableError):
            identity.actor(tokens())

    def test_no_call_without_a_time_out(self, wire: responses.RequestsMock, identity: KeycloakIdentity):
        """A silent Keycloak must not hold a thread for ever."""
        wire.get(f"{CONNECT}/userinfo", json=USERINFO)
        identity.actor(tokens())
        assert [call.request.req_kwargs["timeout"] for call in wire.calls] == [(2.0, 5.0)] * len(wire.calls)

    def test_redirect_is_not_followed_with_a_token(self, wire: responses.RequestsMock, identity: KeycloakIdentity):
        """Whatever answers in Keycloak's place gets the token once, and leads it nowhere."""
        wire.get(f"{CONNECT}/userinfo", status=302, headers={"Location": "http://evil.test/"}, body="{}")
        evil = wire.get("http://evil.test/", json=USERINFO)
        with pytest.raises(UnavailableError):
            identity.actor(tokens())
        assert evil.call_count == 0


class TestActorOf:
    """What userinfo says, read with suspicion."""

    @pytest.mark.parametrize(
        ("groups", "marks", "expected"),
        [
            (["/acme"], ["acme:user"], [Attachment("acme")]),
            (["/acme", "/acme/administrators"], ["acme:user"], [an_attachment("acme", administrator=True)]),
            (["/acme", "/acme/externals"], ["acme:user"], [an_attachment("acme", external=True)]),
            (
                ["/acme", "/acme/externals", "/acme/administrators"],
                ["acme:user"],
                [Attachment("acme", CompanyRole.ADMINISTRATOR, Affiliation.EXTERNAL)],
            ),
            (["/acme/administrators"], ["acme:user", "acme:administrator"], []),
            (["/acme", "/acme/administrators"], [], []),
            (["/acme", "/acme/administrators"], ["globex:user"], []),
            (["/operators", "/operators/administrators"], [], []),
            (["/acme/administrators/deeper", "/acme"], ["acme:user"], [Attachment("acme")]),
            ([], ["acme:user", "acme:administrator"], []),
            (None, None, []),
        ],
    )
    def test_attachments(self, groups: Any, marks: Any, expected: list[Attachment]):
        """Both the groups and their marks have to agree: neither alone gives anything."""
        claims = {**USERINFO, "groups": groups, "attachments": marks}
        assert list(actor_of(claims).attachments) == expected

    @pytest.mark.parametrize(
        ("changes", "field", "expected"),
        [
            ({"title": None}, "title", None),
            ({"title": "dr"}, "title", None),
            ({"locale": None}, "locale", Locale.FR),
            ({"locale": "de"}, "locale", Locale.FR),
            ({"locale": "en"}, "locale", Locale.EN),
            ({"email": None, "preferred_username": "x@y.example"}, "email", "x@y.example"),
            ({"family_name": None}, "last_name", ""),
            ({"given_name": None}, "first_name", ""),
        ],
    )
    def test_profile(self, changes: dict[str, Any], field: str, expected: object):
        """An account that is not complete is still somebody."""
        assert getattr(actor_of({**USERINFO, **changes}).profile, field) == expected

    def test_administered(self):
        """Only the companies where he is both attached and administrator."""
        claims = {
            **USERINFO,
            "groups": ["/acme", "/acme/administrators", "/globex", "/initech/administrators"],
            "attachments": ["acme:user", "globex:user", "initech:user"],
        }
        assert actor_of(claims).administered_ids == {"acme"}


class TestProfile:
    """The account API, with the holder's own token."""

    NEW = a_profile("ignored@x.example", last_name="Dupont", first_name="Léa", title=Title.M, locale=Locale.EN)

    def test_saves_the_four_and_keeps_the_rest(self, wire: responses.RequestsMock, identity: KeycloakIdentity):
        """A PUT without what is there would erase it; the address sent is the one that is there."""
        current = {
            "username": "a@acme.example",
            "email": "a@acme.example",
            "firstName": "A",
            "lastName": "B",
            "attributes": {"title": ["mme"], "locale": ["fr"], "phone": ["1"]},
        }
        wire.get(ACCOUNT, json=current)
        post = wire.post(ACCOUNT, status=204)
        identity.save_profile(tokens(), self.NEW)
        request = post.calls[0].request
        assert request.headers["Authorization"] == "Bearer access"
        assert json.loads(request.body) == {
            "username": "a@acme.example",
            "email": "a@acme.example",
            "firstName": "Léa",
            "lastName": "Dupont",
            "attributes": {"title": ["m"], "locale": ["en"], "phone": ["1"]},
        }

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"errors": [{"field": "lastName", "errorMessage": "error-x"}]}, "last_name"),
            ({"field": "firstName", "errorMessage": "error-x"}, "first_name"),
            ({"field": "locale", "errorMessage": "error-x"}, "locale"),
            ({"errorMessage": "error-x"}, ""),
            ({}, ""),
        ],
    )
    def test_refused_field(
        self, body: dict[str, Any], field: str, wire: responses.RequestsMock, identity: KeycloakIdentity
    ):
        """By our name of it."""
        wire.get(ACCOUNT, json={})
        wire.post(ACCOUNT, status=400, json=body)
        with pytest.raises(InvalidPersonError) as caught:
            identity.save_profile(tokens(), self.NEW)
        assert caught.value.field == field

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (401, RefusedError),
            (403, RefusedError),
            (409, RefusedError),
            (500, UnavailableError),
            (503, UnavailableError),
        ],
    )
    def test_trouble(
        self,
        status: int,
        error: type[Exception],
        method: str,
        wire: responses.RequestsMock,
        identity: KeycloakIdentity,
    ):
        wire.get(ACCOUNT, json={}, status=status if method == "GET" else 200)
        wire.post(ACCOUNT, json={}, status=status if method == "POST" else 204)
        with pytest.raises(error):
            identity.save_profile(tokens(), self.NEW)


class TestSignOut:
    def test_address(self, wire: responses.RequestsMock, identity: KeycloakIdentity):
        """With client, way back and, when there is one, the id token."""
        address = identity.sign_out_address(tokens(), "http://portal.test/")
        assert address.startswith(f"{CONNECT}/logout?")
        assert parse_qs(urlsplit(address).query) == {
            "client_id": ["portal"],
            "post_logout_redirect_uri": ["http://portal.test/"],
            "id_token_hint": ["id"],
        }
        assert "id_token_hint" not in identity.sign_out_address(None, "http://portal.test/")

    def test_keys_and_name(self, wire: responses.RequestsMock, identity: KeycloakIdentity):
        """What the logout token is checked with."""
        assert identity.issuer() == REALM
        assert [key["kid"] for key in identity.jwks()["keys"]] == ["1"]


class TestCodeFlow:
    """Through the portal's own routes: code, PKCE, state, nonce, issuer."""

    @pytest.fixture
    def client(self, settings: Settings) -> Iterator[FlaskClient]:
        app = create_app(settings, directory=FakeDirectory())
        app.testing = True
        app.test_client_class = _Client
        yield app.test_client()
        app.extensions["attache"].database.engine.dispose()

    def go(self, client: FlaskClient) -> dict[str, str]:
        """What the portal asks Keycloak for."""
        answer = client.get("/login?next=/profile", headers={"Accept-Language": "en"})
        assert answer.status_code == 302
        assert answer.location.startswith(f"{CONNECT}/auth?")
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}

    def id_token(self, nonce: str, key: RSAKey = KEY, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": REALM, "aud": "portal", "azp": "portal", "sub": PERSON, "sid": "session", "nonce": nonce,
            "iat": now, "exp": now + 60, **changes,
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": "1"}, {n: v for n, v in claims.items() if v is not None}, key)

    def test_asks_for_everything(self, wire: responses.RequestsMock, client: FlaskClient):
        """State and nonce are long and new each time; the challenge is a digest."""
        first, second = self.go(client), self.go(client)
        assert first["response_type"] == "code"
        assert first["client_id"] == "portal"
        assert first["scope"] == "openid"
        assert first["redirect_uri"] == "http://portal.test/login/callback"
        assert first["code_challenge_method"] == "S256"
        assert first["ui_locales"] == "en"
        for name in ("state", "nonce", "code_challenge"):
            assert len(first[name]) >= 20
            assert first[name] != second[name]

    def test_whole_sign_in(self, wire: responses.RequestsMock, client: FlaskClient):
        """The code is exchanged with the verifier of the challenge; then the wished page opens."""
        asked = self.go(client)
        grant = wire.post(f"{CONNECT}/token", json=granted(id_token=self.id_token(asked["nonce"])))
        wire.get(f"{CONNECT}/userinfo", json=USERINFO)
        back = client.get("/login/callback", query_string={"code": "c", "state": asked["state"], "iss": REALM})
        assert (back.status_code, back.location) == (302, "/profile")
        sent = parse_qs(str(grant.calls[0].request.body))
        assert sent["code"] == ["c"]
        assert sent["grant_type"] == ["authorization_code"]
        challenge = urlsafe_b64encode(sha256(sent["code_verifier"][0].encode()).digest()).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"]
        assert client.get("/").location == "/users"

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "spoil",
        [
            {"nonce": "another"},
            {"nonce": None},
            {"iss": "http://evil.test/realms/portal"},
            {"iss": None},
            {"aud": "another", "azp": "another"},
            {"aud": ["another"], "azp": "another"},
            {"azp": "another"},
            {"exp": int(time.time()) - 3600},
            {"exp": None},
            {"sub": None},
            {"key": RSAKey.generate_key(2048, {"kid": "1"})},
        ],
        ids="-".join,
    )
    def test_id_token_that_is_not_for_us(
        self, spoil: dict[str, Any], wire: responses.RequestsMock, client: FlaskClient
    ):
        """400, and nobody is signed in."""
        asked = self.go(client)
        wire.post(f"{CONNECT}/token", json=granted(id_token=self.id_token(**{"nonce": asked["nonce"], **spoil})))
        back = client.get("/login/callback", query_string={"code": "c", "state": asked["state"], "iss": REALM})
        assert back.status_code == 400
        assert client.get("/profile").status_code == 302

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "spoil",
        [
            {"state": "another"},
            {"state": None},
            {"iss": "http://evil.test/realms/portal"},
            {"iss": ""},
            {"iss": None},
            {"code": None},
            {"code": None, "error": "access_denied", "error_description": "<script>"},
        ],
        ids=str,
    )
    def test_return_that_is_not_ours(
        self, spoil: dict[str, str | None], wire: responses.RequestsMock, client: FlaskClient
    ):
        """Another state, none, another issuer (mix-up), none although it says that it names itself, a refusal."""
        asked = self.go(client)
        grant = wire.post(f"{CONNECT}/token", json=granted(id_token=self.id_token(asked["nonce"])))
        told = {"code": "c", "state": asked["state"], "iss": REALM, **spoil}
        query = {name: value for name, value in told.items() if value is not None}
        back = client.get("/login/callback", query_string=query)
        assert back.status_code == 400
        assert b"<script>" not in back.data
        assert grant.call_count == 0
        assert client.get("/profile").status_code == 302

    def test_issuer_that_does_not_name_itself(self, wire: responses.RequestsMock, client: FlaskClient):
        """One that does not say it would is believed without (an older Keycloak)."""
        published = wire.registered()[0]
        assert isinstance(published, responses.Response)
        told = json.loads(str(published.body))
        del told["authorization_response_iss_parameter_supported"]
        wire.replace("GET", published.url, json=told)
        asked = self.go(client)
        wire.post(f"{CONNECT}/token", json=granted(id_token=self.id_token(asked["nonce"])))
        back = client.get("/login/callback", query_string={"code": "c", "state": asked["state"]})
        assert back.status_code == 302

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("answer", "status"),
        [
            ({"status": 400, "json": {"error": "invalid_grant"}}, 400),
            ({"status": 401, "json": {"error": "unauthorized_client"}}, 400),
            ({"status": 500, "body": "<html>"}, 503),
            ({"status": 502, "body": "<html>"}, 503),
            ({"status": 200, "body": "<html>"}, 503),
            ({"status": 200, "json": {}}, 400),
            ({"status": 200, "json": granted()}, 400),
            ({"body": requests.ConnectionError()}, 503),
            ({"body": requests.ReadTimeout()}, 503),
        ],
        ids=str,
    )
    def test_exchange_that_fails(
        self, answer: dict[str, Any], status: int, wire: responses.RequestsMock, client: FlaskClient
    ):
        """A page in words each time, and nobody is signed in."""
        asked = self.go(client)
        wire.post(f"{CONNECT}/token", **answer)
        back = client.get("/login/callback", query_string={"code": "c", "state": asked["state"], "iss": REALM})
        assert back.status_code == status
        assert client.get("/profile").status_code == 302

    def test_state_is_good_once(self, wire: responses.RequestsMock, client: FlaskClient):
        """The same return sent again signs nobody in a second time."""
        asked = self.go(client)
        grant = wire.post(f"{CONNECT}/token", json=granted(id_token=self.id_token(asked["nonce"])))
        wire.get(f"{CONNECT}/userinfo", json=USERINFO)
        query = {"code": "c", "state": asked["state"], "iss": REALM}
        assert client.get("/login/callback", query_string=query).status_code == 302
        again = client.get("/login/callback", query_string=query)
        assert (again.status_code, again.location) == (302, "/profile"), "who is signed in goes on"
        elsewhere = client.application.test_client().get("/login/callback", query_string=query)
        assert elsewhere.status_code == 400, "another browser has no part in it"
        assert grant.call_count == 1
