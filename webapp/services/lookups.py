"""Asking whether an address has an account: counted, and written into the journal, before it is answered."""

from collections.abc import Iterable

from directory.errors import DirectoryError
from directory.gateway import Directory
from directory.model import User
from webapp import journal, quotas
from webapp.actor import Author
from webapp.database import Database
from webapp.errors import TooOftenError
from webapp.journal import Action, Entry, Outcome, Person
from webapp.services.operations import reason_of


def find(
    directory: Directory,
    database: Database,
    author: Author,
    company_ids: Iterable[str],
    email: str,
    *,
    again: bool = False,
) -> User | None:
    """The account with exactly that address, none when there is none that the portal may see.

    `TooOftenError` after 60 in an hour. `again` marks a later step of one form: an address asked about within the
    hour is not counted, nor written down, a second time. The line names the address, not whose it is: it is read
    by all administrators of these companies (the author's).
    """
    if again and quotas.used_for(database, quotas.LOOK_UPS, author.id, email):
        return directory.find_by_email(email)
    companies, asked = tuple(company_ids), Person(None, "", email)
    try:
        quotas.take(database, quotas.LOOK_UPS, author.id, email)
        user = directory.find_by_email(email)
    except TooOftenError as error:
        refused = Entry(Action.LOOK_UP, companies, asked, outcome=Outcome.REFUSED, reason=reason_of(error))
        journal.write(database, author, [refused])
        raise
    except DirectoryError as error:
        failed = Entry(Action.LOOK_UP, companies, asked, outcome=Outcome.FAILED, reason=reason_of(error))
        journal.write(database, author, [failed])
        raise
    journal.write(database, author, [Entry(Action.LOOK_UP, companies, asked, after={"found": user is not None})])
    return user
