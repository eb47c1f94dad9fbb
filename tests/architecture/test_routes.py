"""Every address of the portal: known to the contract, guarded, and shaped alike."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.routing import Rule

from directory.model import User
from tests.architecture.portal import example, level_of, rules
from tests.web.browser import Browser
from webapp.http import extensions, guards
from webapp.http.guards import Access

ClientFor = Callable[..., Browser]

CONTRACT = {
    ("GET", "/", Access.PUBLIC),
    ("GET", "/login", Access.PUBLIC),
    ("GET", "/login/callback", Access.PUBLIC),
    ("POST", "/logout", Access.PUBLIC),
    ("POST", "/backchannel-logout", Access.PROBE),
    ("POST", "/language", Access.PUBLIC),
    ("GET", "/journal", Access.ADMINISTRATOR),
    ("POST", "/operations/<id:operation_id>/completion", Access.SIGNED_IN),
    ("POST", "/operations/<id:operation_id>/dismissal", Access.SIGNED_IN),
    ("POST", "/changes/<id:change_id>/undoing", Access.ADMINISTRATOR),
    ("GET", "/journal.csv", Access.ADMINISTRATOR),
    ("GET", "/help", Access.PUBLIC),
    ("GET", "/help/<id:task>", Access.PUBLIC),
    ("GET", "/users", Access.ADMINISTRATOR),
    ("GET", "/users.csv", Access.ADMINISTRATOR),
    ("GET", "/users/new", Access.ADMINISTRATOR),
    ("POST", "/users/new", Access.ADMINISTRATOR),
    ("GET", "/users/import", Access.ADMINISTRATOR),
    ("POST", "/users/import", Access.ADMINISTRATOR),
    ("GET", "/users/import.csv", Access.ADMINISTRATOR),
    ("GET", "/users/import/<id:import_id>", Access.ADMINISTRATOR),
    ("POST", "/users/import/<id:import_id>", Access.ADMINISTRATOR),
    ("GET", "/users/import/<id:import_id>.csv", Access.ADMINISTRATOR),
    ("GET", "/users/activations", Access.ADMINISTRATOR),
    ("GET", "/users/selection", Access.ADMINISTRATOR),
    ("POST", "/users/selection", Access.ADMINISTRATOR),
    ("POST", "/users/selection/undoing", Access.ADMINISTRATOR),
    ("POST", "/users/activations", Access.ADMINISTRATOR),
    ("GET", "/users/<id:user_id>", Access.ADMINISTRATOR),
    ("GET", "/users/<id:user_id>/attachments", Access.ADMINISTRATOR),
    ("POST", "/users/<id:user_id>/attachments", Access.ADMINISTRATOR),
    ("POST", "/users/<id:user_id>/activation", Access.ADMINISTRATOR),
    ("GET", "/users/<id:user_id>/email", Access.ADMINISTRATOR),
    ("POST", "/users/<id:user_id>/email", Access.ADMINISTRATOR),
    ("POST", "/users/<id:user_id>/cancellation", Access.ADMINISTRATOR),
    ("GET", "/users/<id:user_id>/replacement", Access.ADMINISTRATOR),
    ("POST", "/users/<id:user_id>/replacement", Access.ADMINISTRATOR),
    ("GET", "/endings", Access.ADMINISTRATOR),
    ("GET", "/reviews", Access.ADMINISTRATOR),
    ("POST", "/reviews", Access.ADMINISTRATOR),
    ("GET", "/reviews/<id:review_id>", Access.ADMINISTRATOR),
    ("POST", "/reviews/<id:review_id>", Access.ADMINISTRATOR),
    ("GET", "/reviews/<id:review_id>.csv", Access.ADMINISTRATOR),
    ("POST", "/users/<id:user_id>/extension", Access.ADMINISTRATOR),
    ("GET", "/accessibility", Access.PUBLIC),
    ("GET", "/personal-data", Access.PUBLIC),
    ("GET", "/profile", Access.SIGNED_IN),
    ("POST", "/profile", Access.SIGNED_IN),
    ("POST", "/profile/companies/<id:company_id>/leaving", Access.SIGNED_IN),
    ("POST", "/profile/sessions/ending", Access.SIGNED_IN),
    ("POST", "/profile/sessions/<id:session_id>/ending", Access.SIGNED_IN),
    ("POST", "/profile/password", Access.SIGNED_IN),
    ("POST", "/profile/second-factor", Access.SIGNED_IN),
    ("GET", "/livez", Access.PROBE),
    ("GET", "/readyz", Access.PROBE),
    ("GET", "/metrics", Access.PROBE),
}
"""Every address with whom it is for. A new one is added here by whoever thought about who may open it."""

VERBS = frozenset(
    "add activate approve attach cancel change confirm correct create delete detach disable edit enable leave "
    "modify move remove resend reset save send set update".split()
)
GUARDED = (Access.SIGNED_IN, Access.ADMINISTRATOR)


def name(rule: Rule) -> str:
    return rule.rule


def test_addresses_are_those_of_the_contract() -> None:
    """None more, none less, and each for whom it says."""
    found = {
        (method, rule.rule, level_of(rule))
        for rule in rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert found == CONTRACT


@pytest.mark.parametrize("rule", rules(), ids=name)
class TestShape:
    def test_declares_whom_it_is_for(self, rule: Rule) -> None:
        """A view that says nothing is open to nobody."""
        assert level_of(rule) is not None

    def test_parameters_are_typed(self, rule: Rule) -> None:
        """A bare parameter would let anything through, into an address of Keycloak."""
        assert all(parameter.startswith("id:") for parameter in re.findall(r"<([^>]+)>", rule.rule))

    def test_kebab_case(self, rule: Rule) -> None:
        """Lower case, words with hyphens, no slash at the end."""
        for segment in re.sub(r"<[^>]+>", "x", rule.rule).split("/")[1:]:
            assert rule.rule == "/" or re.fullmatch(r"[a-z]+(-[a-z]+)*(\.csv)?", segment), rule.rule

    def test_things_not_deeds(self, rule: Rule) -> None:
        """Addresses name things; what is done to them is the method's business."""
        assert not VERBS & set(re.split(r"[/.-]", rule.rule))

    def test_is_posted_or_read(self, rule: Rule) -> None:
        """GET reads, POST changes, and there is no third way."""
        assert (rule.methods or set()) <= {"GET", "HEAD", "OPTIONS", "POST"}


class TestNobody:
    """Who is not signed in."""

    @pytest.mark.parametrize("rule", rules("GET", *GUARDED), ids=name)
    def test_get_leads_to_the_sign_in(self, rule: Rule, client_for: ClientFor) -> None:
        page = client_for().get(example(rule))
        assert page.status == 302
        assert (page.location or "").startswith("/login?next=")

    @pytest.mark.parametrize("rule", rules("POST", *GUARDED), ids=name)
    def test_post_does_nothing(self, rule: Rule, client_for: ClientFor) -> None:
        browser = client_for()
        assert browser.post(example(rule), token=False).status == 401
        assert browser.post(example(rule)).status == 401

    @pytest.mark.parametrize("rule", rules("GET", Access.PUBLIC, Access.PROBE), ids=name)
    def test_public_pages_open(self, rule: Rule, client_for: ClientFor) -> None:
        """Or say what is wrong; but never ask for a sign-in first."""
        page = client_for().get(example(rule))
        assert page.status in {200, 302, 400}
        assert not (page.location or "").startswith("/login")


class TestMember:
    """Who is signed in and administers no company."""

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_every_address_for_administrators_is_closed(
        self, method: str, client_for: ClientFor, member: User
    ) -> None:
        """403 on each, whatever id it names: before anything is looked up."""
        browser = client_for(member)
        closed = rules(method, Access.ADMINISTRATOR)
        assert closed
        ask = browser.get if method == "GET" else browser.post
        assert {rule.rule: ask(example(rule)).status for rule in closed} == {rule.rule: 403 for rule in closed}

    def test_his_own_pages_are_open(self, client_for: ClientFor, member: User) -> None:
        browser = client_for(member)
        assert {browser.get(example(rule)).status for rule in rules("GET", Access.SIGNED_IN)} == {200}


def test_view_without_access_stops_the_start() -> None:
    """Nobody finds out in production."""
    app = Flask("forgetful")
    app.add_url_rule("/forgotten", view_func=lambda: "", endpoint="forgotten")
    with pytest.raises(RuntimeError, match="forgotten"):
        guards.install(app)


def test_only_keycloaks_message_needs_no_token(app: Flask) -> None:
    """What is posted by a machine is signed; everything else carries the session's token."""
    assert extensions.csrf._exempt_views == {"webapp.blueprints.session.backchannel_logout"}
    assert extensions.csrf._exempt_blueprints == set()
    assert app.config.get("WTF_CSRF_ENABLED", True)
    assert app.config.get("WTF_CSRF_CHECK_DEFAULT", True)


def test_nothing_is_switched_on_that_helps_developers_only(app: Flask) -> None:
    """No debugger, no templates from disk at every request, no JSON of stack traces."""
    assert not app.debug
    assert not app.testing
    assert not app.config["PROPAGATE_EXCEPTIONS"]
