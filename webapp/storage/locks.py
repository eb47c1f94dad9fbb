"""Locks that all processes and hosts of the portal share, kept in the database.

A lock is a row that expires: a holder that dies blocks the others for `LEASE` seconds at most. A living holder
renews it until its block ends. A holder that could not renew it in time (its process was suspended, the database
did not answer) may lose it to another one; `Lock.require`, called before each write to Keycloak, then raises.

The transaction that takes a lock ends at once, so no database transaction waits for Keycloak. The holder's name
begins with its process, so that the locks of a process that died can be removed.
"""

import logging
import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from threading import Event
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from directory.errors import UnavailableError
from webapp.parallel import in_the_background
from webapp.storage.database import Database, locks, now

LEASE = 120.0
"""Seconds until a lock that is not renewed expires: longer than the slowest single call to Keycloak."""
RENEWALS = 3
"""Renewals in one `LEASE`."""
LOCK_TIMEOUT = 30.0
"""Seconds to wait for a lock before giving up."""
POLL = 0.02
FOREIGN_SILENCE = 600.0
"""Seconds without a sign of life after which a process of another host counts as gone."""
NAME_LENGTH = 255
NAMES_AT_ONCE = 500
_ENDED = ("Z", "X")
"""The states of a process that has ended and is still in the table of processes (proc(5))."""
_ONCE = "taken once"
"""The holder of what no one gives back."""


log = logging.getLogger(__name__)


class TakenError(Exception):
    """The name was taken before, and no one gives it back."""


class HeldError(UnavailableError):
    """Another change holds a lock, and has held it for as long as there was patience."""


class LockLostError(UnavailableError):
    """A lock expired before it was renewed, and may be held by another change now."""


class Lock:
    """The named locks of one `locked` block, which are taken and released together."""

    def __init__(self, database: Database, names: Iterable[str]) -> None:
        self._database = database
        self._names = sorted({_fitting(name) for name in names})
        self._holder = f"{_mark(worker())}:{uuid4().hex}"
        self._ended = Event()

    def require(self) -> None:
        """Renew the locks for `LEASE` seconds; `LockLostError` when one of them is not ours any more.

        To be called before each write that the locks protect.
        """
        with self._database.transaction() as connection:
            mine = update(locks).where(locks.c.holder == self._holder)
            renewed = connection.execute(mine.values(expires_at=now() + LEASE)).rowcount
        if renewed != len(self._names):
            raise LockLostError(f"the lock of this change expired: {', '.join(self._names)}")

    def take(self, patience: float) -> None:
        """Take the locks in one order, so that two holders never wait for each other.

        `HeldError` when one of them is still held by another change after so many seconds.
        """
        deadline = time.monotonic() + patience
        for name in self._names:
            while not _take(self._database, name, self._holder):
                if time.monotonic() > deadline:
                    raise HeldError(f"another change holds {name}")
                time.sleep(POLL)

    def keep(self) -> None:
        """Renew the locks until they are released or lost; runs in a thread of its own."""
        while not self._ended.wait(LEASE / RENEWALS):
            try:
                self.require()
            except LockLostError:
                return  # the next write of the holder is refused
            except SQLAlchemyError:
                log.warning("a lock could not be renewed", exc_info=True)

    def release(self) -> None:
        """End the locks that are still ours."""
        self._ended.set()
        with self._database.transaction() as connection:
            connection.execute(delete(locks).where(locks.c.holder == self._holder))


@contextmanager
def locked(database: Database, names: Iterable[str], patience: float | None = None) -> Iterator[Lock]:
    """Hold all the named locks during the block, however long it lasts.

    `HeldError` when one of them is still held by another change after `patience` seconds (`LOCK_TIMEOUT`).
    """
    lock = Lock(database, names)
    try:
        lock.take(LOCK_TIMEOUT if patience is None else patience)
        in_the_background(lock.keep, "lock")
        yield lock
    finally:
        lock.release()


@contextmanager
def locked_if_free(database: Database, names: Iterable[str]) -> Iterator[bool]:
    """Hold all the named locks during the block, or none of them and false when another process holds one."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(database, names, patience=0))
            is_free = True
        except HeldError:
            is_free = False
        yield is_free


def take_once(connection: Connection, name: str, until: float) -> None:
    """Take the name for good, until that time; `TakenError` when it was taken before, by whichever process.

    It is taken together with whatever else the transaction does, or not at all.
    """
    connection.execute(delete(locks).where(locks.c.holder == _ONCE, locks.c.expires_at < now()))
    try:
        connection.execute(insert(locks).values(name=_fitting(name), holder=_ONCE, expires_at=until))
    except IntegrityError as error:
        raise TakenError("taken before") from error


def taken(connection: Connection, names: Iterable[str]) -> set[str]:
    """Return those of the names that were taken once and are not free again."""
    wanted, found = {_fitting(name): name for name in names}, set()
    keys = sorted(wanted)
    for first in range(0, len(keys), NAMES_AT_ONCE):
        part = keys[first : first + NAMES_AT_ONCE]
        query = select(locks.c.name).where(locks.c.name.in_(part), locks.c.holder == _ONCE)
        found |= {wanted[key] for key in connection.execute(query).scalars()}
    return found


def is_taken(database: Database, name: str) -> bool:
    """Return whether that name was taken once and is not free again."""
    with database.engine.connect() as connection:
        return bool(taken(connection, [name]))


def release_all_of(database: Database, name: str) -> None:
    """End every lock of a process (named as `worker` names it) that is known to be gone."""
    with database.transaction() as connection:
        connection.execute(delete(locks).where(locks.c.holder.startswith(f"{_mark(name)}:")))


def worker() -> str:
    """This process, distinguished from an earlier one with the same number."""
    return f"{socket.gethostname()}:{os.getpid()}:{started(os.getpid())}"


def started(pid: int) -> str:
    """When the process began, in clock ticks (Linux), or only whether it lives; empty when it does not.

    A process that has ended stays in the table until its parent asks for it, which may take long.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            state, *numbers = stat.read().rsplit(")", 1)[1].split()
            return "" if state in _ENDED else numbers[18]
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


def no_worker() -> str:
    """Return the holder of what has been released: a process that does not exist."""
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
