"""The sample service as a relying party: whose answer it takes for the end of a sign-in."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from joserfc import jwt
from joserfc.jwk import RSAKey

from sandbox.service.app import create_app
from sandbox.service.settings import Settings

SETTINGS = Settings.from_environment(
    {"CLIENT_SAMPLE_SERVICE_SECRET": "secret", "KEYCLOAK_URL": "http://keycloak.invalid:8080"}
)
REALM = "http://keycloak.invalid:8080/realms/portal"
CONNECT = f"{REALM}/protocol/openid-connect"
KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})


@pytest.fixture
def wire():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(
            SETTINGS.metadata_url,
            json={
                "issuer": REALM,
                "authorization_endpoint": f"{CONNECT}/auth",
                "token_endpoint": f"{CONNECT}/token",
                "jwks_uri": f"{CONNECT}/certs",
                "id_token_signing_alg_values_supported": ["RS256"],
                "authorization_response_iss_parameter_supported": True,
            },
        )
        mock.get(f"{CONNECT}/certs", json={"keys": [KEY.as_dict(private=False)]})
        yield mock


@pytest.fixture
def client():
    app = create_app(SETTINGS)
    yield app.test_client()
    app.extensions["favourites"].close()


def comes_back(wire, client, *, nonce=None, **changes):
    """The status of the return, with one thing changed, and whether anybody is signed in then."""
    asked = {name: value[0] for name, value in parse_qs(urlsplit(client.get("/login").location).query).items()}
    assert asked["code_challenge_method"] == "S256"
    now = int(time.time())
    claims = {"iss": REALM, "aud": "sample-service", "sub": "1", "sid": "s1", "iat": now, "exp": now + 60}
    told = jwt.encode({"alg": "RS256", "kid": "1"}, claims | {"nonce": nonce or asked["nonce"]}, KEY)
    grant = {"access_token": "a", "refresh_token": "r", "id_token": told, "token_type": "Bearer"}
    wire.post(f"{CONNECT}/token", json=grant)
    query = {"code": "c", "state": asked["state"], "iss": REALM} | changes
    answer = client.get("/login/callback", query_string={n: v for n, v in query.items() if v is not None})
    return answer.status_code, client.get("/favourites").status_code == 200


def test_its_own_answer(wire, client):
    assert comes_back(wire, client) == (302, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "another"},
        {"state": None},
        {"code": None},
        {"nonce": "another"},
        {"iss": "http://evil.example/realms/portal"},
        {"iss": None},
    ],
    ids=str,
)
def test_anybody_elses(wire, client, changes):
    """Refused, and nobody is signed in; without `iss` too: Keycloak says that it always names itself."""
    assert comes_back(wire, client, **changes) == (400, False)
