"""Changes of several calls, written down before the first call and marked after the last.

What was done is written into the journal, and who is to be told of it into the notices, in the very transaction
that marks the operation: no change lacks its line. A process that dies in between leaves its operation `running`;
`claim_interrupted` finds it and `webapp.people.recovery` finishes it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, update

from directory.errors import DirectoryError
from webapp.errors import PortalError
from webapp.identity.actor import Author
from webapp.records import journal, outbox
from webapp.records.journal import Action, Entry, Outcome, Person
from webapp.storage.database import Database, now, operations
from webapp.storage.locks import is_gone, nobody, release_all_of, worker

AUTHOR = "author"
ENTRY = "entry"


class Kind(StrEnum):
    """What an operation does."""

    CREATE = "create"
    CHANGE = "change"
    ACT = "act"
    """One call that cannot be repeated blindly: a mail, an address, a deletion."""


class State(StrEnum):
    """How far an operation is.

    `FAILED` ones told the person and are never taken up again. `PARTIAL` ones stopped on the way: their author is
    shown them until he finishes or dismisses them.
    """

    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as it was written down."""

    id: str
    kind: Kind
    author: Author
    payload: dict[str, Any]
    started_at: float = 0.0

    @property
    def batch(self) -> str:
        """With which others people are told of it; empty when alone."""
        return str(self.payload.get("batch", ""))


@dataclass(slots=True)
class Work:
    """An operation while it is done: what it has to tell afterwards.

    `state` is what it ends as; an error on the way makes it `FAILED` unless it is `PARTIAL`.
    """

    operation: Operation
    entries: list[Entry] = field(default_factory=list)
    notice: dict[str, Any] | None = None
    state: State = State.DONE
    left: dict[str, Any] = field(default_factory=dict)

    def stop_on_the_way(self, left: dict[str, Any]) -> None:
        """A part is done; `left` is the payload of the rest, kept until it is finished or dismissed."""
        self.state, self.left = State.PARTIAL, left

    def note(self, *entries: Entry) -> None:
        """Lines for the journal, written when the operation ends, however it ends."""
        self.entries += entries


@contextmanager
def under_way(database: Database, kind: Kind, author: Author, payload: dict[str, Any]) -> Iterator[Work]:
    """Write the operation down during the block; an error in it is shown to the person, so it ends it too."""
    operation = Operation(uuid4().hex, kind, author, payload, now())
    with database.transaction() as connection:
        connection.execute(
            insert(operations).values(
                id=operation.id,
                kind=kind.value,
                actor_id=author.id,
                payload={**payload, AUTHOR: asdict(author)},
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
            _end(database, work)


@contextmanager
def act(database: Database, author: Author, entry: Entry) -> Iterator[Work]:
    """An operation of one call, whose line says how it ended: done, refused by the rules, or failed."""
    with under_way(database, Kind.ACT, author, {ENTRY: asdict(entry)}) as work:
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


def entry_kept(operation: Operation) -> Entry:
    """The line of an operation that `act` began."""
    kept = operation.payload[ENTRY]
    person = Person(**kept["person"])
    return Entry(Action(kept["action"]), tuple(kept["company_ids"]), person, kept["before"], kept["after"])


def _end(database: Database, work: Work) -> None:
    """Mark the operation and tell what it did. What it was about is forgotten unless something of it is left."""
    operation = work.operation
    payload = {**work.left, AUTHOR: asdict(operation.author)} if work.state is State.PARTIAL else {}
    values = {"state": work.state.value, "finished_at": now(), "payload": payload}
    with database.transaction() as connection:
        connection.execute(update(operations).where(operations.c.id == operation.id).values(**values))
        journal.add(connection, operation.author, work.entries, operation.id)
        if work.notice:
            outbox.add(connection, work.notice, operation.id, operation.batch)


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
        connection.execute(update(operations).where(operations.c.id == operation_id).values(worker=nobody()))


def _operation(row: Any) -> Operation:
    payload = dict(row.payload)
    return Operation(row.id, Kind(row.kind), Author(**payload.pop(AUTHOR)), payload, row.started_at)


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
