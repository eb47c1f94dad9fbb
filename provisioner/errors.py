"""The errors of the provisioner, by meaning.

::

    ProvisionerError
    ├── InvalidFilesError      the files: every problem with file, line and key
    ├── SettingsError          the connection settings or the command line
    ├── InterruptedRunError    an apply was interrupted
    ├── PlanRefusedError       the plan has refused changes: nothing was written
    ├── StalePlanError         the server has changed since the plan was made: nothing was written
    ├── LockedError            another run holds the lock of the realm: nothing was written
    └── ServerError            a request to Keycloak failed
        ├── NotSignedInError   Keycloak does not accept the credentials
        ├── ForbiddenError     the account lacks a right
        ├── NotFoundError      the realm or the object does not exist
        ├── ConflictError      it exists already, or its state does not allow the change
        ├── RejectedError      a value is not acceptable
        ├── MailRefusedError   the mail server did not accept the mail; the account is unchanged
        └── UnavailableError   not reached, too slow, or failed internally
"""

from collections.abc import Sequence
from dataclasses import dataclass


class ProvisionerError(Exception):
    """Base of all errors of the provisioner."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the files, or a warning about them.

    `line` and `column` count from 1; `key` is the dotted path of the key, or the address of a resource.
    """

    file: str
    line: int
    key: str
    message: str
    column: int = 0

    def __str__(self) -> str:
        place = (self.file, *(str(number) for number in (self.line, self.column) if number))
        return ": ".join(part for part in (":".join(place), self.key, self.message) if part)


class InvalidFilesError(ProvisionerError):
    """The files do not describe a state; `problems` has all errors in them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class SettingsError(ProvisionerError):
    """A setting is missing, or two settings contradict each other."""


class InterruptedRunError(ProvisionerError):
    """An apply was interrupted; the changes made before remain."""


class PlanRefusedError(ProvisionerError):
    """The plan has refused changes, so nothing was written."""


class StalePlanError(ProvisionerError):
    """The server has changed since the plan was made, so nothing was written."""


class LockedError(ProvisionerError):
    """Another run holds the lock of the realm, so nothing was written."""


class ServerError(ProvisionerError):
    """A request to Keycloak failed."""


class NotSignedInError(ServerError):
    """Keycloak does not accept the credentials."""


class ForbiddenError(ServerError):
    """The account that is signed in lacks a right."""


class NotFoundError(ServerError):
    """The realm or the object does not exist."""


class ConflictError(ServerError):
    """The object exists already, or its state does not allow the change."""


class RejectedError(ServerError):
    """Keycloak refused the request: a value is not acceptable."""


class MailRefusedError(ServerError):
    """The mail server did not accept the mail; the account is unchanged."""


class UnavailableError(ServerError):
    """Keycloak could not be reached, was too slow, or failed internally."""
