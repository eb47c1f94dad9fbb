"""A portal whose account at Keycloak may do too much serves nobody, and says so to operations."""

import pytest
from flask import Flask

import webapp.blueprints.health
from directory.model import User
from directory.rights import DIRECTORY_RIGHTS, MANAGEMENT, Rights
from tests.architecture.portal import example, rules
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from webapp.http.guards import Access, access_of

ENOUGH = Rights({MANAGEMENT: DIRECTORY_RIGHTS})
REFUSED = [
    pytest.param(Rights({MANAGEMENT: DIRECTORY_RIGHTS | {"view-realm"}}), "view-realm", id="role"),
    pytest.param(Rights(ENOUGH.roles, over_itself=frozenset({"manage"})), "own account", id="right"),
    pytest.param(Rights(ENOUGH.roles, unmanaged_attributes="ENABLED"), "unmanagedAttributePolicy", id="realm"),
]


@pytest.fixture
def app(own_app: Flask) -> Flask:
    return own_app


@pytest.fixture(autouse=True)
def _asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webapp.blueprints.health, "READY_FOR", 0.0)


@pytest.mark.slow
@pytest.mark.parametrize(("rights", "word"), REFUSED)
def test_refused_it_answers_503_until_that_is_mended(
    rights: Rights,
    word: str,
    browser: Browser,
    directory: FakeDirectory,
    caplog: pytest.LogCaptureFixture,
):
    """And is red; the log names the reason, which no page does. No restart is needed afterwards."""
    directory.own = rights
    before = directory.snapshot()
    page = browser.get("/users")
    assert (page.status, page.headers["Retry-After"]) == (503, "5")
    ready = browser.get("/readyz")
    assert (ready.status, ready.body) == (503, "rights: refused\n")
    assert word in caplog.text
    assert word not in page.body
    assert browser.get("/livez").status == 200
    assert directory.snapshot() == before

    directory.own = ENOUGH
    assert browser.get("/users").status == 200
    assert browser.get("/readyz").body == "ok\n"


@pytest.mark.slow
def test_refused_every_page_is(browser: Browser, app: Flask, directory: FakeDirectory):
    """What is for everybody too; only machines that watch are answered."""
    directory.own = Rights({MANAGEMENT: DIRECTORY_RIGHTS | {"manage-users"}})
    assert browser.get("/readyz").status == 503
    asked = 0
    for rule in rules():
        if access_of(app, rule.endpoint) is Access.PROBE:
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            assert browser.open(example(rule), method=method).status == 503, (method, rule.rule)
            asked += 1
    assert asked > 30
    assert directory.called() == [("sign_in", ()), ("check", ())]


def test_without_keycloak_it_starts_and_asks_as_soon_as_it_can(
    client_for: ClientFor, administrator: User, directory: FakeDirectory
):
    """Nothing is done with an account that was not looked at."""
    browser = client_for(administrator)
    directory.down = True
    assert browser.get("/users").status == 503
    assert browser.get("/help").status == 200
    assert browser.get("/readyz").body == "keycloak: no answer\n"
    directory.own = Rights({MANAGEMENT: DIRECTORY_RIGHTS | {"realm-admin"}})
    directory.down = False
    assert browser.get("/users").status == 503
    assert directory.called("members", "user", "attachments_of") == []
    assert browser.get("/readyz").body == "rights: refused\n"
    assert browser.get("/help").status == 503


@pytest.mark.slow
def test_an_account_that_lacks_rights_is_no_refusal(browser: Browser, directory: FakeDirectory):
    """Keycloak may be half made: 503 until it is whole."""
    directory.own = Rights()
    assert browser.get("/users").status == 503
    assert browser.get("/readyz").body == "keycloak: no answer\n"
    directory.own = ENOUGH
    assert browser.get("/users").status == 200
