"""Who is signed in: the portal as a relying party of Keycloak, and the holder's own account API.

Rights are read from userinfo on every request. Keycloak answers it from the present state of the account and its
groups, and refuses it once the account is disabled or its session ended (measured, 26.7.3): one call tells that
the person is still there, what they are called, and what they may do.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError

from directory.encoding import ATTACHMENT_ATTRIBUTE, Place, attachment_value, attachments_of
from directory.errors import InvalidPersonError, RefusedError, UnavailableError
from directory.model import Profile
from directory.person_data import locale_of, title_of
from directory.transport import Gate, mount
from webapp.errors import SignedOutError
from webapp.identity.actor import Actor
from webapp.settings import Settings

TIMEOUT = (2.0, 5.0)
"""Seconds to connect and to read."""
RENEW_BEFORE = 5.0
"""Seconds of life under which an access token is renewed."""

ATTACHMENTS_CLAIM = f"{ATTACHMENT_ATTRIBUTE}s"
GROUPS_CLAIM = "groups"
_FIELDS = {
    "email": "email",
    "firstName": "first_name",
    "lastName": "last_name",
    "title": "title",
    "locale": "locale",
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """What Keycloak gave for a session; never leaves the server. `expires_at` in seconds since 1970."""

    access_token: str
    refresh_token: str
    id_token: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class SignIn:
    """A finished sign-in. `keycloak_session` is Keycloak's `sid`, `action_status` says how an action ended."""

    person_id: str
    keycloak_session: str
    tokens: Tokens
    action_status: str = ""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One of a person's single sign-on sessions: what Keycloak says of it. Times are UTC."""

    id: str
    browser: str
    system: str
    began_at: datetime
    used_at: datetime
    services: tuple[str, ...]
    is_current: bool


class SignInRefusedError(Exception):
    """The answer of the sign-in is not one we asked for (state, nonce, issuer, code)."""


class Identity(Protocol):
    """What the portal needs of the identity provider. Raises `UnavailableError` when it cannot be reached."""

    def start(self, redirect_uri: str, locale: str, action: str = "") -> ResponseReturnValue:
        """Send the browser to sign in, and to do an action of the provider's on the way."""

    def finish(self, arguments: Mapping[str, str]) -> SignIn:
        """Take the browser's return; `SignInRefusedError`."""

    def actor(self, tokens: Tokens) -> tuple[Actor, Tokens]:
        """The person now, and the tokens (perhaps renewed); `SignedOutError`."""

    def save_profile(self, tokens: Tokens, profile: Profile) -> None:
        """Let the holder change their own profile; their address stays. `InvalidPersonError`, `RefusedError`."""

    def sessions(self, tokens: Tokens) -> tuple[OpenSession, ...]:
        """Where the holder is signed in, this session first, then the latest used; `RefusedError`."""

    def end_session(self, tokens: Tokens, session_id: str) -> None:
        """End one of the holder's sessions, at every service; nothing when they have none of that id."""

    def sign_out_address(self, tokens: Tokens | None, return_to: str) -> str:
        """Where the browser ends the single sign-on session."""

    def jwks(self) -> Mapping[str, Any]:
        """The provider's public keys."""

    def issuer(self) -> str:
        """The provider's name in its tokens."""


class KeycloakIdentity:
    """`Identity` on Keycloak: Authlib for the code flow (PKCE, state, nonce), plain calls for the rest."""

    def __init__(self, settings: Settings) -> None:
        self._realm_url = f"{settings.keycloak_url}/realms/{settings.keycloak_realm}"
        self._client_id = settings.client_portal_id
        self._secrets = partial(settings.secrets, "client_portal_secret")
        self._http = requests.Session()
        self._gate = Gate()
        mount(self._http, self._gate, pool_maxsize=32)
        self._oauth = OAuth()
        self._oauth.register(
            "portal",
            client_id=self._client_id,
            client_secret=self._secrets()[0],
            server_metadata_url=f"{self._realm_url}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid",
                "code_challenge_method": "S256",
                "default_timeout": TIMEOUT,
            },
        )

    def bind(self, app: Flask) -> None:
        """Let Authlib find its session in this application."""
        self._oauth.init_app(app)

    def start(self, redirect_uri: str, locale: str, action: str = "") -> ResponseReturnValue:
        self._metadata()
        wishes = {"ui_locales": locale} | ({"kc_action": action} if action else {})
        answer: ResponseReturnValue = self._oauth.portal.authorize_redirect(redirect_uri, **wishes)
        return answer

    def finish(self, arguments: Mapping[str, str]) -> SignIn:
        if not comes_from(self._metadata(), arguments):
            raise SignInRefusedError("the answer comes from another issuer")
        self._oauth.portal.client_secret = self._secrets()[0]
        try:
            with self._gate.call() as passing:
                token = self._oauth.portal.authorize_access_token()
                passing.answered = True
        except requests.RequestException as error:
            raise UnavailableError("Keycloak could not be reached") from error
        except (AuthlibBaseError, JoseError) as error:
            raise SignInRefusedError(str(error)) from error
        except ValueError as error:
            raise UnavailableError("Keycloak's answer to the sign-in makes no sense") from error
        claims = token.get("userinfo")
        if not claims:
            raise SignInRefusedError("the answer holds no identity")
        status = arguments.get("kc_action_status", "")
        return SignIn(claims["sub"], claims.get("sid", ""), _tokens(token), status)

    def actor(self, tokens: Tokens) -> tuple[Actor, Tokens]:
        renewed = tokens.expires_at - time.time() < RENEW_BEFORE
        if renewed:
            tokens = self._renew(tokens)
        answer = self._call("GET", "userinfo_endpoint", token=tokens.access_token)
        if answer.status_code in {401, 403} and not renewed:
            tokens = self._renew(tokens)
            answer = self._call("GET", "userinfo_endpoint", token=tokens.access_token)
        if answer.status_code in {401, 403}:
            raise SignedOutError("Keycloak ended the session or disabled the account")
        claims = _body(answer)
        if not claims.get("sub"):
            raise UnavailableError("Keycloak's userinfo makes no sense")
        return actor_of(claims), tokens

    def save_profile(self, tokens: Tokens, profile: Profile) -> None:
        url = f"{self._realm_url}/account/"
        current = self._send("GET", url, token=tokens.access_token)
        if not current.ok:
            raise _refusal(current)
        attributes = {**(_body(current).get("attributes") or {}), "locale": [profile.locale.value]}
        attributes["title"] = [profile.title.value] if profile.title else []
        names = {"firstName": profile.first_name, "lastName": profile.last_name}
        body = {**_body(current), **names, "attributes": attributes}
        answer = self._send("POST", url, token=tokens.access_token, json=body)
        if answer.status_code == 400:
            refusal = _body(answer)
            first = (refusal.get("errors") or [refusal])[0]
            raise InvalidPersonError(str(first.get("errorMessage")), _FIELDS.get(str(first.get("field")), ""))
        if not answer.ok:
            raise _refusal(answer)

    def sessions(self, tokens: Tokens) -> tuple[OpenSession, ...]:
        answer = self._send("GET", f"{self._realm_url}/account/sessions/devices", token=tokens.access_token)
        if not answer.ok:
            raise _refusal(answer)
        found = [session for device in _list(answer) for session in _sessions_of(device)]
        return tuple(sorted(found, key=lambda one: (not one.is_current, -one.used_at.timestamp(), one.id)))

    def end_session(self, tokens: Tokens, session_id: str) -> None:
        address = f"{self._realm_url}/account/sessions/{quote(session_id, safe='')}"
        answer = self._send("DELETE", address, token=tokens.access_token)
        if not answer.ok and answer.status_code != 404:
            raise _refusal(answer)

    def sign_out_address(self, tokens: Tokens | None, return_to: str) -> str:
        address = self._metadata()["end_session_endpoint"]
        query = {"client_id": self._client_id, "post_logout_redirect_uri": return_to}
        if tokens:
            query["id_token_hint"] = tokens.id_token
        return str(requests.Request("GET", address, params=query).prepare().url)

    def jwks(self) -> Mapping[str, Any]:
        return _body(self._send("GET", self._metadata()["jwks_uri"]))

    def issuer(self) -> str:
        return str(self._metadata()["issuer"])

    def _metadata(self) -> dict[str, Any]:
        """The provider's published addresses; read once, by Authlib."""
        try:
            if self._oauth.portal.server_metadata.get("_loaded_at"):
                return dict(self._oauth.portal.server_metadata)
            with self._gate.call() as passing:
                found: dict[str, Any] = self._oauth.portal.load_server_metadata()
                passing.answered = True
        except (requests.RequestException, OAuthError, ValueError) as error:
            raise UnavailableError("Keycloak could not be reached") from error
        return found

    def _renew(self, tokens: Tokens) -> Tokens:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh_token,
            "client_id": self._client_id,
        }
        for secret in self._secrets():  # one of them while it is being changed
            answer = self._call("POST", "token_endpoint", data={**form, "client_secret": secret})
            if answer.status_code != 401:
                break
        if answer.status_code == 400:
            raise SignedOutError("Keycloak does not renew the session")
        if not answer.ok:
            raise UnavailableError(f"Keycloak did not renew the session ({answer.status_code})")
        return _tokens({"id_token": tokens.id_token, **_body(answer)})

    def _call(self, method: str, endpoint: str, **arguments: Any) -> requests.Response:
        answer = self._send(method, str(self._metadata()[endpoint]), **arguments)
        if answer.status_code >= 500:
            raise UnavailableError(f"Keycloak failed inside ({answer.status_code})")
        return answer

    def _send(self, method: str, url: str, token: str = "", **arguments: Any) -> requests.Response:
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            return self._http.request(
                method, url, headers=headers, timeout=TIMEOUT, allow_redirects=False, **arguments
            )
        except requests.RequestException as error:
            raise UnavailableError("Keycloak could not be reached") from error


def comes_from(metadata: Mapping[str, Any], arguments: Mapping[str, str]) -> bool:
    """Whether the browser's return is the issuer's; one that says it always names itself (RFC 9207) has to."""
    names_itself = metadata.get("authorization_response_iss_parameter_supported") is True
    unnamed = None if names_itself else metadata["issuer"]
    return bool(arguments.get("iss", unnamed) == metadata["issuer"])


def actor_of(claims: Mapping[str, Any]) -> Actor:
    """The person that userinfo describes.

    An attachment counts when the person's groups and the mark `attachment` of those groups agree; so a
    group that only looks like a company gives nothing, nor does a subgroup without its company.
    """
    marks = set(claims.get(ATTACHMENTS_CLAIM) or ())
    attachments = attachments_of(claims.get(GROUPS_CLAIM) or ())
    return Actor(
        id=claims["sub"],
        profile=Profile(
            email=claims.get("email") or claims.get("preferred_username") or "",
            last_name=claims.get("family_name") or "",
            first_name=claims.get("given_name") or "",
            title=title_of(claims.get("title")),
            locale=locale_of(claims.get("locale")),
        ),
        attachments=tuple(a for a in attachments if attachment_value(Place(a.company_id)) in marks),
    )


def _tokens(answer: Mapping[str, Any]) -> Tokens:
    try:
        return Tokens(
            access_token=answer["access_token"],
            refresh_token=answer["refresh_token"],
            id_token=answer["id_token"],
            expires_at=time.time() + float(answer["expires_in"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnavailableError("Keycloak's tokens make no sense") from error


def _refusal(answer: requests.Response) -> UnavailableError | RefusedError:
    if answer.status_code >= 500:
        return UnavailableError(f"Keycloak failed inside ({answer.status_code})")
    # Userinfo has just accepted the token: what is missing is the right to one's own account.
    return RefusedError(f"Keycloak does not let this person change the account ({answer.status_code})")


def _sessions_of(device: Mapping[str, Any]) -> Iterator[OpenSession]:
    """The sessions of one device as the account API lists them (Keycloak's `DeviceRepresentation`)."""
    try:
        for session in device["sessions"]:
            yield OpenSession(
                id=session["id"],
                browser=_known(session.get("browser")).partition("/")[0],
                system=_known(device.get("os")),
                began_at=datetime.fromtimestamp(session["started"], UTC),
                used_at=datetime.fromtimestamp(session["lastAccess"], UTC),
                services=tuple(
                    sorted(one.get("clientName") or one["clientId"] for one in session.get("clients", ()))
                ),
                is_current=bool(session.get("current")),
            )
    except (KeyError, TypeError, ValueError) as error:
        raise UnavailableError("Keycloak's list of sessions makes no sense") from error


def _known(word: str | None) -> str:
    """A word of Keycloak's about a device; empty when it could not tell."""
    return "" if not word or word.lower() in {"other", "unknown"} else word


def _list(answer: requests.Response) -> list[Any]:
    try:
        found = answer.json()
    except ValueError as error:
        raise UnavailableError(f"Keycloak answered no JSON ({answer.status_code})") from error
    return found if isinstance(found, list) else []


def _body(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError as error:
        raise UnavailableError(f"Keycloak answered no JSON ({answer.status_code})") from error
    if not isinstance(body, dict):
        raise UnavailableError("Keycloak answered something else than an object")
    return body
