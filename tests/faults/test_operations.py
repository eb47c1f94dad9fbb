"""`docs/operations.md`, followed word by word: its commands are taken from the page."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, inspect, select

from directory.model import User
from sandbox.postgres import programs_folder
from tests import fakes
from tests.architecture.portal import make_portal
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.faults.followed import followed
from tests.web.browser import Browser
from tests.web.fake_identity import FakeIdentity
from tests.web.typed import a_creation
from webapp.http.context import EXTENSION
from webapp.imports import store
from webapp.imports.plan import Outcome
from webapp.imports.worker import ImportWorker
from webapp.jobs import batches
from webapp.jobs import state as jobs
from webapp.people.recovery import resume
from webapp.records import outbox
from webapp.records.operations import State
from webapp.storage.database import Database, NotMigratedError, metadata

RELEASE = (Path(__file__).parent / "release-0.1.0.sql").read_text(encoding="utf-8")
ROWS = {
    "activation_mails": 1,
    "import_lines": 1,
    "imports": 1,
    "journal": 3,
    "journal_companies": 3,
    "notices": 2,
    "operations": 4,
    "quota_uses": 1,
    "resendings": 1,
    "sessions": 1,
}
"""How many that release left in each table."""


def database_of(app: Flask) -> Database:
    found: Database = app.extensions[EXTENSION].database
    return found


@pytest.fixture
def directory() -> FakeDirectory:
    return FakeDirectory(a_company("acme"))


@pytest.fixture
def administrator(directory: FakeDirectory) -> User:
    return directory.add_user(a_profile("anne@acme.example"), [an_attachment("acme", administrator=True)])


def the_story(browser: Browser, email: str) -> None:
    """The session of before is still open; an account is made; the journal has a line for each that was made."""
    assert browser.get("/users").status == 200
    assert browser.post("/users/new", a_creation(email=email)).status == 303
    assert email in browser.get("/users").main.text
    assert email in browser.get("/journal").main.text


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_back_up_lose_and_restore(
    kind: str,
    tmp_path: Path,
    directory: FakeDirectory,
    administrator: User,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
):
    """While it runs, and with everything that was written by then."""
    if kind == "sqlite":
        if shutil.which("sqlite3") is None:
            pytest.skip("the program sqlite3 is not here")
        address = str(tmp_path / "portal.sqlite")
        url = f"sqlite:///{address}"
    else:
        url = request.getfixturevalue("postgres_url")
        address = url.replace("postgresql+psycopg://", "postgresql://")
        monkeypatch.setenv("PATH", f"{programs_folder()}:{os.environ['PATH']}")
    backup = str(tmp_path / "portal.backup")
    identity = FakeIdentity(directory)
    app = make_portal(url, directory, identity)
    database_of(app).upgrade()
    browser = Browser(app, identity)
    assert browser.sign_in(administrator).status == 302
    the_story(browser, "emma@acme.example")

    followed(f"backup-{kind}", DATABASE=address, BACKUP=backup)
    with database_of(app).transaction() as connection:
        connection.exec_driver_sql("DELETE FROM journal_companies")
        connection.exec_driver_sql("DELETE FROM journal")
        connection.exec_driver_sql("DELETE FROM sessions")
        connection.exec_driver_sql("CREATE TABLE of_a_later_release (id INTEGER)")
    assert browser.get("/users").status == 302, "it is lost"
    database_of(app).engine.dispose()
    followed(f"restore-{kind}", DATABASE=address, BACKUP=backup)
    assert "of_a_later_release" not in inspect(database_of(app).engine).get_table_names(), "it would be in the way"

    again = make_portal(url, directory, identity)
    database_of(again).upgrade()
    database_of(again).check()
    database_of(again).engine.dispose()
    the_story(browser, "noe@acme.example")
    assert "emma@acme.example" in browser.get("/journal").main.text
    database_of(app).engine.dispose()


def test_a_database_of_the_first_release_is_upgraded_with_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Its rows are kept and read: journal, notices, a batch; what it was killed in is finished by this release."""
    address = tmp_path / "portal.sqlite"
    with closing(sqlite3.connect(address)) as connection:
        connection.executescript(RELEASE.replace("MOMENT", str(time.time() - 3600)))
    known = (UUID(int=number) for number in count(1))  # as its rows name them
    monkeypatch.setattr(fakes, "uuid4", lambda: next(known))
    directory = FakeDirectory(a_company("acme"), a_company("globex"))
    everywhere = [an_attachment(name, administrator=True) for name in ("acme", "globex")]
    anne = directory.add_user(a_profile("anne@acme.example"), everywhere)
    bruno = directory.add_user(a_profile("bruno@acme.example"), everywhere[:1])
    directory.add_user(a_profile("chloe@acme.example"), everywhere)

    identity = FakeIdentity(directory)
    app = make_portal(f"sqlite:///{address}", directory, identity)
    database = database_of(app)
    with pytest.raises(NotMigratedError):
        database.check()
    database.upgrade()
    database.check()
    with database.engine.connect() as connection:
        rows = {name: connection.scalar(select(func.count()).select_from(metadata.tables[name])) for name in ROWS}
    assert rows == ROWS

    assert [state for _, state in resume(directory, database)] == [State.DONE, State.DONE]
    assert directory.attachments_of(bruno.id) == (), "the change that it was killed in"
    assert directory.mails == ["noe@acme.example"], "the creation that it was killed in"
    imports = ImportWorker()
    (import_id,) = imports.take_up_interrupted(directory, database)
    imports.wait()
    assert store.job(database, anne.id, import_id).counts == {Outcome.CREATE: 1}
    batch = batches.latest(database, anne.id)
    assert batch is not None
    assert (batch.state, len(batch.results)) == (jobs.State.INTERRUPTED, 2)
    people = {notice.operations[0].person.email for notice in iter(lambda: outbox.take_notice(database), None)}
    assert {"emma@acme.example", "bruno@acme.example"} <= people

    browser = Browser(app, identity)
    assert browser.sign_in(anne).status == 302
    text = browser.get("/journal").main.text
    assert all(f"{name}@acme.example" in text for name in ("emma", "bruno", "noe", "zoe"))
    database.engine.dispose()
