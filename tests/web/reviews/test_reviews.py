"""Access reviews: started, decided by several, ended, and the evidence of it."""

import csv
import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from directory.errors import UnavailableError
from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from webapp.http.context import EXTENSION
from webapp.lifecycle.worker import Lifecycle
from webapp.records import journal_reading
from webapp.records.journal import Action
from webapp.records.journal_reading import Line, Search
from webapp.reviews import store
from webapp.storage.database import Database

TODAY = datetime.now(ZoneInfo("Europe/Paris")).date()
SOON = TODAY + timedelta(days=20)


@pytest.fixture
def team(directory: FakeDirectory, administrator: User, second: User, member: User) -> list[User]:
    """Three more of Acme; with the two administrators and the member they are six."""
    return [
        directory.add_user(a_profile(f"p{n}@acme.example", last_name=f"Person{n}"), [an_attachment("acme")])
        for n in range(3)
    ]


def start(browser: Browser, **changes: str) -> Page:
    fields = {"company": "acme", "until": SOON.isoformat(), "undecided": "keep", **changes}
    return browser.post("/reviews", fields)


@pytest.fixture
def review(browser: Browser, team: list[User]) -> str:
    """The address of a review of Acme that has just begun."""
    done = start(browser)
    assert done.status == 303
    assert done.location
    return done.location


@pytest.fixture
def pass_the_day(app: Flask) -> Callable[[], bool]:
    """The work of the day after the last one."""

    def pass_the_day() -> bool:
        parts = app.extensions[EXTENSION]
        after = datetime(SOON.year, SOON.month, SOON.day, 12, tzinfo=ZoneInfo("Europe/Paris")) + timedelta(days=1)
        app.extensions[EXTENSION] = replace(parts, clock=after.timestamp)
        try:
            return Lifecycle(app).look()
        finally:
            app.extensions[EXTENSION] = parts

    return pass_the_day


def lines(database: Database, *actions: Action) -> list[Line]:
    found = journal_reading.read(database, ["acme"], Search(), 1, 500).lines
    return [line for line in reversed(found) if line.action in actions]


def rows(browser: Browser, review: str) -> dict[str, dict[str, str]]:
    """The evidence, by address."""
    body = browser.get(f"{review}.csv").body
    return {row["email"]: row for row in csv.DictReader(io.StringIO(body))}


def at_acme(directory: FakeDirectory, user: User) -> bool:
    return "acme" in {company.id for company, _ in directory.attachments_of(user.id)}


class TestStarting:
    def test_everybody_of_the_company_is_to_be_decided(
        self, browser: Browser, review: str, database: Database, team: list[User]
    ):
        page = browser.get(review)
        assert "0 sur 6 décidés" in page.main.text
        assert "inconnu" in page.row("p0@acme.example").text
        (line,) = lines(database, Action.REVIEW_BEGIN)
        assert line.after
        assert line.after.until == SOON
        assert "0 sur 6" in browser.get("/reviews").main.text

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"until": ""}, "until"),
            ({"until": "2026-02-30"}, "until"),
            ({"until": (TODAY - timedelta(days=1)).isoformat()}, "until"),
            ({"until": "9999-12-31"}, "until"),
            ({"company": ""}, "company"),
            ({"undecided": "ask"}, "undecided"),
        ],
        ids=str,
    )
    def test_bad_input_is_named_and_kept(
        self, browser: Browser, team: list[User], changes: dict[str, str], field: str
    ):
        page = start(browser, **changes)
        assert page.status == 422
        assert field in page.errors
        if field == "until":
            assert page.form("/reviews").fields["until"] == changes["until"]
        assert "0 sur" not in browser.get("/reviews").main.text

    def test_two_at_once_are_one(self, browser: Browser, review: str, second: User, client_for: ClientFor):
        """The other one is led to the first."""
        page = start(client_for(second))
        assert page.status == 409
        assert review in [link["href"] for link in page.main.all("a")]

    @pytest.mark.slow
    def test_a_large_company_is_read_page_by_page(self, browser: Browser, directory: FakeDirectory):
        for number in range(2000):
            directory.add_user(a_profile(f"n{number}@acme.example"), [an_attachment("acme")])
        review = start(browser).location
        assert review
        page = browser.get(f"{review}?page=41")
        assert 0 < len(page.rows) <= 50
        assert "0 sur 2" in page.main.text


class TestWho:
    def test_others_know_nothing_of_it(
        self, client_for: ClientFor, directory: FakeDirectory, review: str, team: list[User]
    ):
        other = directory.add_user(a_profile(), [an_attachment("initech", administrator=True)])
        browser, before = client_for(other), directory.snapshot()
        assert browser.get(review).status == browser.get(f"{review}.csv").status == 404
        fields = {"user": team[0].id, "decision": "detach", "confirm": "1"}
        assert browser.post(review, fields).status == 404
        assert start(browser).status == 404
        assert "Acme" not in browser.get("/reviews").text
        assert directory.snapshot() == before

    def test_members_are_refused(self, client_for: ClientFor, member: User, review: str):
        browser = client_for(member)
        assert {browser.get(path).status for path in ("/reviews", review, f"{review}.csv")} == {403}

    def test_whoever_is_not_in_it_does_not_exist(self, browser: Browser, review: str, stranger: User):
        for user_id in (stranger.id, "absent"):
            assert browser.post(review, {"user": user_id, "decision": "confirm"}).status == 404


class TestDeciding:
    def test_several_are_confirmed_at_once(
        self, browser: Browser, review: str, team: list[User], database: Database, administrator: User
    ):
        done = browser.post(review, {"user": [one.id for one in team], "decision": "confirm"})
        assert done.status == 303
        page = browser.follow(done)
        assert "3 décisions ont été enregistrées." in page.banners[-1]
        assert "3 sur 6 décidés" in page.main.text
        assert "Confirmé Anne Durand" in page.row("p0@acme.example").text
        assert [line.person.email for line in lines(database, Action.CONFIRM)] == [one.email for one in team]
        found = rows(browser, review)
        assert found["p0@acme.example"]["decision"] == "confirm"
        assert found["p0@acme.example"]["decided_by_email"] == administrator.email
        assert found["chloe.martin@acme.example"]["decision"] == ""

    def test_detaching_is_asked_first_and_is_a_change_like_any_other(
        self, browser: Browser, review: str, team: list[User], directory: FakeDirectory, database: Database
    ):
        chosen = {"user": [team[0].id, team[1].id], "decision": "detach"}
        page = browser.post(review, chosen)
        assert page.status == 200
        assert "p0@acme.example" in page.main.text
        assert at_acme(directory, team[0])
        assert browser.post(review, {**chosen, "confirm": "1"}).status == 303
        assert [at_acme(directory, one) for one in team] == [False, False, True]
        assert len(lines(database, Action.DETACH)) == 2

    def test_two_administrators_share_one(
        self, browser: Browser, client_for: ClientFor, second: User, review: str, team: list[User]
    ):
        """What the first decided stays."""
        browser.post(review, {"user": team[0].id, "decision": "confirm"})
        other = client_for(second)
        done = other.post(review, {"user": team[0].id, "decision": "detach", "confirm": "1"})
        assert "Déjà décidé" in other.follow(done).banners[0]
        other.post(review, {"user": team[1].id, "decision": "confirm"})
        found = rows(browser, review)
        assert found["p0@acme.example"]["decision"] == "confirm"
        assert found["p1@acme.example"]["decided_by"] == "Bruno Petit"

    def test_nobody_confirms_themselves_where_there_is_another(
        self, browser: Browser, client_for: ClientFor, review: str, administrator: User, second: User
    ):
        done = browser.post(review, {"user": administrator.id, "decision": "confirm"})
        assert "vous confirmer vous-même" in browser.follow(done).banners[-1]
        assert rows(browser, review)[administrator.email]["decision"] == ""
        client_for(second).post(review, {"user": administrator.id, "decision": "confirm"})
        assert rows(browser, review)[administrator.email]["decision"] == "confirm"

    def test_the_only_administrator_confirms_themselves(self, client_for: ClientFor, directory: FakeDirectory):
        alone = directory.add_user(a_profile(), [an_attachment("initech", administrator=True)])
        browser = client_for(alone)
        review = start(browser, company="initech").location
        assert review
        browser.post(review, {"user": alone.id, "decision": "confirm"})
        assert rows(browser, review)[alone.email]["decision"] == "confirm"

    def test_the_last_active_administrator_is_not_detached(self, client_for: ClientFor, directory: FakeDirectory):
        alone = directory.add_user(a_profile(), [an_attachment("initech", administrator=True)])
        browser = client_for(alone)
        review = start(browser, company="initech").location
        assert review
        done = browser.post(review, {"user": alone.id, "decision": "detach", "confirm": "1"})
        assert "dernier administrateur actif" in browser.follow(done).banners[-1]
        assert rows(browser, review)[alone.email]["decision"] == ""

    def test_who_left_meanwhile_is_gone(
        self, browser: Browser, review: str, team: list[User], directory: FakeDirectory
    ):
        directory.remove_membership(team[0].id, "/acme")
        browser.post(review, {"user": team[0].id, "decision": "confirm"})
        assert rows(browser, review)["p0@acme.example"]["decision"] == "gone"

    def test_what_was_interrupted_is_decided_again(
        self, browser: Browser, review: str, team: list[User], directory: FakeDirectory
    ):
        """The person was detached, but the answer was lost: nothing is decided, and nothing is lost."""
        directory.fail("change_attachment", effect="whole", error=UnavailableError("lost"))
        fields = {"user": team[0].id, "decision": "detach", "confirm": "1"}
        assert browser.post(review, fields).status == 503
        assert rows(browser, review)["p0@acme.example"]["decision"] == ""
        assert browser.post(review, fields).status == 303
        assert rows(browser, review)["p0@acme.example"]["decision"] == "detach"

    @pytest.mark.parametrize("fields", [{"decision": "confirm"}, {"user": "x"}, {"user": "x", "decision": "keep"}])
    def test_bad_input_is_422(self, browser: Browser, review: str, fields: dict[str, str]):
        assert browser.post(review, fields).status == 422


class TestTheEnd:
    def decide_all(self, browser: Browser, other: Browser, review: str, people: list[User]) -> None:
        ids = [one.id for one in people]
        browser.post(review, {"user": ids, "decision": "confirm"})
        other.post(review, {"user": ids, "decision": "confirm"})

    def test_after_the_last_decision_the_digest_is_in_the_journal(
        self,
        browser: Browser,
        client_for: ClientFor,
        review: str,
        team: list[User],
        database: Database,
        administrator: User,
        second: User,
        member: User,
    ):
        self.decide_all(browser, client_for(second), review, [*team, administrator, second, member])
        (line,) = lines(database, Action.REVIEW_END)
        data = browser.get(f"{review}.csv").body.encode()
        assert line.after
        assert line.after.digest == hashlib.sha256(data).hexdigest()
        page = browser.get(review)
        assert line.after.digest in page.main.text
        assert page.forms == []
        assert line.after.digest in browser.get("/journal").main.text
        assert start(browser).status == 303, "the next one may begin"

    @pytest.mark.parametrize("undecided", ["keep", "detach"])
    def test_the_undecided_are_listed_and_stay_or_not_as_was_said(
        self,
        browser: Browser,
        team: list[User],
        directory: FakeDirectory,
        database: Database,
        undecided: str,
        pass_the_day: Callable[[], bool],
    ):
        review = start(browser, undecided=undecided).location
        assert review
        browser.post(review, {"user": team[0].id, "decision": "confirm"})
        assert pass_the_day()
        assert [at_acme(directory, one) for one in team] == [True, undecided == "keep", undecided == "keep"]
        found = {item.email: item for item in store.items(database, review.rpartition("/")[2])}
        assert found["p0@acme.example"].decision == "confirm"
        assert found["p1@acme.example"].decision == ("kept" if undecided == "keep" else "detached")
        assert found["p1@acme.example"].decided_by
        assert found["p1@acme.example"].decided_by.name == "Attaché"
        (line,) = lines(database, Action.REVIEW_END)
        assert line.author.id == ""

    def test_a_last_administrator_stays_whatever_was_said(
        self, client_for: ClientFor, directory: FakeDirectory, pass_the_day: Callable[[], bool]
    ):
        alone = directory.add_user(a_profile(), [an_attachment("initech", administrator=True)])
        browser = client_for(alone)
        review = start(browser, company="initech", undecided="detach").location
        assert review
        assert pass_the_day()
        assert rows(browser, review)[alone.email]["decision"] == "kept"
