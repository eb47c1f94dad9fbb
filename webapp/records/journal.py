"""The journal: who did what to whom at which company, when, and what came of it.

Lines are only ever added (`webapp.records.operations` does so in the transaction that ends an operation, so that
no change lacks its line) and, when they are old enough, purged. A line concerns companies, and is read by who
administers one of them; what it says of other companies is another line.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from directory.model import Affiliation, Attachment, AttachmentChange, CompanyRole, User
from webapp.identity.actor import Author
from webapp.records.codec import decode_optional, encode
from webapp.storage.database import Database, journal, journal_companies, now
from webapp.text import fold

PAGE_SIZE = 50
SEARCHED_WORDS = 10
"""Words of a search that are looked for; the rest is ignored."""
PURGED_AT_ONCE = 1000
READ_AT_ONCE = 500


class Action(StrEnum):
    """What was done, or tried."""

    CREATE = "create"
    ATTACH = "attach"
    CHANGE = "change"
    DETACH = "detach"
    LEAVE = "leave"
    RESEND = "resend"
    CORRECT_EMAIL = "correct_email"
    CANCEL = "cancel"
    LOOK_UP = "look_up"


_JOINED = (Action.CREATE, Action.ATTACH)
_LEFT = (Action.DETACH, Action.LEAVE, Action.CANCEL)
_CHANGED = (Action.ATTACH, Action.CHANGE, Action.DETACH)


class Outcome(StrEnum):
    """What came of it: done, refused by the rules, or failed on the way."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


_CHANGES = (
    journal.c.outcome == Outcome.DONE.value,
    journal.c.action.in_([action.value for action in _CHANGED]),
)
"""Lines about an attachment that an administrator changed."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a line is about; no id when the address has no account."""

    id: str | None
    name: str
    email: str


class Values(msgspec.Struct, frozen=True, omit_defaults=True):
    """What differs before and after: an attachment, an e-mail address, or whether a look-up found an account.

    Stored as a JSON object of the fields that have a value.
    """

    role: CompanyRole | None = None
    affiliation: Affiliation | None = None
    email: str | None = None
    found: bool | None = None

    def attachment(self, company_id: str) -> Attachment:
        """The attachment at that company; `ValueError` when the values are of something else."""
        if self.role is None or self.affiliation is None:
            raise ValueError("these values are not those of an attachment")
        return Attachment(company_id, self.role, self.affiliation)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line to be written.

    `before` and `after` are none where there was, or is, nothing. `reason` says in one word why it was not done.
    """

    action: Action
    company_ids: tuple[str, ...]
    person: Person
    before: Values | None = None
    after: Values | None = None
    outcome: Outcome = Outcome.DONE
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it stands in the journal; `at` is UTC, `company_ids` are those of its reader."""

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
class Search:
    """What of the journal is asked for; `since` is included, `until` is not (UTC)."""

    q: str = ""
    company: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of lines, the newest first; `page` is within `pages`, whatever was asked."""

    lines: tuple[Line, ...] = field(default=())
    total: int = 0
    page: int = 1
    pages: int = 1


def person_of(user: User) -> Person:
    """An account, as a line names it."""
    return Person(user.id, user.profile.full_name, user.email)


def entry_of(change: AttachmentChange, person: Person, outcome: Outcome = Outcome.DONE, reason: str = "") -> Entry:
    """The line of one change at one company."""
    action = Action.ATTACH if change.is_attach else Action.DETACH if change.is_detach else Action.CHANGE
    return Entry(
        action,
        (change.company_id,),
        person,
        values_of(change.before),
        values_of(change.after),
        outcome,
        reason,
    )


def renamed(entry: Entry, action: Action) -> Entry:
    """The same line under another name."""
    return replace(entry, action=action)


def values_of(attachment: Attachment | None) -> Values | None:
    """The role and the affiliation of an attachment."""
    return Values(attachment.role, attachment.affiliation) if attachment else None


def write(database: Database, author: Author, entries: Iterable[Entry]) -> None:
    """Write lines that belong to no operation: refusals, look-ups."""
    with database.transaction() as connection:
        add(connection, author, entries)


def add(connection: Connection, author: Author, entries: Iterable[Entry], operation_id: str | None = None) -> None:
    """Write lines in the caller's transaction."""
    for entry in entries:
        made = connection.execute(insert(journal).values(_row(author, entry, operation_id)))
        line_id = made.inserted_primary_key[0] if made.inserted_primary_key else None
        if entry.company_ids:
            rows = [
                {"company_id": company_id, "line_id": line_id} for company_id in sorted(set(entry.company_ids))
            ]
            connection.execute(insert(journal_companies), rows)


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


def is_about(ids: Collection[str], addresses: Collection[str]) -> ColumnElement[bool]:
    """The lines that name a person, as author or otherwise: by id, and where there is none (a look-up in vain) by
    address."""
    nameless = or_(journal.c.person_id.is_(None), journal.c.person_id == "")
    return or_(
        journal.c.person_id.in_(ids), journal.c.actor_id.in_(ids), nameless & journal.c.person_email.in_(addresses)
    )


def pseudonymise(connection: Connection, ids: Collection[str], addresses: Collection[str], pseudonym: str) -> int:
    """Put a pseudonym in the place of a person everywhere; how many lines named him.

    The lines stay, with what was done, when and where: whom they were about can no longer be told.
    """
    rows = connection.execute(select(journal).where(is_about(ids, addresses))).all()
    for row in rows:
        is_person = row.person_id in ids or (not row.person_id and row.person_email in addresses)
        changed = _pseudonymous(row, {"actor": row.actor_id in ids, "person": is_person}, pseudonym)
        connection.execute(update(journal).where(journal.c.id == row.id).values(changed))
    return len(rows)


def _pseudonymous(row: Any, who: Mapping[str, bool], pseudonym: str) -> dict[str, Any]:
    """The columns of a line in which the author, the person or both are a pseudonym."""
    values: dict[str, Any] = {}
    for part, is_meant in who.items():
        for column, erased in (("id", pseudonym), ("name", pseudonym), ("email", "")):
            values[f"{part}_{column}"] = erased if is_meant else getattr(row, f"{part}_{column}")
    for side in ("before", "after"):
        kept = decode_optional(getattr(row, side), Values)
        if who["person"] and kept and kept.email is not None:
            values[side] = encode(msgspec.structs.replace(kept, email=pseudonym))
    words = (values["actor_name"], values["actor_email"], values["person_name"], values["person_email"])
    return {**values, "words": fold(" ".join(words))}


def change_made(database: Database, request_id: str) -> str | None:
    """The operation by which this request changed somebody's attachments; none when it changed nothing."""
    query = select(journal.c.operation_id).where(journal.c.request_id == request_id, *_CHANGES)
    with database.engine.connect() as connection:
        return connection.execute(query.limit(1)).scalar_one_or_none()


def changes_of(database: Database, author_id: str, operation_id: str) -> list[Changed]:
    """What one of the author's operations changed of attachments; nothing when it is none of his."""
    query = (
        select(journal, journal_companies.c.company_id)
        .join(journal_companies, journal_companies.c.line_id == journal.c.id)
        .where(journal.c.operation_id == operation_id, journal.c.actor_id == author_id, *_CHANGES)
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
                [a.value for a in (Action.CREATE, Action.ATTACH, Action.CHANGE, Action.DETACH, Action.LEAVE)]
            ),
        )
        .order_by(journal.c.id.desc())
        .limit(1)
    )
    with database.engine.connect() as connection:
        row = connection.execute(query).first()
    return _author(row) if row else None


def attached_since(database: Database, person_id: str) -> dict[str, datetime]:
    """Since when a person is attached, by company: where the portal attached him and did not detach him since."""
    query = (
        select(journal_companies.c.company_id, journal.c.action, journal.c.at)
        .join(journal_companies, journal_companies.c.line_id == journal.c.id)
        .where(
            journal.c.person_id == person_id,
            journal.c.outcome == Outcome.DONE.value,
            journal.c.action.in_([action.value for action in (*_JOINED, *_LEFT)]),
        )
        .order_by(journal.c.id)
    )
    found: dict[str, datetime] = {}
    with database.engine.connect() as connection:
        for company_id, action, at in connection.execute(query):
            if Action(action) in _LEFT:
                found.pop(company_id, None)
            else:
                found[company_id] = datetime.fromtimestamp(at, UTC)
    return found


def last_number(database: Database, company_id: str) -> int:
    """A number that grows with each line of the company; 0 when it has none."""
    query = select(func.max(journal_companies.c.line_id)).where(journal_companies.c.company_id == company_id)
    with database.engine.connect() as connection:
        return connection.execute(query).scalar_one_or_none() or 0


def change_numbers(database: Database, company_ids: Iterable[str]) -> dict[str, int]:
    """For each company the number of its last line about a change, tried at least; 0 when it has none.

    A line is written after what it tells: who read the number first and the people then has seen that change.
    """
    lines = journal_companies.join(journal, journal_companies.c.line_id == journal.c.id)
    with database.engine.connect() as connection:
        return {
            company_id: connection.execute(
                select(journal.c.id)
                .select_from(lines)
                .where(
                    journal_companies.c.company_id == company_id,
                    journal.c.action != Action.LOOK_UP.value,
                    journal.c.outcome != Outcome.REFUSED.value,
                )
                .order_by(journal_companies.c.line_id.desc())
                .limit(1)
            ).scalar_one_or_none()
            or 0
            for company_id in company_ids
        }


def purge(database: Database, before: datetime) -> int:
    """Delete the lines older than that; how many there were. In short transactions: nobody waits for it."""
    count = 0
    while True:
        with database.transaction() as connection:
            old = select(journal.c.id).where(journal.c.at < before.timestamp()).limit(PURGED_AT_ONCE)
            ids = list(connection.execute(old).scalars())
            connection.execute(delete(journal_companies).where(journal_companies.c.line_id.in_(ids)))
            connection.execute(delete(journal).where(journal.c.id.in_(ids)))
        count += len(ids)
        if len(ids) < PURGED_AT_ONCE:
            return count


def _row(author: Author, entry: Entry, operation_id: str | None) -> dict[str, Any]:
    words = " ".join((author.name, author.email, entry.person.name, entry.person.email))
    return {
        "at": now(),
        "request_id": author.request_id,
        "operation_id": operation_id,
        "actor_id": author.id,
        "actor_name": author.name,
        "actor_email": author.email,
        "action": entry.action.value,
        "person_id": entry.person.id,
        "person_name": entry.person.name,
        "person_email": entry.person.email,
        "before": encode(entry.before),
        "after": encode(entry.after),
        "outcome": entry.outcome.value,
        "reason": entry.reason,
        "words": fold(words),
    }


def _concerned(company_ids: Iterable[str], search: Search) -> list[str]:
    return [one for one in sorted(set(company_ids)) if not search.company or one == search.company]


def _conditions(company_ids: Sequence[str], search: Search) -> list[ColumnElement[bool]]:
    lines = select(journal_companies.c.line_id).where(journal_companies.c.company_id.in_(company_ids))
    conditions: list[ColumnElement[bool]] = [journal.c.id.in_(lines)]
    if search.since:
        conditions.append(journal.c.at >= search.since.timestamp())
    if search.until:
        conditions.append(journal.c.at < search.until.timestamp())
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
