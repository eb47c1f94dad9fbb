"""Who gets in, judged afresh at every request."""

from urllib.parse import parse_qs, urlsplit

import pytest

from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.fake_identity import FakeIdentity
from tests.web.typed import a_creation, a_row


class TestNobody:
    """Not signed in."""

    @pytest.mark.parametrize("path", ["/users", "/users?sort=-email&page=2", "/users/new", "/profile"])
    def test_get_leads_to_the_sign_in_and_back(self, path: str, visitor: Browser):
        """302 to `/login`, which is told where one wanted to go."""
        page = visitor.get(path)
        assert page.status == 302
        target = urlsplit(page.location or "")
        assert (target.path, parse_qs(target.query)) == ("/login", {"next": [path]})

    @pytest.mark.parametrize("path", ["/users/new", "/profile", "/users/activations"])
    def test_post(self, path: str, visitor: Browser, directory: FakeDirectory):
        """401 without a token and with one; nothing is done."""
        before = directory.snapshot()
        assert visitor.post(path, a_creation(), token=False).status == 401
        assert visitor.post(path, a_creation()).status == 401
        assert directory.snapshot() == before
        assert directory.calls == []

    @pytest.mark.parametrize("path", ["/", "/help", "/nothing-here"])
    def test_public_pages_offer_the_sign_in(self, path: str, visitor: Browser):
        """Who is not signed in can read the help, and sign in from everywhere."""
        page = visitor.get(path)
        assert "/login" in [link["href"] for link in page.html.all("a")]
        assert "/users" not in [link["href"] for link in page.html.all("a")]
        assert page.html.all("form", action="/logout") == []


class TestAttachedPerson:
    """Signed in, but administrator of no company."""

    @pytest.mark.parametrize("path", ["/users", "/users/new"])
    def test_get(self, path: str, client_for: ClientFor, member: User):
        """403 with a page that says so and leads to « Mon profil »."""
        page = client_for(member).get(path)
        assert page.status == 403
        assert "/profile" in [link["href"] for link in page.main.all("a")]

    def test_post(self, client_for: ClientFor, directory: FakeDirectory, member: User):
        """403, and nothing is done."""
        before = directory.snapshot()
        assert client_for(member).post("/users/new", a_creation()).status == 403
        assert directory.snapshot() == before

    def test_menu_offers_only_what_opens(self, client_for: ClientFor, member: User, administrator: User):
        """« Utilisateurs » stands in the menu of administrators alone."""

        def menu(person: User) -> list[str]:
            return [link.text for link in client_for(person).get("/profile").html.one("nav").all("a")]

        assert menu(member) == ["Mon profil", "Aide"]
        assert menu(administrator)[:3] == ["Utilisateurs", "Journal", "Mon profil"]

    def test_administrators_without_their_company_are_none(self, client_for: ClientFor, directory: FakeDirectory):
        """A subgroup alone, left over from something half made, gives nothing."""
        person = directory.add_user(a_profile())
        directory.add_membership(person.id, "/acme/administrators")
        assert client_for(person).get("/users").status == 403

    def test_group_that_is_no_company_gives_nothing(self, client_for: ClientFor, directory: FakeDirectory):
        """An operator administers no company."""
        operator = directory.add_operator(a_profile())
        assert client_for(operator).get("/users").status == 403


class TestFreshRights:
    """Rights come from the present state, not from the sign-in."""

    def test_removed_administrator_is_refused_on_his_next_request(
        self, browser: Browser, directory: FakeDirectory, administrator: User, member: User
    ):
        """Both for reading and for writing; a form opened before is worth nothing."""
        form = browser.get(f"/users/{member.id}/attachments").form(f"/users/{member.id}/attachments")
        for company in ("acme", "globex"):
            directory.remove_membership(administrator.id, f"/{company}/administrators")
        before = directory.snapshot()
        assert browser.get("/users").status == 403
        assert browser.submit(form, "", confirm="1").status == 403
        assert directory.snapshot() == before

    def test_company_taken_away_is_gone_from_every_page(
        self, browser: Browser, directory: FakeDirectory, administrator: User, member: User
    ):
        """The rest stays as it was."""
        directory.remove_membership(administrator.id, "/acme/administrators")
        assert "Acme" not in browser.get("/users").main.text
        assert browser.get(f"/users/{member.id}/attachments").status == 404
        assert browser.post("/users/new", a_creation(a_row("acme"))).status == 422
        assert browser.post("/users/new", a_creation(a_row("globex"))).status == 303

    def test_new_administrator_needs_no_second_sign_in(
        self, client_for: ClientFor, directory: FakeDirectory, member: User
    ):
        """Made administrator while signed in: the next page is open."""
        browser = client_for(member)
        assert browser.get("/users").status == 403
        directory.add_membership(member.id, "/acme/administrators")
        assert browser.get("/users").status == 200

    def test_disabled_account_is_signed_out(self, browser: Browser, directory: FakeDirectory, administrator: User):
        """Operations disabled it: the next request leads to the sign-in, and enabling it again signs nobody in."""
        directory.disable(administrator.id)
        assert browser.get("/users").status == 302
        directory._replace(administrator.id, enabled=True)
        assert browser.get("/users").status == 302, "the session was ended, not put aside"

    def test_session_ended_at_keycloak(self, browser: Browser, identity: FakeIdentity, administrator: User):
        """A session that Keycloak no longer knows is none here."""
        identity.end_sessions(administrator)
        assert browser.get("/users").status == 302
        assert browser.get("/help").html.all("form", action="/logout") == []


class TestHome:
    """`/` leads to where the person's work is."""

    def test_of_an_administrator(self, browser: Browser):
        assert browser.get("/").location == "/users"

    def test_of_anybody_else(self, client_for: ClientFor, member: User):
        assert client_for(member).get("/").location == "/profile"

    def test_of_nobody(self, visitor: Browser):
        assert visitor.get("/").status == 200


@pytest.mark.parametrize(
    "path", ["/users/", "/USERS", "/users/new/", "//users", "/users/x", "/user", "/.env", "/users/%00"]
)
def test_no_other_spelling_of_a_path(path: str, browser: Browser):
    """A page has one address; anything else is not found, or leads to it."""
    assert browser.get(path).status in {404, 308}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_no_other_method(method: str, browser: Browser, directory: FakeDirectory, member: User):
    """405 with the methods there are, or 400 for the token that is missing; nothing is done."""
    before = directory.snapshot()
    page = browser.open(f"/users/{member.id}/attachments", method=method)
    assert page.status in {400, 405}
    assert page.status == 400 or "GET" in page.headers["Allow"]
    assert directory.snapshot() == before


def test_attachment_of_the_administrator_himself_counts_nothing_elsewhere(
    client_for: ClientFor, directory: FakeDirectory, second: User
):
    """Somebody at two companies who administers one decides about that one only."""
    mixed = directory.add_user(a_profile(), [an_attachment("acme", administrator=True), an_attachment("globex")])
    page = client_for(mixed).get(f"/users/{second.id}/attachments")
    assert [row.text.split()[0] for row in page.html.all("th", scope="row")] == ["Acme"]
