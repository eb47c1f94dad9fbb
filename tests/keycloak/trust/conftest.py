"""One installation for all tests of the folder, and bare ones for those that are about its start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.mail_catcher import MailCatcher
from tests.keycloak.provisioner.conftest import COMPANIES, mail
from tests.keycloak.provisioner.realms import TestRealm
from tests.keycloak.trust.installation import Installation, Person

__all__ = ["mail"]

ANNE = "anne.durand@acme.example"
BRUNO = "bruno.petit@acme.example"


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the portal's empty tables are, once they have been made."""
    return tmp_path_factory.mktemp("tables") / "portal.sqlite"


def installed(server_url: str, mail: MailCatcher, tables: Path, folder: Path) -> Iterator[Installation]:
    """A realm and the portal's tables; nothing is started yet."""
    realm = TestRealm(server_url, mail.smtp_port, folder)
    made = Installation(realm, mail, folder)
    try:
        realm.write_companies(COMPANIES)
        assert realm.apply().complete
        made.migrate(tables)
        yield made
    finally:
        made.stop()
        realm.drop()


@pytest.fixture
def own_installation(server_url: str, mail: MailCatcher, tables: Path, tmp_path: Path) -> Iterator[Installation]:
    """For one test alone, which starts what it needs of it."""
    yield from installed(server_url, mail, tables, tmp_path)


@pytest.fixture(scope="session")
def installation(
    server_url: str, mail: MailCatcher, tables: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """A portal that runs, with Anne and Bruno, who administer Acme and Globex."""
    for made in installed(server_url, mail, tables, tmp_path_factory.mktemp("installation")):
        for email in (ANNE, BRUNO):
            made.add_active(email, *(f"/{id}{of}" for id in ("acme", "globex") for of in ("", "/administrators")))
        made.recorder.start()
        made.start()
        yield made


@pytest.fixture
def anne(installation: Installation) -> Person:
    """An administrator of both companies, signed in; her last mails are an hour old."""
    installation.forget_mails_of_last_minute()
    person = Person(installation)
    assert person.comes_in(ANNE).status_code == 200
    return person


@pytest.fixture
def somebody(installation: Installation) -> Person:
    """Nobody yet: a browser."""
    return Person(installation)
