"""R20, R21: Keycloak with its data upgraded, lost and restored, by the words of `docs/operations.md`.

On PostgreSQL, with the portal at work. `make faults` runs it: it starts three servers and prepares two versions.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from sandbox.administrator import ADMIN, admin_token
from sandbox.content import COMPANIES, REALM, REALM_FILE, ROOT
from sandbox.distribution import PINNED, SHA512
from sandbox.on_postgres import DATABASES, StackOnPostgres
from sandbox.ports import Ports
from sandbox.postgres import programs_folder
from sandbox.stack import UPGRADE_COMMAND
from sandbox.visitor import Visitor
from tests.contract.worlds import a_new_address
from tests.faults.followed import followed
from tests.faults.visiting import PortalVisitor
from tests.waiting import until
from tests.web.typed import a_creation, a_row

OLDER = min(SHA512)
ANNE = "anne.durand@acme.example"
NEW_PASSWORD = "of-these-tests-2026"
LINK = re.compile(r"https?://\S+/login-actions/action-token\S+")
pytestmark = [
    pytest.mark.keycloak,
    pytest.mark.postgres,
    pytest.mark.timeout(1800),
    pytest.mark.skipif("FAULT_UPGRADE" not in os.environ, reason="takes minutes: `make faults` runs it"),
]


class Installation(StackOnPostgres):
    """Keycloak, portal and mail catcher on one PostgreSQL, as in production; which Keycloak it is may change."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"DATABASE_URL": self.postgres.address("portal").sqlalchemy}

    def start_keycloak(self, version: str) -> None:
        """Start that version on the data there are."""
        self.keycloak = self.keycloak_of(version)
        self.keycloak.start()

    def version(self) -> str:
        return str(self._asked("serverinfo")["systemInfo"]["version"])

    def accounts(self, email: str) -> int:
        return len(self._asked(f"realms/{REALM}/users", email=email, exact="true"))

    def _asked(self, path: str, **query: str) -> Any:
        token = {"Authorization": f"Bearer {admin_token(self.keycloak.url)}"}
        return requests.get(f"{self.keycloak.url}/admin/{path}", query, headers=token, timeout=60).json()

    def stop_portal(self) -> None:
        for child in self._children:
            child.stop()
        self._children.clear()

    def start_portal(self) -> None:
        self.run(*UPGRADE_COMMAND)
        self._serve_portal("portal", self.ports.portal_port)

    def run(self, *command: str, status: int = 0) -> str:
        """What the command says; it ends with this status."""
        credentials = {"KEYCLOAK_USERNAME": ADMIN.username, "KEYCLOAK_PASSWORD": ADMIN.password}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment() | credentials,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def provisioner(self, verb: str, *options: str) -> str:
        return self.run(sys.executable, "-m", "provisioner", verb, str(REALM_FILE), str(COMPANIES), *options)

    def address_of(self, database: str) -> str:
        """For PostgreSQL's own programs."""
        return self.postgres.address(database).sqlalchemy.replace("+psycopg", "")


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.setenv("PATH", f"{programs_folder()}:{os.environ['PATH']}")
    with Installation(tmp_path / "installation", Ports.free(), version=OLDER, with_service=False) as running:
        yield running


def the_main_story(installation: Installation, anne: PortalVisitor) -> str:
    """Create, activate, sign in with the new right, detach, and the right is gone; the address."""
    email = a_new_address()
    assert anne.posts("/users/new", a_creation(a_row("acme", administrator=True), email=email)) == 303
    assert Visitor().activates(link_in(installation, email), NEW_PASSWORD)
    emma = PortalVisitor(installation.portal_url)
    emma.sign_in(email, NEW_PASSWORD)
    assert emma.status("/users") == 200
    found = re.search(r'/users/([0-9a-f-]{36})"', anne.page(f"/users?q={email}"))
    assert found
    assert anne.posts(f"/users/{found[1]}/attachments", {"confirm": "1"}) == 303
    assert emma.status("/users") == 403
    assert email in anne.page(f"/journal?q={email}")
    return email


def link_in(installation: Installation, email: str) -> str:
    messages: list[dict[str, Any]] = requests.get(f"{installation.mail.url}/api/messages", timeout=10).json()
    (link,) = [link for message in messages if email in message["to"] for link in LINK.findall(message["text"])]
    return str(link)


def back_up(installation: Installation, folder: Path) -> None:
    for database in DATABASES:
        address, backup = installation.address_of(database), str(folder / f"{database}.backup")
        followed("backup-postgres", DATABASE=address, BACKUP=backup)


def lose(installation: Installation) -> None:
    with psycopg.connect(installation.address_of("postgres"), autocommit=True) as connection:
        for database in DATABASES:
            connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {database}")


def restore(installation: Installation, folder: Path) -> None:
    for database in DATABASES:
        address, backup = installation.address_of(database), str(folder / f"{database}.backup")
        followed("restore-postgres", DATABASE=address, BACKUP=backup)


def test_upgraded_lost_and_restored(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who was signed in stays so; the plan shows no difference; the main story passes each time."""
    password = next(person.password for person in installation.content.people if person.email == ANNE)
    assert password
    anne = PortalVisitor(installation.portal_url)
    anne.sign_in(ANNE, password)
    assert installation.version() == OLDER
    older = the_main_story(installation, anne)

    # Upgrade, as the page says it.
    back_up(installation, tmp_path)
    installation.provisioner("plan")
    installation.keycloak.stop()
    assert anne.status("/users") == 503
    installation.start_keycloak(PINNED)
    ready = time.monotonic()
    until(lambda: anne.status("/users") == 200, "the portal continues by itself", seconds=60)
    with capsys.disabled():
        print(f"\n{OLDER} to {PINNED}: the portal answers {time.monotonic() - ready:.1f} s after it")  # noqa: T201
    assert installation.version() == PINNED
    installation.provisioner("plan")
    installation.provisioner("apply", "--yes")
    installation.run(sys.executable, "-m", "flask", "--app", "webapp.wsgi", "check")
    assert older in anne.page(f"/journal?q={older}")
    newer = the_main_story(installation, anne)
    assert installation.accounts(newer) == 1

    # All is lost; restore.
    installation.stop_portal()
    installation.keycloak.stop()
    lose(installation)
    restore(installation, tmp_path)
    installation.start_keycloak(PINNED)
    installation.start_portal()
    installation.provisioner("drift")
    installation.run(sys.executable, "-m", "provisioner", "check", status=2)
    assert anne.status("/users") == 200, "the session of before the backup"
    assert older in anne.page(f"/journal?q={older}")
    assert newer not in anne.page("/journal")
    assert (installation.accounts(older), installation.accounts(newer)) == (1, 0)
    the_main_story(installation, anne)
