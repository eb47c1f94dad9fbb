"""What the portal's log says of requests."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from flask import Flask

from directory.model import User
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.typed import a_creation, a_row
from webapp.http import logs
from webapp.storage.database import Database, journal


@pytest.fixture
def stream() -> Iterator[StringIO]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    out = StringIO()
    logs.configure(out, logging.DEBUG)
    yield out
    root.handlers = before
    root.setLevel(level)
    logging.captureWarnings(False)


def lines(stream: StringIO) -> list[dict]:
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in found if line["logger"] == "webapp.requests"]


def test_each_request_is_one_line(stream: StringIO, browser: Browser, administrator: User, member: User):
    """The rule and not the address, who, how it ended, how long it took."""
    stream.truncate(0)
    stream.seek(0)
    page = browser.get(f"/users/{member.id}/attachments?next=/users?q=martin")
    (line,) = lines(stream)
    assert line["method"] == "GET"
    assert line["route"] == "/users/<id:user_id>/attachments"
    assert (line["status"], line["actor_id"]) == (200, administrator.id)
    assert line["milliseconds"] >= 0
    assert line["request_id"] == page.headers["X-Request-ID"]
    assert line["at"].endswith("Z")


def test_request_id_ties_answer_log_and_journal(stream: StringIO, browser: Browser, database: Database):
    """Whoever complains names it; whoever looks finds what was done. It is ours, not the client's."""
    page = browser.post("/users/new", a_creation(a_row("acme")), headers={"X-Request-ID": "mine"})
    with database.engine.connect() as connection:
        ids = {row.request_id for row in connection.execute(journal.select())}
    assert ids == {page.headers["X-Request-ID"]}
    assert "mine" not in ids
    assert page.headers["X-Request-ID"] in {line["request_id"] for line in lines(stream)}


def test_nothing_that_opens_a_door(
    stream: StringIO, browser: Browser, directory: FakeDirectory, administrator: User, member: User
):
    """Every library at its most talkative; searches, forms, failures: no token, address, name or cookie."""
    browser.get("/users?q=chloe.martin@acme.example")
    browser.get("/login/callback?code=the-code&state=the-state")
    browser.post("/users/new", a_creation(a_row("acme")))
    browser.post("/users/new", {"email": "somebody.new@acme.example", "csrf_token": "a-wrong-token"}, token=False)
    browser.get("/nothing-here/anne.durand@acme.example")
    directory.down = True
    browser.get("/users?q=martin")
    directory.down = False
    cookie, token = browser.cookie, browser.token
    browser.post("/logout")
    said = stream.getvalue()
    assert len(lines(stream)) >= 7
    for secret in (
        *(person.email for person in (administrator, member)),
        "somebody.new@",
        "the-code",
        "the-state",
        "a-wrong-token",
        "martin",
        "access-",
        "refresh-",
        "eyJ",
        cookie,
        token,
    ):
        assert secret not in said, secret


def test_failure_is_one_line_with_its_trace(stream: StringIO, visitor: Browser, app: Flask, member: User):
    """An unforeseen error is found by its request id; what it says of a person is masked."""

    def fail() -> str:
        raise RuntimeError(f"no idea what to do with {member.email}")

    page = app.view_functions["help.page"]
    fail.access = page.access  # type: ignore[attr-defined]
    app.view_functions["help.page"] = fail
    app.testing = False
    answer = visitor.get("/help")
    (line,) = [line for line in map(json.loads, stream.getvalue().splitlines()) if line["level"] == "error"]
    assert answer.status == 500
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert "RuntimeError" in line["exception"]
    assert member.email not in stream.getvalue()
