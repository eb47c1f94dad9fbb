"""What the compose file starts, run outside containers: a real Keycloak, a real PostgreSQL."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from sandbox.administrator import ADMIN
from sandbox.distribution import FIRST_COMPILER_ALONE
from sandbox.keycloak import KeycloakServer
from sandbox.mail_catcher import MailCatcher
from sandbox.ports import Ports
from sandbox.processes import Child
from sandbox.visitor import Visitor
from tests.deployment.compose import ROOT, environment, load
from tests.postgres import running
from tests.waiting import until

SERVICES: dict[str, Any] = load()["services"]
PASSWORD = "un-mot-de-passe-bien-long-2026"
FIRST = "administratrice@exemple.example"


@dataclass(frozen=True)
class Deployed:
    """The installation, where it answers."""

    portal_url: str
    service_url: str
    mail: MailCatcher
    keycloak: KeycloakServer

    def link_to(self, email: str) -> str:
        """The link in the mail to that person."""
        messages = requests.get(f"{self.mail.url}/api/messages", timeout=10).json()
        text = next(message["text"] for message in messages if email in message["to"])
        found = re.search(r"http\S+/login-actions/action-token\S+", text)
        assert found
        return found.group(0)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The server of the installation."""
    with running() as url:
        yield url


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Deployed]:
    """Provisioner, portal and sample service, each by its command and environment of the compose file."""
    folder = tmp_path_factory.mktemp("deployed")
    ports = Ports.free()
    companies = folder / "companies.yaml"
    companies.write_text(
        "companies:\n"
        f"  - {{id: exemple, name: Exemple SA, services: [data], administrators: [{FIRST}]}}\n"
        "people:\n"
        f"  - {{email: {FIRST}, last_name: Premier, first_name: Alix, title: mme, locale: fr}}\n",
        encoding="utf-8",
    )
    given = {
        "DATABASE_PASSWORD": "unused",
        "KEYCLOAK_USERNAME": ADMIN.username,
        "KEYCLOAK_PASSWORD": ADMIN.password,
        "CLIENT_PORTAL_SECRET": "portal-secret-of-the-test",
        "CLIENT_PORTAL_DIRECTORY_SECRET": "directory-secret-of-the-test",
        "CLIENT_SAMPLE_SERVICE_SECRET": "service-secret-of-the-test",
        "SECRET_KEY": "a-key-for-the-test-only",
        "PORTAL_PORT": str(ports.portal_port),
        "SERVICE_PORT": str(ports.service_port),
        "KEYCLOAK_PORT": str(ports.keycloak_port),
    }
    with (
        MailCatcher(smtp_port=ports.smtp_port, http_port=ports.mail_http_port) as mail,
        KeycloakServer(
            folder / "keycloak",
            port=ports.keycloak_port,
            management_port=ports.keycloak_management_port,
            java_options=FIRST_COMPILER_ALONE,
        ) as keycloak,
    ):
        places = {
            "http://keycloak:8080": keycloak.url,
            "http://portal:8000": f"http://localhost:{ports.portal_port}",
            "http://service:8001": f"http://localhost:{ports.service_port}",
            "postgresql+psycopg://attache:unused@database:5432/portal": postgres_url,
            "0.0.0.0": "127.0.0.1",  # noqa: S104 (replaced, not bound to)
        }

        def settings(name: str, **other: str) -> dict[str, str]:
            return {**environment(SERVICES[name], given, places), **other}

        command = [str(companies) if word == "companies" else word for word in SERVICES["provisioner"]["command"]]
        smtp = {"SMTP_HOST": "localhost", "SMTP_PORT": str(ports.smtp_port)}
        job = settings("provisioner", **smtp)
        command[0] = str(shutil.which(command[0], path=job["PATH"]))
        subprocess.run(command, env=job, cwd=ROOT, check=True, timeout=120)
        children = []
        try:
            for name, port in (("portal", ports.portal_port), ("service", ports.service_port)):
                own = settings(name, **{f"{name.upper()}_PORT": str(port)}, SERVICE_DATA_FOLDER=str(folder))
                program, *words = SERVICES[name]["command"]
                found = str(shutil.which(program, path=own["PATH"]))
                log = folder / f"{name}.log"
                children.append(Child(name, [found, *words], log=log, environment=own, folder=ROOT))
            portal = f"http://localhost:{ports.portal_port}"
            service = f"http://localhost:{ports.service_port}"
            until(lambda: _answers(f"{portal}/readyz"), "the portal is ready", seconds=90)
            until(lambda: _answers(f"{service}/"), "the sample service is ready", seconds=60)
            yield Deployed(portal, service, mail, keycloak)
        finally:
            for child in children:
                child.stop()


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).status_code == 200
    except (requests.ConnectionError, requests.Timeout):
        return False


@pytest.fixture(scope="session")
def administrator(deployed: Deployed) -> str:
    """The address of the first one, who has chosen `PASSWORD` by the link in the provisioner's mail."""
    assert Visitor().activates(deployed.link_to(FIRST), PASSWORD)
    return FIRST
