"""Another account for a person whose address has changed."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import update

from directory.errors import UnavailableError
from directory.model import Locale, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Form, Page
from tests.web.conftest import ClientFor
from webapp.people.undo import SHORTLY
from webapp.records import journal_reading
from webapp.records.journal import Action
from webapp.records.journal_reading import Search
from webapp.storage.database import Database, journal

NEW = "chloe.durand@acme.example"
UNTIL = date(2030, 6, 30)


def at(directory: FakeDirectory, email: str) -> set[object]:
    user = directory.find_by_email(email)
    assert user
    return {attachment for _, attachment in directory.attachments_of(user.id)}


def undoing(page: Page) -> list[Form]:
    return [form for form in page.forms if form.action.endswith("/undoing")]


@pytest.fixture
def person(directory: FakeDirectory) -> User:
    """Administrator of Acme, external at Globex until a day, and at Initech, which is not mine."""
    return directory.add_user(
        replace(a_profile("chloe.martin@acme.example", last_name="Martin", first_name="Chloé"), locale=Locale.EN),
        [
            an_attachment("acme", administrator=True),
            an_attachment("globex", external=True, until=UNTIL),
            an_attachment("initech"),
        ],
    )


@pytest.fixture
def address(person: User) -> str:
    return f"/users/{person.id}/replacement"


class TestReplacing:
    def test_the_difference_comes_before(
        self, browser: Browser, directory: FakeDirectory, person: User, address: str
    ):
        """Of what the person has elsewhere nothing is shown."""
        before = directory.snapshot()
        page = browser.submit(browser.get(address).form(address), email=NEW)
        assert page.status == 200
        assert f"L’autre compte : {NEW}" in page.main.text
        assert "Jusqu’au 30 juin 2030 inclus" in page.main.text
        assert "(était : Administrateur, Interne)" in page.main.text
        assert "Initech" not in page.text
        assert directory.snapshot() == before

        done = browser.submit(page.form(address), "confirm")
        assert done.status == 303
        assert NEW in browser.follow(done).banners[0]

    def test_the_new_account_has_the_same_and_the_old_one_keeps_what_is_elsewhere(
        self, browser: Browser, directory: FakeDirectory, person: User, address: str, database: Database
    ):
        assert browser.post(address, {"email": NEW.upper(), "confirm": "1"}).status == 303
        made = directory.find_by_email(NEW)
        assert made
        assert replace(made.profile, email=person.email) == person.profile
        assert made.password_required
        assert directory.mails == [NEW]
        assert at(directory, NEW) == {
            an_attachment("acme", administrator=True),
            an_attachment("globex", external=True, until=UNTIL),
        }
        assert at(directory, person.email) == {an_attachment("initech")}
        lines = journal_reading.read(database, ["acme"], Search(), 1).lines
        assert {line.action for line in lines} == {
            Action.LOOK_UP,
            Action.CREATE,
            Action.REPLACE,
            Action.DETACH,
        }
        assert len({line.request_id for line in lines}) == 1
        assert "Remplacé par un autre compte" in browser.get("/journal").main.text

    def test_the_last_active_administrator_stays_and_the_page_says_so(
        self, client_for: ClientFor, directory: FakeDirectory, administrator: User
    ):
        """Until the new account is active; it becomes an administrator as well."""
        browser = client_for(administrator)
        address = f"/users/{administrator.id}/replacement"
        page = browser.post(address, {"email": NEW})
        assert "Il reste rattaché à Acme Énergie" in page.main.text
        assert browser.post(address, {"email": NEW, "confirm": "1"}).status == 303
        both = {an_attachment("acme", administrator=True), an_attachment("globex", administrator=True)}
        assert at(directory, administrator.email) == at(directory, NEW) == both

    def test_a_mail_that_does_not_leave_is_said(self, browser: Browser, directory: FakeDirectory, address: str):
        directory.mail = "refused"
        page = browser.follow(browser.post(address, {"email": NEW, "confirm": "1"}))
        assert "n’est pas parti" in page.banners[0]

    def test_what_stops_half_way_is_said_and_finished_by_sending_it_again(
        self, browser: Browser, directory: FakeDirectory, person: User, address: str
    ):
        directory.fail("change_attachment", error=UnavailableError("on purpose"))
        page = browser.follow(browser.post(address, {"email": NEW, "confirm": "1"}))
        assert any("L’ancien compte n’a pas pu être détaché" in banner for banner in page.banners)
        again = browser.post(address, {"email": NEW})
        assert again.status == 409
        assert browser.submit(again.form(address), "confirm").status == 303
        assert at(directory, person.email) == {an_attachment("initech")}


class TestUndoing:
    """For ten minutes, while the new account waits for its activation."""

    @pytest.fixture
    def done(self, browser: Browser, address: str) -> Page:
        return browser.follow(browser.post(address, {"email": NEW, "confirm": "1"}))

    def test_the_old_account_has_its_attachments_again_and_the_new_one_is_gone(
        self, browser: Browser, directory: FakeDirectory, person: User, done: Page, database: Database
    ):
        (form,) = undoing(done)
        page = browser.follow(browser.submit(form))
        assert any("Martin" in words and "mêmes rattachements" in words for words in page.banners)
        assert at(directory, person.email) == {
            an_attachment("acme", administrator=True),
            an_attachment("globex", external=True, until=UNTIL),
            an_attachment("initech"),
        }
        assert directory.find_by_email(NEW) is None
        actions = [line.action for line in journal_reading.read(database, ["acme"], Search(), 1).lines]
        assert actions[:2] == [Action.CANCEL, Action.ATTACH]
        assert undoing(page) == []

        before = directory.snapshot()
        assert browser.submit(form).status == 303, "a second click finds nothing to do"
        assert directory.snapshot() == before

    def test_not_once_the_new_account_is_active(self, browser: Browser, directory: FakeDirectory, done: Page):
        (form,) = undoing(done)
        made = directory.find_by_email(NEW)
        assert made
        directory.activate(made.id)
        before = directory.snapshot()
        page = browser.submit(form)
        assert page.status == 409
        assert "L’autre compte est déjà actif" in page.text
        assert directory.snapshot() == before

    def test_not_after_ten_minutes(
        self, browser: Browser, directory: FakeDirectory, done: Page, database: Database
    ):
        (form,) = undoing(done)
        with database.transaction() as connection:
            connection.execute(update(journal).values(at=datetime.now(UTC).timestamp() - SHORTLY - 1))
        before = directory.snapshot()
        page = browser.submit(form)
        assert page.status == 409
        assert "trop tard" in page.text
        assert directory.snapshot() == before

    def test_not_by_somebody_else(self, client_for: ClientFor, directory: FakeDirectory, done: Page, second: User):
        (form,) = undoing(done)
        before = directory.snapshot()
        assert client_for(second).post(form.action).status == 404
        assert directory.snapshot() == before

    def test_of_what_another_company_has_attached_meanwhile_the_account_stays(
        self, browser: Browser, directory: FakeDirectory, person: User, done: Page
    ):
        made = directory.find_by_email(NEW)
        assert made
        directory.add_membership(made.id, "/initech")
        assert browser.submit(undoing(done)[0]).status == 303
        assert at(directory, NEW) == {an_attachment("initech")}
        assert an_attachment("acme", administrator=True) in at(directory, person.email)

    def test_it_is_not_offered_for_oneself(self, client_for: ClientFor, administrator: User, second: User):
        """Who gave their own right away does not get it back by themselves."""
        browser = client_for(administrator)
        page = browser.post(f"/users/{administrator.id}/replacement", {"email": NEW, "confirm": "1"})
        assert undoing(browser.follow(page)) == []

    def test_an_account_that_was_there_already_has_no_such_button(
        self, browser: Browser, stranger: User, address: str
    ):
        """It is nobody's invitation; « Modifier » leads back."""
        page = browser.post(address, {"email": stranger.email, "confirm": "1", "existing": "1"})
        assert undoing(browser.follow(page)) == []


class TestBadInput:
    @pytest.mark.parametrize("fields", [{}, {"confirm": "1"}])
    @pytest.mark.parametrize("email", ["", "nonsense", "CHLOE.MARTIN@ACME.EXAMPLE", " chloe.martin@acme.example"])
    def test_no_address_a_malformed_one_and_the_same_are_422(
        self, browser: Browser, directory: FakeDirectory, address: str, email: str, fields: dict[str, str]
    ):
        before = directory.snapshot()
        page = browser.post(address, {"email": email, **fields})
        assert page.status == 422
        assert "email" in page.errors
        assert page.form(address).fields["email"] == email.strip() or page.form(address).fields["email"] == email
        assert directory.snapshot() == before

    @pytest.mark.parametrize("fields", [{}, {"confirm": "1"}])
    def test_an_address_that_has_an_account_is_offered_instead(
        self,
        browser: Browser,
        directory: FakeDirectory,
        stranger: User,
        person: User,
        address: str,
        fields: dict[str, str],
    ):
        before = directory.snapshot()
        page = browser.post(address, {"email": stranger.email, **fields})
        assert page.status == 409
        assert "Cette adresse a déjà un compte" in page.main.text
        assert directory.snapshot() == before
        assert browser.submit(page.form(address), "confirm").status == 303
        assert at(directory, stranger.email) == {
            an_attachment("acme", administrator=True),
            an_attachment("globex", external=True, until=UNTIL),
            an_attachment("initech"),
        }
        assert at(directory, person.email) == {an_attachment("initech")}
        assert directory.mails == []

    def test_a_pending_account_is_led_to_the_correction(self, browser: Browser, directory: FakeDirectory):
        pending = directory.add_user(a_profile(), [an_attachment("acme")], password_required=True)
        address = f"/users/{pending.id}/replacement"
        for page in (browser.get(address), browser.post(address, {"email": NEW, "confirm": "1"})):
            assert page.status == 409
            assert f"/users/{pending.id}/email" in [link["href"] for link in page.main.all("a")]

    def test_who_is_not_mine_does_not_exist(self, browser: Browser, stranger: User):
        for user_id in (stranger.id, "absent"):
            assert browser.get(f"/users/{user_id}/replacement").status == 404
            assert browser.post(f"/users/{user_id}/replacement", {"email": NEW, "confirm": "1"}).status == 404
