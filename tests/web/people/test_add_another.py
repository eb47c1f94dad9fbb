"""« Ajouter un autre », the address in the second step, and the hint about private mailboxes."""

import pytest

from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.typed import a_creation, a_row
from webapp.people.free_mailboxes import DOMAINS, free_mailbox

BROWSES = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
EMAIL = "emma.bernard@acme.example"
OTHER = "zoe.other@acme.example"


def links(page: Page) -> dict[str, str]:
    """The links of the message, by their words."""
    return {a.text.partition(" – ")[0]: a["href"] for a in page.main.all(class_="banner")[0].all("a")}


def chosen(page: Page, name: str) -> list[str]:
    return [one["value"] for one in page.main.all("input", name=name) if "checked" in one]


class TestAfterACreation:
    def test_the_message_leads_to_the_new_person(self, browser: Browser, directory: FakeDirectory):
        """Wherever in the list they are."""
        done = browser.follow(browser.post("/users/new", a_creation()))
        made = directory.find_by_email(EMAIL)
        assert made
        page = browser.get(links(done)["Ouvrir la fiche de la personne"])
        assert (page.status, page.h1) == (200, "Emma Bernard")
        assert links(done)["Ajouter un autre"] == f"/users/new?like={made.id}"

    def test_so_does_that_of_somebody_who_had_an_account(self, browser: Browser, member: User):
        fields = {"email": member.email, **a_row("globex"), "confirm": "1"}
        done = browser.follow(browser.post("/users/new", fields))
        assert links(done)["Ouvrir la fiche de la personne"] == f"/users/{member.id}"

    @pytest.mark.parametrize("headers", [None, BROWSES])
    def test_another_has_the_same_companies_and_roles(
        self, headers: dict[str, str] | None, client_for: ClientFor, administrator: User, directory: FakeDirectory
    ):
        """In a browser, whose second step has an address of its own, and for a program."""
        browser = client_for(administrator, headers)
        row = a_row("globex", administrator=True, external=True)
        done = browser.follow(browser.post("/users/new", a_creation(row)))
        first = browser.get(links(done)["Ajouter un autre"])
        assert "Emma Bernard" in first.main.text
        details = browser.submit(first.form("/users/new"), email=OTHER)
        if details.status == 303:
            details = browser.follow(details)
        assert chosen(details, "company-globex-attached") == ["1"]
        assert chosen(details, "company-globex-role") == ["administrator"]
        assert chosen(details, "company-globex-affiliation") == ["external"]
        assert chosen(details, "company-acme-attached") == []
        assert details.form("/users/new").fields["last_name"] == ""

    def test_companies_that_are_not_mine_are_not_proposed(self, browser: Browser, directory: FakeDirectory):
        person = directory.add_user(a_profile(), [an_attachment("acme"), an_attachment("initech")])
        details = browser.post("/users/new", {"email": OTHER, "like": person.id})
        assert chosen(details, "company-acme-attached") == ["1"]
        assert "nitech" not in details.body

    def test_somebody_who_is_not_mine_is_ignored(self, browser: Browser, stranger: User):
        """As if there were nobody of that id."""
        for user_id in (stranger.id, "nobody", ""):
            page = browser.get("/users/new", query_string={"like": user_id})
            assert page.status == 200
            assert "Stranger" not in page.body
            details = browser.post("/users/new", {"email": OTHER, "like": user_id})
            assert details.status == 200
            assert chosen(details, "company-acme-attached") == []

    def test_a_wrong_address_keeps_whom_to_be_like(self, browser: Browser, member: User):
        page = browser.post("/users/new", {"email": "wrong", "like": member.id})
        assert page.status == 422
        assert page.form("/users/new").fields["like"] == member.id


class TestAddressInTheSecondStep:
    def test_can_be_corrected(self, browser: Browser, directory: FakeDirectory):
        details = browser.post("/users/new", {"email": "emma.benrard@acme.example"})
        typed = a_creation(confirm=False)
        review = browser.submit(details.form("/users/new"), **typed)
        assert EMAIL in review.main.text
        browser.submit(review.form("/users/new"), "confirm")
        assert directory.mails == [EMAIL]

    def test_a_corrected_one_that_has_an_account_shows_it(
        self, browser: Browser, directory: FakeDirectory, member: User
    ):
        """With the boxes as they were ticked; nothing is done, and nothing is called a conflict."""
        details = browser.post("/users/new", {"email": OTHER})
        typed = a_creation(a_row("globex", external=True), confirm=False, email=member.email)
        shown = browser.submit(details.form("/users/new"), **typed)
        assert shown.status == 200
        assert "déjà un compte" in shown.banners[0]
        assert "Chloé" in shown.main.text
        assert chosen(shown, "company-globex-affiliation") == ["external"]
        review = browser.submit(shown.form("/users/new"))
        assert "Globex" in review.main.one(class_="difference").text
        assert directory.called("create_user", "change_attachment") == []

    def test_a_malformed_one_is_said_there(self, browser: Browser):
        details = browser.post("/users/new", {"email": OTHER})
        wrong = browser.submit(details.form("/users/new"), **a_creation(confirm=False, email="wrong"))
        assert wrong.status == 422
        assert "email" in wrong.errors
        assert wrong.form("/users/new").fields["last_name"] == "Bernard"

    def test_of_an_account_that_exists_leads_to_the_first_step(self, browser: Browser, member: User):
        page = browser.post("/users/new", {"email": member.email})
        (link,) = [a["href"] for a in page.main.all("a") if a.text == "Saisir une autre adresse"]
        assert browser.get(link).form("/users/new").fields["email"] == member.email


class TestPrivateMailboxes:
    @pytest.mark.parametrize("email", ["x@gmail.com", "x@ORANGE.fr", "a.b@laposte.net", "x@free.fr", "x@sfr.fr"])
    def test_are_named(self, email: str):
        assert free_mailbox(email) == email.partition("@")[2].lower()

    @pytest.mark.parametrize("email", ["x@acme.example", "x@orange.com", "x@gmail.com.example", "x", ""])
    def test_others_are_not(self, email: str):
        assert free_mailbox(email) == ""

    def test_list_holds_domains(self):
        assert all(domain == domain.lower() and "." in domain for domain in DOMAINS)

    def test_are_a_hint_and_no_refusal(self, browser: Browser, directory: FakeDirectory):
        details = browser.post("/users/new", {"email": "emma@gmail.com"})
        hint = details.html.one(id=details.html.one("input", id="email")["aria-describedby"]).text
        assert "gmail.com" in hint
        assert "professionnelle" in hint
        assert browser.post("/users/new", a_creation(email="emma@gmail.com")).status == 303
        assert directory.mails == ["emma@gmail.com"]

    def test_of_a_company_have_no_hint(self, browser: Browser):
        details = browser.post("/users/new", {"email": OTHER})
        assert details.html.one("input", id="email")["aria-describedby"] == ""
