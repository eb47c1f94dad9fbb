"""What can go wrong in a provisioner run, by meaning.

::

    ProvisionerError
    ├── InvalidFilesError      the files: every problem with file, line and key
    ├── SettingsError          the connection settings or the command line
    ├── InterruptedRunError    somebody stopped an apply under way
    ├── PlanRefusedError       the plan holds changes that may not be made: nothing was written
    ├── StalePlanError         the server is no longer as a saved plan saw it: nothing was written
    ├── LockedError            another run has the realm's lock: nothing was written
    └── ServerError            Keycloak, while reading or writing
        ├── NotSignedInError   who we say we are is not accepted
        ├── ForbiddenError     signed in, but without the right
        ├── NotFoundError      no such realm or object
        ├── ConflictError      it exists already, or was changed meanwhile
        ├── RejectedError      understood and refused: a value is not acceptable
        ├── MailRefusedError   the mail could not be handed over; the account is unchanged
        └── UnavailableError   not reached, too slow, or broken
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
    """The files do not describe a state; `problems` names everything that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class SettingsError(ProvisionerError):
    """A setting is missing, or two contradict each other."""


class InterruptedRunError(ProvisionerError):
    """An apply was stopped from outside; what it had done stays."""


class PlanRefusedError(ProvisionerError):
    """The plan holds refused changes, so nothing was written."""


class StalePlanError(ProvisionerError):
    """The server has moved on since the plan was saved, so nothing was written."""


class LockedError(ProvisionerError):
    """Another run has the realm's lock, so nothing was written."""


class ServerError(ProvisionerError):
    """Keycloak did not do what was asked."""


class NotSignedInError(ServerError):
    """Keycloak does not accept the credentials."""


class ForbiddenError(ServerError):
    """The account we signed in with lacks a right."""


class NotFoundError(ServerError):
    """No such realm or object."""


class ConflictError(ServerError):
    """The object exists already, or the state forbids the change."""


class RejectedError(ServerError):
    """Keycloak understood and refused: a value is not acceptable."""


class MailRefusedError(ServerError):
    """The mail could not be handed over to the mail server; the account itself is unchanged."""


class UnavailableError(ServerError):
    """Keycloak could not be reached, was too slow, or failed inside."""
