"""A pytest plugin: one Keycloak for all processes of a run, as most of what a new one costs is compiling its code.

The process that needs it first starts it, and ends it when no other one uses it any more. What a test waited for
it is noted in its report: it is no time of that test's folder (`tests/durations.py`).
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import pytest

from sandbox.keycloak import KeycloakServer
from sandbox.processes import Child

POLL_SECONDS = 0.2
SMALL_CODE = (
    "-XX:MaxInlineLevel=6",
    "-XX:InlineSmallCode=1000",
    "-XX:FreqInlineSize=150",
    "-XX:-DoEscapeAnalysis",
    "-XX:-UseSuperWord",
    "-XX:LoopOptsCount=8",
)
"""What the Java runtime's second compiler leaves out: a run is too short for it to pay.

Without it, the compilers take 60 % of the server's processor time in a run. With it, 41 tests of the provisioner
took 97 s of processor time instead of 110 s. Demos and benchmarks run without it.
"""
ONE = pytest.StashKey["OneKeycloak"]()
WAITED = "seconds waited for the run's Keycloak"
"""The property of a test's report."""


@dataclass(frozen=True)
class Elsewhere:
    """A process that another one looks after: what `Stack.pids` asks of a `Child`."""

    name: str
    pid: int

    def poll(self) -> None:
        """It runs as long as it is used."""


class RunningKeycloak(KeycloakServer):
    """One that runs already, and not only for whoever asks here: starting and stopping do nothing."""

    def __init__(self, folder: Path, *, port: int, management_port: int, pid: int) -> None:
        super().__init__(folder, port=port, management_port=management_port)
        self.child = cast(Child, Elsewhere(self.name, pid))

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


class OneKeycloak:
    """The Keycloak of a run whose processes share `folder`; `release` before a process ends."""

    def __init__(self, folder: Path) -> None:
        self._home = folder / "keycloak"
        self._address = folder / "keycloak.json"
        self._door = folder / "keycloak.door"
        self._used = folder / "keycloak.used"
        self._use: IO[str] | None = None
        self._own: KeycloakServer | None = None
        self._shared: RunningKeycloak | None = None
        self.waited = 0.0
        """Seconds that `get` took: its preparation, perhaps in another process, and its start."""

    def get(self) -> RunningKeycloak:
        """Start it unless it runs, and use it from now on."""
        if self._shared is None:
            began = time.monotonic()
            with _locked(self._door):
                if not self._address.exists():
                    self._start()
                told = json.loads(self._address.read_text(encoding="utf-8"))
                self._use = self._used.open("w")
                fcntl.flock(self._use, fcntl.LOCK_SH)
            self._shared = RunningKeycloak(self._home, **told)
            self.waited += time.monotonic() - began
        return self._shared

    def release(self) -> None:
        """Use it no more; whoever started it waits for the others here, and ends it."""
        self._shared = None
        while self._own is not None and not self._ended(self._own):
            time.sleep(POLL_SECONDS)
        self._own = None
        if self._use is not None:
            self._use.close()
            self._use = None

    def _start(self) -> None:
        server = KeycloakServer(self._home, java_options=SMALL_CODE)
        server.start()
        assert server.child is not None
        self._own = server
        told = {"port": server.port, "management_port": server.management_port, "pid": server.child.pid}
        self._address.write_text(json.dumps(told), encoding="utf-8")

    def _ended(self, own: KeycloakServer) -> bool:
        """End it, unless somebody else uses it."""
        with _locked(self._door):
            if not self._is_alone():
                return False
            self._address.unlink()
            own.stop()
        return True

    def _is_alone(self) -> bool:
        assert self._use is not None
        try:
            fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def one_keycloak(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RunningKeycloak:
    """The run's Keycloak. Who uses it has realms of his own and leaves everybody else's alone."""
    base = tmp_path_factory.getbasetemp()
    several = hasattr(request.config, "workerinput")  # then each process has a folder in that of the run
    one = request.config.stash.setdefault(ONE, OneKeycloak(base.parent if several else base))
    return one.get()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Note what the first test that needs it waited."""
    before = _waited(item.config)
    yield
    if waited := _waited(item.config) - before:
        item.user_properties.append((WAITED, waited))


def _waited(config: pytest.Config) -> float:
    return config.stash[ONE].waited if ONE in config.stash else 0.0


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Here and not at the fixture's end: a test that waited for another process would run into its timeout."""
    if ONE in session.config.stash:
        session.config.stash[ONE].release()
