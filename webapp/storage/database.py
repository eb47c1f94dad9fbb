"""The portal's own database: sessions, locks, operations under way, quotas, the journal, mails to be sent.

Nothing about who is attached: that is Keycloak's alone. What the journal holds is what happened.

Times are UTC, stored as seconds since 1970 (a float), so that every database compares them alike.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import time
from typing import Any
from uuid import uuid4

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

metadata = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s"},
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True, comment="SHA-256 of the cookie, in hex"),
    Column("person_id", String(64), nullable=True, index=True),
    Column("keycloak_session", String(255), nullable=True, index=True),
    Column("data", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
)

locks = Table(
    "locks",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("expires_at", Float, nullable=False),
)

operations = Table(
    "operations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("actor_id", String(64), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("worker", String(255), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float, nullable=True),
    Index("ix_operations_state_actor_id", "state", "actor_id"),
)

activation_mails = Table(
    "activation_mails",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("user_id", String(64), nullable=False),
    Column("sent_at", Float, nullable=False),
    Index("ix_activation_mails_user_id_sent_at", "user_id", "sent_at"),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False, index=True),
    Column("request_id", String(64), nullable=False, index=True),
    Column("operation_id", String(64), nullable=True),
    Column("actor_id", String(64), nullable=False),
    Column("actor_name", String(512), nullable=False),
    Column("actor_email", String(255), nullable=False),
    Column("action", String(32), nullable=False),
    Column("person_id", String(64), nullable=True, index=True),
    Column("person_name", String(512), nullable=False),
    Column("person_email", String(255), nullable=False),
    Column("before", JSON, nullable=True),
    Column("after", JSON, nullable=True),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("words", Text, nullable=False, comment="names and addresses without case and accents, to search in"),
)

journal_companies = Table(
    "journal_companies",
    metadata,
    Column("company_id", String(63), primary_key=True),
    Column("line_id", Integer, ForeignKey("journal.id", ondelete="CASCADE"), primary_key=True),
)

quota_uses = Table(
    "quota_uses",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("quota", String(32), nullable=False),
    Column("subject", String(64), nullable=False, comment="whose quota: an administrator's id"),
    Column("key", String(64), nullable=False, comment="what it was used for, as a SHA-256 in hex; or empty"),
    Column("at", Float, nullable=False),
    Index("ix_quota_uses_quota_subject_at", "quota", "subject", "at"),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("operation_id", String(64), nullable=True),
    Column("batch", String(64), nullable=True, index=True, comment="sent together, once it is released"),
    Column("payload", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("due_at", Float, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
)

mails = Table(
    "mails",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("message_id", String(255), nullable=False),
    Column("recipient", String(255), nullable=False),
    Column("subject", String(998), nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("due_at", Float, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("id", String(64), primary_key=True, comment="random: it cannot be guessed"),
    Column("author", JSON, nullable=False),
    Column("actor_id", String(64), nullable=False, index=True),
    Column("mails", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("worker", String(255), nullable=False),
    Column("created_at", Float, nullable=False, index=True),
    Column("began_at", Float, nullable=False, comment="when its present or last run began"),
    Column("done_before", Integer, nullable=False, comment="lines that were done when that run began"),
    Column("beat_at", Float, nullable=False, comment="when it was last known to go on"),
    Column("finished_at", Float, nullable=True),
)
"""Files of people that were sent to be done; they go on when their page is closed.

They and their lines hold names and addresses, so they are deleted some days after
(`webapp.jobs.state.KEPT`): long enough to correct what was refused. The journal tells the rest.
"""

import_lines = Table(
    "import_lines",
    metadata,
    Column("import_id", String(64), ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("cells", JSON, nullable=False),
    Column("surplus", Integer, nullable=False),
    Column("outcome", String(16), nullable=True, comment="none until it is done"),
    Column("problems", JSON, nullable=True),
    Column("before", JSON, nullable=True),
    Column("after", JSON, nullable=True),
    Column("mail_sent", Boolean, nullable=True),
)


resendings = Table(
    "resendings",
    metadata,
    Column("actor_id", String(64), primary_key=True),
    Column("worker", String(255), nullable=False),
    Column("began_at", Float, nullable=False),
    Column("beat_at", Float, nullable=False, index=True, comment="when it was last known to go on"),
    Column("results", JSON, nullable=False, comment="in order: who, and what became of the mail; null until then"),
    Column("asked", JSON(none_as_null=True), nullable=True, comment="what of a selection, null of mails"),
)
"""Of each administrator the last batch (activation mails, a selection); it continues when its page is closed.

It is deleted some days after (`webapp.jobs.state.KEPT`).
"""


reviews = Table(
    "reviews",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("company_id", String(63), nullable=False, index=True),
    Column("actor_id", String(64), nullable=False),
    Column("actor_name", String(512), nullable=False),
    Column("until", String(10), nullable=False, comment="the last day, an ISO date"),
    Column("undecided", String(8), nullable=False, comment="what becomes of them: keep or detach"),
    Column("began_at", Float, nullable=False),
    Column("ended_at", Float, nullable=True, index=True),
    Column("digest", String(64), nullable=True, comment="SHA-256 of the evidence, in hex"),
)
"""Access reviews: evidence, kept as long as the journal."""

review_items = Table(
    "review_items",
    metadata,
    Column("review_id", String(64), ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("name", String(512), nullable=False),
    Column("email", String(255), nullable=False),
    Column("words", Text, nullable=False, comment="the name as it is sorted"),
    Column("attachment", JSON, nullable=False, comment="as it was when the review began"),
    Column("decision", String(16), nullable=True),
    Column("decided_by", JSON, nullable=True),
    Column("decided_at", Float, nullable=True),
)

facts = Table(
    "facts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Float, nullable=False),
)
"""What the nightly work knows of one day for the next: numbers by name; instants are seconds since 1970."""

CHECK = "check"
"""The holder of the row that `Database.check` writes and deletes."""
UNAVAILABLE = (OperationalError, InternalError, PoolTimeoutError)
"""What the database raises when it does not answer, is full or may only be read: no fault of the statement."""


class NotMigratedError(Exception):
    """The tables lack, or are those of an older release."""


class Database:
    """One engine, and the one way to write: a short transaction that never spans a call to Keycloak."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction, committed at the end of the block and rolled back by an error."""
        with self.engine.begin() as connection:
            yield connection

    def check(self) -> None:
        """Raise `sqlalchemy.exc.SQLAlchemyError` unless it can be read and written, and `NotMigratedError`.

        Newer tables are accepted: another portal of a newer release has migrated them, and this one finishes.
        """
        with self.engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
            if found is None or found in _older_revisions():
                raise NotMigratedError(f"the database is at revision {found or 'none'}")
        with self.transaction() as connection:
            # Nothing is left of it, but a database that is full or read-only refuses it.
            connection.execute(insert(locks).values(name=f"check:{uuid4().hex}", holder=CHECK, expires_at=0.0))
            connection.execute(delete(locks).where(locks.c.holder == CHECK))

    def upgrade(self) -> None:
        """Bring the tables to the newest revision."""
        config = _migrations()
        config.attributes["engine"] = self.engine
        command.upgrade(config, "head")


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    return config


@cache
def _older_revisions() -> frozenset[str]:
    """The revisions that lack something that this release needs."""
    scripts = ScriptDirectory.from_config(_migrations())
    known = {script.revision for script in scripts.walk_revisions()}
    return frozenset(known - set(scripts.get_heads()))


def now() -> float:
    """The present, as the database keeps it."""
    return time()


def _engine(url: str) -> Engine:
    """Return the engine; its errors, which are logged, hold no values: those are names and addresses."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=10)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 15})

    @event.listens_for(engine, "connect")
    def _tune(connection: sqlite3.Connection, _record: Any) -> None:
        # Readers never wait for a writer; a writer waits for the one before.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    return engine
