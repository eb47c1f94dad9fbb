"""« Renvoyer tous » while it goes on: how far it is, from whichever page, and what there is when it stopped."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.held import HeldMails
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from webapp.blueprints import activations
from webapp.http.context import EXTENSION
from webapp.jobs import batches
from webapp.storage import rate_limits
from webapp.storage.database import Database, resendings
from webapp.storage.locks import no_worker

ALL = "/users/activations"
NAVIGATES = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
UNDER_WAY = "Envoi des mails d’activation en cours"
RENEWED = "Mails d’activation renvoyés"


@pytest.fixture
def expired(directory: FakeDirectory) -> list[User]:
    """Four people of Acme whose mails expired, in the order of the batch."""
    return [
        directory.add_user(
            a_profile(f"expired{number}@acme.example", last_name=f"Expired{number}"),
            [an_attachment("acme")],
            password_required=True,
            activation_sent_at=datetime.now(UTC) - timedelta(days=31),
        )
        for number in range(4)
    ]


@pytest.fixture
def browser(client_for: ClientFor, administrator: User, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """One in which somebody looks at pages; he is led to the progress at once."""
    monkeypatch.setattr(activations, "SOON", 0.0)
    return client_for(administrator, NAVIGATES)


@pytest.fixture
def held(browser: Browser, directory: FakeDirectory) -> Iterator[HeldMails]:
    held = HeldMails(directory)
    yield held
    held.go_all()
    ended(browser)


def ended(browser: Browser) -> None:
    """Wait until nothing goes on in the background."""
    browser.app.extensions[EXTENSION].resendings.wait()


def interrupted(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(update(resendings).values(worker=no_worker()))


def facts(page: Page) -> dict[str, str]:
    pairs = [(entry.one("dt").text, entry.one("dd").text) for entry in page.main.one("dl").all("div")]
    return dict(pairs)


class TestUnderWay:
    def test_it_shows_how_far_it_is_and_renews_itself(
        self, browser: Browser, directory: FakeDirectory, expired: list[User], held: HeldMails
    ):
        answer = browser.post(ALL)
        assert (answer.status, answer.location) == (303, ALL)
        held.arrive()
        first = browser.follow(answer)
        assert (first.status, first.h1) == (200, UNDER_WAY)
        assert (first.main.one("progress")["max"], first.main.one("progress")["value"]) == ("4", "0")
        held.go()
        held.arrive()
        page = browser.get(ALL)
        assert (page.main.one("progress")["max"], page.main.one("progress")["value"]) == ("4", "1")
        assert page.main.one("label", for_="progress").text == "1 mails sur 4"
        assert facts(page) == {"Envoyés": "1", "Non envoyés": "0"}
        assert "Encore" in page.text
        assert page.html.one("meta", **{"http-equiv": "refresh"})["content"] == "2"
        assert page.main.one("div", **{"data-part": "progress"})["data-renew"] == "2"
        assert page.forms == [], "there is nothing to press"
        assert page.headers["Cache-Control"] == "no-store"
        assert len(directory.mails) == 1

    def test_it_can_be_read_in_peace(self, browser: Browser, expired: list[User], held: HeldMails):
        (link,) = [a for a in browser.follow(browser.post(ALL)).main.all("a") if a["href"].endswith("refresh=no")]
        page = browser.get(link["href"])
        assert page.h1 == UNDER_WAY
        assert page.html.all("meta", **{"http-equiv": "refresh"}) == []
        assert "data-renew" not in page.main.one("div", **{"data-part": "progress"})
        assert ALL in [a["href"] for a in page.main.all("a")]

    def test_it_goes_on_without_its_page_and_ends_with_each_result(
        self, browser: Browser, directory: FakeDirectory, expired: list[User], held: HeldMails
    ):
        """Nobody looks until it is over; who was activated meanwhile is not mailed."""
        browser.post(ALL)
        held.arrive()
        directory.activate(expired[2].id)
        held.go_all()
        ended(browser)
        page = browser.get(ALL)
        assert page.h1 == RENEWED
        assert [page.row(user.email).all("td")[0].text for user in expired] == [
            *["Envoyé, valable 30 jours"] * 2,
            "Non envoyé : compte activé entre-temps",
            "Envoyé, valable 30 jours",
        ]
        assert page.html.all("meta", **{"http-equiv": "refresh"}) == []
        assert len(directory.mails) == 3

    @pytest.mark.parametrize("fields", [{}, {"ask": "1"}])
    def test_a_second_press_begins_nothing_and_leads_there(
        self,
        browser: Browser,
        directory: FakeDirectory,
        expired: list[User],
        held: HeldMails,
        fields: dict[str, str],
    ):
        browser.post(ALL)
        held.arrive()
        answer = browser.post(ALL, fields)
        assert (answer.status, answer.location) == (303, ALL)
        assert browser.follow(answer).h1 == UNDER_WAY
        held.go_all()
        ended(browser)
        assert directory.mails == [user.email for user in expired]
        assert len(browser.get(ALL).rows) == 4

    def test_the_list_leads_back_to_it(self, browser: Browser, expired: list[User], held: HeldMails):
        """As long as it goes on; « Renvoyer tous » is not offered meanwhile."""
        assert browser.get("/users").form(ALL)
        browser.post(ALL)
        page = browser.get("/users")
        assert ALL in [a["href"] for a in page.main.all("a")]
        assert ALL not in [form.action for form in page.forms]
        held.go_all()
        ended(browser)
        assert ALL not in [a["href"] for a in browser.get("/users").main.all("a")]

    def test_somebody_else_sees_nothing_of_it(
        self, browser: Browser, client_for: ClientFor, second: User, expired: list[User], held: HeldMails
    ):
        """Of the same companies though he is."""
        browser.post(ALL)
        theirs = client_for(second)
        assert ALL not in [a["href"] for a in theirs.get("/users").main.all("a")]
        page = theirs.get(ALL)
        assert (page.h1, page.rows) == (RENEWED, [])
        held.go_all()
        ended(browser)
        assert theirs.get(ALL).rows == []

    def test_what_the_quota_leaves_over_is_not_waited_for(
        self, browser: Browser, expired: list[User], held: HeldMails, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(rate_limits, "ACTIVATION_MAILS", rate_limits.Quota("activation_mail", 2, 86_400))
        browser.post(ALL)
        held.arrive()
        held.go()
        held.arrive()
        bar = browser.get(ALL).main.one("progress")
        assert (bar["max"], bar["value"]) == ("2", "1")
        held.go_all()
        ended(browser)
        page = browser.get(ALL)
        assert "2 mails n’ont pas été envoyés" in page.banners[0]
        assert len(page.rows) == 2


class TestAnswer:
    def test_few_mails_need_no_progress(
        self, browser: Browser, expired: list[User], monkeypatch: pytest.MonkeyPatch
    ):
        """The answer waits a moment for the end."""
        monkeypatch.setattr(activations, "SOON", 60.0)
        assert browser.follow(browser.post(ALL)).h1 == RENEWED

    def test_a_program_waits_for_the_end(
        self,
        client_for: ClientFor,
        administrator: User,
        expired: list[User],
        held: HeldMails,
        monkeypatch: pytest.MonkeyPatch,
    ):
        """The mails leave only when somebody waits for them; then the first answer leads to all results."""
        monkeypatch.setattr(batches.time, "sleep", lambda _seconds: held.go_all())
        program = client_for(administrator)
        assert program.follow(program.post(ALL)).h1 == RENEWED

    def test_what_was_refused_is_tried_again_from_the_list(
        self, browser: Browser, directory: FakeDirectory, expired: list[User], monkeypatch: pytest.MonkeyPatch
    ):
        """The page of a batch that has ended begins no other one."""
        monkeypatch.setattr(activations, "SOON", 60.0)
        directory.mail = "refused"
        page = browser.follow(browser.post(ALL))
        assert (len(page.rows), page.forms) == (4, [])
        assert browser.get("/users").form(ALL)

    def test_results_are_there_after_a_new_sign_in(
        self, client_for: ClientFor, administrator: User, expired: list[User]
    ):
        """They are the administrator's, not a session's."""
        client_for(administrator).post(ALL)
        assert len(client_for(administrator).get(ALL).rows) == 4

    def test_before_anything_was_sent(self, browser: Browser, expired: list[User]):
        """Opened by its address: nothing to show, and the way to begin."""
        page = browser.get(ALL)
        assert "Aucun mail renvoyé" in page.banners[0]
        assert browser.submit(page.form(ALL)).status == 200, "the question first"


class TestInterrupted:
    @pytest.fixture
    def cut_off(self, browser: Browser, database: Database, expired: list[User], held: HeldMails) -> None:
        """The first of four mails had left when the portal stopped."""
        browser.post(ALL)
        held.arrive()
        browser.app.extensions[EXTENSION].resendings.stopping.set()
        held.go_all()
        ended(browser)
        browser.app.extensions[EXTENSION].resendings.stopping.clear()

    @pytest.mark.usefixtures("cut_off")
    def test_it_says_so_and_is_begun_again(self, browser: Browser, directory: FakeDirectory, expired: list[User]):
        page = browser.get(ALL)
        assert page.h1 == RENEWED
        assert "Le portail s’est arrêté avant la fin de l’envoi. Relancez" in page.banners[0]
        words = [page.row(user.email).all("td")[0].text for user in expired]
        assert words == ["Envoyé, valable 30 jours", *["Non tenté : le portail s’est arrêté avant"] * 3]
        question = browser.submit(page.form(ALL))
        assert "3 personnes" in question.main.text
        browser.submit(question.form(ALL), "confirm")
        ended(browser)
        assert directory.mails == [user.email for user in expired]
        again = browser.get(ALL)
        assert (len(again.rows), again.forms) == (3, [])

    @pytest.mark.usefixtures("cut_off")
    def test_the_list_does_not_speak_of_it(self, browser: Browser):
        page = browser.get("/users")
        assert page.form(ALL)
        assert ALL not in [a["href"] for a in page.main.all("a")]

    def test_when_nobody_is_left(self, browser: Browser, database: Database, member: User, administrator: User):
        """Somebody else has sent to them since: nothing to press."""
        batches.begin(database, administrator.id, [member.id])
        interrupted(database)
        page = browser.get(ALL)
        assert page.forms == []
        assert page.banners == ["À noter Le portail s’est arrêté avant la fin de l’envoi."]


def test_at_the_same_moment_one_begins(
    client_for: ClientFor, administrator: User, directory: FakeDirectory, expired: list[User]
):
    """And every answer leads to all the results."""
    browser = client_for(administrator)
    tabs = [browser.tab() for _ in range(4)]
    directory.latency = 0.002
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda tab: tab.follow(tab.post(ALL)), tabs))
    assert [len(page.rows) for page in answers] == [4] * 4
    assert directory.mails == [user.email for user in expired]
