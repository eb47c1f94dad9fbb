"""A small HTTP proxy that makes a chosen call go wrong, and says afterwards that it did.

It is a forward proxy (`http_proxy`), so the name of the host stays what the caller knows and tokens stay valid.
"""

import os
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Literal
from urllib.parse import urlsplit

Kind = Literal["503", "reset before", "reset after", "delay", "hang"]
OURS = "/realms/portal/"
"""In the path of every call about the portal's realm."""
EVERY = int(os.environ.get("FAULT_EVERY", "12"))
"""How many calls apart those are that go wrong, where each one of some work could (`make faults`: 1)."""
HOP = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length"})


@dataclass
class Fault:
    """From the nth call on that matches, so many calls go wrong; `happened` counts those that did.

    « reset before » never reaches the server, « reset after » does and loses its answer; « delay » waits, then
    passes on; « hang » answers nothing until the proxy stops. `then` is done as soon as a reset has happened.
    """

    kind: Kind
    method: str = "[A-Z]+"
    path: str = ".*"
    nth: int = 1
    times: int = 1
    seconds: float = 0.0
    then: Callable[[], object] = lambda: None
    seen: int = 0
    happened: int = 0

    def meets(self, method: str, path: str) -> bool:
        if not (re.fullmatch(self.method, method) and re.search(self.path, path)):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


class FaultProxy:
    """Listens on the loopback; use `running()`."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.calls: list[str] = []
        self.ended = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self.faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self.faults.clear()

    def meet(self, method: str, path: str) -> Fault | None:
        with self._lock:
            self.calls.append(f"{method} {path}")
            due = [fault for fault in self.faults if fault.meets(method, path)]
            if not due:
                return None
            due[0].happened += 1
            return due[0]

    @contextmanager
    def running(self) -> Iterator["FaultProxy"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.ended.set()
            self._server.shutdown()
            self._server.server_close()


def one_after_the_other(
    proxy: FaultProxy, fault_at: Callable[[int], Fault], every: int = EVERY
) -> Iterator[Fault]:
    """The fault at the first call, at a later one, and so on, until the caller's work has no such call."""
    for nth in count(1, every):
        fault = proxy.add(fault_at(nth))
        yield fault
        proxy.clear()
        if not fault.happened:
            assert nth > 1, "none went wrong"
            return


class PatientServer(ThreadingHTTPServer):
    """Takes it for granted that callers are killed and leave in the middle of a request.

    Nothing is printed for them: making the text of a traceback while another thread of the process parses
    something can fail the other one with a `SystemError` (python/cpython#106905).
    """

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Server(PatientServer):
    daemon_threads = True
    block_on_close = False
    proxy: FaultProxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _pass(self) -> None:
        target = urlsplit(self.path)
        path = f"{target.path}?{target.query}" if target.query else target.path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.proxy.meet(self.command, path)
        kind = fault.kind if fault else ""
        if kind == "hang":
            self.server.proxy.ended.wait()
        if kind in {"hang", "reset before"}:
            self._break_off(fault)
            return
        if kind == "delay" and fault:
            time.sleep(fault.seconds)
        answer = (503, {}, b"") if kind == "503" else self._forward(target.netloc, path, body)
        if kind == "reset after":
            self._break_off(fault)
        else:
            self._answer(*answer)

    do_GET = do_POST = do_PUT = do_DELETE = _pass

    def _forward(self, host: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        upstream = HTTPConnection(host, timeout=60)
        try:
            upstream.request(self.command, path, body or None, headers)
            answer = upstream.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in HOP}
            return answer.status, kept, answer.read()
        except OSError:
            return 502, {}, b""
        finally:
            upstream.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        try:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the caller has given up

    def _break_off(self, fault: Fault | None) -> None:
        if fault:
            fault.then()
        # Not an end but an RST: what a peer sends that has lost the connection.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        pass

    def finish(self) -> None:
        with suppress(OSError, ValueError):  # reset on purpose
            super().finish()
