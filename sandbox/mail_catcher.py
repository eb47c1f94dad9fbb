"""A mail server that delivers nothing: it keeps every mail and shows them on a page and through an API.

    with MailCatcher() as mail:
        mail.smtp_port, mail.url, mail.store.all()

Tests switch `mail.behaviour` to see what the portal does when the mail server refuses or hangs.
"""

from __future__ import annotations

import asyncio
import threading
import time
from enum import Enum
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.mail_pages import create_app
from sandbox.mail_store import MailStore
from sandbox.ports import LOOPBACK, free_port

ACCEPTED = "250 Kept"
LARGEST_MAIL = 25_000_000
HANG_UP_SECONDS = 3.0
POLL_SECONDS = 0.05
"""How long the HTTP server may take to notice that it is to stop."""


class Behaviour(Enum):
    """How the mail server meets those who have a mail to deliver."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    """550 to every recipient: for good."""
    DEFER = "defer"
    """451 to every recipient: try again later."""
    SILENT = "silent"
    """Takes the connection and never answers a command."""


REFUSALS = {
    Behaviour.REFUSE: "550 5.7.1 Refused, as the sandbox was asked to",
    Behaviour.DEFER: "451 4.3.0 Not now, as the sandbox was asked to",
}


class MailCatcher:
    """Listens for SMTP and HTTP on the loopback until stopped; free ports unless given."""

    def __init__(
        self, *, smtp_port: int | None = None, http_port: int | None = None, folder: Path | None = None
    ) -> None:
        self.smtp_port = smtp_port or free_port()
        self.http_port = http_port or free_port()
        self.store = MailStore(folder)
        self.behaviour = Behaviour.ACCEPT
        self._smtp: _Controller | None = None
        self._http: BaseWSGIServer | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.http_port}"

    def start(self) -> None:
        """Both servers answer when this returns."""
        self.start_smtp()
        self._http = make_server(
            LOOPBACK, self.http_port, create_app(self.store), threaded=True, request_handler=_QuietHandler
        )
        serve = partial(self._http.serve_forever, POLL_SECONDS)
        self._http_thread = threading.Thread(target=serve, name="mail-http", daemon=True)
        self._http_thread.start()

    def stop(self) -> None:
        """Both ports are free again when this returns; the mails stay."""
        self.stop_smtp()
        if self._http is not None:
            self._http.shutdown()
            self._http_thread.join()  # it closes the socket
            self._http = None

    def start_smtp(self) -> None:
        """Let the mail server come back (its page never went)."""
        controller = _Controller(
            _Handler(self), hostname=LOOPBACK, port=self.smtp_port, data_size_limit=LARGEST_MAIL, ident="sandbox"
        )
        controller.start()
        self._smtp = controller

    def stop_smtp(self) -> None:
        """Let the mail server be down: connections are refused, the page stays."""
        if self._smtp is not None:
            self._smtp.hang_up()
            self._smtp.stop()
            self._smtp = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Handler:
    """What aiosmtpd asks at each command. Names are its own."""

    def __init__(self, catcher: MailCatcher) -> None:
        self._catcher = catcher

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        await self._be_silent_when_asked()
        session.host_name = hostname
        return responses

    async def handle_HELO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str) -> str:
        await self._be_silent_when_asked()
        session.host_name = hostname
        return f"250 {server.hostname}"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = REFUSALS.get(self._catcher.behaviour)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self._catcher.store.add(envelope.original_content or b"", envelope.rcpt_tos)
        return ACCEPTED

    async def _be_silent_when_asked(self) -> None:
        if self._catcher.behaviour is Behaviour.SILENT:
            await asyncio.Event().wait()


class _Connection(SMTP):
    """One conversation; known to its controller as long as it lasts."""

    def __init__(self, known: set[_Connection], *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._known = known

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._known.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._known.discard(self)


class _Controller(Controller):
    """aiosmtpd's, which would leave open conversations behind when it stops."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._known: set[_Connection] = set()
        super().__init__(*arguments, **options)

    def factory(self) -> SMTP:
        return _Connection(self._known, self.handler, **self.SMTP_kwargs)

    def hang_up(self) -> None:
        """Listen no more and cut every conversation off; they are closed when this returns."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result()

    async def _hang_up(self) -> None:
        if self.server is not None:
            self.server.close()
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        deadline = time.monotonic() + HANG_UP_SECONDS
        while self._known and time.monotonic() < deadline:
            for connection in list(self._known):
                if isinstance(connection.transport, asyncio.Transport):
                    connection.transport.abort()
            await asyncio.sleep(0.01)


_TURNS = 5
"""Of the loop, after which what was accepted before is a conversation."""


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to the demo."""
