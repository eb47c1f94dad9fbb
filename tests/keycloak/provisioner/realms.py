"""A realm of its own on the test server: its files, the provisioner run on them, and raw calls to look behind."""

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from provisioner import loader
from provisioner.model.changes import Plan
from provisioner.planning.apply import Outcome, apply
from provisioner.planning.plan import plan
from provisioner.server.realm import KeycloakRealm
from sandbox.administrator import ADMIN
from tests.administrator import Token, administrator, ask
from tests.keycloak.provisioner.api import QuickApi

REALM_FILE = Path(__file__).parents[3] / "keycloak" / "realm-export.json"
PORTAL_URL = "http://localhost:18000"


class KilledError(BaseException):
    """Stands for SIGKILL: nothing of ours handles it."""


class CountingApi(QuickApi):
    """Notes every request; `killed_after` that many, none goes out any more."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.requests: list[str] = []
        self.killed_after: int | None = None

    def _answer(self, wire, method, path, *args, **options):
        if self.killed_after is not None and len(self.requests) >= self.killed_after:
            raise KilledError
        self.requests.append(f"{method} {path}")
        return super()._answer(wire, method, path, *args, **options)

    @property
    def writes(self) -> list[str]:
        return [request for request in self.requests if not request.startswith("GET ")]


class TestRealm:
    """A copy of the project's realm file with a random name, and what can be done with it."""

    __test__ = False

    def __init__(self, url: str, smtp_port: int, folder: Path) -> None:
        self.url = url
        self.name = f"portal-{secrets.token_hex(4)}"
        self.folder = folder
        self.environment = {
            "CLIENT_PORTAL_SECRET": "portal-secret",
            "CLIENT_SAMPLE_SERVICE_SECRET": "service-secret",
            "CLIENT_PORTAL_DIRECTORY_SECRET": "directory-secret",
            "PORTAL_URL": PORTAL_URL,
            "SMTP_PORT": str(smtp_port),
        }
        self.api: CountingApi | None = None
        self.gives_keys = True
        self.content = json.loads(REALM_FILE.read_text(encoding="utf-8"))
        self.content["realm"] = self.name
        self.write()
        self.admin = Caller(self.url, self.name, Token(self.url))

    def write(self) -> None:
        """The realm file, after a test has changed `content`."""
        (self.folder / "realm.json").write_text(json.dumps(self.content), encoding="utf-8")

    def write_companies(self, text: str) -> None:
        (self.folder / "companies.yaml").write_text(text, encoding="utf-8")

    def plan(self) -> Plan:
        desired = loader.load([self.folder], self.environment).desired
        return plan(desired, self.server().observe(desired))

    def apply(self, **options: Any) -> Outcome:
        desired = loader.load([self.folder], self.environment).desired
        realm = self.server()
        observed = realm.observe(desired)
        return apply(desired, plan(desired, observed), observed, realm, **options)

    def server(self) -> KeycloakRealm:
        """The realm with a new `api`, which counts from zero."""
        self.api = CountingApi(self.name, administrator(self.url))
        self.api.gives_keys = self.gives_keys
        return KeycloakRealm(self.api)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command line itself, in a process of its own."""
        return self._command(self.command_environment(), *arguments)

    def _command(self, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "provisioner", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )

    def command_as(self, client: str, secret: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command line, signed in as a service account of the realm."""
        environment = self.command_environment() | {
            "KEYCLOAK_REALM": self.name,
            "KEYCLOAK_CLIENT_ID": client,
            "KEYCLOAK_CLIENT_SECRET": secret,
        }
        del environment["KEYCLOAK_USERNAME"], environment["KEYCLOAK_PASSWORD"]
        return self._command(environment, *arguments)

    def command_environment(self) -> dict[str, str]:
        """What the command line is told."""
        return {
            **os.environ,
            **self.environment,
            "KEYCLOAK_URL": self.url,
            "KEYCLOAK_USERNAME": ADMIN.username,
            "KEYCLOAK_PASSWORD": ADMIN.password,
        }

    def directory(self) -> "Caller":
        """Calls with the credentials of the portal's service account."""
        return Caller(self.url, self.name, lambda: self.token(grant_type="client_credentials"))

    def token(self, **form: str) -> str:
        answer = requests.post(
            f"{self.url}/realms/{self.name}/protocol/openid-connect/token",
            data={"client_id": "portal-directory", "client_secret": "directory-secret", **form},
            timeout=10,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def id_of(self, email: str) -> str:
        """The id of the person, whoever may see him."""
        return str(self.admin.get("users", email=email, exact="true").json()[0]["id"])

    def group(self, path: str) -> str:
        return str(self.admin.get(f"group-by-path{path}").json()["id"])

    def add_person(self, email: str, *groups: str, **fields: Any) -> str:
        """Somebody the files do not know; his id."""
        body = {
            "username": email,
            "email": email,
            "firstName": "Paul",
            "lastName": "Martin",
            "enabled": True,
            "groups": list(groups),
            **fields,
        }
        self.admin.post("users", body).raise_for_status()
        return self.id_of(email)

    def drop(self) -> None:
        self.admin.delete("")


class Caller:
    """Raw calls below the realm's admin address; the token is asked for anew before it ends."""

    def __init__(self, url: str, realm: str, token) -> None:
        self._base = f"{url}/admin/realms/{realm}"
        self._token = token
        self._until = 0.0
        self._session = requests.Session()

    def call(self, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
        if time.monotonic() > self._until:
            self._session.headers["Authorization"] = f"Bearer {self._token()}"
            self._until = time.monotonic() + 30
        url = f"{self._base}/{path}".rstrip("/")
        return ask(self._session, method, url, json=body, params=query)

    def get(self, path: str, **query: str) -> requests.Response:
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.call("POST", path, body)

    def put(self, path: str, body: Any = None, **query: str) -> requests.Response:
        return self.call("PUT", path, body, **query)

    def delete(self, path: str) -> requests.Response:
        return self.call("DELETE", path)
