"""Changes of several calls, written down before the first call and marked after the last.

A process that dies in between leaves its operation `running`; `interrupted` finds it and `webapp.services.resume`
finishes it.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, update

from webapp.database import Database, now, operations
from webapp.locks import release_all_of, started, worker

FOREIGN_AGE = 600.0
"""Seconds after which a running operation of another host counts as interrupted."""


class Kind(StrEnum):
    """What an operation does."""

    CREATE = "create"
    CHANGE = "change"


class State(StrEnum):
    """How far an operation is; `FAILED` ones told the person and are never taken up again."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as it was written down."""

    id: str
    kind: Kind
    actor_id: str
    payload: dict[str, Any]


@contextmanager
def under_way(database: Database, kind: Kind, actor_id: str, payload: dict[str, Any]) -> Iterator[Operation]:
    """Write the operation down during the block; an error in it is shown to the person, so it ends it too."""
    operation = Operation(uuid4().hex, kind, actor_id, payload)
    with database.transaction() as connection:
        connection.execute(
            insert(operations).values(
                id=operation.id,
                kind=kind.value,
                actor_id=actor_id,
                payload=payload,
                state=State.RUNNING.value,
                worker=worker(),
                started_at=now(),
            )
        )
    state = State.FAILED
    try:
        yield operation
        state = State.DONE
    finally:
        finish(database, operation.id, state)


def finish(database: Database, operation_id: str, state: State) -> None:
    """Mark the operation; what it was about is forgotten, it may hold a name."""
    with database.transaction() as connection:
        connection.execute(
            update(operations)
            .where(operations.c.id == operation_id)
            .values(state=state.value, finished_at=now(), payload={})
        )


def claim_interrupted(database: Database) -> list[Operation]:
    """The operations whose process is gone, each given to exactly one caller; the locks it held are ended."""
    query = select(operations).where(operations.c.state == State.RUNNING.value)
    with database.engine.connect() as connection:
        rows = connection.execute(query).all()
    claimed = [
        row for row in rows if _is_gone(row.worker, row.started_at) and _claim(database, row.id, row.worker)
    ]
    for gone in {row.worker for row in claimed}:
        release_all_of(database, gone)
    return [Operation(row.id, Kind(row.kind), row.actor_id, dict(row.payload)) for row in claimed]


def release(database: Database, operation_id: str) -> None:
    """Give a claimed operation back: it could not be finished now, and the next caller may try."""
    with database.transaction() as connection:
        connection.execute(
            update(operations)
            .where(operations.c.id == operation_id)
            .values(worker=f"{socket.gethostname()}:0:released")  # a process that never was
        )


def _is_gone(name: str, started_at: float) -> bool:
    host, pid, began = name.rsplit(":", 2)
    if host != socket.gethostname():
        return now() - started_at > FOREIGN_AGE
    return started(int(pid)) != began


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
