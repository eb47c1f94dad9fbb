"""Headers on every answer, whatever it is."""

from collections.abc import Callable

import pytest
from flask import Flask, abort

from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from webapp.http.guards import Access, access

ClientFor = Callable[..., Browser]


@pytest.fixture(scope="module")
def answers(
    app: Flask, client_for: ClientFor, directory: FakeDirectory, administrator: User, member: User
) -> dict[int, Page]:
    """One answer of each status that the portal gives."""
    browser, visitor = client_for(administrator), client_for()
    pending = directory.add_user(a_profile(), [an_attachment("acme")], password_required=True)
    found = [
        browser.get("/users"),
        visitor.get("/users"),
        browser.post(f"/users/{pending.id}/activation"),
        browser.post("/users/new", token=False),
        client_for(member).get("/users"),
        browser.get("/nothing-here"),
        browser.get("/logout"),
        browser.post(f"/users/{member.id}/activation"),
        browser.post("/profile", {"last_name": "x" * (3 * 1024 * 1024)}),
        browser.post("/users/new", {"email": ""}),
        browser.post(f"/users/{pending.id}/activation"),
    ]
    page = app.view_functions["help.page"]
    app.view_functions["help.page"] = access(Access.PUBLIC)(lambda: str(1 / 0))
    found.append(visitor.get("/help"))
    app.view_functions["help.page"] = access(Access.PUBLIC)(lambda: abort(418))
    found.append(visitor.get("/help"))
    app.view_functions["help.page"] = page
    directory.down = True
    found.append(browser.get("/users"))
    directory.down = False
    return {answer.status: answer for answer in found}


def test_every_status_was_met(answers: dict[int, Page]) -> None:
    """Otherwise the other tests would look at less than they say."""
    assert set(answers) == {200, 302, 303, 400, 403, 404, 405, 409, 413, 418, 422, 429, 500, 503}


def test_nothing_runs_that_is_not_ours(answers: dict[int, Page]) -> None:
    """Nothing inline, nothing from elsewhere, in no frame; scripts ask us only; forms go here or to Keycloak."""
    for status, answer in answers.items():
        policy = dict(
            part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'none'", status
        assert policy["style-src"] == "'self'", status
        assert policy["frame-ancestors"] == "'none'", status
        assert policy["base-uri"] == "'none'", status
        assert policy["form-action"] == "'self' http://keycloak.test", status
        assert policy["script-src"] == "'self'", status
        assert policy["connect-src"] == "'self'", status
        assert "unsafe" not in answer.headers["Content-Security-Policy"], status


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ],
)
def test_header(header: str, value: str, answers: dict[int, Page]) -> None:
    """On each of them; nothing about people is kept by a browser or a proxy."""
    assert {status: answer.headers.get(header) for status, answer in answers.items()} == dict.fromkeys(
        answers, value
    )


def test_says_nothing_about_itself(answers: dict[int, Page]) -> None:
    """No version of anything, no path of a file, no trace."""
    for status, answer in answers.items():
        assert "X-Powered-By" not in answer.headers
        for word in ("Traceback", "werkzeug", "Werkzeug", "flask", "site-packages", "ZeroDivisionError"):
            assert word not in answer.body, (status, word)


def test_errors_have_pages(answers: dict[int, Page]) -> None:
    """In the portal's own frame, with the code, and with the way on."""
    for status, answer in answers.items():
        if status >= 400 and status != 422:
            assert str(status) in answer.main.text
            assert answer.html.one("nav")


def test_retry_after_where_waiting_helps(answers: dict[int, Page]) -> None:
    """429 and 503 say when; nothing else does."""
    assert {status for status, answer in answers.items() if "Retry-After" in answer.headers} == {429, 503}


def test_method_that_is_not_there_names_those_that_are(answers: dict[int, Page]) -> None:
    """405 carries `Allow`."""
    assert "POST" in answers[405].headers["Allow"]
