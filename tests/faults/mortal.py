"""A directory in whose calls the process dies: the kill is emulated, at every moment that can be counted."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, select, update

from tests.fakes import FakeDirectory
from webapp.imports import store
from webapp.jobs import batches
from webapp.records import operations
from webapp.records.operations import State
from webapp.storage import locks
from webapp.storage.database import Database
from webapp.storage.database import journal as lines
from webapp.storage.database import locks as leases
from webapp.storage.database import operations as written

DEAD = f"{socket.gethostname()}:{os.getpid()}:0"
"""A process of this host with our number that began at another time: it is gone."""


class Killed(BaseException):
    """What SIGKILL is to the process: nothing more is done, not even what the ends of blocks do."""


class Mortal(FakeDirectory):
    """Counts each moment before a call, after it, and after each membership of a change; dies at one of them."""

    dies_at: int | None = None
    moments = 0
    dead = False

    def _moment(self) -> None:
        self.moments += 1
        if self.moments == self.dies_at:
            self.dead = True
        if self.dead:
            raise Killed

    def _begin(self, verb: str, *arguments: object):  # type: ignore[no-untyped-def]
        self._moment()
        return super()._begin(verb, *arguments)

    @contextmanager
    def _call(self, verb: str, *arguments: object) -> Iterator[None]:
        with super()._call(verb, *arguments):
            yield
        self._moment()

    def _take(self, *arguments) -> None:  # type: ignore[no-untyped-def]
        super()._take(*arguments)
        self._moment()


def killed_at(moment: int, directory: Mortal, act: Callable[[], object]) -> bool:
    """Whether the process died in the act, leaving the database as it was at that moment."""
    directory.dies_at = directory.moments + moment
    transaction = Database.transaction

    @contextmanager
    def while_alive(database: Database) -> Iterator[Connection]:
        if directory.dead:
            raise Killed
        with transaction(database) as connection:
            yield connection

    with pytest.MonkeyPatch.context() as patch:
        for module in (locks, operations, store, batches):
            patch.setattr(module, "worker", lambda: DEAD)
        patch.setattr(Database, "transaction", while_alive)
        try:
            act()
        except Killed:
            pass
    died, directory.dies_at, directory.dead = directory.dead, None, False
    return died


def leases_end(database: Database) -> None:
    """So much time passes that a lock which no one renews is ended."""
    with database.transaction() as connection:
        connection.execute(update(leases).values(expires_at=0.0))


def running(database: Database) -> list[str]:
    """The operations that have not ended."""
    with database.engine.connect() as connection:
        query = select(written.c.id).where(written.c.state == State.RUNNING.value)
        return list(connection.execute(query).scalars())


def journal_of(database: Database) -> list[str]:
    """How each line of the journal ended."""
    with database.engine.connect() as connection:
        return list(connection.execute(select(lines.c.outcome)).scalars())
