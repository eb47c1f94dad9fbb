"""No form of another site changes anything: the token is asked of every POST, before anything else."""

import pytest
from flask import Flask

from directory.model import User
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.typed import a_creation, a_row

PATHS = [
    "/users/new",
    "/users/{}/attachments",
    "/users/{}/activation",
    "/users/activations",
    "/users/{}/email",
    "/users/{}/cancellation",
    "/users/{}/extension",
    "/users/{}/replacement",
    "/users/selection",
    "/users/selection/undoing",
    "/reviews",
    "/reviews/0123",
    "/users/import",
    "/users/import/0123",
    "/operations/0123/completion",
    "/operations/0123/dismissal",
    "/changes/0123/undoing",
    "/profile",
    "/profile/companies/acme/leaving",
    "/profile/password",
    "/profile/second-factor",
    "/profile/sessions/ending",
    "/profile/sessions/0123/ending",
    "/language",
    "/logout",
]
FIELDS = {**a_creation(a_row("acme", administrator=True)), "confirm": "1"}


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, "", "wrong", "of another session"])
def test_missing_or_bad(
    path: str,
    token: str | None,
    browser: Browser,
    client_for: ClientFor,
    directory: FakeDirectory,
    administrator: User,
    second: User,
    member: User,
):
    """400 with a page that says so; nothing changed, and the session lives on."""
    before = directory.snapshot()
    if token == "of another session":
        token = client_for(second).token
    fields = FIELDS if token is None else {**FIELDS, "csrf_token": token}
    page = browser.post(path.format(member.id), fields, token=False)
    assert page.status == 400
    assert page.h1
    assert directory.snapshot() == before
    assert browser.get("/users").status == 200


def test_every_posting_endpoint_is_in_the_list(app: Flask):
    """A route that is new has to be added above."""
    rules = {
        rule.rule.replace("<id:user_id>", "{}")
        .replace("<id:company_id>", "acme")
        .replace("<id:import_id>", "0123")
        .replace("<id:operation_id>", "0123")
        .replace("<id:change_id>", "0123")
        .replace("<id:session_id>", "0123")
        .replace("<id:review_id>", "0123")
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
    }
    assert rules - {"/backchannel-logout"} == set(PATHS)


def test_token_in_the_address_is_none(browser: Browser, directory: FakeDirectory):
    """A token in an address would be in every log."""
    page = browser.post("/users/new", FIELDS, token=False, query_string={"csrf_token": browser.token})
    assert page.status == 400


def test_one_token_serves_a_whole_session(browser: Browser):
    """Several pages open side by side all work."""
    first = browser.get("/users/new").form("/users/new").fields["csrf_token"]
    browser.get("/profile")
    page = browser.post("/users/new", {"email": "x@acme.example", "csrf_token": first}, token=False)
    assert page.status == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        "/users",
        "/users/new",
        "/users/{}/attachments",
        "/users/{}/email",
        "/profile",
        "/help",
        "/",
        "/users/activations",
        "/users/import",
        "/users.csv",
        "/users/import.csv",
        "/login",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_changes_nothing(path: str, method: str, browser: Browser, directory: FakeDirectory, second: User):
    """GET, HEAD and OPTIONS, even with every field of a form in the address, call no verb that writes."""
    pending = directory._replace(second.id, password_required=True)
    before = directory.snapshot()
    page = browser.open(path.format(pending.id), method=method, query_string=FIELDS)
    assert page.status < 400
    if method != "GET":
        assert page.body == ""
    assert directory.snapshot() == before
    writes = {
        "create_user",
        "change_attachment",
        "send_activation",
        "record_activation_sent",
        "correct_email",
        "delete_user",
    }
    assert not writes & {verb for verb, _ in directory.calls}
