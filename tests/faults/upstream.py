"""A Keycloak in miniature behind the fault proxy: sign-in, accounts with their groups, creation, mails."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import uuid4

from directory.encoding import company_group
from tests.builders import a_company
from tests.faults.proxy import PatientServer

GROUP = {"id": str(uuid4()), **company_group(a_company("acme"))}


class Upstream:
    """Knows every account as one of Acme, but for addresses nobody has created."""

    def __init__(self) -> None:
        self.created: dict[str, str] = {}
        self.mails: list[str] = []
        self.down = False
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.upstream = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def person(self) -> str:
        """Return the id of one more of those it knows."""
        return str(uuid4())

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
        path, _, query = target.partition("?")
        person = re.search(r"/users/([^/]+)(/groups|/execute-actions-email)?$", path)
        if self.down:
            return 503, None, {}
        if path.endswith("/token"):
            return 200, {"access_token": "token", "expires_in": 60}, {}
        if person:
            return self._of_person(person[1], person[2] or "")
        if method == "POST":
            return self._create(json.loads(body)["email"])
        wanted = [] if "email=" not in query else list(self.created.items())
        return 200, [_account(user_id, email) for email, user_id in wanted], {}

    def _of_person(self, user_id: str, what: str) -> tuple[int, Any, dict[str, str]]:
        if what == "/groups":
            return 200, [GROUP], {}
        if what:
            self.mails.append(user_id)
            return 204, None, {}
        return 200, _account(user_id, f"{user_id}@acme.example"), {}

    def _create(self, email: str) -> tuple[int, Any, dict[str, str]]:
        if email in self.created:
            return 409, {"errorMessage": "User exists with same email"}, {}
        self.created[email] = str(uuid4())
        return 201, None, {"Location": f"{self.url}/admin/realms/portal/users/{self.created[email]}"}


def _account(user_id: str, email: str) -> dict[str, Any]:
    return {"id": user_id, "username": email, "email": email, "enabled": True}


class _Server(PatientServer):
    daemon_threads = True
    upstream: Upstream


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer, headers = self.server.upstream.answer(self.command, self.path, body)
        text = b"" if answer is None else json.dumps(answer).encode()
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def log_message(self, *_: object) -> None:
        pass
