"""The admin REST API of one realm: `Api` over the connection of python-keycloak.

The library replays writes and types its errors by HTTP verb (7.1.1): the first is switched off, the second
translated by response code into `provisioner.errors`.
"""

import json
import threading
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from keycloak import KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakError, PermissionDefinitionError
from requests import Response

from provisioner.errors import (
    ConflictError,
    ForbiddenError,
    MailRefusedError,
    NotFoundError,
    NotSignedInError,
    RejectedError,
    ServerError,
    UnavailableError,
)
from provisioner.model.state import Json
from provisioner.settings import Connection

CONNECT_TIMEOUT = 5
READ_TIMEOUT = 120
"""Seconds. A cold server took 42 s for one read of a large realm (measured); a batch of groups is one request."""
MAIL_READ_TIMEOUT = 15
"""Seconds. Keycloak itself gives a silent mail server up after 10.07 s (measured)."""
PAGE = 500

Query = Mapping[str, str | int]

_MEANINGS: Mapping[int, type[ServerError]] = {
    401: NotSignedInError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
}


class KeycloakApi:
    """`provisioner.model.ports.Api`: the admin REST API of one realm, signed in as `connection` says."""

    def __init__(self, realm: str, connection: Connection) -> None:
        self._realm = f"admin/realms/{realm}"
        self._connection = connection
        self._begun: dict[tuple[str, frozenset[tuple[str, str | int]]], Future[Any]] = {}

    @cached_property
    def _wire(self) -> KeycloakOpenIDConnection:
        return _signed_in(self._connection, READ_TIMEOUT)

    @cached_property
    def _mail_wire(self) -> KeycloakOpenIDConnection:
        return _signed_in(self._connection, MAIL_READ_TIMEOUT)

    def get(self, path: str, query: Query | None = None) -> Any:
        begun = self._begun.pop((path, frozenset((query or {}).items())), None)
        return begun.result() if begun else self._answer(self._wire, "GET", path, query=query).json()

    def begin(self, path: str, query: Query | None = None) -> None:
        wire, answer = self._wire, Future[Any]()
        self._begun[path, frozenset((query or {}).items())] = answer

        def read() -> None:
            try:
                answer.set_result(self._answer(wire, "GET", path, query=query).json())
            except BaseException as error:  # given to who asks for the answer
                answer.set_exception(error)

        threading.Thread(target=read, daemon=True).start()

    def pages(self, path: str, query: Query | None = None) -> Iterator[Json]:
        first = 0
        while True:
            items = self.get(path, {**(query or {}), "first": first, "max": PAGE})
            yield from items
            if len(items) < PAGE:
                return
            first += PAGE

    def post(self, path: str, body: Any) -> str:
        return _created_id(self._answer(self._wire, "POST", path, body))

    def put(self, path: str, body: Any = None) -> None:
        self._answer(self._wire, "PUT", path, body)

    def delete(self, path: str, body: Any = None) -> None:
        self._answer(self._wire, "DELETE", path, body)

    def create_realm(self, body: Json) -> None:
        self._answer(self._wire, "POST", None, body)

    def send_mail(self, path: str, body: Any, query: Query) -> None:
        try:
            self._answer(self._mail_wire, "PUT", path, body, query)
        except UnavailableError as error:
            raise MailRefusedError(str(error)) from error

    def own_rights(self) -> frozenset[str] | None:
        """Our roles of `realm-management`, as our token tells them; none when it does not (it need not)."""
        payload = (self._wire.token or {}).get("access_token", "").split(".")[1:2]
        claims = json.loads(urlsafe_b64decode(payload[0] + "=" * (-len(payload[0]) % 4))) if payload else {}
        held = claims.get("resource_access", {}).get("realm-management")
        return frozenset(held["roles"]) if held else None

    def _answer(
        self,
        wire: KeycloakOpenIDConnection,
        method: str,
        path: str | None,
        body: Any = None,
        query: Query | None = None,
    ) -> Response:
        """The answer to one request; every failure as a `ServerError`. No path: the collection of realms."""
        where = "admin/realms" if path is None else f"{self._realm}/{path}".rstrip("/")
        with translated(self._connection.url):
            text = "" if body is None else json.dumps(body)
            match method:
                case "GET":
                    response = wire.raw_get(where, **(query or {}))
                case "POST":
                    response = wire.raw_post(where, data=text, **(query or {}))
                case "PUT":
                    response = wire.raw_put(where, data=text, **(query or {}))
                case "DELETE":
                    response = wire.raw_delete(where, data=text, **(query or {}))
                case _:
                    raise ValueError(method)
        if not response.ok:
            raise _error(response.status_code, _message(response.content), f"{method} {where}")
        return response


def _signed_in(connection: Connection, read_timeout: int) -> KeycloakOpenIDConnection:
    """A connection with its first token; afterwards the library renews it."""
    wire = KeycloakOpenIDConnection(
        server_url=connection.url.rstrip("/") + "/",
        user_realm_name=connection.login_realm,
        client_id=connection.client_id,
        client_secret_key=connection.client_secret,
        username=connection.username,
        password=connection.password,
        timeout=(CONNECT_TIMEOUT, read_timeout),  # type: ignore[arg-type]  # requests takes the pair
        max_retries=0,
    )
    try:
        with translated(connection.url):
            wire.get_token()
    except (RejectedError, ForbiddenError) as error:
        raise NotSignedInError(f"{connection.url}, realm {connection.login_realm}: {error}") from error
    return wire


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turns whatever the library raises into a `ServerError`."""
    try:
        yield
    except KeycloakError as error:
        if error.response_code:
            raise _error(error.response_code, _message(error.response_body), "signing in") from error
        raise UnavailableError(f"{url} cannot be reached: {error.error_message!s}") from error
    except PermissionDefinitionError as error:
        raise RejectedError(str(error)) from error


def _error(code: int, message: str, doing: str) -> ServerError:
    if code >= 500:
        return UnavailableError(f"{doing}: {code} {message}".rstrip())
    return _MEANINGS.get(code, RejectedError)(f"{doing}: {code} {message}".rstrip())


def _message(content: bytes | None) -> str:
    """What Keycloak says about it, out of the shapes in which it says it."""
    try:
        answer = json.loads(content or b"")
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    told = answer.get("errorMessage") or answer.get("error_description") or answer.get("error") or ""
    inner = [str(each.get("errorMessage", "")) for each in answer.get("errors") or () if isinstance(each, dict)]
    return "; ".join(text for text in (str(told), *inner) if text)


def _created_id(response: Response) -> str:
    location = response.headers.get("Location", "")
    if location:
        return location.rstrip("/").rpartition("/")[2]
    try:
        answer = response.json() if response.content else {}
    except ValueError:
        return ""
    return str(answer.get("id", "")) if isinstance(answer, dict) else ""
