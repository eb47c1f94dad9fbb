"""What gunicorn lets through to the portal, and how long it keeps a connection."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from socket import create_connection, socket

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import LimitRequestLine
from gunicorn.http.parser import RequestParser

from webapp import gunicorn_conf


def parsed(search: str) -> str:
    """The query of a request for the list, as gunicorn reads it with our settings."""
    config = Config()
    config.set("limit_request_line", gunicorn_conf.limit_request_line)
    request = f"GET /users?q={search} HTTP/1.1\r\nHost: portal.example\r\n\r\n".encode()
    return str(next(RequestParser(config, iter([request]), ("127.0.0.1", 1))).query)


def test_ten_kilobytes_of_search_reach_the_portal():
    """Which says in words that it looked for the beginning only."""
    assert parsed("x" * 10_000) == "q=" + "x" * 10_000


def test_there_is_an_end():
    with pytest.raises(LimitRequestLine):
        parsed("x" * 40_000)


APPLICATION = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
PROXIES = 60
"""Seconds for which reverse proxies keep idle connections, by default."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """The port of a gunicorn that keeps connections as the portal's does, with a small application."""
    (tmp_path / "small.py").write_text(APPLICATION)
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "--bind": f"127.0.0.1:{port}",
        "--worker-class": gunicorn_conf.worker_class,
        "--threads": "2",
        "--keep-alive": str(gunicorn_conf.keepalive),
        "--log-level": "error",
    }
    arguments = [word for pair in settings.items() for word in pair]
    command = [sys.executable, "-m", "gunicorn", *arguments, "--no-control-socket", "small:app"]
    with subprocess.Popen(command, cwd=tmp_path) as child:
        try:
            _wait_for(port)
            yield port
        finally:
            child.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "gunicorn does not listen"
            time.sleep(0.05)


def test_connections_are_kept_longer_than_proxies_keep_theirs():
    """Else a proxy sends a request on a connection that is being closed, and answers 502."""
    assert gunicorn_conf.keepalive > PROXIES


@pytest.mark.slow
def test_connection_is_used_again_after_five_seconds(server: int):
    """The very same one, with a POST: nobody sends that again of their own accord."""
    with closing(HTTPConnection("127.0.0.1", server, timeout=30)) as connection:
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"ok"
        local = connection.sock.getsockname()
        time.sleep(5)
        connection.request("POST", "/", body=b"")
        assert connection.getresponse().read() == b"ok"
        assert connection.sock.getsockname() == local
