"""A realm in which nobody is but whom a test puts there: what the portal does at night, it does to everybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from sandbox.mail_catcher import MailCatcher
from tests.contract.realm import Admin, Mail, Realm
from tests.contract.worlds import RealWorld
from tests.keycloak.provisioner.conftest import mail, realm
from tests.keycloak.provisioner.realms import PORTAL_URL, TestRealm
from webapp.app import create_app
from webapp.http.context import EXTENSION
from webapp.settings import Settings

__all__ = ["mail", "realm"]


class OwnRealm(Realm):
    """A realm of the test's own, as the worlds of the contract want it."""

    def __init__(self, made: TestRealm, mail: MailCatcher) -> None:
        self.url, self.realm = made.url, made.name
        self.portal_url = PORTAL_URL
        self.directory_client_secret = made.environment["CLIENT_PORTAL_DIRECTORY_SECRET"]
        self.mail = Mail(mail)
        self.admin = Admin(made.url, made.name)


@pytest.fixture
def world(realm: TestRealm, mail: MailCatcher) -> RealWorld:
    """Without any company yet."""
    assert realm.apply().complete
    return RealWorld(OwnRealm(realm, mail))


@pytest.fixture
def portal(realm: TestRealm, tmp_path: Path) -> Iterator[Flask]:
    """In this process, with a database of its own."""
    settings = Settings(
        portal_url=PORTAL_URL,
        keycloak_url=realm.url,
        keycloak_realm=realm.name,
        client_portal_secret=realm.environment["CLIENT_PORTAL_SECRET"],
        client_portal_directory_secret=realm.environment["CLIENT_PORTAL_DIRECTORY_SECRET"],
        database_url=f"sqlite:///{tmp_path / 'portal.sqlite'}",
        secret_key="a key for tests only",
    )
    app = create_app(settings)
    database = app.extensions[EXTENSION].database
    database.upgrade()
    yield app
    database.engine.dispose()
