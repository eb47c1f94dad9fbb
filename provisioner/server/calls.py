"""The admin REST API of one realm: `Api` over the connection of python-keycloak.

The library (7.1.1) repeats failed writes and chooses error classes by HTTP method. The first is switched off, and
errors are translated by status code into `provisioner.errors`.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from socket import gaierror
from typing import Any

from keycloak import KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakError, PermissionDefinitionError
from requests import Response
from requests.exceptions import SSLError, Timeout
from urllib3.exceptions import NameResolutionError

from directory.encoding import subject_and_roles
from directory.http_meaning import Meaning, meaning_of
from directory.rights import MANAGEMENT
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
"""Seconds. Keycloak itself gives up on a silent mail server after 10.07 s (measured)."""
PAGE = 500
_PREFETCHES = 2
"""Prefetched reads that run at the same time."""

Query = Mapping[str, str | int]
_Request = tuple[str, frozenset[tuple[str, str | int]]]

_ERRORS: Mapping[Meaning, type[ServerError]] = {
    Meaning.UNREACHED: UnavailableError,
    Meaning.NOT_SIGNED_IN: NotSignedInError,
    Meaning.FORBIDDEN: ForbiddenError,
    Meaning.NOT_FOUND: NotFoundError,
    Meaning.CONFLICT: ConflictError,
    Meaning.REFUSED: RejectedError,
    Meaning.FAILED: UnavailableError,
    Meaning.UNAVAILABLE: UnavailableError,
}

_HINTS: Mapping[int, str] = {
    431: "the access token is too long; it names the roles in every realm of the server. Sign in with a client of "
    "the realm itself: KEYCLOAK_CLIENT_ID and KEYCLOAK_CLIENT_SECRET",
}
"""What to do where Keycloak says nothing. 431: seen with 110 realms, for a client of `master`."""


class KeycloakApi:
    """`provisioner.model.ports.Api` on a server, with the credentials of `connection`."""

    def __init__(self, realm: str, connection: Connection) -> None:
        self._realm = f"admin/realms/{realm}"
        self._connection = connection
        self._prefetched: dict[_Request, Future[Any]] = {}

    @cached_property
    def _wire(self) -> KeycloakOpenIDConnection:
        return _signed_in(self._connection, READ_TIMEOUT)

    @cached_property
    def _mail_wire(self) -> KeycloakOpenIDConnection:
        return _signed_in(self._connection, MAIL_READ_TIMEOUT)

    def get(self, path: str, query: Query | None = None) -> Any:
        answer = self._prefetched.pop(_request(path, query), None)
        return answer.result() if answer else self._read(self._wire, path, query)

    def prefetch(self, path: str, query: Query | None = None) -> None:
        wire = self._wire  # in this thread, so that there is one connection
        self._prefetched[_request(path, query)] = self._readers.submit(self._read, wire, path, query)

    @cached_property
    def _readers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_PREFETCHES, "prefetch")

    def _read(self, wire: KeycloakOpenIDConnection, path: str, query: Query | None) -> Any:
        return self._answer(wire, "GET", path, query=query).json()

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

    def server_info(self) -> Json:
        try:
            found: Json = self._answer(self._wire, "GET", None, where="admin/serverinfo").json()
        except ForbiddenError:
            return {}
        return found

    def create_realm(self, body: Json) -> None:
        self._answer(self._wire, "POST", None, body)

    def send_mail(self, path: str, body: Any, query: Query) -> None:
        try:
            self._answer(self._mail_wire, "PUT", path, body, query)
        except UnavailableError as error:
            raise MailRefusedError(str(error)) from error

    def own_rights(self) -> frozenset[str] | None:
        """Return our roles of `realm-management`, as our token names them; none when it does not."""
        try:
            _, roles = subject_and_roles((self._wire.token or {}).get("access_token", ""))
        except ValueError:
            return None
        return roles.get(MANAGEMENT)

    def _answer(
        self,
        wire: KeycloakOpenIDConnection,
        method: str,
        path: str | None,
        body: Any = None,
        query: Query | None = None,
        where: str = "admin/realms",
    ) -> Response:
        """The answer to one request; every failure as a `ServerError`. No path: what is outside of the realm."""
        if path is not None:
            where = f"{self._realm}/{path}".rstrip("/")
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
            message = _message(response.content) or _HINTS.get(response.status_code, "")
            raise _error(response.status_code, message, f"{method} {where}")
        return response


def _request(path: str, query: Query | None) -> _Request:
    return path, frozenset((query or {}).items())


def _signed_in(connection: Connection, read_timeout: int) -> KeycloakOpenIDConnection:
    """Return a connection with its first token; the library renews it."""
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
    """Translate every error of the library into a `ServerError`."""
    try:
        yield
    except KeycloakError as error:
        if error.response_code:
            raise _error(error.response_code, _message(error.response_body), "signing in") from error
        raise UnavailableError(f"{url} cannot be reached: {_cause(error, url)}") from error
    except PermissionDefinitionError as error:
        raise RejectedError(str(error)) from error


def _cause(error: BaseException, url: str) -> str:
    """Why the server cannot be reached, as a sentence: the library only says that it cannot."""
    chain = list(_chain(error))
    text = " ".join(map(str, chain))
    if any(isinstance(each, SSLError) for each in chain):
        plain = url.startswith("https:") and ("WRONG_VERSION_NUMBER" in text or "record layer" in text)
        if plain:
            return "what answers there does not speak TLS; does the address begin with http:// ?"
        return f"the TLS connection failed: {_innermost(chain)}"
    if any(isinstance(each, Timeout) for each in chain):
        return "it took too long to answer"
    if any(isinstance(each, NameResolutionError | gaierror) for each in chain) or "Failed to resolve" in text:
        return "its name is not known"
    if any(isinstance(each, ConnectionRefusedError) for each in chain) or "refused" in text:
        return "nothing listens at that address and port"
    return _innermost(chain)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from, down to the first one."""
    while error is not None:
        yield error
        reasons = (
            each for each in (getattr(error, "reason", None), *error.args) if isinstance(each, BaseException)
        )
        error = error.__cause__ or next(reasons, None) or error.__context__


def _innermost(chain: list[BaseException]) -> str:
    return str(chain[-1]) or type(chain[-1]).__name__


def _error(code: int, message: str, doing: str) -> ServerError:
    return _ERRORS[meaning_of(code)](f"{doing}: {code} {message}".rstrip())


def _message(content: bytes | None) -> str:
    """Return the message in an error answer of Keycloak, which has several forms."""
    try:
        answer = json.loads(content or b"")
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    message = answer.get("errorMessage") or answer.get("error_description") or answer.get("error") or ""
    inner = [str(each.get("errorMessage", "")) for each in answer.get("errors") or () if isinstance(each, dict)]
    return "; ".join(text for text in (str(message), *inner) if text)


def _created_id(response: Response) -> str:
    location = response.headers.get("Location", "")
    if location:
        return location.rstrip("/").rpartition("/")[2]
    try:
        answer = response.json() if response.content else {}
    except ValueError:
        return ""
    return str(answer.get("id", "")) if isinstance(answer, dict) else ""
