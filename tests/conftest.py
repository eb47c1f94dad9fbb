"""What every test finds: a clean environment, and, for those that ask, the real Keycloak and the whole stack."""

import importlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, settings

from sandbox.distribution import VARIABLE
from sandbox.keycloak import KeycloakServer
from sandbox.ports import Ports
from sandbox.stack import Stack

pytest_plugins = ["tests.one_keycloak", "tests.durations", "tests.groups"]

settings.register_profile("attache", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.register_profile("mutation", deadline=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("attache")
"""No deadline: a busy machine is no failure. `--hypothesis-profile=explore` tries other values."""

OURS = (
    "CLIENT_",
    "KEYCLOAK_",
    "PORTAL_",
    "SECOND_FACTOR_",
    "SERVICE_",
    "SMTP_",
    "MAIL_",
    "DATABASE_",
    "PROXIES",
    "SECRET",
    "NOTIFICATIONS",
    "JOURNAL_",
    "PENDING_",
    "PRIVACY_",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests gets into one, except which Keycloak they run on."""
    for name in os.environ:
        if name.startswith(OURS) and name != VARIABLE:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def stack(one_keycloak: KeycloakServer) -> Iterator[Stack]:
    """The whole demo on free ports: mail catcher, realm, people, portal, sample service, on the run's Keycloak.

    One process of a run may have it (`tests/groups.py`): another one finds the folder taken.
    """
    made = Stack(one_keycloak.folder.with_name("stack"), Ports.free())
    made.keycloak = one_keycloak
    with made as running:
        yield running


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> str:
    """The run's Keycloak, for realms that tests make under names of their own.

    `TEST_KEYCLOAK_URL` names one that runs already, with the sandbox's administrator: for who works on one test.
    """
    return os.environ.get("TEST_KEYCLOAK_URL") or str(request.getfixturevalue("one_keycloak").url)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One Chromium for all tests; each person has a context, hence cookies, of his own."""
    # Imported here: what needs no browser runs where there is no Playwright.
    with importlib.import_module("tests.chromium").launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of the module's own, on a socket."""
    with importlib.import_module("tests.postgres").running() as url:
        yield url
