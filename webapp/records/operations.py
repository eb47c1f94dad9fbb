"""Changes of several calls, written down before the first call and marked after the last.

What was done is written into the journal, and who is notified of it into the notices, in the transaction
that marks the operation: no change lacks its line. A process that dies in between leaves its operation `running`;
`claim_interrupted` finds it and `webapp.people.recovery` finishes it.
"""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from directory.errors import DirectoryError
from webapp.errors import PortalError
from webapp.identity.actor import Author
from webapp.records import journal, outbox
from webapp.records.codec import decode, encode
from webapp.records.journal import Entry, Outcome
from webapp.records.notice import OperationNotice
from webapp.records.payloads import KINDS, TYPES, Act, Kind, Payload
from webapp.storage.database import Database, now, operations
from webapp.storage.locks import is_gone, no_worker, release_all_of, worker

AUTHOR = "author"


class State(StrEnum):
    """How far an operation is.

    `FAILED` ones were reported to the person and are never retried. `PARTIAL` ones were interrupted: their
    author is shown them until they finish or dismiss them.
    """

    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as it was written down."""

    id: str
    author: Author
    payload: Payload
    started_at: float = 0.0

    @property
    def kind(self) -> Kind:
        """What it does, as the table names it."""
        return KINDS[type(self.payload)]


@dataclass(slots=True)
class Work:
    """An operation while it is done: what it has to tell afterwards.

    `state` is what it ends as; an error on the way makes it `FAILED` unless it is `PARTIAL`.
    """

    operation: Operation
    entries: list[Entry] = field(default_factory=list)
    notice: OperationNotice | None = None
    state: State = State.DONE
    left: Payload | None = None

    def stop_on_the_way(self, left: Payload) -> None:
        """Mark that a part is done; `left` is the rest, kept until it is finished or dismissed."""
        self.state, self.left = State.PARTIAL, left

    def note(self, *entries: Entry) -> None:
        """Lines for the journal, written when the operation ends, however it ends."""
        self.entries += entries


@contextmanager
def under_way(database: Database, author: Author, payload: Payload) -> Iterator[Work]:
    """Write the operation down during the block; an error in it is shown to the person, so it ends it too."""
    operation = Operation(uuid4().hex, author, payload, now())
    with database.transaction() as connection:
        connection.execute(
            insert(operations).values(
                id=operation.id,
                kind=operation.kind.value,
                actor_id=author.id,
                payload=_stored(payload, author),
                state=State.RUNNING.value,
                worker=worker(),
                started_at=operation.started_at,
            )
        )
    with finishing(database, operation) as work:
        yield work


@contextmanager
def finishing(database: Database, operation: Operation) -> Iterator[Work]:
    """The block in which an operation, begun now or found, is brought to its end."""
    work = Work(operation)
    try:
        yield work
    except BaseException:
        if work.state is State.DONE:
            work.state = State.FAILED
        raise
    finally:
        if work.state is not State.RUNNING:
            _end_or_keep(database, work)


@contextmanager
def act(database: Database, author: Author, entry: Entry) -> Iterator[Work]:
    """An operation of one call, whose line says how it ended: done, refused by the rules, or failed."""
    with under_way(database, author, Act(entry)) as work:
        try:
            yield work
        except PortalError as error:
            work.note(replace(entry, outcome=Outcome.REFUSED, reason=reason_of(error)))
            raise
        except DirectoryError as error:
            work.note(replace(entry, outcome=Outcome.FAILED, reason=reason_of(error)))
            raise
        work.note(entry)


def reason_of(error: Exception) -> str:
    """An error in one word, for the journal: `LastAdministratorError` is `last_administrator`."""
    words = re.findall("[A-Z][a-z]*", type(error).__name__.removesuffix("Error"))
    return "_".join(words).lower()


def _end_or_keep(database: Database, work: Work) -> None:
    try:
        _end(database, work)
    except SQLAlchemyError:
        _not_written.append((database, work))
        raise


def write_what_was_kept() -> None:
    """Write the ends of operations that the database did not take: full or read-only, it lost none of them.

    When the process ends before, the operation is still `RUNNING`, and is finished by the next one.
    """
    for _ in range(len(_not_written)):
        database, work = _not_written.popleft()
        _end_or_keep(database, work)


_not_written: deque[tuple[Database, Work]] = deque()


def _end(database: Database, work: Work) -> None:
    """Mark the operation and tell what it did. What it was about is forgotten unless something of it is left."""
    operation = work.operation
    payload = _stored(work.left, operation.author) if work.left else {}
    values = {"state": work.state.value, "finished_at": now(), "payload": payload}
    with database.transaction() as connection:
        connection.execute(update(operations).where(operations.c.id == operation.id).values(**values))
        journal.add(connection, operation.author, work.entries, operation.id)
        if work.notice:
            outbox.add(connection, work.notice, operation.id, operation.payload.batch)


def partial_of(database: Database, author_id: str) -> list[Operation]:
    """What somebody's changes left undone, the oldest first."""
    query = (
        select(operations)
        .where(operations.c.actor_id == author_id, operations.c.state == State.PARTIAL.value)
        .order_by(operations.c.started_at)
    )
    with database.engine.connect() as connection:
        return [_operation(row) for row in connection.execute(query)]


def take_partial(database: Database, author_id: str, operation_id: str, into: State) -> Operation | None:
    """Take up (`RUNNING`) or dismiss (`FAILED`) one of somebody's half-done changes; none when it is none."""
    mine = next((one for one in partial_of(database, author_id) if one.id == operation_id), None)
    if mine is None:
        return None
    values: dict[str, Any] = {"state": into.value, "worker": worker()}
    if into is State.FAILED:
        values["payload"] = {}
    with database.transaction() as connection:
        taken = connection.execute(
            update(operations)
            .where(operations.c.id == operation_id, operations.c.state == State.PARTIAL.value)
            .values(**values)
        )
    return mine if taken.rowcount == 1 else None


def claim_interrupted(database: Database) -> list[Operation]:
    """The operations whose process is gone, each given to exactly one caller; the locks it held are ended."""
    query = select(operations).where(operations.c.state == State.RUNNING.value)
    with database.engine.connect() as connection:
        rows = connection.execute(query).all()
    claimed = [row for row in rows if is_gone(row.worker, row.started_at) and _claim(database, row.id, row.worker)]
    for gone in {row.worker for row in claimed}:
        release_all_of(database, gone)
    return [_operation(row) for row in claimed]


def release(database: Database, operation_id: str) -> None:
    """Give a claimed operation back: it could not be finished now, and the next caller may try."""
    with database.transaction() as connection:
        connection.execute(update(operations).where(operations.c.id == operation_id).values(worker=no_worker()))


def _operation(row: Any) -> Operation:
    author = decode(row.payload[AUTHOR], Author)
    return Operation(row.id, author, decode(row.payload, TYPES[Kind(row.kind)]), row.started_at)


def _stored(payload: Payload, author: Author) -> dict[str, Any]:
    return {**encode(payload), AUTHOR: encode(author)}


def _claim(database: Database, operation_id: str, old_worker: str) -> bool:
    with database.transaction() as connection:
        claimed = connection.execute(
            update(operations)
            .where(
                operations.c.id == operation_id,
                operations.c.worker == old_worker,
                operations.c.state == State.RUNNING.value,
            )
            .values(worker=worker())
        )
    return claimed.rowcount == 1
