"""Access reviews as days go by: reminders before the last day, the end after it.

Reviews and decisions are in the database, so a day that is begun again finds what it had done.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from directory.errors import NotFoundError
from directory.gateway import Directory
from directory.model import Company
from webapp.people.context import Context
from webapp.reviews import store
from webapp.reviews.review import end_overdue, finish
from webapp.reviews.store import Review
from webapp.storage.database import Database
from webapp.storage.locks import taken

REMINDERS = (7, 1)
"""Days before the last day on which the company's administrators are written to."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """An open review with people of whom nothing was decided, and its company."""

    review: Review
    company: Company


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


def reminders_of(directory: Directory, database: Database, today: date) -> list[Reminder]:
    """The reviews of which administrators are to be reminded today, the earliest first."""
    soon = store.ending(database, today, today + timedelta(days=max(REMINDERS)))
    waiting = [review for review in soon if review.decided < review.total]
    with database.engine.connect() as connection:
        known = taken(connection, [name for review in waiting for name in _names(review, today)])
    found = []
    for review in waiting:
        if not set(_names(review, today)) <= known and (company := company_of(directory, database, review)):
            found.append(Reminder(review, company))
    return found


def names_of(reminders: Iterable[Reminder], today: date) -> list[str]:
    """What is remembered of these reminders."""
    return [name for one in reminders for name in _names(one.review, today)]


def _names(review: Review, today: date) -> list[str]:
    left = (review.until - today).days
    return [f"review:{days}:{review.id}" for days in REMINDERS if left <= days]


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
