"""Reading the journal: pages and files of lines for the administrators of a company, and what else asks it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from webapp.identity.actor import Author
from webapp.records.codec import decode_optional
from webapp.records.journal import Action, Outcome, Person, Values
from webapp.storage.database import Database, journal, journal_companies
from webapp.text import fold

PAGE_SIZE = 50
SEARCHED_WORDS = 10
"""Words of a search that are looked for; the rest is ignored."""
READ_AT_ONCE = 500


_JOINED = (Action.CREATE, Action.ATTACH)
_LEFT = (Action.DETACH, Action.LEAVE, Action.END, Action.CANCEL)
_CHANGED = (Action.ATTACH, Action.CHANGE, Action.DETACH)


_CHANGES = (
    journal.c.outcome == Outcome.DONE.value,
    journal.c.action.in_([action.value for action in _CHANGED]),
)
"""Lines about an attachment that an administrator changed."""
_CREATIONS = (
    journal.c.outcome == Outcome.DONE.value,
    journal.c.action == Action.CREATE.value,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal; `at` is UTC, `company_ids` are those of its reader."""

    id: int
    at: datetime
    request_id: str
    author: Author
    action: Action
    person: Person
    company_ids: tuple[str, ...]
    before: Values | None
    after: Values | None
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What one operation did to one person at one company; `at` is seconds since 1970."""

    person_id: str
    company_id: str
    before: Values | None
    after: Values | None
    at: float


@dataclass(frozen=True, slots=True)
class Replaced:
    """One account that was replaced by a new one, at these companies; `at` is seconds since 1970."""

    request_id: str
    old_id: str
    new_id: str
    company_ids: frozenset[str]
    at: float


@dataclass(frozen=True, slots=True)
class Joined:
    """When and by whom a person was attached to a company; `created` is whether their account was made with it."""

    at: datetime
    author: Author
    created: bool


@dataclass(frozen=True, slots=True)
class Search:
    """What of the journal is asked for; `since` is included, `until` is not (UTC). `person` is an id."""

    q: str = ""
    company: str = ""
    person: str = ""
    action: Action | None = None
    look_ups: bool = True
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of lines, the newest first; `page` is within `pages`, whatever was asked."""

    lines: tuple[Line, ...] = field(default=())
    total: int = 0
    page: int = 1
    pages: int = 1


def read(
    database: Database, company_ids: Iterable[str], search: Search, page: int, size: int = PAGE_SIZE
) -> Found:
    """One page of the lines that concern these companies, the newest first."""
    mine = _concerned(company_ids, search)
    with database.engine.connect() as connection:
        total = connection.execute(
            select(func.count()).select_from(journal).where(*_conditions(mine, search))
        ).scalar_one()
        pages = max(1, -(-total // size))
        page = min(max(page, 1), pages)
        query = select(journal).where(*_conditions(mine, search)).order_by(journal.c.id.desc())
        rows = connection.execute(query.limit(size).offset((page - 1) * size)).all()
        companies = _companies(connection, [row.id for row in rows], set(company_ids))
    return Found(tuple(_line(row, companies.get(row.id, ())) for row in rows), total, page, pages)


def every(database: Database, company_ids: Iterable[str], search: Search) -> Iterator[Line]:
    """All lines, the newest first, read in parts: a line written meanwhile disturbs nothing."""
    wanted, mine, below = _conditions(_concerned(company_ids, search), search), set(company_ids), None
    while True:
        conditions = [*wanted, journal.c.id < below] if below is not None else wanted
        query = select(journal).where(*conditions).order_by(journal.c.id.desc()).limit(READ_AT_ONCE)
        with database.engine.connect() as connection:
            rows = connection.execute(query).all()
            companies = _companies(connection, [row.id for row in rows], mine)
        yield from (_line(row, companies.get(row.id, ())) for row in rows)
        if len(rows) < READ_AT_ONCE:
            return
        below = rows[-1].id


def change_made(database: Database, request_id: str) -> str | None:
    """The operation by which this request changed somebody's attachments; none when it changed nothing."""
    query = select(journal.c.operation_id).where(journal.c.request_id == request_id, *_CHANGES)
    with database.engine.connect() as connection:
        return connection.execute(query.limit(1)).scalar_one_or_none()


def creation_made(database: Database, request_id: str) -> str | None:
    """The operation by which this request created an account; none when it created none."""
    query = select(journal.c.operation_id).where(journal.c.request_id == request_id, *_CREATIONS)
    with database.engine.connect() as connection:
        return connection.execute(query.limit(1)).scalar_one_or_none()


def replacement_made(database: Database, author_id: str, operation_id: str) -> Replaced | None:
    """The replacement for which one of the author's operations created the new account."""
    mine = journal.c.actor_id == author_id
    with database.engine.connect() as connection:
        created = connection.execute(
            select(journal).where(journal.c.operation_id == operation_id, mine, *_CREATIONS).limit(1)
        ).first()
        if created is None:
            return None
        by_request = journal.c.request_id == created.request_id
        replaced = connection.execute(
            select(journal).where(by_request, mine, journal.c.action == Action.REPLACE.value)
        ).first()
        if replaced is None:
            return None
        at = select(journal_companies.c.company_id).where(journal_companies.c.line_id == replaced.id)
        ids = frozenset(connection.execute(at).scalars())
    return Replaced(created.request_id, replaced.person_id, created.person_id, ids, created.at)


def unfinished_replacements(database: Database, since: float) -> list[Replaced]:
    """The replacements since then, with the companies where nothing was done to the old account afterwards."""
    query = select(journal).where(journal.c.action == Action.REPLACE.value, journal.c.at >= since)
    with database.engine.connect() as connection:
        rows = connection.execute(query.order_by(journal.c.id)).all()
        found = [_unfinished(connection, row) for row in rows]
    return [one for one in found if one.new_id and one.company_ids]


def _unfinished(connection: Connection, row: Any) -> Replaced:
    done = journal.c.outcome == Outcome.DONE.value
    later = (
        select(journal_companies.c.company_id)
        .join(journal, journal.c.id == journal_companies.c.line_id)
        .where(journal.c.person_id == row.person_id, journal.c.id > row.id, done)
        .where(journal.c.action.in_([action.value for action in (*_JOINED, *_LEFT, Action.CHANGE)]))
    )
    here = journal_companies.c.line_id == row.id
    left = select(journal_companies.c.company_id).where(here, journal_companies.c.company_id.not_in(later))
    joined = journal.c.action.in_([action.value for action in _JOINED])
    new = select(journal.c.person_id).where(
        journal.c.request_id == row.request_id, joined, done, journal.c.person_id != row.person_id
    )
    new_id = connection.execute(new.limit(1)).scalar_one_or_none() or ""
    ids = frozenset(connection.execute(left).scalars())
    return Replaced(row.request_id, row.person_id, new_id, ids, row.at)


def changes_of(database: Database, author_id: str, operation_id: str) -> list[Changed]:
    """What one of the author's operations changed of attachments; nothing when it is not theirs."""
    return _changes_where(database, journal.c.operation_id == operation_id, journal.c.actor_id == author_id)


def changes_by_request(database: Database, author_id: str, request_id: str, person_id: str) -> list[Changed]:
    """What one of the author's requests changed of one person's attachments."""
    return _changes_where(
        database,
        journal.c.request_id == request_id,
        journal.c.actor_id == author_id,
        journal.c.person_id == person_id,
    )


def by_request(database: Database, company_ids: Iterable[str], author_id: str, request_id: str) -> list[Line]:
    """The lines that one of the author's requests wrote about these companies, in their order."""
    mine = set(company_ids)
    wanted = [*_conditions(sorted(mine), Search()), journal.c.actor_id == author_id]
    query = select(journal).where(*wanted, journal.c.request_id == request_id).order_by(journal.c.id)
    with database.engine.connect() as connection:
        rows = connection.execute(query).all()
        companies = _companies(connection, [row.id for row in rows], mine)
    return [_line(row, companies.get(row.id, ())) for row in rows]


def _changes_where(database: Database, *conditions: ColumnElement[bool]) -> list[Changed]:
    query = (
        select(journal, journal_companies.c.company_id)
        .join(journal_companies, journal_companies.c.line_id == journal.c.id)
        .where(*conditions, *_CHANGES)
        .order_by(journal.c.id)
    )
    with database.engine.connect() as connection:
        rows = connection.execute(query).all()
    return [Changed(row.person_id, row.company_id, *_ends(row), row.at) for row in rows]


def last_author(database: Database, company_id: str, person_id: str) -> Author | None:
    """Who changed a person's attachment at the company last, as far as the portal knows."""
    query = (
        select(journal)
        .join(journal_companies, journal_companies.c.line_id == journal.c.id)
        .where(
            journal_companies.c.company_id == company_id,
            journal.c.person_id == person_id,
            journal.c.outcome == Outcome.DONE.value,
            journal.c.action.in_(
                [a.value for a in (*_JOINED, Action.CHANGE, Action.DETACH, Action.LEAVE, Action.END)]
            ),
        )
        .order_by(journal.c.id.desc())
        .limit(1)
    )
    with database.engine.connect() as connection:
        row = connection.execute(query).first()
    return _author(row) if row else None


def moved_since(database: Database, since: float) -> set[str]:
    """Who was attached somewhere or left a company since then, by id."""
    actions = [action.value for action in (*_JOINED, *_LEFT)]
    query = select(journal.c.person_id).where(
        journal.c.at >= since, journal.c.outcome == Outcome.DONE.value, journal.c.action.in_(actions)
    )
    with database.engine.connect() as connection:
        return set(connection.execute(query.distinct()).scalars())


def attached_since(database: Database, person_id: str) -> dict[str, datetime]:
    """Since when a person is attached, by company: where the portal attached them and has not detached them."""
    return {company_id: joined.at for company_id, joined in joined_of(database, person_id).items()}


def joined_of(database: Database, person_id: str) -> dict[str, Joined]:
    """When and by whom a person was attached, by company: where the portal did it and has not detached them."""
    query = (
        select(journal, journal_companies.c.company_id)
        .join(journal_companies, journal_companies.c.line_id == journal.c.id)
        .where(
            journal.c.person_id == person_id,
            journal.c.outcome == Outcome.DONE.value,
            journal.c.action.in_([action.value for action in (*_JOINED, *_LEFT)]),
        )
        .order_by(journal.c.id)
    )
    found: dict[str, Joined] = {}
    with database.engine.connect() as connection:
        for row in connection.execute(query):
            if Action(row.action) in _LEFT:
                found.pop(row.company_id, None)
            else:
                found[row.company_id] = Joined(
                    datetime.fromtimestamp(row.at, UTC), _author(row), Action(row.action) is Action.CREATE
                )
    return found


def about(database: Database, company_ids: Iterable[str], person_id: str, size: int) -> Found:
    """The latest lines about one person that concern these companies, the newest first."""
    mine = set(company_ids)
    conditions = [*_conditions(sorted(mine), Search()), journal.c.person_id == person_id]
    with database.engine.connect() as connection:
        total = connection.execute(select(func.count()).select_from(journal).where(*conditions)).scalar_one()
        query = select(journal).where(*conditions).order_by(journal.c.id.desc()).limit(size)
        rows = connection.execute(query).all()
        companies = _companies(connection, [row.id for row in rows], mine)
    return Found(tuple(_line(row, companies.get(row.id, ())) for row in rows), total)


def last_number(database: Database, company_id: str) -> int:
    """A number that grows with each line of the company; 0 when it has none."""
    query = select(func.max(journal_companies.c.line_id)).where(journal_companies.c.company_id == company_id)
    with database.engine.connect() as connection:
        return connection.execute(query).scalar_one_or_none() or 0


def change_numbers(database: Database, company_ids: Iterable[str]) -> dict[str, int]:
    """For each company the number of its last line about a change, tried at least; 0 when it has none.

    A line is written after what it tells: who read the number first and the people then has seen that change.
    """
    with database.engine.connect() as connection:
        return {
            company_id: connection.execute(_LAST_CHANGE, {"company": company_id}).scalar_one_or_none() or 0
            for company_id in company_ids
        }


_LAST_CHANGE = (
    select(journal.c.id)
    .select_from(journal_companies.join(journal, journal_companies.c.line_id == journal.c.id))
    .where(
        journal_companies.c.company_id == bindparam("company"),
        journal.c.action != Action.LOOK_UP.value,
        journal.c.outcome != Outcome.REFUSED.value,
    )
    .order_by(journal_companies.c.line_id.desc())
    .limit(1)
)
"""Made once: an administrator of fifty companies asks it fifty times for each page."""


def _concerned(company_ids: Iterable[str], search: Search) -> list[str]:
    return [one for one in sorted(set(company_ids)) if not search.company or one == search.company]


def _conditions(company_ids: Sequence[str], search: Search) -> list[ColumnElement[bool]]:
    lines = select(journal_companies.c.line_id).where(journal_companies.c.company_id.in_(company_ids))
    conditions: list[ColumnElement[bool]] = [journal.c.id.in_(lines)]
    if search.since:
        conditions.append(journal.c.at >= search.since.timestamp())
    if search.until:
        conditions.append(journal.c.at < search.until.timestamp())
    if search.person:
        conditions.append(journal.c.person_id == search.person)
    if search.action:
        conditions.append(journal.c.action == search.action.value)
    elif not search.look_ups:
        conditions.append(journal.c.action != Action.LOOK_UP.value)
    for word in search.q.split()[:SEARCHED_WORDS]:
        conditions.append(journal.c.words.contains(fold(word), autoescape=True))
    return conditions


def _companies(connection: Connection, line_ids: Sequence[int], mine: set[str]) -> dict[int, tuple[str, ...]]:
    query = (
        select(journal_companies)
        .where(journal_companies.c.line_id.in_(line_ids))
        .order_by(journal_companies.c.company_id)
    )
    found: dict[int, tuple[str, ...]] = {}
    for row in connection.execute(query):
        if row.company_id in mine:
            found[row.line_id] = (*found.get(row.line_id, ()), row.company_id)
    return found


def _ends(row: Any) -> tuple[Values | None, Values | None]:
    return decode_optional(row.before, Values), decode_optional(row.after, Values)


def _line(row: Any, company_ids: tuple[str, ...]) -> Line:
    before, after = _ends(row)
    return Line(
        id=row.id,
        at=datetime.fromtimestamp(row.at, UTC),
        request_id=row.request_id,
        author=_author(row),
        action=Action(row.action),
        person=Person(row.person_id, row.person_name, row.person_email),
        company_ids=company_ids,
        before=before,
        after=after,
        outcome=Outcome(row.outcome),
        reason=row.reason,
    )


def _author(row: Any) -> Author:
    return Author(row.actor_id, row.actor_name, row.actor_email, row.request_id)
