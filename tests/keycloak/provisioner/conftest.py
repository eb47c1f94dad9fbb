"""A realm with a name of its own for each test that asks, on the stack's Keycloak."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.mail_catcher import MailCatcher
from sandbox.stack import Stack
from tests.keycloak.provisioner.realms import TestRealm


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the real server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.keycloak)


@pytest.fixture(scope="session")
def mail() -> Iterator[MailCatcher]:
    with MailCatcher() as catcher:
        yield catcher


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> str:
    """The stack's Keycloak: realms of these tests have names of their own.

    `TEST_KEYCLOAK_URL` names one that runs already, with the sandbox's administrator: for who works on one test.
    """
    given = os.environ.get("TEST_KEYCLOAK_URL")
    if given:
        return given
    stack: Stack = request.getfixturevalue("stack")
    return stack.keycloak.url


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


COMPANIES = """
companies:
  - {id: acme, name: Acme Énergie, siren: "552081317", services: [data, cataliz]}
  - {id: globex, name: Globex, services: [data]}
"""
