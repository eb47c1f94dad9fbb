"""What can go wrong between us and the directory of people, by meaning.

::

    DirectoryError
    ├── NotFoundError            no such person, company or group (or not visible to us)
    │   └── CompanyNotFoundError
    ├── ConflictError            the state forbids it
    │   └── EmailTakenError      an account with this address exists
    ├── RefusedError             the directory understood and said no
    │   ├── InvalidPersonError   a field of the person is not acceptable; names the field
    │   ├── MailRefusedError     the account is there, its mail could not be handed over
    │   └── ForbiddenError       our own rights do not reach that far
    └── UnavailableError         not reached, too slow, or broken: try again later

Raised by every `directory.gateway.Directory`; nothing of an HTTP library shows through.
"""


class DirectoryError(Exception):
    """Base of all errors of a directory."""


class NotFoundError(DirectoryError):
    """No such person, company or group, or none that we may see."""


class CompanyNotFoundError(NotFoundError):
    """The company has no group in the directory (or it vanished meanwhile)."""


class ConflictError(DirectoryError):
    """The present state forbids what was asked."""


class EmailTakenError(ConflictError):
    """An account with this e-mail address exists already (compared without case)."""


class RefusedError(DirectoryError):
    """The directory understood the request and refused it."""


class InvalidPersonError(RefusedError):
    """A field of a person is not acceptable to the directory.

    `field` is our name of the field (`email`, `last_name`, ...), or empty when the directory did not say.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class MailRefusedError(RefusedError):
    """The mail could not be handed over to the mail server; the account itself is unchanged."""


class ForbiddenError(RefusedError):
    """Our service account has no right to do that."""


class UnavailableError(DirectoryError):
    """The directory could not be reached, was too slow, or failed inside."""
