"""The logout token of OpenID Connect Back-Channel Logout 1.0, section 2.6: checked to the letter."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Ended:
    """What a logout token says is over: one session of Keycloak, or, when it names none, all of a person's.

    The token is called `token_id` and may be sent until `until` (seconds since 1970), so it counts once till then.
    """

    keycloak_session: str
    person_id: str
    token_id: str
    until: float


def ended_by(token: str, *, keys: Mapping[str, Any], issuer: str, audience: str) -> Ended:
    """What ended, or `LogoutTokenError`; whether the token was seen before is not known here."""
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
        "neither session nor person": bool(claims.get("sid") or claims.get("sub")),
        "has a nonce": "nonce" not in claims,
    }
    for reason, fine in checks.items():
        if not fine:
            raise LogoutTokenError(reason)
    return Ended(
        keycloak_session=str(claims.get("sid") or ""),
        person_id=str(claims.get("sub") or ""),
        token_id=str(claims["jti"]),
        until=float(claims["exp"] + LEEWAY),
    )
