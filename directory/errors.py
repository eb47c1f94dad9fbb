"""What can go wrong with the directory of people, by meaning.

::

    DirectoryError
    ├── NotFoundError            no such person, company or group, or a hidden one
    │   └── CompanyNotFoundError
    ├── ConflictError            the state forbids it
    │   └── EmailTakenError      an account with this address exists
    ├── RefusedError             the directory understood and said no
    │   ├── InvalidPersonError   a field of the person is not acceptable; names the field
    │   ├── MailRefusedError     the account is there, its mail could not be handed over
    │   └── ForbiddenError       the service account has no right to it
    └── UnavailableError         not reached, too slow, or failing: try again later

Raised by every `directory.gateway.Directory`; errors of an HTTP library are never raised.
"""


class DirectoryError(Exception):
    """Base of all errors of a directory."""


class NotFoundError(DirectoryError):
    """No such person, company or group, or a hidden one."""


class CompanyNotFoundError(NotFoundError):
    """The company has no group in the directory, or no longer."""


class ConflictError(DirectoryError):
    """The present state does not allow what was asked."""


class EmailTakenError(ConflictError):
    """An account with this e-mail address exists already (case ignored)."""


class RefusedError(DirectoryError):
    """The directory understood the request and refused it."""


class InvalidPersonError(RefusedError):
    """The directory refused a field of a person.

    `field` is its name in `Profile` (`email`, `last_name`, ...), or empty when the directory did not name it.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class MailRefusedError(RefusedError):
    """The mail server did not accept the mail; the account itself is unchanged."""


class ForbiddenError(RefusedError):
    """The service account has no right to do that."""


class UnavailableError(DirectoryError):
    """The directory could not be reached, was too slow, or failed."""
