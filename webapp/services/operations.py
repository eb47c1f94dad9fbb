"""Changes of several calls, written down before the first call and marked after the last.

A process that dies in between leaves its operation `running`; `interrupted` finds it and `webapp.services.resume`
finishes it.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, update

from webapp.database import Database, now, operations

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
    """The operations whose process is gone, each given to exactly one caller."""
    query = select(operations).where(operations.c.state == State.RUNNING.value)
    with database.engine.connect() as connection:
        rows = connection.execute(query).all()
    return [
        Operation(row.id, Kind(row.kind), row.actor_id, dict(row.payload))
        for row in rows
        if _is_gone(row.worker, row.started_at) and _claim(database, row.id, row.worker)
    ]


def worker() -> str:
    """This process, told apart from an earlier one with the same number."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def _is_gone(name: str, started_at: float) -> bool:
    host, pid, started = name.rsplit(":", 2)
    if host != socket.gethostname():
        return now() - started_at > FOREIGN_AGE
    return _started(int(pid)) != started


def _started(pid: int) -> str:
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
