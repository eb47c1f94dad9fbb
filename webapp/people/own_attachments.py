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

FEW = 10
"""Up to so many companies their administrators are read with the page; two calls for each."""


@dataclass(frozen=True, slots=True)
class Place:
    """One company of the holder.

    `administrators` are its active ones, the holder among them if they administer it, none when not read;
    `since` is none when the portal did not attach them itself. `may_leave` is false for the company's last active
    administrator, as far as the administrators were read.
    """

    company: Company
    attachment: Attachment
    administrators: tuple[User, ...] | None
    since: datetime | None
    may_leave: bool


def places_of(directory: Directory, database: Database, user: User, asked: str = "") -> tuple[Place, ...]:
    """All companies of the holder, by name; of more than `FEW` only the one that is asked for (by id) is read."""
    since = journal_reading.attached_since(database, user.id)
    attached = directory.attachments_of(user.id)
    found = (
        _place(directory, user, company, attachment, since.get(company.id))
        if len(attached) <= FEW or company.id == asked
        else Place(company, attachment, None, since.get(company.id), may_leave=True)
        for company, attachment in attached
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
