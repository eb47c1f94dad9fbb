"""R17, R1: a real portal process without Keycloak; SIGTERM lets it finish what is in flight."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.faults import portal_process
from tests.faults.portal_process import PortalProcess
from tests.faults.proxy import Fault, FaultProxy
from tests.faults.upstream import Upstream
from tests.waiting import until


@pytest.fixture
def portal(tmp_path: Path, proxy: FaultProxy, upstream: Upstream) -> Iterator[PortalProcess]:
    upstream.down = True
    settings = {
        "CLIENT_PORTAL_SECRET": "secret of the portal",
        "CLIENT_PORTAL_DIRECTORY_SECRET": "secret of the directory",
        "SECRET_KEY": "a key for tests only",
        "KEYCLOAK_URL": upstream.url,
    }
    with portal_process.running(tmp_path, proxy.address, settings) as process:
        yield process


def test_without_keycloak_and_to_the_end(portal: PortalProcess, proxy: FaultProxy):
    """Sign-in is answered 503 with `Retry-After`; the one that waits at SIGTERM is answered too; status 0."""
    child, address = portal.child, portal.address
    assert child is not None
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
