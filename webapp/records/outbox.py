"""Notices and mails, kept until the mails are sent (an outbox).

An operation adds one notice in the transaction that ends it. The courier (`webapp.mail.courier`) makes one mail
for each reader of it and sends them; both are tried again later when Keycloak or the mail server does not answer,
so neither delays the operation. What has been sent is deleted: it names people.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from webapp.records.codec import decode, encode
from webapp.records.notice import OperationNotice
from webapp.storage.database import Database, mails, notices, now

LEASE = 120.0
"""Seconds that a portal has for one notice or mail before another one may take it up."""
HELD = 86_400.0
"""Seconds after which a batch that no one released (its process died for good) is sent anyway."""
PAUSES = (60.0, 300.0, 900.0, 3600.0, 3600.0, 14_400.0, 43_200.0, 86_400.0)
"""Seconds after each failure until the next try; after the last one it is given up."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One operation that people are to be notified of, or all of one batch; `id` is that of the first."""

    ids: tuple[int, ...]
    operations: tuple[OperationNotice, ...]
    tries: int

    @property
    def id(self) -> int:
        return self.ids[0]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, ready to be sent; sent again after a doubtful try it has the same `message_id`."""

    message_id: str
    recipient: str
    subject: str
    text: str
    html: str
    id: int = 0
    tries: int = 0


def add(connection: Connection, notice: OperationNotice, operation_id: str | None, batch: str = "") -> None:
    """Leave a notice in the caller's transaction; one of a batch waits until that is released."""
    connection.execute(
        insert(notices).values(
            operation_id=operation_id,
            batch=batch or None,
            payload=encode(notice),
            created_at=now(),
            due_at=now() + (HELD if batch else 0.0),
            tries=0,
        )
    )


def release(database: Database, batch: str) -> None:
    """All of the batch has been done: its notices are due, and sent together.

    Once more it does nothing: what was released may be in somebody's hands, or wait for its next try.
    """
    is_held = (notices.c.due_at >= notices.c.created_at + HELD) & (notices.c.tries == 0)
    with database.transaction() as connection:
        connection.execute(update(notices).where(notices.c.batch == batch, is_held).values(due_at=now()))


def take_notice(database: Database) -> Notice | None:
    """The next notice that is due, with the rest of its batch; no one else gets it for `LEASE` seconds."""
    first = _take(database, notices)
    if first is None:
        return None
    rows = [first]
    if first.batch:
        with database.transaction() as connection:
            due = (notices.c.batch == first.batch) & (notices.c.due_at <= now()) & (notices.c.id != first.id)
            rows += connection.execute(select(notices).where(due).order_by(notices.c.id)).all()
            connection.execute(update(notices).where(due).values(due_at=now() + LEASE))
    operations = tuple(decode(row.payload, OperationNotice) for row in rows)
    return Notice(tuple(row.id for row in rows), operations, first.tries)


def replace_by_mails(database: Database, notice: Notice, made: Sequence[Mail]) -> None:
    """The notice has become these mails."""
    with database.transaction() as connection:
        connection.execute(delete(notices).where(notices.c.id.in_(notice.ids)))
        add_mails(connection, made)


def add_mails(connection: Connection, made: Iterable[Mail]) -> None:
    """Leave mails in the caller's transaction, to be sent now."""
    for mail in made:
        connection.execute(
            insert(mails).values(
                message_id=mail.message_id,
                recipient=mail.recipient,
                subject=mail.subject,
                text=mail.text,
                html=mail.html,
                created_at=now(),
                due_at=now(),
                tries=0,
            )
        )


def take_mail(database: Database) -> Mail | None:
    """The next mail that is due; no one else gets it for `LEASE` seconds."""
    row = _take(database, mails)
    if row is None:
        return None
    return Mail(row.message_id, row.recipient, row.subject, row.text, row.html, row.id, row.tries)


def sent(database: Database, mail: Mail) -> None:
    """The mail was sent."""
    with database.transaction() as connection:
        connection.execute(delete(mails).where(mails.c.id == mail.id))


def later(database: Database, one: Notice | Mail) -> bool:
    """Try again after a pause; false when it was tried often enough and is given up (and deleted)."""
    table, ids = (notices, one.ids) if isinstance(one, Notice) else (mails, (one.id,))
    with database.transaction() as connection:
        if one.tries >= len(PAUSES):
            connection.execute(delete(table).where(table.c.id.in_(ids)))
            return False
        connection.execute(
            update(table).where(table.c.id == one.id).values(tries=one.tries + 1, due_at=now() + PAUSES[one.tries])
        )
    return True


def _take(database: Database, table: Table) -> Any:
    while True:
        with database.engine.connect() as connection:
            row = connection.execute(
                select(table).where(table.c.due_at <= now()).order_by(table.c.id).limit(1)
            ).first()
        if row is None:
            return None
        with database.transaction() as connection:
            taken = connection.execute(
                update(table)
                .where(table.c.id == row.id, table.c.due_at == row.due_at)
                .values(due_at=now() + LEASE)
            )
        if taken.rowcount == 1:
            return row
