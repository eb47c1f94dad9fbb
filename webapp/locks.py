"""Locks that all processes and hosts of the portal share, kept in the database.

A lock is a row with an end: a holder that dies blocks nobody for longer than `LEASE`. The transaction that takes
it is over at once, so no database transaction ever waits for Keycloak.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from directory.errors import UnavailableError
from webapp.database import Database, locks, now

LEASE = 120.0
"""Seconds a lock lives at most: longer than the slowest operation's calls and time-outs together."""
PATIENCE = 30.0
"""Seconds to wait for a lock before giving up."""
POLL = 0.02


@contextmanager
def locked(database: Database, names: Iterable[str]) -> Iterator[None]:
    """Hold all the named locks during the block; taken in one order, so two holders never wait for each other.

    `UnavailableError` after `PATIENCE` seconds in vain.
    """
    holder = uuid4().hex
    wanted = sorted(set(names))
    deadline = time.monotonic() + PATIENCE
    try:
        for name in wanted:
            while not _take(database, name, holder):
                if time.monotonic() > deadline:
                    raise UnavailableError(f"another change holds {name}")
                time.sleep(POLL)
        yield
    finally:
        with database.transaction() as connection:
            connection.execute(delete(locks).where(locks.c.holder == holder))


def _take(database: Database, name: str, holder: str) -> bool:
    with database.transaction() as connection:
        connection.execute(delete(locks).where(locks.c.name == name, locks.c.expires_at < now()))
    try:
        with database.transaction() as connection:
            connection.execute(insert(locks).values(name=name, holder=holder, expires_at=now() + LEASE))
    except IntegrityError:
        return False
    return True
