"""Attachments that end: warnings before, and detaching on the day after; done once a day, whenever that is.

A portal that was off catches up: what ended meanwhile ends now, in order, and what ends soon is warned of once.
All of it may be repeated, so a day that was interrupted is begun again until it is complete.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from uuid import uuid4

from directory.errors import DirectoryError, NotFoundError
from directory.gateway import Directory
from directory.model import Attachment, Company, User, administering_now
from webapp.errors import ChangedMeanwhileError, LastAdministratorError
from webapp.identity.actor import Author
from webapp.lifecycle.once import leave
from webapp.people import attachments
from webapp.people.accounts import PORTAL_NAME
from webapp.people.context import Context
from webapp.people.end_dates import SOON
from webapp.records import outbox
from webapp.storage.database import Database
from webapp.storage.locks import taken
from webapp.text import fold

WARNINGS = (SOON, 7)
"""Days before the last day on which the person and the administrators are written to."""


@dataclass(frozen=True, slots=True)
class Ending:
    """An attachment that ends soon, or has ended."""

    user: User
    company: Company
    attachment: Attachment

    @property
    def until(self) -> date:
        if self.attachment.until is None:
            raise ValueError("an attachment without an end does not end")
        return self.attachment.until


@dataclass(slots=True)
class Day:
    """What one day's work found and did.

    `kept` have ended but are the last active administrators; `soon` are newly to be warned of. `is_complete` is
    false when the directory did not answer for all of them.
    """

    today: date
    ended: list[Ending] = field(default_factory=list)
    kept: list[Ending] = field(default_factory=list)
    soon: list[Ending] = field(default_factory=list)
    is_complete: bool = True


def portal_author() -> Author:
    """The portal itself, as the author of what it does at its own time."""
    return Author("", PORTAL_NAME, "", uuid4().hex)


def work_of(directory: Directory, today: date) -> list[Ending]:
    """Everything that ends within `SOON` days or has ended, the earliest first; reads every account."""
    found = []
    for user in directory.ending(today + timedelta(days=SOON)):
        try:
            present = directory.attachments_of(user.id)
        except NotFoundError:
            continue
        found += [
            Ending(user, company, attachment)
            for company, attachment in present
            if attachment.until and attachment.until <= today + timedelta(days=SOON)
        ]
    return sorted(found, key=lambda one: (one.until, fold(one.user.profile.full_name), one.company.id))


def end_day(directory: Directory, database: Database, today: date) -> Day:
    """Detach what has ended; find what is to be warned of and was not.

    The notices of what was detached leave together, one mail for each reader.
    """
    day = Day(today)
    work = work_of(directory, today)
    batch = f"endings-{uuid4().hex}"
    context = Context(directory, database, portal_author())
    for one in work:
        if one.attachment.has_ended(today):
            _end(context, day, one, batch)
    outbox.release(database, batch)
    day.soon = _not_warned(database, today, (one for one in work if not one.attachment.has_ended(today)))
    return day


def _end(context: Context, day: Day, one: Ending, batch: str) -> None:
    wanted, expected = {one.company.id: None}, {one.company.id: one.attachment}
    try:
        made = attachments.change(context, [one.company], one.user, wanted, expected=expected, batch=batch)
    except LastAdministratorError:
        day.kept.append(one)
    except (ChangedMeanwhileError, NotFoundError):
        pass  # somebody extended it, or has detached or deleted the person meanwhile
    except DirectoryError:
        day.is_complete = False
    else:
        day.ended += [one] if made else []


def _not_warned(database: Database, today: date, work: Iterable[Ending]) -> list[Ending]:
    names = {one: _due_warnings(one, today) for one in work}
    with database.engine.connect() as connection:
        known = taken(connection, [name for due in names.values() for name in due])
    return [one for one, due in names.items() if not set(due) <= known]


def _due_warnings(one: Ending, today: date) -> tuple[str, ...]:
    """The names of the warnings that are due for this end: one that was moved is warned of anew."""
    left = (one.until - today).days
    return tuple(f"warned:{days}:{one.user.id}:{one.company.id}:{one.until}" for days in WARNINGS if left <= days)


def remember(database: Database, day: Day, mails: Iterable[outbox.Mail], now: float) -> None:
    """Leave the mails of the day, once: in the transaction that remembers what they say."""
    names = [name for one in day.soon for name in _due_warnings(one, day.today)]
    names += [kept_name(day.today, one) for one in day.kept]
    leave(database, names, mails, now)


def kept_name(today: date, one: Ending) -> str:
    """What is remembered of an administrator who stays: their company is written to once a day."""
    return f"kept:{today}:{one.user.id}:{one.company.id}"


def new_today(database: Database, day: Day) -> Day:
    """The day without those who stay and of whom was written today already."""
    with database.engine.connect() as connection:
        known = taken(connection, [kept_name(day.today, one) for one in day.kept])
    return replace(day, kept=[one for one in day.kept if kept_name(day.today, one) not in known])


def active_administrators(directory: Directory) -> Callable[[Company], list[User]]:
    """The active administrators of a company, read once for each."""
    known: dict[str, list[User]] = {}

    def of(company: Company) -> list[User]:
        if company.id not in known:
            try:
                members = directory.administrators(company)
            except NotFoundError:
                members = ()
            known[company.id] = list(administering_now(members, company.id))
        return known[company.id]

    return of
