"""A proxy that writes down what a program asks of Keycloak, and of whom.

The program is told of it by `HTTP_PROXY`, so its requests, Host header included, stay as they are.
"""

import http.client
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.ports import LOOPBACK
from tests.faults.proxy import PatientServer

HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length"})
_ACCOUNT = re.compile(r"/admin/realms/[^/]+/users/([0-9a-f-]{36})(/|$)")


@dataclass(frozen=True)
class Call:
    """One request: `account` is what Keycloak held of the person it was about, just before (admin API only)."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    account: dict[str, Any] | None
    status: int

    def __str__(self) -> str:
        return f"{self.method} {self.path} ({self.status})"


class Recorder:
    """Listens on `port` between `start` and `stop`; `look_up` finds an account by its id, for the record."""

    def __init__(self, port: int, look_up: Callable[[str], dict[str, Any] | None]) -> None:
        self.port = port
        self.look_up = look_up
        self.calls: list[Call] = []
        self._server: PatientServer | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What tells a program to come this way."""
        url = f"http://{LOOPBACK}:{self.port}"
        return {"HTTP_PROXY": url, "http_proxy": url, "NO_PROXY": "", "no_proxy": ""}

    def start(self) -> None:
        recorder = self

        class Handler(_Handler):
            owner = recorder

        self._server = PatientServer((LOOPBACK, self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Handler(BaseHTTPRequestHandler):
    owner: Recorder

    def handle_call(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = urlsplit(self.path)
        about = _ACCOUNT.match(target.path)
        account = self.owner.look_up(about.group(1)) if about and self.command != "GET" else None
        status, headers, answer = self._forward(target, body)
        self.owner.calls.append(Call(self.command, target.path, parse_qs(target.query), body, account, status))
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_call

    def _forward(self, target: Any, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        path = f"{target.path}?{target.query}" if target.query else target.path
        try:
            connection.request(self.command, path, body=body or None, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def log_message(self, *_arguments: Any) -> None:
        """The record is enough."""
