"""Whose session a logout token ends (OpenID Connect Back-Channel Logout 1.0, section 2.6).

The portal reads its own in `webapp.identity.logout_token`: a service is another program, without shared code.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

EVENT = "http://schemas.openid.net/event/backchannel-logout"
ALGORITHMS = ["RS256", "PS256", "ES256"]
LEEWAY = 30
"""Seconds by which clocks may differ."""


class LogoutTokenError(Exception):
    """The token ends no session; the text says why."""


@dataclass(frozen=True)
class EndedSession:
    """What a logout token names: one session of Keycloak, or, without one, everything of a person."""

    keycloak_session: str
    person_id: str


class LogoutTokens:
    """Reads logout tokens for one client; each is taken once."""

    def __init__(self, *, issuer: str, audience: str) -> None:
        self._issuer = issuer
        self._audience = audience
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}

    def read(self, token: str, keys: KeySet) -> EndedSession:
        """Whose session ended; `LogoutTokenError` for anything else than a fresh logout token for us."""
        try:
            decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError) as error:
            raise LogoutTokenError("not signed by the issuer") from error
        claims = decoded.claims
        self._check(decoded.header, claims)
        self._take_once(str(claims["jti"]), float(claims["exp"]))
        return EndedSession(str(claims.get("sid") or ""), str(claims.get("sub") or ""))

    def _check(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
        now = time.time()
        audience = claims.get("aud")
        checks = {
            "wrong type": str(header.get("typ", "")).lower() == "logout+jwt",
            "wrong issuer": claims.get("iss") == self._issuer,
            "wrong audience": self._audience in (audience if isinstance(audience, list) else [audience]),
            "issued in the future": isinstance(claims.get("iat"), int) and claims["iat"] <= now + LEEWAY,
            "expired": isinstance(claims.get("exp"), int) and claims["exp"] > now - LEEWAY,
            "no logout event": isinstance(claims.get("events"), dict) and EVENT in claims["events"],
            "no jti": bool(claims.get("jti")),
            "neither session nor person": bool(claims.get("sid") or claims.get("sub")),
            "has a nonce": "nonce" not in claims,
        }
        for reason, fine in checks.items():
            if not fine:
                raise LogoutTokenError(reason)

    def _take_once(self, jti: str, expires: float) -> None:
        with self._lock:
            now = time.time()
            self._seen = {seen: until for seen, until in self._seen.items() if until > now - LEEWAY}
            if jti in self._seen:
                raise LogoutTokenError("seen before")
            self._seen[jti] = expires
