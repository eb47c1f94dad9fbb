"""What people are notified of after one operation: stored with the end of the operation, read by the courier."""

from collections.abc import Iterable
from dataclasses import dataclass

from directory.model import Attachment, AttachmentChange, Company, User
from webapp.identity.actor import Author


@dataclass(frozen=True, slots=True)
class Addressee:
    """The person whom an operation is about, as a mail names and reaches them."""

    id: str
    name: str
    email: str
    locale: str


@dataclass(frozen=True, slots=True)
class CompanyChange:
    """What changed at one company; the company has its id alone where the courier is to look it up."""

    company: Company
    before: Attachment | None
    after: Attachment | None


@dataclass(frozen=True, slots=True)
class OperationNotice:
    """One operation: who did it, to whom, and what changed at which company.

    The person of an account just `created`, or `cancelled`, gets no mail: the one has the activation mail, the
    other never used the account.
    """

    author: Author
    person: Addressee
    changes: tuple[CompanyChange, ...]
    created: bool = False
    cancelled: bool = False

    @property
    def is_about_the_author(self) -> bool:
        """Whether the author changed their own attachments."""
        return self.person.id == self.author.id


def notice_of(
    author: Author,
    user: User,
    changes: Iterable[tuple[Company, AttachmentChange]],
    *,
    created: bool = False,
    cancelled: bool = False,
) -> OperationNotice:
    """The notice of these changes of one person."""
    person = Addressee(user.id, user.profile.full_name, user.email, user.profile.locale.value)
    told = tuple(CompanyChange(company, change.before, change.after) for company, change in changes)
    return OperationNotice(author, person, told, created, cancelled)
