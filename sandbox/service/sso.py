"""The sample service as a relying party of Keycloak: code flow with PKCE, state and nonce, by Authlib."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from sandbox.service.ended_session import EndedSession, LogoutTokens
from sandbox.service.person import Person
from sandbox.service.settings import CLIENT_ID, Settings

TIMEOUT = (2.0, 10.0)
"""Seconds to connect and to read."""


class SsoUnavailableError(Exception):
    """Keycloak cannot be reached or failed inside."""


class SignInRefusedError(Exception):
    """The browser's return is not an answer to what this session asked."""


class SignedOutError(Exception):
    """Keycloak does not renew the session: it ended, or the account is disabled."""


@dataclass(frozen=True)
class Tokens:
    """What Keycloak gave for a session; stays on the server."""

    refresh_token: str
    id_token: str


class SingleSignOn(Protocol):
    """What the pages need of it. Every verb may raise `SsoUnavailableError`."""

    def start(self, redirect_uri: str, locale: str) -> ResponseReturnValue:
        """Send the browser to sign in."""

    def finish(self, arguments: Mapping[str, str]) -> tuple[Person, Tokens]:
        """Take the browser's return; `SignInRefusedError`."""

    def read_again(self, tokens: Tokens) -> tuple[Person, Tokens]:
        """The person as he is now; `SignedOutError`."""

    def sign_out_address(self, tokens: Tokens, return_to: str) -> str:
        """Where the browser ends the single sign-on session."""

    def ended_session(self, logout_token: str) -> EndedSession:
        """Whose session Keycloak says has ended; `LogoutTokenError`."""


class KeycloakSso:
    """`SingleSignOn` on a real Keycloak."""

    def __init__(self, settings: Settings) -> None:
        self._oauth = OAuth()
        self._oauth.register(
            "keycloak",
            client_id=CLIENT_ID,
            client_secret=settings.client_secret,
            server_metadata_url=settings.metadata_url,
            client_kwargs={"scope": "openid", "code_challenge_method": "S256", "default_timeout": TIMEOUT},
        )
        self._logout_tokens: LogoutTokens | None = None

    def bind(self, app: Flask) -> None:
        """Let Authlib find its session in this application."""
        self._oauth.init_app(app)

    def start(self, redirect_uri: str, locale: str) -> ResponseReturnValue:
        self._metadata()
        answer: ResponseReturnValue = self._oauth.keycloak.authorize_redirect(redirect_uri, ui_locales=locale)
        return answer

    def finish(self, arguments: Mapping[str, str]) -> tuple[Person, Tokens]:
        if not comes_from(self._metadata(), arguments):
            raise SignInRefusedError("the answer comes from another issuer")
        try:
            token = self._oauth.keycloak.authorize_access_token()
        except requests.RequestException as error:
            raise SsoUnavailableError("no answer to the code") from error
        except (AuthlibBaseError, JoseError) as error:
            raise SignInRefusedError(str(error)) from error
        return Person.from_claims(token["userinfo"]), _tokens(token)

    def read_again(self, tokens: Tokens) -> tuple[Person, Tokens]:
        self._metadata()
        client = self._oauth.keycloak
        try:
            token = client.fetch_access_token(grant_type="refresh_token", refresh_token=tokens.refresh_token)
            claims = client.parse_id_token(token, nonce=None)
        except OAuthError as error:
            raise SignedOutError(str(error)) from error
        except (requests.RequestException, JoseError) as error:
            raise SsoUnavailableError("the session could not be renewed") from error
        return Person.from_claims(claims), _tokens(token)

    def sign_out_address(self, tokens: Tokens, return_to: str) -> str:
        query = {
            "client_id": CLIENT_ID,
            "post_logout_redirect_uri": return_to,
            "id_token_hint": tokens.id_token,
        }
        address = self._metadata()["end_session_endpoint"]
        return str(requests.Request("GET", address, params=query).prepare().url)

    def ended_session(self, logout_token: str) -> EndedSession:
        if self._logout_tokens is None:
            self._logout_tokens = LogoutTokens(issuer=self._metadata()["issuer"], audience=CLIENT_ID)
        try:
            # Asked each time: a logout is rare, and keys may have been rotated since the last one.
            keys = KeySet.import_key_set(self._oauth.keycloak.fetch_jwk_set(force=True))
        except (requests.RequestException, JoseError) as error:
            raise SsoUnavailableError("the keys could not be read") from error
        return self._logout_tokens.read(logout_token, keys)

    def _metadata(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._oauth.keycloak.load_server_metadata()
        except (requests.RequestException, ValueError) as error:
            raise SsoUnavailableError("Keycloak's addresses could not be read") from error
        return found


def comes_from(metadata: Mapping[str, Any], arguments: Mapping[str, str]) -> bool:
    """Whether the browser's return is the issuer's; one that says it always names itself (RFC 9207) has to."""
    names_itself = metadata.get("authorization_response_iss_parameter_supported") is True
    unnamed = None if names_itself else metadata["issuer"]
    return bool(arguments.get("iss", unnamed) == metadata["issuer"])


def _tokens(token: Mapping[str, Any]) -> Tokens:
    return Tokens(refresh_token=token["refresh_token"], id_token=token["id_token"])
