"""Locks that all processes and hosts of the portal share, kept in the database.

A lock is a row with an end: a holder that dies blocks nobody for longer than `LEASE`. The transaction that takes
it is over at once, so no database transaction ever waits for Keycloak. The holder's name begins with its process,
so that whoever finishes what a dead process left behind can end its locks too.
"""

import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import Connection, delete, insert
from sqlalchemy.exc import IntegrityError

from directory.errors import UnavailableError
from webapp.storage.database import Database, locks, now

LEASE = 120.0
"""Seconds a lock lives at most: longer than the slowest operation's calls and time-outs together."""
PATIENCE = 30.0
"""Seconds to wait for a lock before giving up."""
POLL = 0.02
FOREIGN_SILENCE = 600.0
"""Seconds without a sign of life after which a process of another host counts as gone."""
NAME_LENGTH = 255
_ONCE = "taken once"
"""The holder of what nobody gives back."""


class TakenError(Exception):
    """The name was taken before, and nobody gives it back."""


@contextmanager
def locked(database: Database, names: Iterable[str]) -> Iterator[None]:
    """Hold all the named locks during the block; taken in one order, so two holders never wait for each other.

    `UnavailableError` after `PATIENCE` seconds in vain.
    """
    holder = f"{_mark(worker())}:{uuid4().hex}"
    wanted = sorted({_fitting(name) for name in names})
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


def take_once(connection: Connection, name: str, until: float) -> None:
    """Take the name for good, until that time; `TakenError` when it was taken before, by whichever process.

    It is taken together with whatever else the transaction does, or not at all.
    """
    connection.execute(delete(locks).where(locks.c.holder == _ONCE, locks.c.expires_at < now()))
    try:
        connection.execute(insert(locks).values(name=_fitting(name), holder=_ONCE, expires_at=until))
    except IntegrityError as error:
        raise TakenError("taken before") from error


def release_all_of(database: Database, name: str) -> None:
    """End every lock of a process (named as `worker` names it) that is known to be gone."""
    with database.transaction() as connection:
        connection.execute(delete(locks).where(locks.c.holder.startswith(f"{_mark(name)}:")))


def worker() -> str:
    """This process, told apart from an earlier one with the same number."""
    return f"{socket.gethostname()}:{os.getpid()}:{started(os.getpid())}"


def started(pid: int) -> str:
    """When the process began, in clock ticks (Linux), or only whether it lives; empty when it does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[19]
    except FileNotFoundError:
        if os.path.isdir("/proc/self"):
            return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    return "alive"


def is_gone(name: str, seen_at: float) -> bool:
    """Whether a process (named as `worker` names it), last heard of at `seen_at`, is no more.

    Of a process of another host only its silence can tell.
    """
    host, pid, began = name.rsplit(":", 2)
    if host != socket.gethostname():
        return now() - seen_at > FOREIGN_SILENCE
    return started(int(pid)) != began


def nobody() -> str:
    """A process that never was: whoever holds something in its name has given it back."""
    return f"{socket.gethostname()}:0:released"


def _mark(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:16]


def _fitting(name: str) -> str:
    """The name, or its digest where the column is too short for it (an address alone may have 254 characters)."""
    return name if len(name) <= NAME_LENGTH else sha256(name.encode()).hexdigest()


def _take(database: Database, name: str, holder: str) -> bool:
    with database.transaction() as connection:
        connection.execute(delete(locks).where(locks.c.name == name, locks.c.expires_at < now()))
    try:
        with database.transaction() as connection:
            connection.execute(insert(locks).values(name=name, holder=holder, expires_at=now() + LEASE))
    except IntegrityError:
        return False
    return True
