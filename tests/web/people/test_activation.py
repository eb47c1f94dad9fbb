"""« Renvoyer »: for one person, for all whose mail expired, and how often."""

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from directory.errors import MailRefusedError
from directory.model import Locale, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.typed import a_creation
from webapp.http.context import EXTENSION
from webapp.storage import rate_limits

PARIS = ZoneInfo("Europe/Paris")
LONG_AGO = datetime.now(UTC) - timedelta(days=31)


class Clock:
    """The time as the requests of the portal see it."""

    def __init__(self) -> None:
        self.time = time.time()

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setitem(app.extensions, EXTENSION, replace(app.extensions[EXTENSION], clock=clock))
    return clock


@pytest.fixture
def pending(directory: FakeDirectory) -> User:
    """Somebody of Acme whose mail left two days ago."""
    return directory.add_user(
        a_profile("pe@nding.example", last_name="Pending"),
        [an_attachment("acme")],
        password_required=True,
        activation_sent_at=datetime.now(UTC) - timedelta(days=2),
    )


@pytest.fixture
def expired(directory: FakeDirectory) -> list[User]:
    """Three people whose mails expired, two of them at both companies."""
    return [
        directory.add_user(
            a_profile(f"expired{number}@acme.example", last_name=f"Expired{number}"),
            [an_attachment("acme"), *([an_attachment("globex")] if number else [])],
            password_required=True,
            activation_sent_at=LONG_AGO,
        )
        for number in range(3)
    ]


class TestOne:
    """One press, one mail."""

    @pytest.mark.parametrize(
        "sent", [None, LONG_AGO, datetime.now(UTC) - timedelta(days=29)], ids=["never", "expired", "pending"]
    )
    def test_sends_with_thirty_new_days(self, sent: datetime | None, browser: Browser, directory: FakeDirectory):
        """Before or after the old mail expired, or when none ever left."""
        person = directory.add_user(
            a_profile(), [an_attachment("acme")], password_required=True, activation_sent_at=sent
        )
        done = browser.post(f"/users/{person.id}/activation")
        assert (done.status, done.location) == (303, "/users")
        assert directory.mails == [person.email]
        now = directory.user(person.id)
        assert now.activation_expires_at is not None
        assert timedelta(days=29, hours=23) < now.activation_expires_at - datetime.now(UTC) <= timedelta(days=30)
        listed = browser.follow(done)
        assert person.profile.last_name in listed.banners[0]
        assert "En cours d'activation" in listed.row(person.email).text

    def test_returns_to_the_page_it_was_pressed_on(
        self, browser: Browser, directory: FakeDirectory, pending: User
    ):
        """The button of a sorted list brings back that list."""
        page = browser.get("/users?sort=-email")
        done = browser.submit(page.form(f"/users/{pending.id}/activation"))
        assert done.location == "/users?sort=-email"

    @pytest.mark.parametrize(
        "next_", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"]
    )
    def test_returns_to_no_other_site(self, next_: str, browser: Browser, pending: User):
        """The field says where to go back to inside the portal, and nothing else."""
        assert browser.post(f"/users/{pending.id}/activation", {"next": next_}).location == "/users"

    @pytest.mark.parametrize("state", [{}, {"enabled": False}, {"enabled": False, "password_required": True}])
    def test_active_or_disabled_is_refused(
        self, state: dict[str, bool], browser: Browser, directory: FakeDirectory
    ):
        """409 with a page that says why; no mail."""
        person = directory.add_user(a_profile(), [an_attachment("acme")], **state)
        page = browser.post(f"/users/{person.id}/activation")
        assert page.status == 409
        assert page.h1
        assert directory.mails == []
        assert directory.called("send_activation") == []

    def test_mail_server_refuses(self, browser: Browser, directory: FakeDirectory, pending: User):
        """503, for nothing was done: said in words, nothing recorded, and it can be pressed again at once."""
        directory.mail = "refused"
        page = browser.submit(browser.get("/users?sort=-email").form(f"/users/{pending.id}/activation"))
        assert (page.status, page.h1) == (503, "Mail non envoyé")
        assert int(page.headers["Retry-After"]) > 0
        assert replace(directory.user(pending.id), invitation=None) == pending
        directory.mail = "ok"
        done = browser.submit(page.form(f"/users/{pending.id}/activation"))
        assert (done.status, done.location) == (303, "/users?sort=-email")
        assert directory.mails == [pending.email]

    def test_shared_account_may_be_mailed(self, browser: Browser, directory: FakeDirectory):
        """A pending person who is at another's company too is pending like anyone."""
        person = directory.add_user(
            a_profile(), [an_attachment("acme"), an_attachment("initech")], password_required=True
        )
        assert browser.post(f"/users/{person.id}/activation").status == 303
        assert directory.mails == [person.email]


class TestStatus:
    """When the mail left, and how long it works, in words beside the status."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("hours", "locale", "words"),
        [
            (-18 * 24, "fr", r"En cours d'activation envoyé le \d+ \w+ 20\d\d, encore {days} jours "),
            (-29 * 24 + 12, "fr", r"En cours d'activation envoyé le \d+ \w+ 20\d\d, encore {days} jours? "),
            (-30 * 24 + 1, "fr", r"En cours d'activation envoyé le .*, (dernier jour, jusqu’à|encore 1 jour )"),
            (-31 * 24, "fr", r"Expiré envoyé le \d+ \w+ 20\d\d, expiré le \d+ \w+ 20\d\d"),
            (-18 * 24, "en", r"Activation pending sent on \d+ \w+ 20\d\d, {days} days left "),
            (-31 * 24, "en", r"Expired sent on \d+ \w+ 20\d\d, ended on \d+ \w+ 20\d\d"),
        ],
    )
    def test_in_words(self, hours: int, locale: str, words: str, client_for: ClientFor, directory: FakeDirectory):
        """The days are those of Paris; `tests/unit/webapp/wording/test_times.py` has the odd ones."""
        reader = directory.add_user(a_profile(locale=Locale(locale)), [an_attachment("acme", administrator=True)])
        now = datetime.now(UTC)
        sent = now + timedelta(hours=hours)
        person = directory.add_user(
            a_profile(), [an_attachment("acme")], password_required=True, activation_sent_at=sent
        )
        row = client_for(reader).get("/users").row(person.email)
        days = (sent + timedelta(days=30)).astimezone(PARIS).date() - now.astimezone(PARIS).date()
        assert re.search(words.replace("{days}", str(days.days)), row.one("td", class_="status-cell").text), (
            row.text
        )

    def test_says_when_the_next_mail_is_possible(
        self, clock: Clock, browser: Browser, directory: FakeDirectory, pending: User
    ):
        """Beside the button, before it is pressed in vain; and no more once it is."""
        assert "Prochain envoi" not in browser.get("/users").row(pending.email).text
        browser.post(f"/users/{pending.id}/activation")
        clock.time += 20
        row = browser.get("/users").row(pending.email)
        assert re.search(r"Prochain envoi possible (à|le) .*\(dans 40 secondes\)", row.text)
        assert row.one("button", class_="button-secondary").text.startswith("Renvoyer")
        clock.time += 40
        assert "Prochain envoi" not in browser.get("/users").row(pending.email).text


class TestQuota:
    """1 a minute and 5 a day for one person."""

    def test_second_within_a_minute(self, clock: Clock, browser: Browser, directory: FakeDirectory, pending: User):
        """429, `Retry-After` in seconds, and the wait in words."""
        browser.post(f"/users/{pending.id}/activation")
        clock.time += 20
        page = browser.post(f"/users/{pending.id}/activation")
        assert page.status == 429
        assert page.headers["Retry-After"] == "40"
        assert re.search(
            r"Le prochain mail d’activation peut être envoyé (à|le) .*\d\d:\d\d \(dans 40 secondes\)\.",
            page.main.text,
        )
        assert len(directory.mails) == 1
        clock.time += 40
        assert browser.post(f"/users/{pending.id}/activation").status == 303
        assert len(directory.mails) == 2

    def test_sixth_within_a_day(self, clock: Clock, browser: Browser, directory: FakeDirectory, pending: User):
        """The wait is until the first of the five is a day old."""
        start = clock.time
        for _ in range(5):
            assert browser.post(f"/users/{pending.id}/activation").status == 303
            clock.time += 3600
        page = browser.post(f"/users/{pending.id}/activation")
        assert page.status == 429
        assert int(page.headers["Retry-After"]) == 86_400 - 5 * 3600
        assert "19" in page.main.text, "nineteen hours, in words"
        assert len(directory.mails) == 5
        clock.time = start + 86_400
        assert browser.post(f"/users/{pending.id}/activation").status == 303

    @pytest.mark.usefixtures("clock")
    def test_mail_of_the_creation_counts(self, browser: Browser, directory: FakeDirectory):
        """A press right after the creation would be a second mail within the minute."""
        browser.post("/users/new", a_creation())
        made = directory.find_by_email("emma.bernard@acme.example")
        assert made is not None
        assert browser.post(f"/users/{made.id}/activation").status == 429

    @pytest.mark.usefixtures("clock")
    def test_failed_mail_of_the_creation_does_not_count(self, browser: Browser, directory: FakeDirectory):
        """Mail server down: the account is there, the list says so, and one press sends it later."""
        directory.mail = "refused"
        done = browser.post("/users/new", a_creation())
        assert done.status == 303
        listed = browser.follow(done)
        assert listed.html.all(class_="banner-warning")
        made = directory.find_by_email("emma.bernard@acme.example")
        assert made is not None
        row = listed.row(made.email)
        assert row.one(class_="badge-status").text == "Mail non envoyé"
        directory.mail = "ok"
        assert browser.submit(listed.form(f"/users/{made.id}/activation")).status == 303
        assert directory.mails == [made.email]
        assert "En cours d'activation" in browser.get("/users").row(made.email).text

    @pytest.mark.usefixtures("clock")
    def test_quota_is_each_persons_own(self, browser: Browser, directory: FakeDirectory, expired: list[User]):
        """One person's mail does not delay another's."""
        assert [browser.post(f"/users/{person.id}/activation").status for person in expired] == [303, 303, 303]

    @pytest.mark.usefixtures("clock")
    def test_hundred_a_day_for_an_administrator(
        self,
        browser: Browser,
        client_for: ClientFor,
        directory: FakeDirectory,
        second: User,
        expired: list[User],
        pending: User,
        monkeypatch: pytest.MonkeyPatch,
    ):
        """Resent or corrected, one by one or all at once: 429 says when the next is possible. Each has his own."""
        assert (rate_limits.ACTIVATION_MAILS.limit, rate_limits.ACTIVATION_MAILS.seconds) == (100, 86_400)
        monkeypatch.setattr(rate_limits, "ACTIVATION_MAILS", rate_limits.Quota("activation_mail", 3, 86_400))
        assert browser.post(f"/users/{pending.id}/email", {"email": "typo@acme.example"}).status == 303
        assert browser.post(f"/users/{pending.id}/activation").status == 429, "a minute has not passed"
        question = browser.post("/users/activations", {"ask": "1"})
        assert "encore en envoyer 2 aujourd’hui" in question.main.text
        results = browser.follow(browser.post("/users/activations"))
        assert "1 mail n’a pas été envoyé" in results.banners[0]
        assert re.search(r"possible le .* \(dans 24 heures\)", results.banners[0])
        assert len(results.rows) == 2
        assert len(directory.mails) == 3
        for path, fields in (("activation", {}), ("email", {"email": "other@acme.example"})):
            page = browser.post(f"/users/{expired[2].id}/{path}", fields)
            assert page.status == 429
            assert int(page.headers["Retry-After"]) > 86_000
        assert client_for(second).post(f"/users/{expired[2].id}/activation").status == 303

    @pytest.mark.usefixtures("clock")
    def test_quota_is_not_the_administrators_own(
        self, browser: Browser, client_for: ClientFor, directory: FakeDirectory, second: User, pending: User
    ):
        """Two administrators share it: it protects who gets the mails."""
        assert browser.post(f"/users/{pending.id}/activation").status == 303
        assert client_for(second).post(f"/users/{pending.id}/activation").status == 429


class TestAllExpired:
    """One press for everybody whose mail expired, and what became of each."""

    def test_offered_when_there_is_one(self, browser: Browser, expired: list[User]):
        """The list counts them; the button's name starts with « Renvoyer »."""
        button = browser.get("/users").form("/users/activations").element.one("button")
        assert button.text.startswith("Renvoyer")
        assert "3" in button.text

    def test_not_offered_when_there_is_none(self, browser: Browser, pending: User):
        """Who is merely pending is not mailed by the thousand."""
        assert "/users/activations" not in [form.action for form in browser.get("/users").forms]

    def test_asks_first_on_the_page(self, browser: Browser, directory: FakeDirectory, expired: list[User]):
        """The button of the list leads to a question that says how many and who; its button sends."""
        question = browser.submit(browser.get("/users").form("/users/activations"))
        assert question.status == 200
        assert "3 personnes" in question.main.text
        assert [item.text.split()[-1] for item in question.main.one("ul").all("li")] == [
            person.email for person in expired
        ]
        assert directory.mails == []
        done = browser.submit(question.form("/users/activations"), "confirm")
        assert (done.status, done.location) == (303, "/users/activations")
        assert sorted(directory.mails) == [person.email for person in expired]

    def test_asked_for_nobody(self, browser: Browser, directory: FakeDirectory):
        """All were mailed meanwhile: said, and nothing to press."""
        page = browser.post("/users/activations", {"ask": "1"})
        assert (page.status, page.forms) == (200, [])
        assert page.banners

    def test_sends_to_each_once_and_says_so(
        self, browser: Browser, directory: FakeDirectory, expired: list[User], pending: User
    ):
        """303 to the results, one row a person; nobody twice, nobody whose mail still works."""
        done = browser.post("/users/activations")
        assert done.status == 303
        page = browser.follow(done)
        assert sorted(directory.mails) == [person.email for person in expired]
        assert len(page.rows) == 3
        for person in expired:
            assert "30" in page.row(person.email).text
        assert "/users/activations" not in [form.action for form in browser.get("/users").forms]

    def test_results_can_be_opened_again_and_send_nothing(
        self, browser: Browser, directory: FakeDirectory, expired: list[User]
    ):
        """Reloading the results is a GET: no mail leaves."""
        done = browser.post("/users/activations")
        first = browser.follow(done)
        assert browser.follow(done).rows == first.rows
        assert len(directory.mails) == 3

    def test_results_show_only_who_is_still_mine(
        self, browser: Browser, directory: FakeDirectory, administrator: User, expired: list[User]
    ):
        """Whoever was taken away since is on no page of mine, this one included."""
        done = browser.post("/users/activations")
        directory.remove_membership(administrator.id, "/acme/administrators")
        page = browser.follow(done)
        assert len(page.rows) == 2, "one of the three is at Acme only"
        assert expired[0].email not in page.text

    def test_results_of_nothing(self, browser: Browser):
        """With nobody to mail the page says so."""
        page = browser.follow(browser.post("/users/activations"))
        assert page.status == 200
        assert page.banners

    def test_foreign_people_are_not_mailed(self, browser: Browser, directory: FakeDirectory):
        """Only my companies' people are mine to mail."""
        directory.add_user(
            a_profile(), [an_attachment("initech")], password_required=True, activation_sent_at=LONG_AGO
        )
        browser.post("/users/activations")
        assert directory.mails == []

    def test_one_trouble_does_not_stop_the_others(
        self, browser: Browser, directory: FakeDirectory, expired: list[User]
    ):
        """A mail that is refused, or one too many, is said in its row."""
        directory.fail("send_activation", nth=2, error=MailRefusedError("no"))
        page = browser.follow(browser.post("/users/activations"))
        outcomes = [page.row(person.email).all("td")[0].text for person in expired]
        assert len(directory.mails) == 2
        assert sum("30" in outcome for outcome in outcomes) == 2

    def test_mail_server_down_is_noticed(self, browser: Browser, directory: FakeDirectory):
        """After three refusals in a row the rest is not tried: each would wait for the mail server."""
        for number in range(6):
            directory.add_user(
                a_profile(f"e{number}@acme.example"),
                [an_attachment("acme")],
                password_required=True,
                activation_sent_at=LONG_AGO,
            )
        directory.mail = "refused"
        page = browser.follow(browser.post("/users/activations"))
        assert len(directory.called("send_activation")) == 3
        assert len(page.rows) == 6

    def test_second_press_mails_nobody_again(
        self, browser: Browser, directory: FakeDirectory, expired: list[User]
    ):
        """Whoever got his mail is pending again."""
        browser.post("/users/activations")
        browser.post("/users/activations")
        assert len(directory.mails) == 3
