"""What the holder of an account sees: where they are attached, since when, and who administers it."""

from dataclasses import dataclass
from datetime import datetime

from directory.errors import CompanyNotFoundError
from directory.gateway import Directory
from directory.model import Attachment, AttachmentChange, Company, User, administering_now
from webapp.errors import HiddenError
from webapp.people.policies import would_be_last_administrator
from webapp.records import journal_reading
from webapp.storage.database import Database
from webapp.text import fold


@dataclass(frozen=True, slots=True)
class Place:
    """One company of the holder.

    `administrators` are its active ones, the holder among them if they administer it; `since` is none when the
    portal did not attach them itself. `may_leave` is false for the company's last active administrator.
    """

    company: Company
    attachment: Attachment
    administrators: tuple[User, ...]
    since: datetime | None
    may_leave: bool


def places_of(directory: Directory, database: Database, user: User) -> tuple[Place, ...]:
    """All companies of the holder, by name (one call, and one for each company)."""
    since = journal_reading.attached_since(database, user.id)
    found = (
        _place(directory, user, company, attachment, since.get(company.id))
        for company, attachment in directory.attachments_of(user.id)
    )
    return tuple(place for place in found if place)


def place_of(directory: Directory, database: Database, user: User, company_id: str) -> Place:
    """One company of the holder (two calls); `HiddenError` when they are not attached there."""
    for company, attachment in directory.attachments_of(user.id):
        if company.id == company_id:
            since = journal_reading.attached_since(database, user.id).get(company_id)
            if place := _place(directory, user, company, attachment, since):
                return place
    raise HiddenError(company_id)


def _place(
    directory: Directory, user: User, company: Company, attachment: Attachment, since: datetime | None
) -> Place | None:
    """None when the company has vanished since it was read."""
    try:
        members = directory.administrators(company)
    except CompanyNotFoundError:
        return None
    return Place(
        company,
        attachment,
        tuple(sorted(administering_now(members, company.id), key=_by_name)),
        since,
        may_leave=not would_be_last_administrator(members, user, AttachmentChange(company.id, attachment, None)),
    )


def _by_name(user: User) -> tuple[str, str, str]:
    return fold(user.profile.last_name), fold(user.profile.first_name), user.email
