"""A write whose answer gets lost leaves this machine once: on a real socket, below what `responses` can see.

The library replays every call on a broken connection unless that is switched off: it would create a second account
or send a second mail.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from directory.errors import UnavailableError
from directory.keycloak_gateway.directory import KeycloakDirectory
from directory.model import Invitation
from tests.builders import NOON, a_profile, a_user, an_attachment

ANNE = a_user()


class Losing(BaseHTTPRequestHandler):
    """Signs in and reads people like Keycloak; at any other request hangs up without an answer.

    It hangs up at reads as well when the server's `reads_lost` is set.
    """

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        if path.endswith("/token"):
            self._send({"access_token": "t", "expires_in": 60})
        elif (self.command, path) == ("GET", "/admin/realms/portal/users"):
            self._send([])
        elif self.command == "GET" and "/users/" in path and not self.server.reads_lost:
            self._send([] if path.endswith("/groups") else {"id": ANNE.id})
        else:
            self.server.lost.append(f"{self.command} {path.removeprefix('/admin/realms/portal')}")
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def _send(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Losing)
    server.lost = []
    server.reads_lost = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def directory(server):
    """One that has a connection open already: the kind that breaks."""
    directory = KeycloakDirectory(
        f"http://127.0.0.1:{server.server_port}",
        "portal",
        "portal-directory",
        lambda: ["the-secret"],
        portal_client_id="portal",
        redirect_uri="http://localhost:8000/",
    )
    directory.check()
    return directory


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "request_line"),
    [
        (lambda d: d.create_user(a_profile(), [an_attachment()]), "POST /users"),
        (lambda d: d.send_activation(ANNE.id), f"PUT /users/{ANNE.id}/execute-actions-email"),
        (lambda d: d.record_activation_sent(ANNE, NOON), f"PUT /users/{ANNE.id}"),
        (lambda d: d.record_invitation(ANNE, Invitation("Bob", ("Acme",))), f"PUT /users/{ANNE.id}"),
        (lambda d: d.correct_email(ANNE, "new@acme.example"), f"PUT /users/{ANNE.id}"),
        (lambda d: d.delete_user(ANNE.id), f"DELETE /users/{ANNE.id}"),
    ],
    ids=["create", "mail", "note", "invitation", "correct", "delete"],
)
def test_a_write_without_an_answer_is_not_sent_again(server, directory, write, request_line):
    with pytest.raises(UnavailableError):
        write(directory)

    assert server.lost == [request_line]


@pytest.mark.slow
def test_a_read_without_an_answer_is(server, directory):
    server.reads_lost = True
    with pytest.raises(UnavailableError):
        directory.user(ANNE.id)

    assert server.lost == [f"GET /users/{ANNE.id}/groups"] * 3
