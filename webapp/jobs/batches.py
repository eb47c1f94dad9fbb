"""Batches as the database keeps them: of each administrator the last one, and what became of each of its people.

A batch outlives the request that began it, and its page. No one takes up one whose process is gone: what is
done is done, and its administrator begins another one for the rest. Nothing here calls Keycloak.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from webapp.jobs.state import KEPT, State, state_of
from webapp.storage.database import Database, now, resendings
from webapp.storage.locks import locked, no_worker, worker

POLL = 0.05


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is kept: its people in order, each with what became of them (none: not yet).

    `asked` is what was asked for them all; none of « Renvoyer tous ».
    """

    state: State
    mark: float
    seconds: float
    """From its beginning to its last sign of life."""
    results: tuple[tuple[str, str | None], ...]
    asked: Any = None

    @property
    def began_at(self) -> datetime:
        """When it was begun."""
        return datetime.fromtimestamp(self.mark, UTC)

    @property
    def done(self) -> int:
        """How many have an outcome, good or bad."""
        return sum(outcome is not None for _, outcome in self.results)

    def seconds_left(self, total: int) -> float:
        """How long it takes until `total` of them are done, at the pace so far; 0 before the first."""
        return (total - self.done) * self.seconds / self.done if self.done else 0.0

    def count(self, *outcomes: str | None) -> int:
        """How many ended like this."""
        return sum(outcome in outcomes for _, outcome in self.results)


@contextmanager
def alone(database: Database, actor_id: str) -> Iterator[None]:
    """The block in which no other request of this administrator begins a batch."""
    with locked(database, [f"resending:{actor_id}"]):
        yield


def begin(database: Database, actor_id: str, user_ids: Sequence[str], asked: Any = None) -> float:
    """Write a batch down as ours to do, in place of the one before; its mark, the moment."""
    purge(database)
    mark = now()
    values = {"actor_id": actor_id, "worker": worker(), "began_at": mark, "beat_at": mark, "asked": asked}
    with database.transaction() as connection:
        connection.execute(delete(resendings).where(resendings.c.actor_id == actor_id))
        connection.execute(insert(resendings).values(**values, results=[[user_id, None] for user_id in user_ids]))
    return mark


def latest(database: Database, actor_id: str) -> Batch | None:
    """Somebody's last batch that is still kept."""
    with database.engine.connect() as connection:
        row = connection.execute(select(resendings).where(resendings.c.actor_id == actor_id)).one_or_none()
    return _batch(row) if row else None


def interrupted(database: Database) -> list[Batch]:
    """The batches that no process is at, and that were not brought to their end."""
    with database.engine.connect() as connection:
        found = [_batch(row) for row in connection.execute(select(resendings))]
    return [batch for batch in found if batch.state is State.INTERRUPTED]


def is_running(database: Database, actor_id: str) -> bool:
    """Whether a batch of theirs is running."""
    batch = latest(database, actor_id)
    return batch is not None and batch.state is State.RUNNING


def wait(database: Database, actor_id: str, seconds: float | None = None) -> None:
    """Return when no batch of theirs is running any more, in whichever process, or after so many seconds."""
    end = None if seconds is None else time.monotonic() + seconds
    while is_running(database, actor_id) and (end is None or time.monotonic() < end):
        time.sleep(POLL)


def record(database: Database, actor_id: str, mark: float, outcomes: Mapping[str, str]) -> bool:
    """Write down what became of these people, and that it continues; false when it is kept no more."""
    with database.transaction() as connection:
        if not _beat(connection, actor_id, mark):
            return False
        results = connection.execute(select(resendings.c.results).where(_this(actor_id, mark))).scalar_one()
        changed = [[user_id, outcomes.get(user_id, outcome)] for user_id, outcome in results]
        connection.execute(update(resendings).where(_this(actor_id, mark)).values(results=changed))
    return True


def beat(database: Database, actor_id: str, mark: float) -> None:
    """It waits, and is not forgotten."""
    with database.transaction() as connection:
        _beat(connection, actor_id, mark)


def give_back(database: Database, actor_id: str, mark: float) -> None:
    """This process stops before the end: from now on the batch counts as interrupted."""
    with database.transaction() as connection:
        connection.execute(update(resendings).where(_this(actor_id, mark)).values(worker=no_worker()))


def purge(database: Database) -> int:
    """Delete the batches that are old enough; how many there were."""
    with database.transaction() as connection:
        return connection.execute(delete(resendings).where(resendings.c.beat_at < now() - KEPT)).rowcount


def _this(actor_id: str, mark: float) -> ColumnElement[bool]:
    return (resendings.c.actor_id == actor_id) & (resendings.c.began_at == mark)


def _beat(connection: Connection, actor_id: str, mark: float) -> bool:
    """As the first of a transaction it also makes every other writer wait, on each kind of database."""
    said = connection.execute(update(resendings).where(_this(actor_id, mark)).values(beat_at=now()))
    return said.rowcount == 1


def _batch(row: Any) -> Batch:
    results = tuple((user_id, outcome) for user_id, outcome in row.results)
    is_done = all(outcome is not None for _, outcome in results)
    state = state_of(is_done, row.worker, row.beat_at)
    return Batch(state, row.began_at, row.beat_at - row.began_at, results, row.asked)
