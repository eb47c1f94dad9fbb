"""Sessions that never leave the server: the browser holds a random number only."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin

COOKIE = "sample_service_session"  # cookies of localhost are shared by all its ports: the name must be our own
IDLE_SECONDS = 30 * 60.0
MOST_SESSIONS = 10_000


class ServerSession(dict[str, Any], SessionMixin):
    """One browser's session. `lock` lets one request at a time renew its tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.id = ""
        self.used_at = 0.0
        self.ended = False
        self.lock = threading.Lock()

    def start_over(self) -> None:
        """Forget all and get a new id: at sign-in, so that nobody can prepare a session for somebody else."""
        self.clear()
        self.id = ""


class MemorySessions(SessionInterface):
    """All sessions of this process. A restart signs people out here; single sign-on brings them back unasked."""

    def __init__(self, *, secure: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._secure = secure
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, ServerSession] = {}

    def open_session(self, app: Flask, request: Request) -> ServerSession:
        with self._lock:
            found = self._sessions.get(request.cookies.get(COOKIE, ""))
            if found is None or self._clock() - found.used_at > IDLE_SECONDS:
                return ServerSession()
            found.used_at = self._clock()
            return found

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not isinstance(session, ServerSession):
            raise TypeError("a session of another kind")
        if session.ended or not session:
            self._forget(session)
            return
        if not session.id:
            self._keep(session)
            response.set_cookie(COOKIE, session.id, httponly=True, samesite="Lax", secure=self._secure)
        response.headers.add("Vary", "Cookie")

    def end(self, ends: Callable[[ServerSession], bool]) -> int:
        """End every session that `ends` says yes to, requests under way included; how many they were."""
        with self._lock:
            ended = [session for session in self._sessions.values() if ends(session)]
            for session in ended:
                session.ended = True
                self._sessions.pop(session.id, None)
        return len(ended)

    def _keep(self, session: ServerSession) -> None:
        with self._lock:
            self._remove(session)
            now = self._clock()
            for other in [each for each in self._sessions.values() if now - each.used_at > IDLE_SECONDS]:
                self._remove(other)
            if len(self._sessions) >= MOST_SESSIONS:
                self._remove(min(self._sessions.values(), key=lambda each: each.used_at))
            session.id = secrets.token_urlsafe(32)
            session.used_at = now
            self._sessions[session.id] = session

    def _forget(self, session: ServerSession) -> None:
        with self._lock:
            self._remove(session)

    def _remove(self, session: ServerSession) -> None:
        for known in [key for key, each in self._sessions.items() if each is session]:
            del self._sessions[known]
