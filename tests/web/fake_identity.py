"""Signing in without Keycloak: an identity provider over the directory in memory."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from flask import redirect, session
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import RSAKey

from directory.encoding import attachments_of
from directory.errors import InvalidPersonError, UnavailableError
from directory.model import Profile, User
from tests.fakes import FakeDirectory
from webapp.errors import SignedOutError
from webapp.identity.logout_token import EVENT
from webapp.identity.oidc import Actor, OpenSession, SignIn, SignInRefusedError, Tokens

ISSUER = "http://keycloak.test/realms/portal"
CLIENT = "portal"
KEY = RSAKey.generate_key(2048, {"kid": "of-the-issuer", "use": "sig", "alg": "RS256"})
STATE = "_state_of_the_fake"


@dataclass
class _Session:
    person_id: str
    renewals: int = 0
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class FakeIdentity:
    """`webapp.identity.oidc.Identity` over a `FakeDirectory`: who a person is and what they may do is read there,
    at each call, and no call of the directory is counted for it.

    Switches for trouble: `down`; `renews` (every call renews the tokens); `refuses` (the name of a field that
    `save_profile` does not accept). When the directory is down, so is this: both are Keycloak.
    """

    def __init__(self, directory: FakeDirectory) -> None:
        self.down = False
        self.renews = False
        self.refuses: str | None = None
        self.saved: list[Profile] = []
        self._directory = directory
        self._codes: dict[str, str] = {}
        self._sessions: dict[str, _Session] = {}

    # What a test does at the identity provider.

    def code_for(self, person: User) -> str:
        """The person has signed in at the provider: the code that his browser brings back."""
        code = uuid4().hex
        self._codes[code] = person.id
        return code

    def end_sessions(self, person: User) -> list[str]:
        """The provider ends all sessions of the person; their `sid`s."""
        ended = [sid for sid, one in self._sessions.items() if one.person_id == person.id]
        for sid in ended:
            del self._sessions[sid]
        return ended

    def sessions_of(self, person: User) -> list[str]:
        """The `sid`s of the sessions of the person."""
        return [sid for sid, one in self._sessions.items() if one.person_id == person.id]

    def logout_token(self, of: str, /, *, key: RSAKey = KEY, typ: str = "logout+jwt", **changes: object) -> str:
        """What the provider posts when a session is over; `changes` alters claims, a value of none drops one."""
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "jti": uuid4().hex,
            "sid": of,
            "events": {EVENT: {}},
        }
        claims.update(changes)
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "typ": typ, "kid": KEY.kid}, kept, key)

    # The verbs of `Identity`.

    def start(self, redirect_uri: str, locale: str, action: str = "") -> ResponseReturnValue:
        self._reach()
        session[STATE] = uuid4().hex
        query = {"redirect_uri": redirect_uri, "ui_locales": locale, "state": session[STATE]}
        if action:
            query["kc_action"] = action
        return redirect(f"{ISSUER}/protocol/openid-connect/auth?{urlencode(query)}")

    def finish(self, arguments: Mapping[str, str]) -> SignIn:
        self._reach()
        if arguments.get("state") != session.get(STATE) or arguments.get("code") not in self._codes:
            raise SignInRefusedError("unknown state or code")
        person_id = self._codes.pop(arguments["code"])
        sid = str(uuid4())
        self._sessions[sid] = _Session(person_id)
        return SignIn(person_id, sid, self._tokens(sid), arguments.get("kc_action_status", ""))

    def actor(self, tokens: Tokens) -> tuple[Actor, Tokens]:
        self._reach()
        sid, number = _sid_of(tokens), tokens.access_token.partition(".")[2]
        known = self._sessions.get(sid)
        state = self._directory.snapshot()
        people: dict[str, User] = state["people"]  # type: ignore[assignment]
        groups: dict[str, frozenset[str]] = state["groups"]  # type: ignore[assignment]
        person = people.get(known.person_id) if known else None
        if known is None or person is None or not person.enabled or int(number) > known.renewals:
            raise SignedOutError("the session is over")
        if self.renews:
            known.renewals += 1
            tokens = self._tokens(sid)
        paths = [path for path, members in groups.items() if person.id in members]
        return Actor(person.id, person.profile, attachments_of(paths)), tokens

    def save_profile(self, tokens: Tokens, profile: Profile) -> None:
        actor, _ = self.actor(tokens)
        if self.refuses is not None:
            raise InvalidPersonError("refused on purpose", self.refuses)
        self.saved.append(profile)
        self._directory._replace(actor.id, profile=replace(profile, email=actor.profile.email))

    def sessions(self, tokens: Tokens) -> tuple[OpenSession, ...]:
        actor, _ = self.actor(tokens)
        mine = _sid_of(tokens)
        found = [
            OpenSession(sid, "Firefox", "Linux", one.began_at, one.began_at, ("Attaché",), sid == mine)
            for sid, one in self._sessions.items()
            if one.person_id == actor.id
        ]
        return tuple(sorted(found, key=lambda one: not one.is_current))

    def end_session(self, tokens: Tokens, session_id: str) -> None:
        actor, _ = self.actor(tokens)
        if session_id in self._sessions and self._sessions[session_id].person_id == actor.id:
            del self._sessions[session_id]

    def sign_out_address(self, tokens: Tokens | None, return_to: str) -> str:
        query = {"client_id": CLIENT, "post_logout_redirect_uri": return_to}
        if tokens:
            query["id_token_hint"] = tokens.id_token
        return f"{ISSUER}/protocol/openid-connect/logout?{urlencode(query)}"

    def jwks(self) -> Mapping[str, Any]:
        self._reach()
        return {"keys": [KEY.as_dict(private=False)]}

    def issuer(self) -> str:
        self._reach()
        return ISSUER

    def _reach(self) -> None:
        if self.down or self._directory.down:
            raise UnavailableError("the identity provider is down")

    def _tokens(self, sid: str) -> Tokens:
        number = self._sessions[sid].renewals
        return Tokens(f"access-{sid}.{number}", f"refresh-{sid}.{number}", f"id-{sid}", time.time() + 60)


def _sid_of(tokens: Tokens) -> str:
    return tokens.access_token.removeprefix("access-").partition(".")[0]
