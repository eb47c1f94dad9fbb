"""A realm with a name of its own for each test that asks, on a Keycloak without portal and people."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from provisioner.settings import Connection
from sandbox.administrator import admin_token
from sandbox.mail_catcher import MailCatcher
from tests.keycloak.provisioner.imported import Foreign, ForeignRealm
from tests.keycloak.provisioner.realms import TestRealm

CLIENT = f"realm-files-{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def mail() -> Iterator[MailCatcher]:
    with MailCatcher() as catcher:
        yield catcher


@pytest.fixture
def realm(server_url: str, mail: MailCatcher, tmp_path: Path) -> Iterator[TestRealm]:
    """The project's own realm file under a random name, not applied yet; dropped at the end."""
    made = TestRealm(server_url, mail.smtp_port, tmp_path)
    yield made
    made.drop()


@pytest.fixture(scope="module")
def shared_realm(
    server_url: str, mail: MailCatcher, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestRealm]:
    """One applied realm for all tests of a module, none of which may depend on another."""
    made = TestRealm(server_url, mail.smtp_port, tmp_path_factory.mktemp("realm"))
    made.write_companies(COMPANIES)
    assert made.apply().complete
    yield made
    made.drop()


@pytest.fixture(scope="module")
def admin(server_url: str) -> Iterator[tuple[requests.Session, Connection]]:
    """A session of the server's administrator, and a client that signs in without hashing a password each time."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {admin_token(server_url)}"
    master = f"{server_url}/admin/realms/master"
    body = {"clientId": CLIENT, "secret": "only-a-test", "serviceAccountsEnabled": True}
    body["attributes"] = {"access.token.lifespan": "3600"}
    made = session.post(f"{master}/clients", json=body, timeout=30)
    made.raise_for_status()
    client = made.headers["Location"]
    account = session.get(f"{client}/service-account-user", timeout=30).json()["id"]
    role = session.get(f"{master}/roles/admin", timeout=30).json()
    session.post(f"{master}/users/{account}/role-mappings/realm", json=[role], timeout=30).raise_for_status()
    connection = Connection(server_url, "master", CLIENT, client_secret="only-a-test")
    token = requests.post(
        f"{server_url}/realms/master/protocol/openid-connect/token",
        data={"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": "only-a-test"},
        timeout=30,
    )
    session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    yield session, connection
    session.headers["Authorization"] = f"Bearer {admin_token(server_url)}"
    session.delete(client, timeout=30)


@pytest.fixture
def foreign(admin: tuple[requests.Session, Connection], tmp_path: Path) -> Iterator[Foreign]:
    """Make a realm of a text and a suffix; dropped at the end."""
    session, connection = admin
    made: list[ForeignRealm] = []

    def make(text: str, suffix: str = ".json") -> ForeignRealm:
        made.append(ForeignRealm(text, suffix, connection, session, tmp_path))
        return made[-1]

    yield make
    for realm in made:
        realm.drop()


COMPANIES = """
companies:
  - {id: acme, name: Acme Énergie, siren: "552081317", services: [data, cataliz]}
  - {id: globex, name: Globex, services: [data]}
"""
