"""A change over several companies that stops on the way: said, kept, and finished with one click."""

import pytest

from directory.model import Attachment, User
from tests.builders import an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.typed import a_row
from webapp.records.journal_reading import Search, read
from webapp.storage.database import Database


def at(directory: FakeDirectory, user: User) -> set[Attachment]:
    return {attachment for _, attachment in directory.attachments_of(user.id)}


@pytest.fixture
def stopped(browser: Browser, directory: FakeDirectory, member: User) -> Page:
    """Acme was changed, Globex was not."""
    directory.fail("change_attachment", nth=2)
    fields = {"confirm": "1", **a_row("acme", external=True), **a_row("globex", administrator=True)}
    return browser.post(f"/users/{member.id}/attachments", fields)


WANTED = {an_attachment("acme", external=True), an_attachment("globex", administrator=True)}


class TestFinish:
    def test_page_says_what_is_done_and_what_is_left_by_name(self, stopped: Page):
        assert stopped.status == 503
        assert "Retry-After" in stopped.headers
        assert "Acme Énergie. Reste à faire : Globex" in stopped.text

    def test_one_click_on_that_page(
        self, browser: Browser, stopped: Page, directory: FakeDirectory, member: User, database: Database
    ):
        """Nothing is done twice, and each company has its lines."""
        (form,) = stopped.forms
        assert browser.submit(form).status == 303
        assert at(directory, member) == WANTED
        outcomes = [line.outcome.value for line in reversed(read(database, ["globex"], Search(), 1).lines)]
        assert outcomes == ["failed", "done"]
        assert [line.outcome.value for line in read(database, ["acme"], Search(), 1).lines] == ["done"]
        assert browser.submit(form).status == 404, "it is finished once"

    def test_one_click_on_the_list(self, browser: Browser, stopped: Page, directory: FakeDirectory, member: User):
        """The list reminds of it until it is finished."""
        page = browser.get("/users")
        (banner,) = [words for words in page.banners if "a été interrompue" in words]
        assert "Chloé Martin" in banner
        assert "Globex" in banner
        assert "Acme" not in banner
        form = next(form for form in page.forms if form.action.endswith("/completion"))
        done = browser.follow(browser.submit(form))
        assert at(directory, member) == WANTED
        assert not any("a été interrompue" in words for words in done.banners)

    def test_down_again_keeps_it(self, browser: Browser, stopped: Page, directory: FakeDirectory, member: User):
        directory.down = True
        (form,) = stopped.forms
        path = form.action
        directory.down = False
        directory.fail("change_attachment", nth=1)
        assert browser.post(path).status == 503
        assert browser.post(path).status == 303
        assert at(directory, member) == WANTED

    def test_dismissed(self, browser: Browser, stopped: Page, directory: FakeDirectory, member: User):
        """What was done stays; nobody is reminded any more."""
        form = next(form for form in browser.get("/users").forms if form.action.endswith("/dismissal"))
        page = browser.follow(browser.submit(form))
        assert not any("a été interrompue" in words for words in page.banners)
        assert at(directory, member) == {an_attachment("acme", external=True)}
        assert browser.submit(form).status == 404

    def test_sending_the_form_again_finishes_it_too(
        self, browser: Browser, stopped: Page, directory: FakeDirectory, member: User
    ):
        fields = {"confirm": "1", **a_row("acme", external=True), **a_row("globex", administrator=True)}
        assert browser.post(f"/users/{member.id}/attachments", fields).status == 303
        assert at(directory, member) == WANTED


class TestWhose:
    def test_nobody_elses(
        self, client_for: ClientFor, second: User, stopped: Page, directory: FakeDirectory, member: User
    ):
        """It does not exist for another administrator of the same companies."""
        other = client_for(second)
        (form,) = stopped.forms
        before = directory.snapshot()
        assert other.post(form.action).status == 404
        assert other.post(form.action.replace("completion", "dismissal")).status == 404
        assert not any("a été interrompue" in words for words in other.get("/users").banners)
        assert directory.snapshot() == before

    def test_rights_are_those_of_now(
        self, browser: Browser, stopped: Page, directory: FakeDirectory, member: User, administrator: User
    ):
        """Who lost the company meanwhile finishes nothing there."""
        directory.remove_membership(administrator.id, "/globex/administrators")
        (form,) = stopped.forms
        assert browser.submit(form).status == 404
        assert at(directory, member) == {an_attachment("acme", external=True)}
