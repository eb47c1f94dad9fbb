"""How often something may be done, where anybody or a whole company could do it without end."""

from io import BytesIO

import pytest
from flask import Flask

from directory.model import User
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.fake_identity import FakeIdentity
from webapp.app import create_app
from webapp.settings import Settings
from webapp.storage import rate_limits
from webapp.storage.database import Database, quota_uses
from webapp.storage.rate_limits import Quota


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limits, reached sooner."""
    for name in ("SIGN_INS", "IMPORTS", "JOURNAL_EXPORTS"):
        quota: Quota = getattr(rate_limits, name)
        monkeypatch.setattr(rate_limits, name, Quota(quota.name, 3, quota.seconds))


def a_file() -> tuple[BytesIO, str]:
    return BytesIO(b"email,last_name,first_name,title,locale,company,role,affiliation\n"), "people.csv"


def test_sign_ins_of_one_address(visitor: Browser, client_for: ClientFor):
    """Whatever the browser: 429 with `Retry-After`, in words, and no session of Keycloak is begun."""
    assert [client_for().get("/login").status for _ in range(3)] == [302, 302, 302]
    page = visitor.get("/login")
    assert page.status == 429
    assert 0 < int(page.headers["Retry-After"]) <= 60
    assert page.h1


def test_sign_ins_of_another_address(visitor: Browser):
    """They are counted apart."""
    for _ in range(3):
        visitor.get("/login")
    assert visitor.get("/login", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status == 302
    assert visitor.get("/login").status == 429


def test_forwarded_address_counts_only_from_a_trusted_proxy(
    settings: Settings, directory: FakeDirectory, identity: FakeIdentity, app: Flask
):
    """Else a header would buy as many as one likes; and behind a proxy everybody would be one address."""
    for proxies, statuses in ((0, [302, 302, 302, 429]), (1, [302, 302, 302, 302])):
        with app.extensions["attache"].database.transaction() as connection:
            connection.execute(quota_uses.delete())
        portal = create_app(settings.model_copy(update={"proxies": proxies}), directory, identity)
        client = portal.test_client()
        found = [
            client.get("/login", base_url=settings.portal_url, headers={"X-Forwarded-For": f"192.0.2.{n}"})
            for n in range(4)
        ]
        assert [answer.status_code for answer in found] == statuses
        portal.extensions["attache"].database.engine.dispose()


def test_address_is_not_kept_as_such(visitor: Browser, database: Database):
    """A network address is personal data: what is kept tells addresses apart and does not give them back."""
    visitor.get("/login", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    with database.engine.connect() as connection:
        (row,) = connection.execute(quota_uses.select()).all()
    assert "192.0.2.7" not in str(row)
    assert row.subject != rate_limits.subject_of("192.0.2.7", "another key")


def test_imports(browser: Browser, directory: FakeDirectory, client_for: ClientFor, second: User):
    """Reading a file costs; the other administrator has a count of his own."""
    before = directory.snapshot()
    statuses = [browser.post("/users/import", {"file": a_file()}).status for _ in range(4)]
    assert statuses[3] == 429
    assert 429 not in statuses[:3]
    assert directory.snapshot() == before
    assert client_for(second).post("/users/import", {"file": a_file()}).status != 429


def test_journal_exports(browser: Browser, client_for: ClientFor, second: User):
    """The page stays open; only the file is counted."""
    pages = [browser.get("/journal.csv") for _ in range(4)]
    assert [page.status for page in pages] == [200, 200, 200, 429]
    assert int(pages[3].headers["Retry-After"]) > 0
    assert browser.get("/journal").status == 200
    assert client_for(second).get("/journal.csv").status == 200


def test_two_portals_count_together(
    app: Flask, settings: Settings, directory: FakeDirectory, identity: FakeIdentity, visitor: Browser
):
    """What one process has seen the other one knows."""
    other = create_app(settings, directory, identity)
    for _ in range(3):
        Browser(other, identity).get("/login")
    assert visitor.get("/login").status == 429
    other.extensions["attache"].database.engine.dispose()
