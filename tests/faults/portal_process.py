"""A portal as a process of its own, on a kept database; every call of its to Keycloak passes the fault proxy."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from sandbox.content import ROOT
from sandbox.ports import free_port
from sandbox.stack import PORTAL_COMMAND
from tests.waiting import until
from webapp.storage.database import Database


class PortalProcess:
    """Started, ended by a signal and started again in one folder. `settings` are its environment."""

    def __init__(self, folder: Path, proxy_address: str, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / "portal.log"
        self.database = Database(f"sqlite:///{folder / 'portal.sqlite'}")
        self.database.upgrade()
        self._environment = {
            "PATH": os.environ["PATH"],
            "PORTAL_URL": self.address,
            **settings,
            "PORTAL_PORT": str(self.port),
            "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite'}",
            "http_proxy": proxy_address,
        }
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it answers."""
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                PORTAL_COMMAND, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        until(self.is_alive, "the portal answers", seconds=120)

    def is_alive(self) -> bool:
        try:
            return requests.get(f"{self.address}/livez", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):  # its worker is not there yet
            return False

    def kill(self) -> None:
        """SIGKILL to all of its processes."""
        if self.child is not None and self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()

    def close(self) -> None:
        self.kill()
        self.database.engine.dispose()
        assert "Traceback" not in self.log.read_text(encoding="utf-8")


@contextmanager
def running(folder: Path, proxy_address: str, settings: Mapping[str, str]) -> Iterator[PortalProcess]:
    """A process that answers, until the end of the block."""
    process = PortalProcess(folder, proxy_address, settings)
    try:
        process.start()
        yield process
    finally:
        process.close()
