"""The portal's own database full or read-only: 503, nothing half done, and the journal is not behind for long."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from directory.model import Company, User
from tests.architecture.portal import make_portal
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.fake_identity import FakeIdentity
from tests.web.typed import a_creation, a_row
from webapp.http.context import EXTENSION
from webapp.records.operations import write_what_was_kept
from webapp.storage.database import Database, journal
from webapp.storage.database import operations as written


class Trouble:
    """Lets every connection of a database refuse to write, as a full disk or a read-only one does."""

    def __init__(self, database: Database, kind: str) -> None:
        self._database = database
        self._kind = kind
        self.on = False
        self.met = 0
        event.listen(database.engine, "checkout", self._checked_out)
        event.listen(database.engine, "handle_error", self._noted)

    def _checked_out(self, connection: Any, *_: object) -> None:
        if self._kind == "read-only":
            connection.execute(f"PRAGMA query_only={int(self.on)}")
        else:
            pages = connection.execute("PRAGMA page_count").fetchone()[0] if self.on else 1_000_000
            connection.execute(f"PRAGMA max_page_count={pages}")

    def _noted(self, context: Any) -> None:
        words = str(context.original_exception)
        self.met += "readonly" in words or "full" in words


@pytest.fixture
def directory() -> FakeDirectory:
    return FakeDirectory(*(a_company(name) for name in ("acme", "globex")))


@pytest.fixture
def app(tmp_path: Path, directory: FakeDirectory) -> Iterator[Flask]:
    app = make_portal(f"sqlite:///{tmp_path / 'portal.sqlite'}", directory, FakeIdentity(directory))
    database = app.extensions[EXTENSION].database
    event.listen(database.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
    database.upgrade()
    yield app
    database.engine.dispose()


@pytest.fixture
def database(app: Flask) -> Database:
    found: Database = app.extensions[EXTENSION].database
    return found


@pytest.fixture
def administrator(directory: FakeDirectory) -> User:
    at = [an_attachment(name, administrator=True) for name in ("acme", "globex")]
    return directory.add_user(a_profile("anne.durand@acme.example"), at)


@pytest.fixture
def browser(app: Flask, administrator: User) -> Browser:
    browser = Browser(app, app.extensions[EXTENSION].identity)
    assert browser.sign_in(administrator).status == 302
    return browser


def journal_of(database: Database) -> list[tuple[str, str]]:
    with database.engine.connect() as connection:
        return [(row.action, row.outcome) for row in connection.execute(select(journal).order_by(journal.c.id))]


@pytest.mark.parametrize("kind", ["read-only", "full"])
def test_nothing_is_changed_that_cannot_be_written_down(
    kind: str, app: Flask, browser: Browser, directory: FakeDirectory, database: Database
):
    """503 with what was typed; no account, no mail, no line; pages that read still open; then it works again."""
    member = directory.add_user(a_profile(), [an_attachment("acme")])
    token, before = browser.token, directory.snapshot()
    trouble = Trouble(database, kind)
    if kind == "full":  # until the pages that are there have no room either
        fill(database)
    trouble.on, app.testing = True, False
    for path, fields in (
        ("/users/new", a_creation()),
        (f"/users/{member.id}/attachments", {"confirm": "1", **a_row("globex")}),
    ):
        page = browser.post(path, {**fields, "csrf_token": token}, token=False)
        assert page.status == 503
        assert int(page.headers["Retry-After"]) > 0
        kept = page.form(path).fields
        kept.pop("csrf_token")
        assert kept == fields
    assert trouble.met >= 2, "it was refused"
    assert directory.snapshot() == before
    assert journal_of(database) == []
    if kind == "read-only":  # of a full one a small row may still fit
        assert browser.get("/users").status == 200
        assert "database" in browser.get("/readyz").body
    trouble.on = False
    assert browser.post("/users/new", a_creation()).status == 303
    assert directory.mails == ["emma.bernard@acme.example"]


def fill(database: Database) -> None:
    """Use up what is free in the pages that the file has."""
    with database.transaction() as connection:
        for number in range(400):
            connection.exec_driver_sql(
                "INSERT INTO operations VALUES (?, 'create', 'x', ?, 'failed', 'w', 0, 0)",
                (f"filler {number}", '"' + "x" * 900 + '"'),
            )


def test_read_only_from_the_middle_of_a_change_on(
    app: Flask, browser: Browser, directory: FakeDirectory, database: Database, monkeypatch: pytest.MonkeyPatch
):
    """After the first company's change: the second is not made, and what was done is told as soon as it can be."""
    member = directory.add_user(a_profile(), [an_attachment("acme")])
    trouble = Trouble(database, "read-only")
    token = browser.token
    change = directory.change_attachment

    def and_then_it_is_read_only(user_id: str, company: Company, one: Any) -> None:
        change(user_id, company, one)
        trouble.on = True

    monkeypatch.setattr(directory, "change_attachment", and_then_it_is_read_only)
    app.testing = False
    fields = {"confirm": "1", **a_row("acme", administrator=True), **a_row("globex"), "csrf_token": token}
    page = browser.post(f"/users/{member.id}/attachments", fields, token=False)
    assert page.status == 503
    assert trouble.met >= 1
    assert len(directory.called("change_attachment")) == 1
    assert journal_of(database) == [], "it could not be written"
    trouble.on = False
    monkeypatch.undo()
    write_what_was_kept()
    assert ("change", "done") in journal_of(database) or ("attach", "done") in journal_of(database)
    with database.engine.connect() as connection:
        assert connection.execute(select(written.c.state)).scalars().all() == ["partial"]
    write_what_was_kept()
    assert len(journal_of(database)) == 2, "once, with what was not done"
