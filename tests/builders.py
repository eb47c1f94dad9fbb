"""Values for tests: each builder gives a valid one, of which a test names only what it is about."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import count
from uuid import NAMESPACE_URL, uuid4, uuid5

from directory.gateway import Directory
from directory.model import (
    Affiliation,
    Attachment,
    AttachmentChange,
    Company,
    CompanyRole,
    Locale,
    Member,
    Profile,
    Title,
    User,
)
from webapp.identity.actor import Actor, Author
from webapp.people.context import Context
from webapp.storage.database import Database

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
"""An instant for tests that need one."""

_numbers = count(1)


def a_company(
    company_id: str = "acme",
    name: str | None = None,
    services: Iterable[str] = ("data",),
    siren: str | None = None,
) -> Company:
    """A company; the same id gives the same key, so it can be named before and after it is in a directory."""
    key = str(uuid5(NAMESPACE_URL, f"company:{company_id}"))
    return Company(company_id, name or company_id.replace("-", " ").title(), tuple(services), siren, key)


def an_attachment(
    company: Company | str = "acme",
    *,
    administrator: bool = False,
    external: bool = False,
    until: date | None = None,
) -> Attachment:
    """Return an attachment to the company: by default that of a plain internal user, without an end."""
    return Attachment(
        company.id if isinstance(company, Company) else company,
        CompanyRole.ADMINISTRATOR if administrator else CompanyRole.USER,
        Affiliation.EXTERNAL if external else Affiliation.INTERNAL,
        until,
    )


def an_author(user: User | Actor, request_id: str = "request-of-a-test") -> Author:
    """That person as the author of what a request does."""
    return Author(user.id, user.profile.full_name, user.profile.email, request_id)


def a_context(directory: Directory, database: Database, person: User | Actor) -> Context:
    """What a use case gets that this person begins."""
    return Context(directory, database, an_author(person))


def a_profile(
    email: str | None = None,
    *,
    last_name: str = "Durand",
    first_name: str = "Anne",
    title: Title | None = Title.MME,
    locale: Locale = Locale.FR,
) -> Profile:
    """Return a profile, with a unique address unless one is given."""
    return Profile(email or f"person{next(_numbers)}@acme.example", last_name, first_name, title, locale)


def a_user(
    profile: Profile | str | None = None,
    *,
    user_id: str | None = None,
    enabled: bool = True,
    password_required: bool = False,
    activation_sent_at: datetime | None = None,
) -> User:
    """An account (active unless said otherwise) of the profile or the e-mail address."""
    if not isinstance(profile, Profile):
        profile = a_profile(profile)
    return User(user_id or str(uuid4()), profile, enabled, password_required, activation_sent_at)


def a_member(user: User | None = None, *attachments: Attachment) -> Member:
    """A person with attachments; one plain one when none is named."""
    return Member(user or a_user(), attachments or (an_attachment(),))


def a_change(before: Attachment | None, after: Attachment | None) -> AttachmentChange:
    """The change from the one to the other, of which at least one is there."""
    known = before or after
    if known is None:
        raise ValueError("a change has a before or an after")
    return AttachmentChange(known.company_id, before, after)
