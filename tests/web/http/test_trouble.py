"""Keycloak down, slow or odd: a page that says so, what was typed kept, and never a stack trace."""

from typing import Any

import pytest
from flask import Flask

from directory import budget
from directory.errors import (
    CompanyNotFoundError,
    ConflictError,
    DirectoryError,
    ForbiddenError,
    MailRefusedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from directory.model import Company, Member, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.fake_identity import FakeIdentity
from tests.web.typed import a_creation, a_row

EMAIL = "emma.bernard@acme.example"


class TestKeycloakDown:
    """503 with `Retry-After`."""

    @pytest.mark.parametrize(
        "path", ["/users", "/users/new", "/users/{}/attachments", "/users/{}/email", "/profile"]
    )
    def test_get(self, path: str, browser: Browser, directory: FakeDirectory, member: User):
        """A page in words, to read again later."""
        directory.down = True
        page = browser.get(path.format(member.id))
        assert page.status == 503
        assert int(page.headers["Retry-After"]) > 0
        assert page.forms == []
        directory.down = False
        assert browser.get("/users").status == 200, "the session lived on"

    @pytest.mark.parametrize(
        ("path", "fields"),
        [
            ("/users/new", {"email": EMAIL}),
            ("/users/new", a_creation(confirm=False)),
            ("/users/new", a_creation(a_row("acme", external=True), a_row("globex"))),
            ("/users/{}/attachments", a_row("acme", administrator=True)),
            ("/users/{}/attachments", {"confirm": "1", **a_row("globex")}),
            ("/users/{}/activation", {"next": "/users?page=2"}),
            ("/users/activations", {}),
            ("/users/{}/email", {"email": EMAIL}),
            ("/users/{}/cancellation", {}),
            ("/profile", {"last_name": "X <y>", "first_name": 'A "b"', "title": "m", "locale": "en"}),
            ("/profile/companies/acme/leaving", {}),
        ],
    )
    def test_post_keeps_what_was_typed(
        self, path: str, fields: dict[str, str], browser: Browser, directory: FakeDirectory
    ):
        """Every field is on the page, in a form to the same address, read back in words; nothing was changed."""
        person = directory.add_user(a_profile(), [an_attachment("acme")], password_required=True)
        before = directory.snapshot()
        address = path.format(person.id)
        token = browser.token
        directory.down = True
        page = browser.post(address, {**fields, "csrf_token": token}, token=False)
        assert page.status == 503
        assert int(page.headers["Retry-After"]) > 0
        kept = page.form(address).fields
        assert kept.pop("csrf_token")
        assert kept == fields
        for name in ("email", "last_name", "first_name"):
            assert fields.get(name, "") in page.main.text
        directory.down = False
        assert directory.snapshot() == before

    def test_kept_form_works_once_keycloak_is_back(self, browser: Browser, directory: FakeDirectory):
        """« Réessayer » on that page finishes what was begun."""
        browser.get("/users")
        directory.down = True
        page = browser.post("/users/new", a_creation())
        again = browser.submit(page.form("/users/new"))
        assert again.status == 503, "still down: still kept"
        directory.down = False
        assert browser.submit(again.form("/users/new")).status == 303
        assert directory.mails == [EMAIL]

    def test_public_pages_open_all_the_same(self, browser: Browser, directory: FakeDirectory):
        """The help is no business of Keycloak's; it opens as to nobody, and the session lives on."""
        directory.down = True
        assert browser.get("/help").status == 200
        assert browser.post("/language", {"locale": "en"}).status == 303
        directory.down = False
        assert browser.get("/users").status == 200

    def test_only_the_directory_is_down(self, browser: Browser, directory: FakeDirectory, member: User):
        """The sign-in answers and the admin API does not: the same page."""
        for verb in ("attachments_of", "members"):
            directory.fail(verb)
            assert browser.get("/users").status == 503


class TestBudget:
    """A request waits for a slow Keycloak for ten seconds in all, and its calls count as its person's."""

    def test_every_request_has_its_own(
        self, browser: Browser, directory: FakeDirectory, administrator: User, monkeypatch: pytest.MonkeyPatch
    ):
        """In the threads that read for it, too; nothing of it is left to the next request of the thread."""
        found: list[tuple[float, str]] = []
        members = directory.members

        def noted(company: Company) -> tuple[Member, ...]:
            mine = budget.current()
            assert mine is not None
            found.append((mine.left, mine.person_id))
            return members(company)

        monkeypatch.setattr(directory, "members", noted)
        assert browser.get("/users").status == 200
        assert found == [(10.0, administrator.id)] * 2
        assert budget.left() == float("inf")


class TestLostAnswer:
    """The call was made, its answer was lost."""

    def test_of_the_creation(self, browser: Browser, directory: FakeDirectory):
        """Looked up instead of created again: one account, one mail, the answer of a success."""
        directory.fail("create_user", effect="whole")
        assert browser.post("/users/new", a_creation()).status == 303
        assert directory.mails == [EMAIL]
        assert len(directory.called("create_user")) == 1

    def test_of_a_creation_that_did_not_happen(self, browser: Browser, directory: FakeDirectory):
        """Not created, so said; never sent again by the machine."""
        directory.fail("create_user")
        page = browser.post("/users/new", a_creation())
        assert page.status == 503
        assert directory.find_by_email(EMAIL) is None
        assert len(directory.called("create_user")) == 1
        assert browser.submit(page.form("/users/new")).status == 303

    def test_of_the_mail(self, browser: Browser, directory: FakeDirectory):
        """A second mail would be a second live link: the machine sends none, the list offers one."""
        directory.fail("send_activation", effect="whole")
        done = browser.post("/users/new", a_creation())
        assert done.status == 303
        assert directory.mails == [EMAIL]
        assert "Mail non envoyé" in browser.follow(done).row(EMAIL).text

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "error",
        [UnavailableError("x"), MailRefusedError("x"), ForbiddenError("x"), NotFoundError("x"), RefusedError("x")],
    )
    @pytest.mark.parametrize("verb", ["send_activation", "record_activation_sent"])
    def test_whatever_the_mail_meets_the_account_is_there(
        self, verb: str, error: DirectoryError, browser: Browser, directory: FakeDirectory
    ):
        """An account that was created is never answered with an error: the list says what lacks."""
        directory.fail(verb, error=error)
        done = browser.post("/users/new", a_creation())
        assert done.status == 303
        page = browser.follow(done)
        assert page.html.all(class_="banner-warning")
        assert "Mail non envoyé" in page.row(EMAIL).text


class TestRefusals:
    """What Keycloak refuses for reasons of its own has a page, never a stack trace."""

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (CompanyNotFoundError("inner words"), 404),
            (NotFoundError("inner words"), 404),
            (ConflictError("inner words"), 409),
            (ForbiddenError("inner words"), 409),
            (RefusedError("inner words"), 409),
            (MailRefusedError("inner words"), 503),
            (UnavailableError("inner words"), 503),
        ],
    )
    def test_each_has_its_status(
        self, error: DirectoryError, status: int, browser: Browser, directory: FakeDirectory, member: User
    ):
        """The words of the error itself are for the log."""
        directory.fail("change_attachment", error=error)
        page = browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **a_row("acme", external=True)})
        assert page.status == status
        assert "inner words" not in page.body
        assert ("Retry-After" in page.headers) is (status == 503)

    def test_fault_of_ours(self, app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch):
        """500 with a page and no trace of Python."""
        token = browser.token

        def broken(*_: Any) -> None:
            raise RuntimeError("a secret in a message")

        monkeypatch.setattr("webapp.blueprints.users.page_of", broken)
        app.testing = False
        for page in (browser.get("/users"), browser.get("/users", headers={"Accept": "*/*"})):
            assert page.status == 500
            assert "secret" not in page.body
            assert "Traceback" not in page.body
        assert token


class TestDatabaseGone:
    @pytest.fixture
    def app(self, own_app: Flask) -> Flask:
        return own_app

    @pytest.mark.slow
    def test_database_gone(self, app: Flask, client_for: ClientFor, database: Any, administrator: User):
        """Without its own database the portal answers 503; that it is alive, and lives again, needs none."""
        browser = client_for(administrator)
        with database.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE sessions RENAME TO lost")
        app.testing = False
        page = browser.get("/users")
        assert page.status == 503
        assert int(page.headers["Retry-After"]) > 0
        assert "Traceback" not in page.body
        assert "SELECT" not in page.body
        assert browser.post("/users/new", a_creation(), token=False).status == 503
        assert browser.get("/livez").status == 200
        with database.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE lost RENAME TO sessions")
        assert browser.get("/users").status == 200


class TestEndedWhileActing:
    """The session ended between the page and the form."""

    def test_form_leads_to_the_sign_in(
        self, browser: Browser, identity: FakeIdentity, directory: FakeDirectory, administrator: User
    ):
        """401 and nothing done."""
        form = browser.get("/users/new").form("/users/new")
        identity.end_sessions(administrator)
        before = directory.snapshot()
        assert browser.submit(form, **a_creation()).status == 401
        assert directory.snapshot() == before


class TestWayOn:
    """Every refusal leads on: to the list, to one's profile, or to the welcome."""

    def test_administrator(self, browser: Browser):
        assert "/users" in ways_on(browser.get("/nothing-here"))

    def test_somebody_without_a_list(self, client_for: ClientFor, member: User):
        assert ways_on(client_for(member).get("/nothing-here")) == ["/profile"]

    def test_visitor(self, visitor: Browser):
        assert ways_on(visitor.get("/nothing-here")) == ["/"]

    def test_directory_is_down(self, browser: Browser, directory: FakeDirectory):
        """The same page again, with its filters; nothing was typed, so nothing is said of it."""
        directory.down = True
        page = browser.get("/users?q=mo&sort=-email")
        assert page.status == 503
        assert ways_on(page) == ["/users?q=mo&sort=-email"]
        assert "saisie" not in page.main.text


def ways_on(page: Page) -> list[str]:
    return [link["href"] for link in page.main.all("a") if "button" in link["class"].split()]
