"""The whole thing composed: mail catcher, Keycloak, realm, portal and sample service, each on its port.

    with Stack(folder, Ports.free()) as stack:
        stack.portal_url, stack.mail.store, stack.content.people

Used by `make demo` on a kept folder and by the tests on an empty one. What does not depend on each other is
started at the same time.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Any, Self

import requests
from rich.console import Console

from sandbox.administrator import ADMIN
from sandbox.content import (
    COMPANIES,
    PEOPLE,
    PROVISIONER_COMMAND,
    REALM,
    REALM_FILE,
    ROOT,
    SERVICE_ACCOUNT,
    read_content,
)
from sandbox.distribution import VERSION
from sandbox.errors import AlreadyRunningError, StartError
from sandbox.keycloak import KeycloakServer
from sandbox.mail_catcher import MailCatcher
from sandbox.ports import LOOPBACK, Ports
from sandbox.processes import Child, Programs
from sandbox.progress import Display, display
from sandbox.secrets_file import Secrets
from sandbox.together import together

SENDER = "no-reply@portal.example"
UPGRADE_COMMAND = (sys.executable, "-m", "flask", "--app", "webapp.wsgi", "database", "upgrade")
PORTAL_COMMAND = (sys.executable, "-m", "gunicorn", "-c", "webapp/gunicorn_conf.py", "webapp.wsgi:app")
SERVICE_COMMAND = (sys.executable, "-m", "sandbox", "service")
JAVA_OPTIONS = "KEYCLOAK_JAVA_OPTIONS"
"""The setting with more options for the Java runtime of Keycloak."""
STEP_SECONDS = 180.0
POLL_SECONDS = 0.1
FOREIGN_PREFIXES = (
    "CLIENT_",
    "FLASK_",
    "GUNICORN_",
    "JOURNAL_",
    "PENDING_",
    "PRIVACY_",
    "KEYCLOAK_",
    "NOTIFICATIONS",
    "PORTAL_",
    "SECOND_FACTOR_",
    "SERVICE_",
    "SMTP_",
)
FOREIGN_NAMES = ("DATABASE_URL", "PROXIES", "SECRET_KEY", "SECRET_KEY_PREVIOUS", "SECRETS_DIR")
"""Settings of the caller's environment that would mix with ours; never passed on."""


class Stack:
    """Everything on the loopback, data in `folder`. `start()` returns when all of it answers."""

    farewell = "Ending the demo. Its data stay; `make clean` forgets them."

    def __init__(
        self,
        folder: Path,
        ports: Ports,
        *,
        companies: Path = COMPANIES,
        people: Path | None = PEOPLE,
        with_portal: bool = True,
        with_service: bool = True,
        version: str = VERSION,
        shown: Display | None = None,
    ) -> None:
        self.folder = folder
        self.ports = ports
        self.content = read_content(companies, people)
        self._companies = companies
        self._people = people
        self._with_portal = with_portal
        self._with_service = with_service
        self._display = shown or display(Console(quiet=True))
        self._claim: IO[str] | None = None
        self._programs = Programs()
        self._children: list[Child] = []
        folder.mkdir(parents=True, exist_ok=True)
        self.mail = MailCatcher(smtp_port=ports.smtp_port, http_port=ports.mail_http_port, folder=folder / "mails")
        self.keycloak = KeycloakServer(
            folder / "keycloak",
            port=ports.keycloak_port,
            management_port=ports.keycloak_management_port,
            java_options=shlex.split(os.environ.get(JAVA_OPTIONS, "")),
            version=version,
            programs=self._programs,
        )

    @property
    def portal_url(self) -> str:
        return f"http://localhost:{self.ports.portal_port}"

    @property
    def service_url(self) -> str:
        return f"http://localhost:{self.ports.service_port}"

    @property
    def addresses(self) -> list[tuple[str, str]]:
        """Where a person may look."""
        return [
            ("Portal", self.portal_url),
            ("Sample service", self.service_url),
            ("Mails", self.mail.url),
            ("Keycloak", f"{self.keycloak.url}/admin/"),
        ]

    @property
    def pids(self) -> dict[str, int]:
        """The process, which leads a group of its own, of each program that runs."""
        running = [*self._children, self.keycloak.child]
        return {child.name: child.pid for child in running if child is not None and child.poll() is None}

    @property
    def secrets(self) -> Secrets:
        return Secrets.kept_in(self.folder / "secrets.json")

    def environment(self) -> dict[str, str]:
        """What the portal, the sample service and the provisioner are told: addresses, realm, mail, secrets."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(FOREIGN_PREFIXES) and name not in FOREIGN_NAMES
        }
        return inherited | {
            "KEYCLOAK_URL": self.keycloak.url,
            "KEYCLOAK_REALM": REALM,
            "PORTAL_URL": self.portal_url,
            "PORTAL_PORT": str(self.ports.portal_port),
            "PORTAL_BACKCHANNEL_URL": self.portal_url,
            "SERVICE_URL": self.service_url,
            "SERVICE_BACKCHANNEL_URL": self.service_url,
            "SERVICE_PORT": str(self.ports.service_port),
            "SERVICE_DATA_FOLDER": str(self.folder),
            "SERVICE_COMPANIES": str(self._companies),
            "SMTP_HOST": "localhost",
            "SMTP_PORT": str(self.ports.smtp_port),
            "SMTP_FROM": SENDER,
            "DATABASE_URL": f"sqlite:///{(self.folder / 'portal.sqlite').resolve()}",
            "PYTHONUNBUFFERED": "1",
            **self.secrets.environment(),
        }

    def start(self) -> None:
        """All of it, or nothing: whatever goes wrong, what was started is ended before the error is raised."""
        self._claim = claim(self.folder)
        try:
            self.ports.check()
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all of it, at the same time; data stay."""
        self._programs.end()
        self.mail.stop()
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def check(self) -> None:
        """`StartError` when one of the programs has ended by itself."""
        for child in [*self._children, self.keycloak.child]:
            if child is not None and child.poll() is not None:
                raise StartError(f"{child.name} ended by itself with status {child.poll()}", child.log)

    def describe(self) -> dict[str, Any]:
        """What `var/demo.json` says."""
        return {
            "portal": self.portal_url,
            "service": self.service_url,
            "keycloak": {
                "url": self.keycloak.url,
                "realm": REALM,
                "admin": {"username": ADMIN.username, "password": ADMIN.password},
            },
            "mail": {"url": self.mail.url, "messages": f"{self.mail.url}/api/messages"},
            "service_account": {
                "client_id": SERVICE_ACCOUNT,
                "client_secret": self.secrets.client_portal_directory_secret,
            },
            "companies": [company.as_json() for company in self.content.companies],
            "people": [person.as_json() for person in self.content.people],
        }

    def apply(
        self, *files: Path, name: str = "provisioner", settings: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Bring Keycloak to what these files say, with the provisioner; `settings` fill in variables of theirs."""
        self._programs.run(
            name,
            [*PROVISIONER_COMMAND, *map(str, files), "--yes"],
            log=self.folder / f"{name}.log",
            timeout=STEP_SECONDS,
            environment=self.environment()
            | {"KEYCLOAK_USERNAME": ADMIN.username, "KEYCLOAK_PASSWORD": ADMIN.password, **settings},
            folder=ROOT,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        keycloak_answers = threading.Event()
        steps: list[Callable[[], None]] = [self._start_mail, partial(self._start_keycloak, keycloak_answers)]
        if self._with_service:
            steps.append(self._start_service)
        if self._with_portal:
            steps.append(partial(self._start_portal, keycloak_answers))
        together(*steps)

    def _start_mail(self) -> None:
        with self._display.step("Mail catcher"):
            self.mail.start()

    def _start_keycloak(self, answers: threading.Event) -> None:
        with self._display.step("Keycloak") as report:
            self.keycloak.report = report
            self.keycloak.start()
        answers.set()
        with self._display.step("Realm") as report:
            report("applying realm, companies and first people")
            self._apply_content()

    def _apply_content(self) -> None:
        """Realm and companies at each start; people at the first only: afterwards they are the portal's."""
        done = self.folder / "people-applied"
        first = [self._people] if self._people is not None and not done.exists() else []
        self.apply(REALM_FILE, self._companies, *first)
        done.touch()

    def _start_service(self) -> None:
        with self._display.step("Sample service"):
            child = self._child("sample service", SERVICE_COMMAND)
            self._wait_for(child, f"http://{LOOPBACK}:{self.ports.service_port}/livez")

    def _start_portal(self, keycloak_answers: threading.Event) -> None:
        with self._display.step("Portal") as report:
            report("bringing its database up to date")
            self._upgrade_database()
            report("waiting for Keycloak")
            keycloak_answers.wait()
            report("starting")
            self._serve_portal("portal", self.ports.portal_port)

    def _upgrade_database(self) -> None:
        self._programs.run(
            "portal's database",
            UPGRADE_COMMAND,
            log=self.folder / "database.log",
            timeout=STEP_SECONDS,
            environment=self.environment(),
            folder=ROOT,
        )

    def _serve_portal(self, name: str, port: int) -> Child:
        """Start one portal process and wait until it is ready."""
        child = self._child(name, PORTAL_COMMAND, {"PORTAL_PORT": str(port)})
        self._wait_for(child, f"http://{LOOPBACK}:{port}/readyz")
        return child

    def _child(
        self, name: str, command: Sequence[str], settings: Mapping[str, str] = MappingProxyType({})
    ) -> Child:
        log = self.folder / f"{name.replace(' ', '-')}.log"
        log.unlink(missing_ok=True)
        environment = {**self.environment(), **settings}
        child = self._programs.start(name, command, log=log, environment=environment, folder=ROOT)
        self._children.append(child)
        return child

    def _wait_for(self, child: Child, address: str) -> None:
        deadline = time.monotonic() + STEP_SECONDS
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise StartError(f"{child.name} ended with status {child.poll()}", child.log)
            try:
                if requests.get(address, timeout=5).ok:
                    return
            except (requests.ConnectionError, requests.Timeout):
                pass  # not listening yet
            time.sleep(POLL_SECONDS)
        raise StartError(f"{child.name} did not become ready in time", child.log)


def claim(folder: Path) -> IO[str]:
    """Have the data folder to oneself until the file is closed or the process ends; `AlreadyRunningError`."""
    file = (folder / "running").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise AlreadyRunningError(f"a demo is already running on {folder}") from error
    return file
