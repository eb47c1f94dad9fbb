"""An installation of its own: a realm, a portal in a process of its own, and people who use it by plain HTTP."""

import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any

import requests

from sandbox.content import ROOT
from sandbox.mail_catcher import MailCatcher
from sandbox.ports import LOOPBACK, free_port
from sandbox.processes import Child
from sandbox.stack import PORTAL_COMMAND, UPGRADE_COMMAND
from sandbox.visitor import Visitor
from tests.keycloak.provisioner.realms import TestRealm
from tests.keycloak.trust.recorder import Recorder
from tests.waiting import until

PASSWORD = "un-mot-de-passe-bien-long-2026"
LINK = re.compile(r"https?://\S+/login-actions/action-token\S+")
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_lock = threading.Lock()


class Installation:
    """A realm with Acme and Globex, and the portal on it, whose calls all go by the recorder."""

    def __init__(self, realm: TestRealm, mail: MailCatcher, folder: Path) -> None:
        self.realm = realm
        self.mail = mail
        self.folder = folder
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.recorder = Recorder(free_port(), self.account)
        self._child: Child | None = None
        realm.environment |= {"PORTAL_URL": self.url, "PORTAL_BACKCHANNEL_URL": self.url}

    @property
    def environment(self) -> dict[str, str]:
        """What the portal is told."""
        return {
            **self.realm.command_environment(),
            **self.recorder.environment,
            "KEYCLOAK_REALM": self.realm.name,
            "PORTAL_PORT": str(self.port),
            "SECRET_KEY": self.realm.environment.get("SECRET_KEY", "a key for this installation only"),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "SMTP_HOST": "localhost",
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def database(self) -> Path:
        return (self.folder / "portal.sqlite").resolve()

    @property
    def log(self) -> str:
        return (self.folder / "portal.log").read_text(encoding="utf-8")

    def command(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """A program of the portal's, run to its end."""
        return subprocess.run(
            words,
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=timeout,
        )

    def flask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.command(sys.executable, "-m", "flask", "--app", "webapp.wsgi", *words)

    def migrate(self, kept: Path) -> None:
        """Make the portal's tables; `kept` is a copy of them from the second time on."""
        if not kept.exists():
            made = self.command(*UPGRADE_COMMAND)
            assert made.returncode == 0, made.stderr
            shutil.copyfile(self.database, kept)
        shutil.copyfile(kept, self.database)

    def start(self) -> None:
        """The portal; returns when the process answers, whatever it says of Keycloak."""
        self._child = Child(
            "portal", PORTAL_COMMAND, log=self.folder / "portal.log", environment=self.environment, folder=ROOT
        )
        until(self._is_alive, "the portal answers", seconds=60)

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
        self.recorder.stop()

    def get(self, path: str) -> requests.Response:
        """As nobody."""
        return requests.get(f"{self.url}{path}", timeout=60, allow_redirects=False)

    def account(self, user_id: str) -> dict[str, Any] | None:
        """What Keycloak holds of somebody."""
        with _lock:
            found = self.realm.admin.get(f"users/{user_id}")
        return found.json() if found.ok else None

    def account_of(self, email: str) -> dict[str, Any]:
        found = self.account(self.realm.id_of(email))
        assert found is not None
        return found

    def add_active(self, email: str, *groups: str, **fields: Any) -> str:
        """Somebody who has chosen his password; his id."""
        credential = {"type": "password", "value": PASSWORD, "temporary": False}
        return self.realm.add_person(email, *groups, emailVerified=True, credentials=[credential], **fields)

    def administrators(self) -> list[dict[str, Any]]:
        """Those of Acme, who are told of changes."""
        group = self.realm.group("/acme/administrators")
        found: list[dict[str, Any]] = self.realm.admin.get(f"groups/{group}/members", max="1000").json()
        return found

    def activation_links(self, email: str) -> list[str]:
        """Those of the mails to the address, newest first."""
        mails = [mail for mail in self.mail.store.all() if email in mail.to]
        return [found.group() for mail in mails if (found := LINK.search(mail.text))]

    def forget_mails_of_last_minute(self) -> None:
        """As if the last activation mails had left an hour ago: the next one is no resend within a minute."""
        with sqlite3.connect(self.database, timeout=30) as connection:
            connection.execute("UPDATE activation_mails SET sent_at = sent_at - 3600")
        connection.close()

    def _is_alive(self) -> bool:
        assert self._child is not None
        assert self._child.poll() is None, f"the portal ended with {self._child.poll()}: {self.log}"
        try:
            return requests.get(f"http://{LOOPBACK}:{self.port}/livez", timeout=5).ok
        except requests.ConnectionError:
            return False


class Person(Visitor):
    """Somebody who uses the portal, as a browser would: forms carry the token of the last page."""

    def __init__(self, installation: Installation) -> None:
        super().__init__()
        self.at = installation
        self._token = ""

    def get(self, path: str) -> requests.Response:
        return self._seen(self.http.get(self.at.url + path, timeout=60, allow_redirects=False))

    def post(self, path: str, fields: Mapping[str, Any], **options: Any) -> requests.Response:
        body = {"csrf_token": self._token, **fields}
        headers = {"Origin": self.at.url, "Referer": f"{self.at.url}/"}
        address = self.at.url + path
        return self._seen(
            self.http.post(address, data=body, headers=headers, timeout=60, allow_redirects=False, **options)
        )

    def comes_in(self, email: str, password: str = PASSWORD) -> requests.Response:
        """Sign in to the portal; the page that is for everybody who is signed in."""
        back = self.signs_in(f"{self.at.url}/login", email, password)
        self.http.get(back, timeout=60, allow_redirects=False)
        return self.get("/profile")

    def _seen(self, answer: requests.Response) -> requests.Response:
        if found := _TOKEN.search(answer.text):
            self._token = unescape(found.group(1))
        return answer

    def invites(self, email: str, **fields: Any) -> requests.Response:
        """« Ajouter un utilisateur », at once; a user of Acme unless the fields say otherwise."""
        return self.post("/users/new", new_person(email, **fields))


def new_person(email: str, **fields: Any) -> dict[str, Any]:
    """All that the form asks for."""
    return {
        "email": email,
        "last_name": "Zola",
        "first_name": "Émile",
        "title": "m",
        "locale": "fr",
        **at("acme"),
        "confirm": "1",
        **fields,
    }


def at(company: str, role: str = "user", affiliation: str = "internal") -> dict[str, str]:
    """The boxes of one company."""
    return {
        f"company-{company}-attached": "y",
        f"company-{company}-role": role,
        f"company-{company}-affiliation": affiliation,
    }


def new_address() -> str:
    """One that nobody has."""
    return f"p{secrets.token_hex(5)}@nouvelle.example"
