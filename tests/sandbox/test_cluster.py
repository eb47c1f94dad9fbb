"""The parts of `make cluster`, without a Keycloak: PostgreSQL, reverse proxy, what each program is told."""

import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest
import requests

from sandbox import __main__ as command_line
from sandbox import reverse_proxy
from sandbox.cluster import Cluster
from sandbox.errors import MissingProgramError, StartError
from sandbox.ports import LOOPBACK, Ports, free_port, free_ports, is_free
from sandbox.postgres import PostgresServer
from sandbox.processes import Programs
from sandbox.reverse_proxy import ReverseProxy, Server, Site, State, configuration
from sandbox.stack import claim
from tests.waiting import until

SLOW = 3.0


class Named(BaseHTTPRequestHandler):
    """Answers with the name of its server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(SLOW)
        if self.path == "/never":
            self.send_error(503)
            return
        body = self.server.server_name.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def programs() -> Iterator[Programs]:
    made = Programs()
    yield made
    made.end()


@pytest.fixture
def two() -> Iterator[list[ThreadingHTTPServer]]:
    servers = []
    for name in ("first", "second"):
        server = ThreadingHTTPServer((LOOPBACK, 0), Named)
        server.daemon_threads = True
        server.server_name = name
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
    yield servers
    for server in servers:
        server.shutdown()
        server.server_close()


def skip_without_proxy() -> None:
    try:
        reverse_proxy.found()
    except MissingProgramError as missing:
        pytest.skip(str(missing))


def started(folder: Path, programs: Programs, overview: int, site: Site, *absent: tuple[str, str]) -> ReverseProxy:
    """A proxy that listens, and has found out that these servers (site and name) do not pass their checks."""
    proxy = ReverseProxy(folder, overview, [site], programs)
    proxy.start()
    until(lambda: not is_free(site.port), "the proxy listens", seconds=30)
    for at, name in absent:
        until(lambda at=at, name=name: proxy.status(at, name) == "DOWN", f"{name} is down", seconds=30)
    return proxy


@pytest.mark.postgres
def test_postgres_begins_empty_and_leaves_nothing(tmp_path: Path, programs: Programs):
    """Its databases are there, on the loopback only; afterwards neither port nor data."""
    server = PostgresServer(tmp_path / "log", free_port(), ("one", "two"), programs)
    server.start()
    for database in ("one", "two"):
        with psycopg.connect(server.address(database).sqlalchemy.replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == (database,)
    data = server._folder
    assert data is not None
    programs.end()
    server.forget()
    assert is_free(server.port)
    assert not data.exists()


def test_a_missing_proxy_is_told_with_the_command_to_get_it(monkeypatch: pytest.MonkeyPatch):
    """Before anything is started."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(MissingProgramError, match="apt-get install haproxy"):
        reverse_proxy.found()


@pytest.mark.slow
def test_the_proxy_takes_turns_and_leaves_out_who_is_drained(
    tmp_path: Path, programs: Programs, two: list[ThreadingHTTPServer]
):
    """Or does not answer."""
    skip_without_proxy()
    port, overview, nobody = free_ports(3)
    servers = [Server(server.server_name, server.server_port) for server in two]
    site = Site("portal", port, "/livez", [*servers, Server("absent", nobody)])
    proxy = started(tmp_path, programs, overview, site, ("portal", "absent"))

    def who() -> set[str]:
        return {requests.get(f"http://{LOOPBACK}:{port}/", timeout=10).text for _ in range(8)}

    assert who() == {"first", "second"}
    proxy.set_state("portal", "first", State.DRAIN)
    assert who() == {"second"}
    proxy.give_back("portal", "first")
    assert who() == {"first", "second"}
    assert requests.get(proxy.overview_url, timeout=10).ok
    with pytest.raises(ValueError, match="No such"):
        proxy.set_state("portal", "third", State.READY)


@pytest.mark.slow
def test_a_server_that_is_not_back_gets_nothing(
    tmp_path: Path, programs: Programs, two: list[ThreadingHTTPServer], monkeypatch: pytest.MonkeyPatch
):
    """It is given back when a check has found it, not when somebody says so: the next one may be drained then."""
    skip_without_proxy()
    monkeypatch.setattr(reverse_proxy, "CHECKED_SECONDS", 3.0)
    port, overview, late = free_ports(3)
    first = Server("first", two[0].server_port)
    site = Site("portal", port, "/livez", [first, Server("late", late)])
    proxy = started(tmp_path, programs, overview, site, ("portal", "late"))
    proxy.set_state("portal", "late", State.DRAIN)
    with pytest.raises(StartError, match="late gets no requests: DOWN"):
        proxy.give_back("portal", "late")
    server = ThreadingHTTPServer((LOOPBACK, late), Named)
    server.daemon_threads = True
    server.server_name = "late"
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        proxy.give_back("portal", "late")
        proxy.set_state("portal", "first", State.DRAIN)
        assert requests.get(f"http://{LOOPBACK}:{port}/", timeout=10).text == "late"
        server.shutdown()


@pytest.mark.slow
def test_while_none_is_ready_whoever_answers_is_used(
    tmp_path: Path, programs: Programs, two: list[ThreadingHTTPServer]
):
    """Not one that does not even answer."""
    skip_without_proxy()
    port, overview, absent = free_ports(3)
    servers = [Server("first", two[0].server_port), Server("absent", absent)]
    site = Site("keycloak", port, "/never", servers, answers="/")
    started(tmp_path, programs, overview, site, ("keycloak", "first"), ("keycloak-anyway", "absent"))
    assert {requests.get(f"http://{LOOPBACK}:{port}/", timeout=10).text for _ in range(4)} == {"first"}


@pytest.mark.slow
def test_who_waits_too_long_is_asked_to_come_back(
    tmp_path: Path, programs: Programs, two: list[ThreadingHTTPServer], monkeypatch: pytest.MonkeyPatch
):
    """503 with `Retry-After`, while the one whose turn it is gets an answer."""
    skip_without_proxy()
    monkeypatch.setattr(reverse_proxy, "QUEUE_SECONDS", 1)
    port, overview = free_ports(2)
    site = Site("portal", port, "/livez", [Server("first", two[0].server_port)], at_once=1)
    started(tmp_path, programs, overview, site)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: requests.get(f"http://{LOOPBACK}:{port}/slow", timeout=30), range(2)))
    served, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert (served.status_code, served.text) == (200, "first")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert "réessayez" in refused.text
    assert refused.elapsed.total_seconds() < SLOW


def test_what_changes_something_is_not_sent_twice():
    """A request that has reached a server is sent to another one only when it reads."""
    text = configuration([Site("portal", 1, "/livez", [Server("portal-1", 2), Server("portal-2", 3)])], 4)
    assert "http-request disable-l7-retry unless METH_GET" in text
    assert "    server portal-2 127.0.0.1:3\n" in text
    assert text.count("bind 127.0.0.1:") == text.count("bind ") == 2


def test_the_portals_differ_in_their_port_alone(tmp_path: Path):
    """One address for people, one database; the sender's address is taken from the proxy."""
    ports = Ports.free()
    cluster = Cluster(tmp_path, ports)
    told = cluster.environment()
    assert told["PORTAL_URL"] == f"http://localhost:{ports.portal_port}"
    assert told["KEYCLOAK_URL"] == f"http://localhost:{ports.keycloak_port}"
    assert told["DATABASE_URL"].endswith(f"@127.0.0.1:{cluster.postgres.port}/portal")
    assert told["PROXIES"] == "1"
    assert list(cluster.portals) == ["portal-1", "portal-2"]
    assert len({*cluster.portals.values(), *vars(ports).values()}) == 8


def test_the_keycloaks_share_database_and_address(tmp_path: Path):
    """Each has ports of its own, all on the loopback."""
    cluster = Cluster(tmp_path, Ports.free())
    first, second = cluster.keycloaks
    assert first.url == second.url == cluster.keycloak.url
    assert first.cluster is not None
    assert second.cluster is not None
    assert first.cluster.database == second.cluster.database
    assert "--cache-embedded-network-bind-address=127.0.0.1" in first.cluster.options()
    ports = [
        (node.port, node.management_port, node.cluster.cluster_port) for node in cluster.keycloaks if node.cluster
    ]
    assert len({*ports[0], *ports[1]}) == 6


def test_clean_is_refused_while_a_cluster_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Its logs are in a folder of the demo's."""
    (tmp_path / "cluster").mkdir()
    with claim(tmp_path / "cluster"):
        assert command_line.main(["--folder", str(tmp_path), "clean"]) == 1
    assert "already running" in capsys.readouterr().err
    assert command_line.main(["--folder", str(tmp_path), "clean"]) == 0
    assert not tmp_path.exists()
