"""Sessions kept on our side: Flask-Session on our own table.

The browser holds a random id; the table holds its SHA-256, so a copy of the database signs no one in.
"""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec
from flask import Flask, Request, Response, request
from flask_session.base import Serializer, ServerSideSession, ServerSideSessionInterface
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from webapp.storage.database import UNAVAILABLE, Database, now, sessions

PERSON = "person_id"
KEYCLOAK_SESSION = "keycloak_session"
CREATED_AT = "created_at"


class LostSession(ServerSideSession):  # type: ignore[misc]
    """Used while the database cannot be read: empty, and never saved."""


class DatabaseSessionInterface(ServerSideSessionInterface):  # type: ignore[misc]
    """Idle and absolute end are both kept in `expires_at`; an ended session is as good as none."""

    ttl = True  # ended rows are removed here, the library need not

    def __init__(self, app: Flask, database: Database, absolute: timedelta) -> None:
        super().__init__(app, key_prefix="", permanent=False, sid_length=32)
        self._database = database
        self._absolute = absolute.total_seconds()
        self.serializer = _MessagePack()

    def open_session(self, app: Flask, request: Request) -> ServerSideSession:
        try:
            return super().open_session(app, request)
        except SQLAlchemyError:
            app.logger.exception("the database of sessions cannot be read")
            return LostSession(sid=self._generate_sid(self.sid_length))

    def save_session(self, app: Flask, session: ServerSideSession, response: Response) -> None:
        if isinstance(session, LostSession):
            return
        only_reads = request.method in {"GET", "HEAD"} and CREATED_AT in session
        try:
            super().save_session(app, session, response)
        except UNAVAILABLE:
            # A page that only reads is shown all the same; its session ends no later for it.
            if not only_reads and response.status_code < 500:
                raise
            app.logger.warning("the session cannot be stored", exc_info=True)

    def _get_store_id(self, sid: str) -> str:
        return sha256(sid.encode()).hexdigest()

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        query = select(sessions.c.data).where(sessions.c.id == store_id, sessions.c.expires_at > now())
        with self._database.engine.connect() as connection:
            data = connection.execute(query).scalar_one_or_none()
        return self.serializer.decode(data) if data is not None else None

    def _delete_session(self, store_id: str) -> None:
        with self._database.transaction() as connection:
            connection.execute(delete(sessions).where(sessions.c.id == store_id))

    def _upsert_session(self, session_lifetime: timedelta, session: ServerSideSession, store_id: str) -> None:
        is_new = CREATED_AT not in session
        created_at = float(session.setdefault(CREATED_AT, now()))
        values = {
            "person_id": session.get(PERSON),
            "keycloak_session": session.get(KEYCLOAK_SESSION),
            "data": self.serializer.encode(session),
            "expires_at": min(now() + session_lifetime.total_seconds(), created_at + self._absolute),
        }
        with self._database.transaction() as connection:
            if is_new:
                connection.execute(delete(sessions).where(sessions.c.expires_at < now()))
                connection.execute(insert(sessions).values(id=store_id, created_at=created_at, **values))
            else:
                # No row to change means signed out meanwhile: what is over must not come back.
                connection.execute(update(sessions).where(sessions.c.id == store_id).values(**values))

    def regenerate(self, session: ServerSideSession) -> None:
        """A new id (against fixation) and a new absolute life for what is in the session."""
        session.pop(CREATED_AT, None)
        super().regenerate(session)

    def end(self, session: ServerSideSession) -> None:
        """Nothing of it is left, here at once; what the same answer may still write is another session."""
        self._delete_session(self._get_store_id(session.sid))
        session.clear()
        session.sid = self._generate_sid(self.sid_length)


def end_sessions(connection: Connection, *, keycloak_session: str, person_id: str) -> int:
    """End what was signed in by this session of Keycloak (its `sid`), or, without one, all sessions of the person.

    Where both are named, both must be the session's. How many ended.
    """
    named = {sessions.c.keycloak_session: keycloak_session, sessions.c.person_id: person_id}
    wanted = [column == value for column, value in named.items() if value]
    if not wanted:
        raise ValueError("neither a session nor a person")
    return connection.execute(delete(sessions).where(*wanted)).rowcount


class _MessagePack(Serializer):  # type: ignore[misc]
    """Message pack and nothing else (the library's own falls back to pickle)."""

    def decode(self, serialized_data: bytes) -> dict[str, Any]:
        return msgspec.msgpack.decode(serialized_data, type=dict[str, Any])

    def encode(self, session: ServerSideSession) -> bytes:
        return msgspec.msgpack.encode(dict(session))
