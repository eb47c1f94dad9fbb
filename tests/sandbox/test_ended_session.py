"""The back-channel logout token of the sample service, signed with keys of the test."""

import time

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from sandbox.service.ended_session import EVENT, EndedSession, LogoutTokenError, LogoutTokens

ISSUER = "http://localhost:8080/realms/portal"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"}, auto_kid=False)
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"}, auto_kid=False)


def keys(key=KEY):
    return KeySet.import_key_set({"keys": [key.as_dict(private=False)]})


def a_token(*, typ="logout+jwt", key=KEY, without=(), **changes):
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "sample-service",
        "iat": now,
        "exp": now + 60,
        "jti": f"jti-{time.time_ns()}",
        "sid": "s1",
        "sub": "1",
        "events": {EVENT: {}},
    } | changes
    return jwt.encode(
        {"alg": "RS256", "kid": "k1", "typ": typ}, {n: v for n, v in claims.items() if n not in without}, key
    )


@pytest.fixture
def tokens():
    return LogoutTokens(issuer=ISSUER, audience="sample-service")


def test_a_good_token(tokens):
    """It names the session and the person."""
    assert tokens.read(a_token(), keys()) == EndedSession("s1", "1")
    assert tokens.read(a_token(aud=["other", "sample-service"]), keys()) == EndedSession("s1", "1")
    assert tokens.read(a_token(without=["sid"]), keys()) == EndedSession("", "1")


def test_a_token_is_taken_once(tokens):
    """A replay is refused."""
    token = a_token()
    tokens.read(token, keys())
    with pytest.raises(LogoutTokenError, match="seen before"):
        tokens.read(token, keys())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"typ": "JWT"}, "wrong type"),
        ({"iss": "http://evil.example"}, "wrong issuer"),
        ({"aud": "portal"}, "wrong audience"),
        ({"aud": ["portal"]}, "wrong audience"),
        ({"without": ["aud"]}, "wrong audience"),
        ({"iat": int(time.time()) + 86_400}, "issued in the future"),
        ({"without": ["iat"]}, "issued in the future"),
        ({"exp": int(time.time()) - 86_400}, "expired"),
        ({"without": ["exp"]}, "expired"),
        ({"events": {}}, "no logout event"),
        ({"events": [EVENT]}, "no logout event"),
        ({"without": ["jti"]}, "no jti"),
        ({"without": ["sid", "sub"]}, "neither session nor person"),
        ({"nonce": "n"}, "has a nonce"),
        ({"key": OTHER_KEY}, "not signed by the issuer"),
    ],
)
def test_bad_tokens(tokens, changes, reason):
    """Each is refused for its own reason."""
    with pytest.raises(LogoutTokenError, match=reason):
        tokens.read(a_token(**changes), keys())


@pytest.mark.parametrize("token", ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "x" * 5000])
def test_what_is_no_token(tokens, token):
    """Refused, never a stack trace; an unsigned one too."""
    with pytest.raises(LogoutTokenError, match="not signed by the issuer"):
        tokens.read(token, keys())
