"""Markup in the names of people and companies is text everywhere: page, mail, file, journal, log."""

import json
import logging
from io import StringIO

import pytest
from flask import Flask

from directory.model import Company, User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.mail.test_mails import Post, html_of
from tests.web.typed import a_row
from webapp.http import logs
from webapp.mail import courier
from webapp.mail.courier import Courier

IMAGE = '<img src=x onerror="alert(1)">'
NAME = "<script>alert('x')</script>"


@pytest.fixture
def company(directory: FakeDirectory) -> Company:
    return directory.add_company(a_company("evil", IMAGE, services=[IMAGE]))


@pytest.fixture
def person(directory: FakeDirectory, company: Company) -> User:
    """As operations may have made him by hand: the portal and Keycloak take no such name."""
    return directory.add_user(
        a_profile("odd@evil.example", last_name=NAME, first_name=IMAGE), [an_attachment("evil")]
    )


@pytest.fixture
def boss(client_for: ClientFor, directory: FakeDirectory, company: Company) -> Browser:
    """Whose own name is no better."""
    boss = directory.add_user(
        a_profile("boss@evil.example", last_name=NAME, first_name="B"), [an_attachment("evil", administrator=True)]
    )
    directory.add_user(a_profile("deputy@evil.example"), [an_attachment("evil", administrator=True)])
    return client_for(boss)


def test_on_every_page(boss: Browser, person: User):
    """No element comes of it; the words are there to be read."""
    assert (
        boss.post(f"/users/{person.id}/attachments", {"confirm": "1", **a_row("evil", external=True)}).status
        == 303
    )
    for path in (
        "/users",
        "/users?q=<script>",
        "/users/new",
        f"/users/{person.id}/attachments",
        "/users/import",
        "/users/activations",
        "/journal",
        "/journal?q=<script>",
        "/profile",
    ):
        page = boss.get(path)
        assert page.status == 200, path
        assert IMAGE not in page.body, path
        assert NAME not in page.body, path
        assert [script["src"] for script in page.html.all("script")] == [
            f"{boss.app.static_url_path}/attache.js"
        ], path
        assert [img for img in page.html.all("img") if "onerror" in str(img.attributes)] == [], path
    assert IMAGE in boss.get("/profile").main.text
    assert NAME in boss.get("/users").main.text


def test_in_mails(boss: Browser, person: User, app: Flask, monkeypatch: pytest.MonkeyPatch):
    """The HTML of a mail shows it, too; its subject is one line."""
    boss.post(f"/users/{person.id}/attachments", {"confirm": "1", **a_row("evil", external=True)})
    post = Post()
    monkeypatch.setattr(courier.smtplib, "SMTP", post)
    Courier(app).deliver_due()
    assert len(post.messages) == 2
    for mail in post.messages:
        html = html_of(mail)
        assert IMAGE not in html
        assert NAME not in html
        assert "\n" not in mail["Subject"]
        assert "&lt;" in html


def test_in_files_and_the_log(boss: Browser, person: User):
    """A file is text anyway, and is never taken for a page; a line of the log is JSON."""
    out, root = StringIO(), logging.getLogger()
    before = root.handlers
    try:
        logs.configure(out)
        boss.post(f"/users/{person.id}/attachments", {"confirm": "1", **a_row("evil", external=True)})
        for path in ("/users.csv", "/journal.csv"):
            page = boss.get(path)
            assert page.headers["Content-Type"].startswith("text/csv")
            assert page.headers["X-Content-Type-Options"] == "nosniff"
            assert page.headers["Content-Disposition"].startswith("attachment")
    finally:
        root.handlers = before
        logging.captureWarnings(False)
    for line in out.getvalue().splitlines():
        json.loads(line)
    assert "onerror" not in out.getvalue()
