"""Errors of the library python-keycloak (7.1.1), by what they mean.

The library types its errors by HTTP verb, which says nothing about what went wrong; the response code does.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from keycloak.exceptions import KeycloakError, PermissionDefinitionError

from directory.errors import (
    CompanyNotFoundError,
    ConflictError,
    DirectoryError,
    EmailTakenError,
    ForbiddenError,
    InvalidPersonError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from directory.http_meaning import Meaning, meaning_of
from directory.transport import RefusedCallError

Meanings = Mapping[int, type[DirectoryError]]
"""What certain response codes mean in one call, where that differs from what they mean in general."""

NOTHING_SPECIAL: Meanings = {}
# Keycloak answers 403 for a person whom we may not change; they must look like one who does not exist.
OF_PERSON: Meanings = {403: NotFoundError}
OF_COMPANY: Meanings = {403: CompanyNotFoundError, 404: CompanyNotFoundError}
OF_NEW_PERSON: Meanings = {409: EmailTakenError}
OF_ADDRESS: Meanings = {403: NotFoundError, 409: EmailTakenError}

NOISE = (TypeError, KeyError, ValueError, AttributeError)
"""What the library lets through when an answer is not what it expects (HTML of a proxy, no Location, ...)."""

_FIELDS = {"email": "email", "username": "email", "firstName": "first_name", "lastName": "last_name"}


class ServerError(UnavailableError):
    """Keycloak, or a proxy before it, answered 5xx."""


class NotAskedError(UnavailableError):
    """The call was not made: asking again at once is of no use."""


class InternalError(ServerError):
    """Keycloak itself failed: 500, and not a proxy's 502 to 504."""


@contextmanager
def translated(meanings: Meanings = NOTHING_SPECIAL) -> Iterator[None]:
    """Raise the library's errors as ours. Wraps calls of the library only."""
    try:
        yield
    except PermissionDefinitionError as error:
        raise RefusedError("Keycloak refused a permission") from error
    except KeycloakError as error:
        raise translation(error, meanings) from error
    except NOISE as error:
        raise UnavailableError("Keycloak's answer makes no sense") from error


def translation(error: KeycloakError, meanings: Meanings = NOTHING_SPECIAL) -> DirectoryError:
    """Return our error for one of the library's, judged by its response code (none: Keycloak was not reached)."""
    code = error.response_code
    if code is not None and code in meanings:
        return meanings[code](f"Keycloak answered {code}")
    match meaning_of(code):
        case Meaning.UNREACHED:
            return _unreached(error)
        case Meaning.NOT_SIGNED_IN:
            return UnavailableError("Keycloak does not accept our token")
        case Meaning.FORBIDDEN:
            return ForbiddenError("Keycloak grants us no right to that")
        case Meaning.NOT_FOUND:
            return NotFoundError("Keycloak knows no such thing")
        case Meaning.CONFLICT:
            return ConflictError("Keycloak says that it exists already")
        case Meaning.FAILED:
            return InternalError("Keycloak answered 500")
        case Meaning.UNAVAILABLE:
            return ServerError(f"Keycloak is unavailable ({code})")
        case Meaning.REFUSED:
            return _refusal(error) if code == 400 else RefusedError(f"Keycloak refused ({code})")


def _unreached(error: KeycloakError) -> UnavailableError:
    if isinstance(error.__cause__, RefusedCallError):
        return NotAskedError(str(error.__cause__))
    return UnavailableError("Keycloak could not be reached")


def _refusal(error: KeycloakError) -> RefusedError:
    """Return the error for a 400: the body names the field that the user profile refused."""
    try:
        body = json.loads(error.response_body or b"{}")
    except ValueError:
        body = {}
    several = body.get("errors") if isinstance(body, dict) else None
    first = several[0] if isinstance(several, list) and several else body
    name = first.get("field") if isinstance(first, dict) else None
    if name:
        return InvalidPersonError(str(first.get("errorMessage", "invalid")), _FIELDS.get(name, str(name)))
    return RefusedError("Keycloak refused the request as malformed")
