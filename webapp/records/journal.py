"""The journal: who did what to whom at which company, when, and what came of it.

Lines are only added (`webapp.records.operations` does so in the transaction that ends an operation, so that every
change has its line) and, when they are old enough, deleted. A line concerns companies, and is read by the
administrators of one of them (`webapp.records.journal_reading`); what it says of other companies is another line.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from directory.model import Affiliation, Attachment, AttachmentChange, CompanyRole, User
from webapp.identity.actor import Author
from webapp.records.codec import decode_optional, encode
from webapp.storage.database import Database, journal, journal_companies, now
from webapp.text import fold

PURGED_AT_ONCE = 1000


class Action(StrEnum):
    """What was done, or tried."""

    CREATE = "create"
    ATTACH = "attach"
    CHANGE = "change"
    DETACH = "detach"
    LEAVE = "leave"
    END = "end"
    REPLACE = "replace"
    REVIEW_BEGIN = "review_begin"
    REVIEW_DUE = "review_due"
    CONFIRM = "confirm"
    REVIEW_END = "review_end"
    RESEND = "resend"
    CORRECT_EMAIL = "correct_email"
    CANCEL = "cancel"
    LOOK_UP = "look_up"


class Outcome(StrEnum):
    """What came of it: done, refused by the rules, or failed on the way."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a line is about; no id when the address has no account."""

    id: str | None
    name: str
    email: str


class Values(msgspec.Struct, frozen=True, omit_defaults=True):
    """What differs before and after: an attachment, an e-mail address, whether a look-up found an account, the
    digest of a review's evidence.

    Stored as a JSON object of the fields that have a value.
    """

    role: CompanyRole | None = None
    affiliation: Affiliation | None = None
    until: date | None = None
    email: str | None = None
    found: bool | None = None
    digest: str | None = None

    def attachment(self, company_id: str) -> Attachment:
        """The attachment at that company; `ValueError` when the values are of something else."""
        if self.role is None or self.affiliation is None:
            raise ValueError("these values are not those of an attachment")
        return Attachment(company_id, self.role, self.affiliation, self.until)


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
    """The role, the affiliation and the last day of an attachment."""
    return Values(attachment.role, attachment.affiliation, attachment.until) if attachment else None


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


def is_about(ids: Collection[str], addresses: Collection[str]) -> ColumnElement[bool]:
    """The lines that name a person, as author or otherwise: by id, or by address where there is no id (a look-up
    without a result)."""
    nameless = or_(journal.c.person_id.is_(None), journal.c.person_id == "")
    return or_(
        journal.c.person_id.in_(ids), journal.c.actor_id.in_(ids), nameless & journal.c.person_email.in_(addresses)
    )


def pseudonymise(connection: Connection, ids: Collection[str], addresses: Collection[str], pseudonym: str) -> int:
    """Put a pseudonym in the place of a person everywhere; how many lines named them.

    The lines stay, with what was done, when and where: the person they were about can no longer be identified.
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


def purge(database: Database, before: datetime) -> int:
    """Delete the lines older than that; how many there were. In short transactions: no one waits for it."""
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
