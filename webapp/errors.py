"""What the portal refuses, by meaning; each is answered with its own status and a page that says why.

::

    PortalError
    ├── SignedOutError          the session at Keycloak is over, or the account is disabled   -> sign in
    ├── NotAdministratorError   signed in, but administrator of no company                    -> 403
    ├── HiddenError             not the actor's: as if it did not exist                       -> 404
    ├── ForbiddenByStateError   the state forbids it                                          -> 409
    │   ├── LastAdministratorError
    │   ├── AlreadyActiveError
    │   ├── SharedAccountError
    │   ├── ChangedMeanwhileError
    │   ├── TooLateError
    │   ├── ImportRunningError
    │   └── BatchRunningError
    ├── TooOftenError           says when it is possible again                                -> 429
    ├── PartlyDoneError         some changes were made, one was not                           -> 503
    └── UnreadableFileError     an import file that is none (`imports.csv_format`)            -> 422
"""

from collections.abc import Sequence

from directory.model import AttachmentChange, Company


class PortalError(Exception):
    """Base of what the portal refuses."""


class SignedOutError(PortalError):
    """Keycloak no longer vouches for this person."""


class NotAdministratorError(PortalError):
    """The person administers no company."""


class HiddenError(PortalError):
    """Whatever is not the actor's does not exist for them."""


class ForbiddenByStateError(PortalError):
    """What was asked cannot be done in the present state."""


class LastAdministratorError(ForbiddenByStateError):
    """The company would be left without an active administrator."""

    def __init__(self, company: Company) -> None:
        super().__init__(f"{company.id} would be left without an active administrator")
        self.company = company


class AlreadyActiveError(ForbiddenByStateError):
    """The account is active (or disabled): there is nothing to activate, correct or cancel."""


class SharedAccountError(ForbiddenByStateError):
    """The account also belongs to others, so it is not this administrator's to change."""


class ChangedMeanwhileError(ForbiddenByStateError):
    """Somebody else has changed the person at these companies since the form was shown."""

    def __init__(self, company_ids: Sequence[str]) -> None:
        super().__init__(f"changed meanwhile at {', '.join(company_ids)}")
        self.company_ids = tuple(company_ids)


class TooLateError(ForbiddenByStateError):
    """A change can be taken back with one click only shortly after it was made."""


class ImportRunningError(ForbiddenByStateError):
    """An administrator's imports run one after the other, and one is still running."""

    def __init__(self, import_id: str) -> None:
        super().__init__(f"the import {import_id} is still running")
        self.import_id = import_id


class BatchRunningError(ForbiddenByStateError):
    """An administrator's batches (a selection, activation mails) run one after the other; one is still running."""


class TooOftenError(PortalError):
    """The quota of that name is used up; possible again in `retry_after` seconds (at least 1)."""

    def __init__(self, retry_after: float, quota: str) -> None:
        super().__init__(f"too often: {quota}")
        self.quota = quota
        self.retry_after = max(1, int(retry_after + 0.999))


class PartlyDoneError(PortalError):
    """A change over several companies stopped on the way; the operation can be finished later."""

    def __init__(
        self, operation_id: str, done: Sequence[AttachmentChange], left: Sequence[AttachmentChange]
    ) -> None:
        super().__init__(f"{len(done)} changes done, {len(left)} left")
        self.operation_id = operation_id
        self.done = tuple(done)
        self.left = tuple(left)
