"""The logout token of OpenID Connect Back-Channel Logout 1.0, section 2.6: checked to the letter."""

import time
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

EVENT = "http://schemas.openid.net/event/backchannel-logout"
ALGORITHMS = ["RS256", "PS256", "ES256"]
LEEWAY = 60
"""Seconds by which clocks may differ."""


class LogoutTokenError(Exception):
    """The token is not one that ends a session of ours; the text says why."""


def keycloak_session_of(token: str, *, keys: Mapping[str, Any], issuer: str, audience: str) -> str:
    """The `sid` of the session that ended, or `LogoutTokenError`."""
    try:
        decoded = jwt.decode(token, KeySet.import_key_set(dict(keys)), algorithms=ALGORITHMS)  # type: ignore[arg-type]
    except (JoseError, ValueError) as error:
        raise LogoutTokenError("the token is not signed by the issuer") from error
    claims, now = decoded.claims, time.time()
    audiences = claims.get("aud")
    audiences = [audiences] if isinstance(audiences, str) else audiences or []
    checks = {
        "wrong type": str(decoded.header.get("typ", "")).lower() == "logout+jwt",
        "wrong issuer": claims.get("iss") == issuer,
        "wrong audience": audience in audiences,
        "not issued now": isinstance(claims.get("iat"), int) and claims["iat"] <= now + LEEWAY,
        "expired": isinstance(claims.get("exp"), int) and claims["exp"] > now - LEEWAY,
        "no logout event": isinstance(claims.get("events"), dict) and EVENT in claims["events"],
        "no jti": bool(claims.get("jti")),
        "no session": bool(claims.get("sid")),
        "has a nonce": "nonce" not in claims,
    }
    for reason, fine in checks.items():
        if not fine:
            raise LogoutTokenError(reason)
    return str(claims["sid"])
