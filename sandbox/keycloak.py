"""A real Keycloak for the demo and the tests, on the loopback, with its database in a folder."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from sandbox.administrator import ADMIN
from sandbox.distribution import (
    CLUSTER_BUILD_OPTIONS,
    VERSION,
    Distribution,
    Report,
    java_environment,
    prepare,
    silent,
)
from sandbox.errors import PortInUseError, StartError
from sandbox.ports import LOOPBACK, free_port, is_free
from sandbox.processes import GRACE_SECONDS, Child, Programs
from sandbox.typical_use import use

THEMES = Path(__file__).parent.parent / "keycloak" / "themes"
START_SECONDS = 180.0
NODE_START_SECONDS = 400.0
"""The first node of a cluster makes all tables of its database."""
IMPORT_SECONDS = 120.0
LEARNING_SECONDS = 300.0
"""Writing what the JVM learnt happens while it ends and takes half a minute."""
POLL_SECONDS = 0.1
POOL_SIZE = 40
"""Connections of a node to the database of its cluster."""
LOG_LEVELS = "info,io.smallrye.health:warn"
"""Without the second, every question whether it is ready yet leaves a line."""


@dataclass(frozen=True)
class InCluster:
    """How a server is one of several nodes: what they share, and what the others reach it by.

    They find each other in their database and talk to each other on the loopback, encrypted by certificates that
    they make themselves.
    """

    name: str
    public_url: str
    database: str
    """For JDBC."""
    username: str
    password: str
    cluster_port: int

    def options(self) -> list[str]:
        return [
            "--cache=ispn",
            f"--cache-embedded-network-bind-address={LOOPBACK}",
            f"--cache-embedded-network-bind-port={self.cluster_port}",
            f"--db-url={self.database}",
            f"--db-username={self.username}",
            f"--db-pool-max-size={POOL_SIZE}",
            "--proxy-headers=xforwarded",
        ]

    def environment(self) -> dict[str, str]:
        """The first one that starts makes the administrator."""
        return {
            "KC_DB_PASSWORD": self.password,
            "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN.username,
            "KC_BOOTSTRAP_ADMIN_PASSWORD": ADMIN.password,
        }


def prepared(version: str = VERSION, *, report: Report = silent, programs: Programs | None = None) -> Distribution:
    """The distribution, built and warmed: from the cache, or made now (100 s, once per machine and version)."""
    programs = programs or Programs()
    return prepare(lambda made: _warm(made, report, programs), programs=programs, version=version, report=report)


def prepared_for_clusters(version: str, *, report: Report, programs: Programs) -> Distribution:
    """The distribution of a node, built for PostgreSQL; without what a first start leaves or a JVM learns."""
    return prepare(
        lambda _: None, programs=programs, version=version, report=report, options=CLUSTER_BUILD_OPTIONS
    )


class KeycloakServer:
    """One Keycloak with its data in `folder`.

    A new folder starts as a copy of the warmed data (realm `master` with its administrator `ADMIN`); a kept one
    goes on as it was left. `start()` returns when Keycloak says it is ready; `environment` is what realm files
    may name as `${NAME}`. Nothing listens elsewhere than on the loopback. The log is `folder/keycloak.log`.
    A node of a cluster keeps nothing of its own: its data are in the database of `cluster`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        management_port: int | None = None,
        environment: Mapping[str, str] | None = None,
        java_options: Sequence[str] = (),
        themes: Path = THEMES,
        version: str = VERSION,
        report: Report = silent,
        programs: Programs | None = None,
        cluster: InCluster | None = None,
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.management_port = management_port or free_port()
        self.environment = dict(environment or {})
        self.java_options = java_options
        """Options of the Java runtime, after `JVM_OPTIONS`."""
        self.themes = themes
        self.version = version
        self.report = report
        self.programs = programs or Programs()
        """What it is started among, and ended with."""
        self.cluster = cluster
        self.child: Child | None = None

    @property
    def name(self) -> str:
        return self.cluster.name if self.cluster else "Keycloak"

    @property
    def url(self) -> str:
        """The only address under which the Admin API accepts the tokens it gives out."""
        return self.cluster.public_url if self.cluster else f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "keycloak.log"

    def start(self) -> None:
        """Start and wait until ready; `StartError` with the end of the log when that fails."""
        self._check_ports()  # who answers there would be taken for ours
        prepare_it = prepared_for_clusters if self.cluster else prepared
        distribution = prepare_it(self.version, report=self.report, programs=self.programs)
        _furnish(self.folder, distribution, self.themes)
        self.report("starting Keycloak")
        self._launch(distribution, NODE_START_SECONDS if self.cluster else START_SECONDS)

    def stop(self) -> None:
        """End it; the data stay."""
        if self.child is not None:
            self.child.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _check_ports(self) -> None:
        for variable, port in (
            ("KEYCLOAK_PORT", self.port),
            ("KEYCLOAK_MANAGEMENT_PORT", self.management_port),
        ):
            if not is_free(port):
                raise PortInUseError(variable, port)

    def _launch(self, distribution: Distribution, timeout: float, *, learn: bool = False) -> None:
        bootstrap = {
            "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN.username,
            "KC_BOOTSTRAP_ADMIN_PASSWORD": ADMIN.password,
        }
        environment = self.environment | (self.cluster.environment() if self.cluster else {})
        self.log.unlink(missing_ok=True)
        self.child = self.programs.start(
            self.name,
            distribution.command(self.folder, *self._options(), learn=learn, java_options=self.java_options),
            log=self.log,
            environment=java_environment(bootstrap | environment if learn else environment),
            grace=LEARNING_SECONDS if learn else GRACE_SECONDS,
        )
        try:
            self._wait_until_ready(self.child, time.monotonic() + timeout)
        except BaseException:
            self.stop()
            raise

    def _options(self) -> list[str]:
        return [
            "start",
            "--optimized",
            *(self.cluster.options() if self.cluster else ("--cache=local",)),
            "--http-enabled=true",
            f"--http-host={LOOPBACK}",
            f"--http-port={self.port}",
            f"--http-management-host={LOOPBACK}",
            f"--http-management-port={self.management_port}",
            f"--hostname={self.url}",
            f"--log-level={LOG_LEVELS}",
        ]

    def _wait_until_ready(self, child: Child, deadline: float) -> None:
        address = f"http://{LOOPBACK}:{self.management_port}/health/ready"
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise StartError(f"Keycloak ended with status {child.poll()} instead of becoming ready", self.log)
            if _answers_ok(address):
                return
            time.sleep(POLL_SECONDS)
        raise StartError("Keycloak did not become ready in time", self.log)


def import_realm(
    file: Path,
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    java_options: Sequence[str] = (),
    version: str = VERSION,
) -> None:
    """Import a realm file as `kc.sh import` does, into the data of a server that is not running.

    `StartError` with the end of the log when Keycloak refuses the file. A `KeycloakServer` on the same folder then
    serves the realm.
    """
    distribution = prepared(version)
    _furnish(folder, distribution, THEMES)
    # An import opens the management interface too, on every address unless told otherwise.
    loopback = {"KC_HTTP_MANAGEMENT_HOST": LOOPBACK, "KC_HTTP_MANAGEMENT_PORT": str(free_port())}
    Programs().run(
        "Keycloak's import",
        distribution.command(
            folder, "import", "--optimized", f"--file={file.resolve()}", java_options=java_options
        ),
        log=folder / "import.log",
        timeout=IMPORT_SECONDS,
        environment=java_environment({**(environment or {}), **loopback}),
    )


def _furnish(home: Path, distribution: Distribution, themes: Path) -> None:
    """Make `home` look like an installation: its own data, everything else by links to the shared one."""
    home.mkdir(parents=True, exist_ok=True)
    for name, target in {
        "lib": distribution.dist / "lib",
        "conf": distribution.dist / "conf",
        "providers": distribution.dist / "providers",
        "themes": themes if themes.is_dir() else distribution.dist / "themes",
    }.items():
        link = home / name
        link.unlink(missing_ok=True)
        link.symlink_to(target.resolve(), target_is_directory=True)
    if not (home / "data").exists() and distribution.data.exists():
        partial = home / "data.partial"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(distribution.data, partial)
        partial.rename(home / "data")


def _answers_ok(address: str) -> bool:
    try:
        return requests.get(address, timeout=2).ok
    except (requests.ConnectionError, requests.Timeout):  # not listening yet
        return False


def _warm(distribution: Distribution, report: Report, programs: Programs) -> None:
    """The first start of all: makes the database, and lets the JVM learn from a start and typical requests."""
    report("first start of Keycloak, to keep what it prepares")
    home = distribution.folder / "warming"
    server = KeycloakServer(home, themes=distribution.dist / "themes", report=report, programs=programs)
    _furnish(home, distribution, server.themes)
    server._launch(distribution, LEARNING_SECONDS, learn=True)
    try:
        report("using it as demos and tests do, for the Java runtime to learn")
        use(server.url, programs, home / "learning.log")
        report("keeping what the Java runtime learnt")
    finally:
        server.stop()
    (home / "data").rename(distribution.data)
    shutil.rmtree(home)
