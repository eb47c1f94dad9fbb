"""Access reviews as the database keeps them: who is asked about, and who decided what when. Calls no Keycloak."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from directory.model import Attachment, Company, Member
from webapp.identity.actor import Author
from webapp.imports.csv_format import write
from webapp.records.codec import decode, decode_optional, encode
from webapp.storage.database import Database, now, review_items, reviews
from webapp.text import fold

COLUMNS = (
    "review",
    "company",
    "last_day",
    "name",
    "email",
    "role",
    "affiliation",
    "until",
    "decision",
    "decided_by",
    "decided_by_email",
    "decided_at",
)
"""The columns of the evidence."""


class Undecided(StrEnum):
    """What happens to people without a decision."""

    KEEP = "keep"
    DETACH = "detach"


class Decision(StrEnum):
    """What was decided of one person; the last three are those of the end."""

    CONFIRM = "confirm"
    DETACH = "detach"
    GONE = "gone"
    KEPT = "kept"
    DETACHED = "detached"


@dataclass(frozen=True, slots=True)
class Item:
    """One person of a review, as they were when it began; no decision yet while `decision` is none."""

    user_id: str
    name: str
    email: str
    attachment: Attachment
    decision: Decision | None = None
    decided_by: Author | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A review, with how many of its people there are and how many of them are decided."""

    id: str
    company_id: str
    author_id: str
    author_name: str
    until: date
    undecided: Undecided
    began_at: datetime
    ended_at: datetime | None = None
    digest: str = ""
    total: int = 0
    decided: int = 0

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def began_by_itself(self) -> bool:
        return not self.author_id


@dataclass(frozen=True, slots=True)
class Start:
    """What a review is about: a company, its last day, and what becomes of those of whom nothing is decided."""

    company: Company
    until: date
    undecided: Undecided


def begin(database: Database, author: Author, asked: Start, people: Iterable[Member]) -> str:
    """Write a review of these people down; its id."""
    review_id = uuid4().hex
    rows = [_row(review_id, asked.company.id, member) for member in people]
    with database.transaction() as connection:
        connection.execute(
            insert(reviews).values(
                id=review_id,
                company_id=asked.company.id,
                actor_id=author.id,
                actor_name=author.name,
                until=asked.until.isoformat(),
                undecided=asked.undecided.value,
                began_at=now(),
            )
        )
        if rows:
            connection.execute(insert(review_items), rows)
    return review_id


def _row(review_id: str, company_id: str, member: Member) -> dict[str, Any]:
    profile = member.user.profile
    return {
        "review_id": review_id,
        "user_id": member.user.id,
        "name": profile.full_name,
        "email": profile.email,
        "words": fold(f"{profile.last_name} {profile.first_name}"),
        "attachment": encode(member.at(company_id)),
    }


def open_of(database: Database, company_id: str) -> Review | None:
    """The review of the company that has not ended."""
    found = [one for one in of_companies(database, [company_id]) if one.is_open]
    return found[0] if found else None


def of_companies(database: Database, company_ids: Collection[str]) -> list[Review]:
    """The reviews of these companies, the newest first."""
    query = (
        select(reviews).where(reviews.c.company_id.in_(sorted(company_ids))).order_by(reviews.c.began_at.desc())
    )
    with database.engine.connect() as connection:
        return [_review(connection, row) for row in connection.execute(query).all()]


def last_begun(database: Database) -> dict[str, datetime]:
    """When the newest review of each company began (UTC)."""
    query = select(reviews.c.company_id, func.max(reviews.c.began_at)).group_by(reviews.c.company_id)
    with database.engine.connect() as connection:
        return {company_id: datetime.fromtimestamp(at, UTC) for company_id, at in connection.execute(query)}


def due(database: Database, today: date) -> list[Review]:
    """The open reviews whose last day is over, the earliest first."""
    query = select(reviews).where(reviews.c.ended_at.is_(None), reviews.c.until < today.isoformat())
    with database.engine.connect() as connection:
        return [_review(connection, row) for row in connection.execute(query.order_by(reviews.c.until)).all()]


def running(database: Database, today: date) -> list[Review]:
    """The open reviews whose last day is not over, the earliest first."""
    query = select(reviews).where(reviews.c.ended_at.is_(None), reviews.c.until >= today.isoformat())
    with database.engine.connect() as connection:
        return [_review(connection, row) for row in connection.execute(query.order_by(reviews.c.until)).all()]


def read(database: Database, review_id: str) -> Review | None:
    """The review with that id."""
    with database.engine.connect() as connection:
        row = connection.execute(select(reviews).where(reviews.c.id == review_id)).first()
        return _review(connection, row) if row else None


def items(database: Database, review_id: str) -> list[Item]:
    """The people of a review, the undecided first, by name."""
    query = select(review_items).where(review_items.c.review_id == review_id).order_by(review_items.c.words)
    with database.engine.connect() as connection:
        found = [_item(row) for row in connection.execute(query)]
    return sorted(found, key=lambda item: item.decision is not None)


def decide(database: Database, author: Author, review_id: str, user_id: str, decision: Decision) -> bool:
    """Write down what was decided; false when somebody else decided before."""
    with database.transaction() as connection:
        done = connection.execute(
            update(review_items)
            .where(
                review_items.c.review_id == review_id,
                review_items.c.user_id == user_id,
                review_items.c.decision.is_(None),
            )
            .values(decision=decision.value, decided_by=encode(author), decided_at=now())
        )
    return done.rowcount == 1


def end(connection: Connection, review: Review, digest: str) -> bool:
    """Mark the end in the caller's transaction; false when it has ended already."""
    ended = connection.execute(
        update(reviews)
        .where(reviews.c.id == review.id, reviews.c.ended_at.is_(None))
        .values(ended_at=now(), digest=digest)
    )
    return ended.rowcount == 1


def evidence(review: Review, people: Sequence[Item]) -> list[list[str]]:
    """The lines of the evidence, by name: what it says does not change once the review has ended."""
    return [
        [
            review.id,
            review.company_id,
            review.until.isoformat(),
            item.name,
            item.email,
            item.attachment.role.value,
            item.attachment.affiliation.value,
            item.attachment.until.isoformat() if item.attachment.until else "",
            item.decision.value if item.decision else "",
            item.decided_by.name if item.decided_by else "",
            item.decided_by.email if item.decided_by else "",
            item.decided_at.isoformat(timespec="seconds") if item.decided_at else "",
        ]
        for item in sorted(people, key=lambda one: (fold(one.name), one.email))
    ]


def digest_of(review: Review, people: Sequence[Item]) -> str:
    """The SHA-256 of the evidence as a file, in hex."""
    return sha256(write(COLUMNS, evidence(review, people))).hexdigest()


def purge(database: Database, before: datetime) -> int:
    """Delete the reviews that ended before that instant; how many."""
    with database.transaction() as connection:
        old = select(reviews.c.id).where(reviews.c.ended_at < before.timestamp())
        ids = list(connection.execute(old).scalars())
        connection.execute(delete(review_items).where(review_items.c.review_id.in_(ids)))
        connection.execute(delete(reviews).where(reviews.c.id.in_(ids)))
    return len(ids)


def _review(connection: Connection, row: Any) -> Review:
    mine = review_items.c.review_id == row.id
    counts = select(func.count(), func.count(review_items.c.decision)).where(mine)
    total, decided = connection.execute(counts).one()
    found = Review(
        row.id,
        row.company_id,
        row.actor_id,
        row.actor_name,
        date.fromisoformat(row.until),
        Undecided(row.undecided),
        datetime.fromtimestamp(row.began_at, UTC),
        total=total,
        decided=decided,
    )
    if row.ended_at is None:
        return found
    return replace(found, ended_at=datetime.fromtimestamp(row.ended_at, UTC), digest=row.digest or "")


def _item(row: Any) -> Item:
    return Item(
        row.user_id,
        row.name,
        row.email,
        decode(row.attachment, Attachment),
        Decision(row.decision) if row.decision else None,
        decode_optional(row.decided_by, Author),
        datetime.fromtimestamp(row.decided_at, UTC) if row.decided_at is not None else None,
    )
