"""Asking whether an address has an account: counted, and written into the journal, before it is answered."""

from collections.abc import Iterable

from directory.errors import DirectoryError
from directory.model import User
from webapp.errors import TooOftenError
from webapp.people.context import Context
from webapp.records import journal
from webapp.records.journal import Action, Entry, Outcome, Person, Values
from webapp.records.operations import reason_of
from webapp.storage import rate_limits


def is_counted(context: Context, email: str) -> bool:
    """Whether the author asked about the address within the hour: then asking again leaves no trace."""
    return rate_limits.used_for(context.database, rate_limits.LOOK_UPS, context.author.id, email)


def find(context: Context, company_ids: Iterable[str], email: str, *, again: bool = False) -> User | None:
    """The account with exactly that address, none when there is none that the portal may see.

    `TooOftenError` after 60 in an hour. `again` marks a later step of one form: an address asked about within the
    hour is not counted, nor written down, a second time. The line names the address, not whose it is: it is read
    by all administrators of these companies (the author's).
    """
    directory, database, author = context.directory, context.database, context.author
    if again and is_counted(context, email):
        return directory.find_by_email(email)
    companies, asked = tuple(company_ids), Person(None, "", email)
    try:
        rate_limits.take(database, rate_limits.LOOK_UPS, author.id, email)
        user = directory.find_by_email(email)
    except TooOftenError as error:
        refused = Entry(Action.LOOK_UP, companies, asked, outcome=Outcome.REFUSED, reason=reason_of(error))
        journal.write(database, author, [refused])
        raise
    except DirectoryError as error:
        failed = Entry(Action.LOOK_UP, companies, asked, outcome=Outcome.FAILED, reason=reason_of(error))
        journal.write(database, author, [failed])
        raise
    answer = Values(found=user is not None)
    journal.write(database, author, [Entry(Action.LOOK_UP, companies, asked, after=answer)])
    return user
