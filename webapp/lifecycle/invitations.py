"""Invitations that are not forgotten: a second mail by itself, a note when one expired, a list once a month.

Each can be switched off. What was sent is remembered, so a day that is begun again sends nothing twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from directory.errors import DirectoryError, NotFoundError
from directory.gateway import Directory
from directory.model import ACTIVATION_LIFESPAN, ActivationStatus, Company, Member, User
from webapp.errors import PortalError
from webapp.lifecycle.endings import active_administrators
from webapp.lifecycle.once import REMEMBERED
from webapp.people import activations
from webapp.people.context import Context
from webapp.records import journal_reading
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.storage.locks import is_taken, take_once

REMIND_AFTER = timedelta(days=20)
"""Since the first mail: ten days before its link expires."""
NOTED_FOR = timedelta(days=30)
"""An invitation that expired longer ago is no news: the monthly list has it."""
LISTED_AFTER = timedelta(days=7)
"""Since the last mail, or since the account was made when none left: then the monthly list has it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person who has not activated their account, with the companies where they are attached."""

    member: Member
    companies: tuple[Company, ...]

    @property
    def user(self) -> User:
        return self.member.user


@dataclass(slots=True)
class Notes:
    """What is to be written: `expired` to who invited, `pending` to administrators; `names` is remembered."""

    expired: list[tuple[User, Waiting]] = field(default_factory=list)
    pending: list[tuple[User, Waiting]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def waiting(directory: Directory, now: datetime) -> list[Waiting]:
    """Everybody who has not activated their account and is attached somewhere, by address; reads every account."""
    found = []
    for user in sorted(directory.never_activated(now), key=lambda one: one.email):
        try:
            at = directory.attachments_of(user.id, ends=False)
        except NotFoundError:
            continue
        if at and user.enabled:
            companies = tuple(company for company, _ in at)
            found.append(Waiting(Member(user, tuple(attachment for _, attachment in at)), companies))
    return found


def remind(context: Context, people: Iterable[Waiting], now: datetime) -> int:
    """Send the second mail of those whose first one left 20 days ago, each once; how many left.

    Under the limits of any other mail; who cannot be mailed today is tried again tomorrow.
    """
    count = 0
    for one in people:
        sent_at, name = one.user.activation_sent_at, f"reminded:{one.user.id}"
        if sent_at is None or not REMIND_AFTER <= now - sent_at < ACTIVATION_LIFESPAN:
            continue
        if is_taken(context.database, name):
            continue
        try:
            activations.resend(context, one.member, ())
        except (DirectoryError, PortalError):
            continue
        with context.database.transaction() as connection:
            take_once(connection, name, context.clock() + REMEMBERED)
        count += 1
    return count


def notes_of(
    directory: Directory, database: Database, people: Iterable[Waiting], now: datetime, today: date
) -> Notes:
    """What is to be written today, and was not yet."""
    people, notes = list(people), Notes()
    administrators = active_administrators(directory)
    for one in people:
        expires_at = one.user.activation_expires_at
        if one.user.status(now) is not ActivationStatus.EXPIRED or expires_at is None:
            continue
        name = f"expired:{one.user.id}:{expires_at.date()}"
        if now - expires_at > NOTED_FOR or is_taken(database, name):
            continue
        notes.names.append(name)
        inviters = {
            user.id: user
            for company in one.companies
            if (author := journal_reading.last_author(database, company.id, one.user.id))
            for user in administrators(company)
            if user.id == author.id
        }
        notes.expired += [(user, one) for user in inviters.values()]
    month = f"pending:{today.isoformat()[:7]}"  # once in each month
    if not is_taken(database, month):
        notes.names.append(month)
        old = {user.id for user in directory.never_activated(now - LISTED_AFTER)}
        for one in people:
            sent_at = one.user.activation_sent_at
            if (now - sent_at < LISTED_AFTER) if sent_at else one.user.id not in old:
                continue
            readers: dict[str, tuple[User, list[Company]]] = {}
            for company in one.companies:
                for user in administrators(company):
                    readers.setdefault(user.id, (user, []))[1].append(company)
            notes.pending += [(user, replace(one, companies=tuple(seen))) for user, seen in readers.values()]
    return notes


def wanted(notes: Notes, settings: Settings) -> Notes:
    """The notes without what is switched off."""
    return Notes(
        notes.expired if settings.expiry_notes else [],
        notes.pending if settings.pending_lists else [],
        notes.names,
    )
