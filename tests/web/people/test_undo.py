"""After a change, one click brings the person back to what he was; never over what somebody else did since."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from directory.model import Attachment, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Form, Page
from tests.web.conftest import ClientFor
from tests.web.typed import a_row
from webapp.people.undo import SHORTLY
from webapp.records.journal import Action
from webapp.records.journal_reading import Search, read
from webapp.storage.database import Database, journal

BUTTON = "Annuler ce changement"


def at(directory: FakeDirectory, user: User) -> set[Attachment]:
    return {attachment for _, attachment in directory.attachments_of(user.id)}


def change(browser: Browser, user: User, *rows: dict[str, str], **more: str) -> Page:
    """The page after « Modifier » was confirmed with these rows; who is in none is detached."""
    fields = {"confirm": "1", **more}
    for row in rows:
        fields |= row
    return browser.follow(browser.post(f"/users/{user.id}/attachments", fields))


def undoing(page: Page) -> list[Form]:
    return [form for form in page.forms if form.action.endswith("/undoing")]


@pytest.fixture
def external(directory: FakeDirectory) -> User:
    """Somebody with a role and a mark worth bringing back, also at a company that is not mine."""
    return directory.add_user(
        a_profile("ex@red.example", last_name="Externe"),
        [an_attachment("acme", administrator=True, external=True), an_attachment("initech")],
    )


class TestUndo:
    def test_detached_person_is_attached_as_before(
        self, browser: Browser, directory: FakeDirectory, external: User, database: Database
    ):
        """Role and mark too; nothing elsewhere; no mail of activation; the journal has both lines."""
        page = change(browser, external)
        assert at(directory, external) == {an_attachment("initech")}
        (form,) = undoing(page)
        assert BUTTON in page.text
        done = browser.follow(browser.submit(form))
        assert at(directory, external) == {
            an_attachment("acme", administrator=True, external=True),
            an_attachment("initech"),
        }
        assert any("Externe" in words and "mêmes rattachements" in words for words in done.banners)
        assert undoing(done) == []
        lines = read(database, ["acme"], Search(), 1).lines
        assert [line.action for line in lines] == [Action.ATTACH, Action.DETACH]
        assert directory.mails == []

    def test_change_of_several_companies(self, browser: Browser, directory: FakeDirectory, member: User):
        """All of it, with one click."""
        before = at(directory, member)
        page = change(browser, member, a_row("globex", administrator=True))
        assert at(directory, member) == {an_attachment("globex", administrator=True)}
        browser.submit(undoing(page)[0])
        assert at(directory, member) == before == {an_attachment("acme")}

    def test_leads_back_to_the_list_as_it_was(self, browser: Browser, member: User):
        page = change(browser, member, next="/users?company=globex")
        assert browser.submit(undoing(page)[0]).headers["Location"].endswith("/users?company=globex")

    def test_is_offered_once(self, browser: Browser, member: User):
        """On the page that says what was done, and not on the next one."""
        assert len(undoing(change(browser, member))) == 1
        assert undoing(browser.get("/users")) == []

    def test_is_not_offered_when_nothing_changed(self, browser: Browser, member: User):
        assert undoing(change(browser, member, a_row("acme"))) == []

    def test_is_not_offered_for_myself(self, browser: Browser, administrator: User, second: User):
        """Who gave his own right away does not get it back by himself."""
        page = change(browser, administrator, a_row("acme"), a_row("globex", administrator=True))
        assert undoing(page) == []


class TestRefused:
    def test_twice(self, browser: Browser, directory: FakeDirectory, member: User):
        """The second click finds the person as the first one left him: nothing to do, nothing written."""
        (form,) = undoing(change(browser, member))
        browser.submit(form)
        before = directory.snapshot()
        assert browser.submit(form).status == 303
        assert directory.snapshot() == before

    def test_changed_meanwhile(
        self, browser: Browser, client_for: ClientFor, directory: FakeDirectory, member: User, second: User
    ):
        """What another administrator did since stays."""
        (form,) = undoing(change(browser, member, a_row("acme", external=True)))
        change(client_for(second), member, a_row("acme", administrator=True, external=True))
        page = browser.submit(form)
        assert page.status == 409
        assert "avant vous" in page.text
        assert at(directory, member) == {an_attachment("acme", administrator=True, external=True)}

    def test_too_late(self, browser: Browser, directory: FakeDirectory, member: User, database: Database):
        (form,) = undoing(change(browser, member))
        with database.transaction() as connection:
            connection.execute(update(journal).values(at=datetime.now(UTC).timestamp() - SHORTLY - 1))
        page = browser.submit(form)
        assert page.status == 409
        assert "trop tard" in page.text
        assert at(directory, member) == set()

    def test_change_of_somebody_else(
        self, browser: Browser, client_for: ClientFor, directory: FakeDirectory, member: User, second: User
    ):
        """Not even by who administers the same companies: it is in the banner of one person alone."""
        (form,) = undoing(change(browser, member))
        assert client_for(second).post(form.action).status == 404
        assert at(directory, member) == set()

    def test_company_administered_no_more(
        self, browser: Browser, directory: FakeDirectory, member: User, administrator: User
    ):
        """A right that is gone gives nothing back, not even at the other company of that change."""
        (form,) = undoing(change(browser, member, a_row("globex")))
        directory.remove_membership(administrator.id, "/acme/administrators")
        assert browser.submit(form).status == 404
        assert at(directory, member) == {an_attachment("globex")}

    def test_last_administrator(
        self, browser: Browser, directory: FakeDirectory, member: User, administrator: User, second: User
    ):
        """Undoing is a change like any other: it leaves no company without an administrator."""
        (form,) = undoing(change(browser, member, a_row("acme", administrator=True)))
        directory.remove_membership(second.id, "/acme/administrators")
        directory.disable(second.id)
        browser.submit(form)
        assert at(directory, member) == {an_attachment("acme")}
        assert directory.attachments_of(administrator.id)
