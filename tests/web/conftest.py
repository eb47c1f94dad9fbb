"""The whole portal without Keycloak: a directory in memory, somebody signed in, and a browser that checks pages.

::

    def test_list(client_for, administrator):
        page = client_for(administrator).get("/users")
        assert page.status == 200

`directory` is a `tests.fakes.FakeDirectory` with the companies `acme` and `globex`, both the `administrator`'s,
and `initech`, which is not. `second` administers the same two, so that nobody is a last administrator by accident.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from sqlalchemy import event

import webapp
from directory.model import Company, User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import PORTAL, SERVICE, Browser
from tests.web.fake_identity import CLIENT, FakeIdentity
from tests.web.http.matrix_world import World, make_world
from webapp.app import create_app
from webapp.http.context import EXTENSION, Parts
from webapp.listing.cache import Roster
from webapp.records.journal_reading import change_numbers
from webapp.settings import Settings
from webapp.storage.database import Database, metadata

ClientFor = Callable[..., Browser]


@pytest.fixture(scope="session", autouse=True)
def compiled_catalogues() -> None:
    """Translations as the portal loads them, up to date with their sources."""
    for source in Path(webapp.__file__).parent.glob("translations/*/LC_MESSAGES/messages.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        half = target.with_suffix(f".mo.{os.getpid()}")
        with source.open("rb") as read, half.open("wb") as write:
            write_mo(write, read_po(read))
        half.replace(target)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        portal_url=PORTAL,
        service_url=SERVICE,
        keycloak_url="http://keycloak.test",
        keycloak_public_url="",
        keycloak_realm="portal",
        client_portal_id=CLIENT,
        client_portal_secret="secret of the portal",
        client_portal_directory_secret="secret of the directory",
        database_url=f"sqlite:///{tmp_path_factory.mktemp('database') / 'portal.sqlite'}",
        secret_key="a key for tests only",
    )


@pytest.fixture(scope="session")
def portal(settings: Settings) -> Iterator[Flask]:
    """The application, made once; `app` gives each test a directory, an identity and empty tables of its own."""
    nobody = FakeDirectory()
    app = create_app(settings, directory=nobody, identity=FakeIdentity(nobody))
    database = app.extensions[EXTENSION].database
    # What is lost when the machine fails is of no interest here.
    event.listen(database.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
    database.upgrade()
    yield app
    database.engine.dispose()


@pytest.fixture
def directory() -> FakeDirectory:
    return FakeDirectory(
        a_company("acme", "Acme Énergie", services=["cataliz", "data"]),
        a_company("globex", "Globex", services=["data"]),
        a_company("initech", "Initech", services=["data"]),
    )


@pytest.fixture
def acme() -> Company:
    return a_company("acme", "Acme Énergie", services=["cataliz", "data"])


@pytest.fixture
def globex() -> Company:
    return a_company("globex", "Globex", services=["data"])


@pytest.fixture
def initech() -> Company:
    return a_company("initech", "Initech", services=["data"])


@pytest.fixture
def identity(directory: FakeDirectory) -> FakeIdentity:
    return FakeIdentity(directory)


@pytest.fixture
def app(portal: Flask, directory: FakeDirectory, identity: FakeIdentity) -> Iterator[Flask]:
    """The portal; what a view does not expect fails the test instead of becoming a 500."""
    parts: Parts = portal.extensions[EXTENSION]
    roster = Roster(partial(change_numbers, parts.database))
    portal.extensions[EXTENSION] = replace(parts, directory=directory, identity=identity, roster=roster)
    with parts.database.transaction() as connection:
        for table in metadata.tables.values():
            connection.execute(table.delete())
    views = dict(portal.view_functions)
    portal.testing = True
    yield portal
    portal.view_functions.update(views)


@pytest.fixture
def own_app(
    settings: Settings, tmp_path: Path, directory: FakeDirectory, identity: FakeIdentity
) -> Iterator[Flask]:
    """A portal for one test alone: one that breaks its database, or counts from nothing."""
    own = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'portal.sqlite'}"})
    app = create_app(own, directory=directory, identity=identity)
    app.testing = True
    database = app.extensions[EXTENSION].database
    database.upgrade()
    yield app
    database.engine.dispose()


@pytest.fixture
def database(app: Flask) -> Database:
    parts: Parts = app.extensions[EXTENSION]
    return parts.database


@pytest.fixture
def client_for(app: Flask, identity: FakeIdentity) -> ClientFor:
    """A browser in which that person has signed in, through the portal's own routes; nobody when none is named."""

    def client_for(person: User | None = None, headers: Mapping[str, str] | None = None) -> Browser:
        browser = Browser(app, identity, headers)
        if person is not None:
            assert browser.sign_in(person).status == 302
        return browser

    return client_for


@pytest.fixture
def administrator(directory: FakeDirectory) -> User:
    """Administers Acme and Globex; an active account."""
    return directory.add_user(
        a_profile("anne.durand@acme.example"),
        [an_attachment("acme", administrator=True), an_attachment("globex", administrator=True)],
    )


@pytest.fixture
def second(directory: FakeDirectory) -> User:
    """The other administrator of Acme and Globex."""
    return directory.add_user(
        a_profile("bruno.petit@acme.example", last_name="Petit", first_name="Bruno"),
        [an_attachment("acme", administrator=True), an_attachment("globex", administrator=True)],
    )


@pytest.fixture
def member(directory: FakeDirectory) -> User:
    """A plain user of Acme; an active account."""
    return directory.add_user(
        a_profile("chloe.martin@acme.example", last_name="Martin", first_name="Chloé"), [an_attachment("acme")]
    )


@pytest.fixture
def stranger(directory: FakeDirectory) -> User:
    """Somebody of Initech only: for the administrator he does not exist."""
    return directory.add_user(
        a_profile("dora.stranger@initech.example", last_name="Stranger", first_name="Dora"),
        [an_attachment("initech")],
    )


@pytest.fixture
def browser(client_for: ClientFor, administrator: User) -> Browser:
    """The administrator's browser."""
    return client_for(administrator)


@pytest.fixture
def visitor(client_for: ClientFor) -> Browser:
    """Nobody's browser."""
    return client_for()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, compiled_catalogues: None) -> Iterator[World]:
    """Everybody of the matrix, made once; whoever changes something resets it."""
    world = make_world(tmp_path_factory.mktemp("matrix"))
    yield world
    world.database.engine.dispose()
