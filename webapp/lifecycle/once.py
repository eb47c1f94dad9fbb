"""Mails that leave once: what they say is remembered in the transaction that leaves them."""

from collections.abc import Iterable

from webapp.records import outbox
from webapp.storage.database import Database
from webapp.storage.locks import take_once, taken

REMEMBERED = 400 * 86_400.0
"""Seconds for which it is known that somebody was written to, or that a day was done."""


def leave(database: Database, names: Iterable[str], mails: Iterable[outbox.Mail], now: float) -> None:
    """Leave the mails and remember the names, those that are known already as well: all of it or nothing."""
    wanted = list(dict.fromkeys(names))
    with database.transaction() as connection:
        known = taken(connection, wanted)
        for name in wanted:
            if name not in known:
                take_once(connection, name, now + REMEMBERED)
        outbox.add_mails(connection, mails)
