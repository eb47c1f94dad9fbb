"""Access reviews as days go by: those that begin by themselves, reminders, the end after the last day.

Reviews and decisions are in the database, so a day that is begun again finds what it had done.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from directory.errors import NotFoundError, UnavailableError
from directory.gateway import Directory
from directory.model import Company
from webapp.lifecycle.endings import active_administrators
from webapp.people.context import Context
from webapp.people.end_dates import day_at, months_after
from webapp.reviews import store
from webapp.reviews.review import ReviewRunningError, end_overdue, finish, start
from webapp.reviews.store import Review, Start, Undecided
from webapp.storage import facts
from webapp.storage.database import Database
from webapp.storage.locks import taken

REMINDERS = (7, 1)
"""Days before the last day on which the company's administrators are written to."""
DURATION = 30
"""Days that a review lasts which begins by itself."""
SINCE = "reviews_begin_by_themselves"
"""The fact that says since when the setting is in force."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """An open review with people without a decision, and its company.

    `is_new` when it has begun by itself, and no one has been notified yet.
    """

    review: Review
    company: Company
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How many months after the last one a review begins by itself (0: none does), by the days of a time zone."""

    months: int
    zone: str


def company_of(directory: Directory, database: Database, review: Review) -> Company | None:
    """The company of a review, as one of its people is attached to it."""
    for item in store.items(database, review.id):
        try:
            found = directory.attachments_of(item.user_id, ends=False)
        except NotFoundError:
            continue
        for company, _attachment in found:
            if company.id == review.company_id:
                return company
    return None


def begin_due(context: Context, today: date, rhythm: Rhythm) -> bool:
    """Start the reviews that are due by themselves; whether all of them are.

    A company is due `months` after its last review began, or after the setting was first seen. One that has no
    active administrator is left alone: no one could decide. Whatever is done already is not done again.
    """
    if not rhythm.months:
        facts.forget(context.database, SINCE)
        return True
    since = facts.read(context.database).get(SINCE)
    if since is None:
        since = context.clock()
        facts.put(context.database, {SINCE: since})
    begun, administrators = store.last_begun(context.database), active_administrators(context.directory)
    complete = True
    for company in context.directory.companies():
        last = begun[company.id].timestamp() if company.id in begun else since
        if months_after(day_at(last, rhythm.zone), rhythm.months) <= today and administrators(company):
            asked = Start(company, today + timedelta(days=DURATION), Undecided.KEEP)
            complete = _begin(context, asked) and complete
    return complete


def _begin(context: Context, asked: Start) -> bool:
    try:
        start(context, asked)
    except UnavailableError:
        return False
    except (ReviewRunningError, NotFoundError):
        pass  # somebody was faster, or the company was deleted
    return True


def reminders_of(directory: Directory, database: Database, today: date) -> list[Reminder]:
    """The reviews of which administrators are to be written to today, the earliest first."""
    waiting = [review for review in store.running(database, today) if review.decided < review.total]
    names = {review: _names(review, today) for review in waiting}
    with database.engine.connect() as connection:
        known = taken(connection, [name for due in names.values() for name in due])
    found = []
    for review, due in names.items():
        if not set(due) <= known and (company := company_of(directory, database, review)):
            found.append(Reminder(review, company, is_new=_begun(review) in due))
    return found


def names_of(reminders: Iterable[Reminder], today: date) -> list[str]:
    """What is remembered of these reminders."""
    return [name for one in reminders for name in _names(one.review, today)]


def _names(review: Review, today: date) -> list[str]:
    left = (review.until - today).days
    names = [f"review:{days}:{review.id}" for days in REMINDERS if left <= days]
    return names or ([_begun(review)] if review.began_by_itself else [])


def _begun(review: Review) -> str:
    return f"review:begun:{review.id}"


def end_due(context: Context, today: date) -> bool:
    """End the reviews whose last day is over; whether all of them are."""
    complete = True
    for review in store.due(context.database, today):
        company = company_of(context.directory, context.database, review)
        if company is None:
            finish(context, review)  # the company has vanished, and with it whom to decide on
        else:
            complete = end_overdue(context, company, review) and complete
    return complete
