"""Imports as the database keeps them: their lines, what became of each, and who is at work on them.

An import outlives the request that began it, and the process: what is done is written down line by line, and what
is not can be taken up again by anybody (`webapp.imports.worker` does). Nothing here calls Keycloak.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, case, delete, func, insert, or_, select, update

from directory.model import Attachment
from webapp.errors import HiddenError, ImportRunningError
from webapp.identity.actor import Author
from webapp.imports.csv_format import Line
from webapp.imports.plan import Outcome, Problem, Row
from webapp.jobs.state import KEPT, State, state_of
from webapp.records.codec import decode, decode_optional, encode
from webapp.storage.database import Database, import_lines, imports, now
from webapp.storage.locks import is_gone, locked, no_worker, worker

UNFINISHED = frozenset({Outcome.FAILED, Outcome.NOT_TRIED})
"""What is done again when an import is taken up again."""
TROUBLED = UNFINISHED | {Outcome.REFUSED}


@dataclass(frozen=True, slots=True)
class Job:
    """One import: `counts` are its lines by outcome, `rate` the lines a second of its present or last run."""

    id: str
    author: Author
    mails: bool
    state: State
    created_at: datetime
    total: int
    counts: Mapping[Outcome, int]
    unsent: int
    rate: float

    @property
    def done(self) -> int:
        """How many lines have an outcome, good or bad."""
        return sum(self.counts.values())

    @property
    def left(self) -> int:
        """How many lines are still to be done: a second run does them."""
        return self.total - self.done + sum(self.counts.get(outcome, 0) for outcome in UNFINISHED)


def begin(database: Database, author: Author, lines: Sequence[Line], *, mails: bool = True) -> str:
    """Write an import down as ours to do; its id. `ImportRunningError` while another one of theirs is running."""
    purge(database)
    import_id = token_hex(16)
    at = now()
    kept = [
        {"import_id": import_id, "number": line.number, "cells": dict(line.cells), "surplus": line.surplus}
        for line in lines
    ]
    with locked(database, [_lock_name(author.id)]):
        _refuse_second(database, author.id)
        with database.transaction() as connection:
            connection.execute(
                insert(imports).values(
                    id=import_id,
                    author=encode(author),
                    actor_id=author.id,
                    mails=mails,
                    state=State.RUNNING.value,
                    worker=worker(),
                    created_at=at,
                    began_at=at,
                    done_before=0,
                    beat_at=at,
                )
            )
            connection.execute(insert(import_lines), kept)
    return import_id


def job(database: Database, actor_id: str, import_id: str) -> Job:
    """One of somebody's own imports; `HiddenError` when it is not theirs, or deleted by now."""
    for found in _jobs(database, imports.c.id == import_id, imports.c.actor_id == actor_id):
        return found
    raise HiddenError(import_id)


def latest(database: Database, actor_id: str) -> list[Job]:
    """Somebody's imports that are still kept, the newest first."""
    return _jobs(database, imports.c.actor_id == actor_id)


def take_up(database: Database, actor_id: str, import_id: str) -> bool:
    """Make what is left of an interrupted or ended import ours to do; whether there is anything to do.

    `HiddenError`, and `ImportRunningError` while this or another import of theirs is running.
    """
    with locked(database, [_lock_name(actor_id)]):
        found = job(database, actor_id, import_id)
        _refuse_second(database, actor_id)
        if not found.left:
            return False
        with database.transaction() as connection:
            _claim(connection, import_id)
    return True


def claim_interrupted(database: Database) -> list[str]:
    """Make every interrupted import ours to do; their ids. Each goes to exactly one caller."""
    query = select(imports).where(imports.c.state == State.RUNNING.value)
    with database.engine.connect() as connection:
        rows = [row for row in connection.execute(query) if is_gone(row.worker, row.beat_at)]
    claimed = []
    for row in rows:
        with database.transaction() as connection:
            if _claim(connection, row.id, row.worker):
                claimed.append(row.id)
    return claimed


def work_of(database: Database, import_id: str) -> tuple[Author, bool, tuple[Line, ...]]:
    """What is to be done: in whose name, whether with mails, and the lines that have no outcome yet."""
    query = (
        select(import_lines)
        .where(import_lines.c.import_id == import_id, import_lines.c.outcome.is_(None))
        .order_by(import_lines.c.number)
    )
    with database.engine.connect() as connection:
        row = connection.execute(select(imports).where(imports.c.id == import_id)).one()
        return decode(row.author, Author), row.mails, tuple(_line(kept) for kept in connection.execute(query))


def record(database: Database, import_id: str, rows: Iterable[Row]) -> None:
    """Write down what became of lines, all of these or none; and that the import continues."""
    with database.transaction() as connection:
        for row in rows:
            connection.execute(
                update(import_lines)
                .where(import_lines.c.import_id == import_id, import_lines.c.number == row.line.number)
                .values(
                    outcome=row.outcome.value,
                    problems=encode(row.problems),
                    before=encode(row.before),
                    after=encode(row.attachment),
                    mail_sent=row.mail_sent,
                )
            )
        connection.execute(update(imports).where(imports.c.id == import_id).values(beat_at=now()))


def beat(database: Database, import_id: str) -> None:
    """It waits, and is not forgotten."""
    with database.transaction() as connection:
        connection.execute(update(imports).where(imports.c.id == import_id).values(beat_at=now()))


def finish(database: Database, import_id: str) -> None:
    """The run is over; what could not be done may be taken up again."""
    _update(database, import_id, state=State.DONE.value, finished_at=now(), beat_at=now())


def give_back(database: Database, import_id: str) -> None:
    """This process stops before the end: from now on the import counts as interrupted."""
    _update(database, import_id, worker=no_worker())


def rows_of(
    database: Database, import_id: str, outcomes: Iterable[Outcome], first: int = 0, size: int | None = None
) -> tuple[Row, ...]:
    """At most `size` of the lines with these outcomes, from `first` on; what needs attention comes first."""
    troubled = import_lines.c.outcome.in_([outcome.value for outcome in TROUBLED])
    query = (
        select(import_lines)
        .where(
            import_lines.c.import_id == import_id,
            import_lines.c.outcome.in_([outcome.value for outcome in outcomes]),
        )
        .order_by(case((troubled, 0), else_=1), import_lines.c.number)
        .offset(first)
        .limit(size)
    )
    with database.engine.connect() as connection:
        return tuple(_row(kept) for kept in connection.execute(query))


def purge(database: Database) -> int:
    """Delete the imports that are old enough, with their lines; how many there were."""
    old = select(imports.c.id).where(imports.c.created_at < now() - KEPT, imports.c.beat_at < now() - KEPT)
    with database.transaction() as connection:
        ids = list(connection.execute(old).scalars())
        connection.execute(delete(import_lines).where(import_lines.c.import_id.in_(ids)))
        connection.execute(delete(imports).where(imports.c.id.in_(ids)))
    return len(ids)


def _lock_name(actor_id: str) -> str:
    return f"import:{actor_id}"


def _refuse_second(database: Database, actor_id: str) -> None:
    for found in latest(database, actor_id):
        if found.state is State.RUNNING:
            raise ImportRunningError(found.id)


def _claim(connection: Connection, import_id: str, old_worker: str | None = None) -> bool:
    """Put our name on it and begin a new run; with `old_worker` only if it is still theirs."""
    mine = imports.c.id == import_id
    if old_worker is not None:
        mine = mine & (imports.c.worker == old_worker) & (imports.c.state == State.RUNNING.value)
    values = {"state": State.RUNNING.value, "worker": worker(), "began_at": now(), "beat_at": now()}
    if connection.execute(update(imports).where(mine).values(**values, finished_at=None)).rowcount != 1:
        return False
    again = or_(*(import_lines.c.outcome == outcome.value for outcome in UNFINISHED))
    connection.execute(
        update(import_lines)
        .where(import_lines.c.import_id == import_id, again)
        .values(outcome=None, problems=None)
    )
    done = select(func.count()).where(import_lines.c.import_id == import_id, import_lines.c.outcome.is_not(None))
    connection.execute(update(imports).where(imports.c.id == import_id).values(done_before=done.scalar_subquery()))
    return True


def _update(database: Database, import_id: str, **values: Any) -> None:
    with database.transaction() as connection:
        connection.execute(update(imports).where(imports.c.id == import_id).values(**values))


def _jobs(database: Database, *conditions: Any) -> list[Job]:
    query = select(imports).where(*conditions).order_by(imports.c.created_at.desc())
    with database.engine.connect() as connection:
        rows = connection.execute(query).all()
        counts = _counts(connection, [row.id for row in rows])
    return [_job(row, counts.get(row.id, [])) for row in rows]


def _counts(connection: Connection, ids: Sequence[str]) -> dict[str, list[Any]]:
    """How many lines of each import have which outcome, and sent no mail."""
    columns = (import_lines.c.import_id, import_lines.c.outcome, import_lines.c.mail_sent)
    query = (
        select(*columns, func.count().label("times")).where(import_lines.c.import_id.in_(ids)).group_by(*columns)
    )
    found: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        found.setdefault(row.import_id, []).append(row)
    return found


def _job(row: Any, groups: Sequence[Any]) -> Job:
    counts: dict[Outcome, int] = {}
    for group in groups:
        if group.outcome:
            counts[Outcome(group.outcome)] = counts.get(Outcome(group.outcome), 0) + group.times
    seconds = max((row.finished_at or row.beat_at) - row.began_at, 0.001)
    return Job(
        id=row.id,
        author=decode(row.author, Author),
        mails=row.mails,
        state=state_of(row.state == State.DONE.value, row.worker, row.beat_at),
        created_at=datetime.fromtimestamp(row.created_at, UTC),
        total=sum(group.times for group in groups),
        counts=counts,
        unsent=sum(g.times for g in groups if g.outcome == Outcome.CREATE.value and g.mail_sent is False),
        rate=max(0, sum(counts.values()) - row.done_before) / seconds,
    )


def _line(kept: Any) -> Line:
    return Line(kept.number, kept.cells, kept.surplus)


def _row(kept: Any) -> Row:
    return Row(
        line=_line(kept),
        outcome=Outcome(kept.outcome),
        problems=tuple(decode(problem, Problem) for problem in kept.problems or ()),
        before=decode_optional(kept.before, Attachment),
        attachment=decode_optional(kept.after, Attachment),
        mail_sent=bool(kept.mail_sent),
    )
