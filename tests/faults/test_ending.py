"""R17, R1: a real portal process without Keycloak; SIGTERM lets it finish what is in flight."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import socket

import pytest
import requests

from tests.faults.proxy import Fault, FaultProxy
from tests.faults.upstream import Upstream
from tests.waiting import until
from webapp.storage.database import Database

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow

Running = tuple["subprocess.Popen[bytes]", str]


@pytest.fixture
def portal(tmp_path: Path, proxy: FaultProxy, upstream: Upstream) -> Iterator[Running]:
    """The process, and its address; every call to Keycloak passes the proxy."""
    upstream.down = True
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = Database(f"sqlite:///{tmp_path / 'portal.sqlite'}")
    database.upgrade()
    database.engine.dispose()
    environment = {
        "PATH": os.environ["PATH"],
        "http_proxy": proxy.address,
        "CLIENT_PORTAL_SECRET": "secret of the portal",
        "CLIENT_PORTAL_DIRECTORY_SECRET": "secret of the directory",
        "SECRET_KEY": "a key for tests only",
        "KEYCLOAK_URL": upstream.url,
        "PORTAL_PORT": str(port),
        "PORTAL_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'portal.sqlite'}",
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "webapp/gunicorn_conf.py", "webapp.wsgi:app"]
    address = f"http://127.0.0.1:{port}"
    with (tmp_path / "log").open("wb") as log:
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        until(lambda: alive(address), "the portal answers", seconds=120)
        yield child, address
    finally:
        child.kill()
        child.wait()
    assert b"Traceback" not in (tmp_path / "log").read_bytes()


def alive(address: str) -> bool:
    try:
        return requests.get(f"{address}/livez", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_without_keycloak_and_to_the_end(portal: Running, proxy: FaultProxy):
    """Sign-in is answered 503 with `Retry-After`; the one that waits at SIGTERM is answered too; status 0."""
    child, address = portal
    page = requests.get(f"{address}/login", timeout=30, allow_redirects=False)
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    ready = requests.get(f"{address}/readyz", timeout=30)
    assert (ready.status_code, ready.text) == (503, "keycloak: no answer\n")
    assert requests.get(f"{address}/help", timeout=30).status_code == 200

    time.sleep(2)  # the breaker lets a probe through
    fault = proxy.add(Fault("delay", "GET", "well-known", seconds=2.0, times=1_000))
    with ThreadPoolExecutor(1) as others:
        waiting = others.submit(requests.get, f"{address}/login", timeout=30, allow_redirects=False)
        until(lambda: fault.happened >= 1, "it waits", seconds=30, pause=0.02)
        began = time.monotonic()
        os.kill(child.pid, signal.SIGTERM)
        assert waiting.result().status_code == 503
    assert child.wait(timeout=30) == 0
    assert time.monotonic() - began < 25, "ten seconds at most, and the end of a process on a busy machine"
