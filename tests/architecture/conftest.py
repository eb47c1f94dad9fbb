"""The portal as a whole, made once: its map of addresses for collecting tests, and browsers for asking it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from directory.model import User
from tests.architecture.portal import make_portal
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.fake_identity import FakeIdentity
from webapp.http.context import EXTENSION


@pytest.fixture(scope="package")
def directory() -> FakeDirectory:
    return FakeDirectory(a_company("acme", "Acme"))


@pytest.fixture(scope="package")
def identity(directory: FakeDirectory) -> FakeIdentity:
    return FakeIdentity(directory)


@pytest.fixture(scope="package")
def app(
    tmp_path_factory: pytest.TempPathFactory, directory: FakeDirectory, identity: FakeIdentity
) -> Iterator[Flask]:
    path: Path = tmp_path_factory.mktemp("architecture") / "portal.sqlite"
    app = make_portal(f"sqlite:///{path}", directory, identity)
    app.extensions[EXTENSION].database.upgrade()
    yield app
    app.extensions[EXTENSION].database.engine.dispose()


@pytest.fixture(scope="package")
def administrator(directory: FakeDirectory) -> User:
    return directory.add_user(a_profile(), [an_attachment("acme", administrator=True)])


@pytest.fixture(scope="package")
def member(directory: FakeDirectory) -> User:
    """Somebody attached who administers nothing."""
    return directory.add_user(a_profile(), [an_attachment("acme")])


@pytest.fixture(scope="package")
def client_for(app: Flask, identity: FakeIdentity) -> Callable[..., Browser]:
    def client_for(person: User | None = None) -> Browser:
        browser = Browser(app, identity)
        if person is not None:
            browser.sign_in(person)
        return browser

    return client_for
