"""What the portal itself holds of one person: exported to them, and erased; and what is no longer needed, deleted.

Who is attached where is Keycloak's; here are sessions, the journal, imports, batches of mails, mails that wait,
and counts.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Table, Text, cast, delete, or_, select, update

from directory.errors import NotFoundError
from directory.gateway import Directory
from directory.model import User
from webapp.identity.actor import Author
from webapp.records import journal
from webapp.records.codec import encode
from webapp.records.operations import State
from webapp.storage.database import (
    Database,
    activation_mails,
    import_lines,
    imports,
    locks,
    mails,
    notices,
    now,
    operations,
    quota_uses,
    resendings,
    review_items,
    reviews,
    sessions,
)
from webapp.storage.database import journal as journal_table

DAY = 86_400.0
KEPT_AFTER_END = 30 * DAY
"""Seconds for which an operation that has ended, or the moment of an activation mail, is kept."""
LONGEST_QUOTA = DAY


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom it is about: the account, if there is one still, and the ids and addresses that are theirs alone."""

    user: User | None
    ids: frozenset[str]
    addresses: frozenset[str]


def find(directory: Directory, database: Database, who: str) -> Subject | None:
    """The person with that id or address; the journal knows also whom Keycloak knows no more. None: no one.

    An id is one person's for ever, an address is not: one that was mistyped for them may be somebody else's. So
    lines are theirs by their id, and of the addresses that they hold only those count that no one else has now.
    """
    user = _account(directory, who)
    table = journal_table.c
    with database.engine.connect() as connection:
        named = select(table.person_id).where(or_(table.person_id == who, table.person_email == who.lower()))
        acting = select(table.actor_id).where(or_(table.actor_id == who, table.actor_email == who.lower()))
        ids = {found for query in (named, acting) for found in connection.execute(query).scalars() if found}
        ids |= {user.id} if user else set()
        his = select(table.person_email).where(table.person_id.in_(ids))
        by_him = select(table.actor_email).where(table.actor_id.in_(ids))
        addresses = {found for query in (his, by_him) for found in connection.execute(query).scalars() if found}
    addresses |= {who.lower()} if "@" in who else set()
    own = {one for one in addresses if (holder := directory.find_by_email(one)) is None or holder.id in ids}
    return Subject(user, frozenset(ids), frozenset(own)) if ids else None


def export(directory: Directory, database: Database, subject: Subject) -> dict[str, Any]:
    """Everything about the person, to be given to them (GDPR article 15); not what it says of others."""
    with database.engine.connect() as connection:
        return {
            "made_at": _instant(now()),
            "account": _account_of(subject.user),
            "attachments": _attachments_of(directory, subject.user),
            "sessions": [
                {"began_at": _instant(row.created_at), "ends_at": _instant(row.expires_at)}
                for row in connection.execute(select(sessions).where(sessions.c.person_id.in_(subject.ids)))
            ],
            "journal": [_exported(row, subject) for row in connection.execute(_lines(subject))],
            "imports": [row.cells for row in connection.execute(select(import_lines).where(_cells(subject)))],
            "unfinished_changes": len(connection.execute(_mentioning(operations, subject)).all()),
            "activation_mails": [
                _instant(row.sent_at)
                for row in connection.execute(
                    select(activation_mails).where(activation_mails.c.user_id.in_(subject.ids))
                )
            ],
            "reviews": [
                _exported_item(row, subject)
                for row in connection.execute(select(review_items).where(_of_item(subject)))
            ],
            "resendings": [
                told
                for row in connection.execute(
                    select(resendings).where(
                        or_(resendings.c.actor_id.in_(subject.ids), _mentions(resendings.c.results, subject.ids))
                    )
                )
                for told in _exported_batch(row, subject)
            ],
            "mails_waiting": [
                {"subject": row.subject, "since": _instant(row.created_at)}
                for row in connection.execute(select(mails).where(mails.c.recipient.in_(subject.addresses)))
            ],
            "counted_uses": dict(
                Counter(
                    row.quota
                    for row in connection.execute(select(quota_uses).where(quota_uses.c.subject.in_(subject.ids)))
                )
            ),
        }


def erase(database: Database, subject: Subject) -> dict[str, int]:
    """Delete what the portal holds of the person and put a pseudonym into the journal; how much of each.

    The account itself is Keycloak's, and an active one is never the portal's to delete.
    """
    pseudonym = f"erased-{uuid4().hex[:12]}"
    ids, addresses = subject.ids, subject.addresses
    with database.transaction() as connection:
        return {
            "journal": journal.pseudonymise(connection, ids, addresses, pseudonym),
            "sessions": _delete(connection, sessions, sessions.c.person_id.in_(ids)),
            "imports": _erase_imports(connection, subject, pseudonym),
            "unfinished_changes": _erase_operations(connection, subject, pseudonym),
            "activation_mails": _delete(connection, activation_mails, activation_mails.c.user_id.in_(ids)),
            "reviews": _erase_reviews(connection, subject, pseudonym),
            "resendings": _erase_resendings(connection, subject),
            "notices": _delete(connection, notices, _mentions(notices.c.payload, ids)),
            "mails_waiting": _delete(connection, mails, mails.c.recipient.in_(addresses)),
            "counted_uses": _delete(connection, quota_uses, quota_uses.c.subject.in_(ids)),
        }


def purge(database: Database) -> int:
    """Delete what has served its time: ended sessions, locks and operations, old counts; how many rows."""
    old = now() - KEPT_AFTER_END
    ended = (operations.c.state.in_((State.DONE.value, State.FAILED.value))) & (operations.c.finished_at < old)
    with database.transaction() as connection:
        return sum(
            (
                _delete(connection, sessions, sessions.c.expires_at < now()),
                _delete(connection, locks, locks.c.expires_at < now()),
                _delete(connection, quota_uses, quota_uses.c.at < now() - LONGEST_QUOTA),
                _delete(connection, operations, ended),
                _delete(connection, activation_mails, activation_mails.c.sent_at < old),
            )
        )


def _account(directory: Directory, who: str) -> User | None:
    if "@" in who:
        return directory.find_by_email(who)
    try:
        return directory.user(who)
    except NotFoundError:
        return None


def _account_of(user: User | None) -> dict[str, Any] | None:
    if user is None:
        return None
    profile = user.profile
    return {
        "id": user.id,
        "email": profile.email,
        "last_name": profile.last_name,
        "first_name": profile.first_name,
        "title": profile.title,
        "locale": profile.locale,
        "status": user.status(),
        "invited_to": list(user.invitation.companies) if user.invitation else [],
    }


def _attachments_of(directory: Directory, user: User | None) -> list[dict[str, str]]:
    if user is None:
        return []
    return [
        {
            "company": company.id,
            "name": company.name,
            "role": one.role,
            "affiliation": one.affiliation,
            "until": one.until.isoformat() if one.until else "",
        }
        for company, one in directory.attachments_of(user.id)
    ]


def _lines(subject: Subject) -> Any:
    return (
        select(journal_table).where(journal.is_about(subject.ids, subject.addresses)).order_by(journal_table.c.id)
    )


def _exported(row: Any, subject: Subject) -> dict[str, Any]:
    return {
        "at": _instant(row.at),
        "action": row.action,
        "as": "author" if row.actor_id in subject.ids else "person",
        "before": row.before,
        "after": row.after,
        "outcome": row.outcome,
    }


def _exported_batch(row: Any, subject: Subject) -> list[dict[str, Any]]:
    """Of their own batch how many were in it, of somebody's what became of their mail."""
    at = _instant(row.began_at)
    own = [{"at": at, "as": "author", "mails": len(row.results)}] if row.actor_id in subject.ids else []
    return own + [{"at": at, "as": "person", "outcome": how} for who, how in row.results if who in subject.ids]


def _of_item(subject: Subject) -> Any:
    """Lines of access reviews about the person, or decided by them."""
    return or_(review_items.c.user_id.in_(subject.ids), _mentions(review_items.c.decided_by, subject.ids))


def _exported_item(row: Any, subject: Subject) -> dict[str, Any]:
    return {
        "review": row.review_id,
        "as": "person" if row.user_id in subject.ids else "author",
        "decision": row.decision or "",
        "at": _instant(row.decided_at) if row.decided_at is not None else "",
    }


def _erase_reviews(connection: Connection, subject: Subject, pseudonym: str) -> int:
    """The lines stay as evidence of what was decided, without saying of whom or by whom."""
    rows = connection.execute(select(review_items).where(_of_item(subject))).all()
    for number, row in enumerate(rows):
        values: dict[str, Any] = {}
        if row.user_id in subject.ids:
            values |= {"user_id": f"{pseudonym}-{number}", "name": pseudonym, "email": "", "words": pseudonym}
        if row.decided_by and row.decided_by["id"] in subject.ids:
            values["decided_by"] = encode(Author(pseudonym, pseudonym, "", ""))
        one = (review_items.c.review_id == row.review_id) & (review_items.c.user_id == row.user_id)
        connection.execute(update(review_items).where(one).values(values))
    begun = update(reviews).where(reviews.c.actor_id.in_(subject.ids))
    connection.execute(begun.values(actor_id=pseudonym, actor_name=pseudonym))
    return len(rows)


def _cells(subject: Subject) -> Any:
    return _mentions(import_lines.c.cells, subject.addresses)


def _mentions(column: Any, words: Iterable[str]) -> Any:
    """Whether a column of JSON holds one of these words as a value."""
    return or_(*(cast(column, Text).contains(json.dumps(one), autoescape=True) for one in sorted(words)))


def _mentioning(table: Table, subject: Subject) -> Any:
    return select(table).where(_mentions(table.c.payload, subject.ids))


def _erase_operations(connection: Connection, subject: Subject, pseudonym: str) -> int:
    """Ended ones lose their author, unfinished ones about the person are given up."""
    found = connection.execute(_mentioning(operations, subject)).all()
    for row in found:
        connection.execute(
            update(operations)
            .where(operations.c.id == row.id)
            .values(payload={}, state=State.FAILED.value, finished_at=now())
        )
    connection.execute(update(operations).where(operations.c.actor_id.in_(subject.ids)).values(actor_id=pseudonym))
    return len(found)


def _erase_imports(connection: Connection, subject: Subject, pseudonym: str) -> int:
    """The lines about the person go; the files they sent keep their lines, without saying who sent them."""
    unknown = encode(Author(pseudonym, pseudonym, "", ""))
    connection.execute(
        update(imports).where(imports.c.actor_id.in_(subject.ids)).values(actor_id=pseudonym, author=unknown)
    )
    return _delete(connection, import_lines, _cells(subject))


def _erase_resendings(connection: Connection, subject: Subject) -> int:
    """Their own batch goes, and they from those of others; one that is running continues without them."""
    own = _delete(connection, resendings, resendings.c.actor_id.in_(subject.ids))
    mentioning = select(resendings).where(_mentions(resendings.c.results, subject.ids)).with_for_update()
    found = connection.execute(mentioning).all()
    for row in found:
        others = [result for result in row.results if result[0] not in subject.ids]
        connection.execute(update(resendings).where(resendings.c.actor_id == row.actor_id).values(results=others))
    return own + len(found)


def _delete(connection: Connection, table: Table, condition: Any) -> int:
    return connection.execute(delete(table).where(condition)).rowcount


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
