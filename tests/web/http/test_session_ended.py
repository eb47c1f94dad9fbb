"""A form that is sent after the session ended, or from an old tab: nothing is done, and nothing typed is lost."""

import io
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from directory.model import User
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.fake_identity import FakeIdentity
from tests.web.typed import a_creation, a_row

Ending = Callable[[Browser, FakeIdentity, User], None]
TYPED = {**a_creation(a_row("acme")), "last_name": "L'Hôte <b>", "confirm": "1"}
ENDED = "Votre session a pris fin"


def sign_in_of(page: Page) -> str:
    """Where the page's own link to the sign-in leads back to; empty for the start."""
    links = [link["href"] for link in page.main.all("a") if link["href"].startswith("/login")]
    assert len(links) == 1, links
    return "".join(parse_qs(urlsplit(links[0]).query).get("next", []))


def lose_cookie(browser: Browser, _identity: FakeIdentity, _person: User) -> None:
    browser.cookie = ""


def end_at_keycloak(_browser: Browser, identity: FakeIdentity, person: User) -> None:
    identity.end_sessions(person)


class TestNobody:
    """Nobody is signed in any more: 401, whatever token the form brings along."""

    @pytest.mark.parametrize("end", [lose_cookie, end_at_keycloak])
    def test_says_so_and_keeps_what_was_typed(
        self,
        end: Ending,
        browser: Browser,
        identity: FakeIdentity,
        directory: FakeDirectory,
        administrator: User,
    ):
        """The fields are on the page, to be read and to be sent again; the sign-in leads back to the form."""
        form = browser.get("/users/new").form("/users/new")
        end(browser, identity, administrator)
        before, calls = directory.snapshot(), list(directory.calls)
        page = browser.submit(form, **TYPED)
        assert (page.status, page.h1) == (401, ENDED)
        assert "Rien n’a été envoyé" in page.main.text
        assert "L'Hôte <b>" in page.main.text
        kept = page.form("/users/new").fields
        assert {name: kept[name] for name in TYPED} == TYPED
        assert sign_in_of(page) == "/users/new"
        assert directory.snapshot() == before
        assert directory.calls == calls

    def test_sent_again_after_the_sign_in(
        self, browser: Browser, identity: FakeIdentity, directory: FakeDirectory, administrator: User
    ):
        """Signed in in another tab, the kept form is shown once more with the session's token, and then done."""
        form = browser.get("/users/new").form("/users/new")
        identity.end_sessions(administrator)
        kept = browser.submit(form, **{**TYPED, "last_name": "Zola"}).form("/users/new")
        browser.sign_in(administrator)
        before = directory.snapshot()
        again = browser.submit(kept)
        assert again.status == 400
        assert directory.snapshot() == before
        assert browser.submit(again.form("/users/new")).status == 303

    def test_sent_again_without_signing_in(self, visitor: Browser):
        """The same page once more."""
        page = visitor.post("/users/new", TYPED)
        assert visitor.submit(page.form("/users/new")).status == 401

    def test_next_person_sees_nothing_of_it(self, browser: Browser, client_for: ClientFor, second: User):
        """Nothing is kept on the server: whoever signs in next in that browser meets an empty form."""
        browser.cookie = ""
        browser.post("/users/new", TYPED, token=False)
        browser.sign_in(second)
        for path in ("/users/new", "/users", "/profile"):
            assert "Hôte" not in browser.get(path).body

    def test_file_has_to_be_chosen_again(self, visitor: Browser):
        """No page can keep a file: its name is said, and the sign-in leads to where it is chosen."""
        file = {"file": (io.BytesIO(b"email\n"), "équipe.csv")}
        page = visitor.post("/users/import", file, token=False)
        assert page.status == 401
        assert "équipe.csv" in page.main.text
        assert sign_in_of(page) == "/users/import"
        assert page.forms == []

    @pytest.mark.parametrize(
        ("path", "fields", "back"),
        [
            ("/users/{}/activation", {"next": "/users?page=2"}, "/users?page=2"),
            ("/users/{}/activation", {"next": "//evil.example/"}, ""),
            ("/users/{}/activation", {"next": "/logout"}, ""),
            ("/profile/password", {}, ""),
            ("/users/{}/email", {"email": "new@acme.example"}, "/users/{}/email"),
            ("/profile", {"last_name": "Zola"}, "/profile"),
        ],
    )
    def test_leads_back_to_a_page(
        self, path: str, fields: dict[str, str], back: str, visitor: Browser, member: User
    ):
        """To one that GET opens and that is the portal's own; to the start when there is none."""
        page = visitor.post(path.format(member.id), fields)
        assert page.status == 401
        assert sign_in_of(page) == back.format(member.id)

    def test_signing_out_of_an_old_tab(self, visitor: Browser):
        """It is over already."""
        page = visitor.post("/logout", token=False)
        assert (page.status, page.h1) == (401, ENDED)

    def test_language_of_an_old_tab(self, visitor: Browser):
        """Public forms are for everybody: 400, and offered again with a token."""
        page = visitor.post("/language", {"locale": "en", "next": "/help"}, token=False)
        assert page.status == 400
        assert visitor.submit(page.form("/language")).location == "/help"


class TestOldTab:
    """Somebody is signed in, and the form is of an earlier session: 400."""

    def test_offers_the_form_again(self, browser: Browser, directory: FakeDirectory):
        """With a token of this session; one click does it. Nobody who is signed in is told to sign in."""
        before = directory.snapshot()
        page = browser.post("/users/new", {**TYPED, "last_name": "Zola", "csrf_token": "old"}, token=False)
        assert page.status == 400
        assert "Zola" in page.main.text
        assert "Se connecter" not in page.text
        assert directory.snapshot() == before
        assert browser.submit(page.form("/users/new")).status == 303

    @pytest.mark.parametrize("path", ["/users/new", "/language", "/logout", "/profile/password"])
    def test_is_never_told_to_sign_in(self, path: str, browser: Browser):
        """Nor by the frame of the page, on no kind of form."""
        page = browser.post(path, {"locale": "en"}, token=False)
        assert page.status == 400
        assert "Se connecter" not in page.text

    def test_nor_by_another_sites_form(self, browser: Browser):
        """Refused before anybody asks who it is; the frame of the page still knows, and no form is offered."""
        page = browser.post("/users/new", TYPED, headers={"Origin": "https://evil.example"})
        assert page.status == 400
        assert page.forms == []
        assert "Se connecter" not in page.text

    def test_file_has_to_be_chosen_again(self, browser: Browser):
        file = {"file": (io.BytesIO(b"email\n"), "people.csv")}
        page = browser.post("/users/import", file, token=False)
        assert page.status == 400
        assert "people.csv" in page.main.text
        assert "/users/import" in [link["href"] for link in page.main.all("a")]

    def test_keycloak_down(self, browser: Browser, identity: FakeIdentity):
        """Nobody can tell who it is: 503, and the form is kept."""
        identity.down = True
        page = browser.post("/users/new", {**TYPED, "csrf_token": "old"}, token=False)
        assert page.status == 503
        assert page.form("/users/new").fields["first_name"] == TYPED["first_name"]


class TestBackToTheSignIn:
    """« Back » after signing in asks for the callback's address again."""

    def test_leads_on(self, visitor: Browser, administrator: User):
        """To where the person was going, as often as it is asked for."""
        state = parse_qs(urlsplit(visitor.get("/login?next=/users?page=1").location or "").query)["state"][0]
        back = visitor.sign_in(administrator, "/login?next=/users?page=1")
        assert back.location == "/users?page=1"
        for _ in range(2):
            again = visitor.get("/login/callback", query_string={"code": "used", "state": state})
            assert (again.status, again.location) == (302, "/users?page=1")

    @pytest.mark.parametrize("target", ["/login/callback", "/login?next=/login/callback"])
    def test_never_in_a_circle(self, target: str, visitor: Browser, administrator: User):
        """A wish for the callback itself ends at the start."""
        visitor.sign_in(administrator, f"/login?next={target}")
        assert visitor.get("/login/callback?code=x&state=y").location == "/"

    def test_of_nobody(self, visitor: Browser):
        """Not signed in it stays an error."""
        assert visitor.get("/login/callback?code=x&state=y").status == 400
