"""« Utilisateurs »: who works for my companies, how far each account is, and what can be done about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from directory.model import User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor

NOW = datetime.now(UTC)
STATES: dict[str, dict[str, Any]] = {
    "En cours d'activation": {"password_required": True, "activation_sent_at": NOW - timedelta(days=2)},
    "Expiré": {"password_required": True, "activation_sent_at": NOW - timedelta(days=31)},
    "Mail non envoyé": {"password_required": True},
    "Actif": {},
    "Désactivé": {"enabled": False},
}


def names(page: Page) -> list[str]:
    """The last names on the page, from top to bottom."""
    return [th.text.split()[0] for th in page.html.all("th", scope="row")]


@pytest.fixture
def three(directory: FakeDirectory) -> None:
    """Three people of Acme besides the administrator (Durand), each first in another order."""
    for last_name, email, state in (
        ("Évrard", "z@acme.example", {"password_required": True}),
        ("Zola", "b@acme.example", {}),
        ("Abel", "y@acme.example", {"enabled": False}),
    ):
        directory.add_user(a_profile(email, last_name=last_name), [an_attachment("acme")], **state)


def test_row_names_its_person_and_every_attachment_that_is_mine(browser: Browser, directory: FakeDirectory):
    """The row header has last name, first name and e-mail; role and affiliation stand at each company of mine."""
    person = directory.add_user(
        a_profile("paul.roux@x.example", last_name="Roux", first_name="Paul"),
        [
            an_attachment("acme", administrator=True),
            an_attachment("globex", external=True),
            an_attachment("initech", external=True),
        ],
    )
    row = browser.get("/users").row("paul.roux@x.example")
    assert row.one("th").text == "Roux Paul paul.roux@x.example"
    assert [chip.text for chip in row.all(class_="chip")] == [
        "Acme Énergie Administrateur, Interne",
        "Globex Utilisateur, Externe",
    ]
    assert "Initech" not in row.text
    link = row.one("a", href=f"/users/{person.id}/attachments")
    assert link.text.startswith("Modifier")


def test_each_person_is_there_once(browser: Browser, directory: FakeDirectory, second: User, stranger: User):
    """Who is at two of my companies has one row; who is at none has none."""
    page = browser.get("/users")
    assert [th.text for th in page.html.all("th", scope="row")] == [
        "Durand Anne anne.durand@acme.example",
        "Petit Bruno bruno.petit@acme.example",
    ]
    assert stranger.profile.last_name not in page.text


@pytest.mark.parametrize("word", STATES)
def test_status_in_words(word: str, browser: Browser, directory: FakeDirectory):
    """Each state of an account is a word in its row."""
    directory.add_user(a_profile("x@acme.example"), [an_attachment("acme")], **STATES[word])
    assert browser.get("/users").row("x@acme.example").one(class_="badge-status").text == word


@pytest.mark.parametrize(
    ("word", "offered"),
    [
        ("En cours d'activation", True),
        ("Expiré", True),
        ("Mail non envoyé", True),
        ("Actif", False),
        ("Désactivé", False),
    ],
)
def test_resend_is_offered_to_who_has_not_activated(
    word: str, offered: bool, browser: Browser, directory: FakeDirectory
):
    """« Renvoyer » stands beside the status of every account that waits for its activation, and of no other."""
    person = directory.add_user(a_profile("x@acme.example"), [an_attachment("acme")], **STATES[word])
    page = browser.get("/users")
    status = page.row("x@acme.example").all("td")[0]
    buttons = [form["action"] for form in status.all("form")]
    assert buttons == ([f"/users/{person.id}/activation"] if offered else [])
    assert ("Renvoyer" in status.text) is offered
    account = [f"/users/{person.id}/email", f"/users/{person.id}/cancellation"]
    offers = [element["href"] or element["action"] for element in page.row("x@acme.example").all("a", "form")]
    assert all((address in offers) is offered for address in account)


def test_expired_shows_when_it_ended(browser: Browser, directory: FakeDirectory):
    """The day on which the link stopped working, not the one on which it left."""
    sent = datetime(2023, 1, 31, 12, tzinfo=UTC)
    directory.add_user(
        a_profile("x@acme.example"), [an_attachment("acme")], password_required=True, activation_sent_at=sent
    )
    assert "2 mars 2023" in browser.get("/users").row("x@acme.example").one(class_="status-note").text


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["Abel", "Durand", "Évrard", "Zola"]),
        ("last_name", ["Abel", "Durand", "Évrard", "Zola"]),
        ("-last_name", ["Zola", "Évrard", "Durand", "Abel"]),
        ("email", ["Durand", "Zola", "Abel", "Évrard"]),
        ("-email", ["Évrard", "Abel", "Zola", "Durand"]),
        ("status", ["Évrard", "Durand", "Zola", "Abel"]),
        ("-status", ["Abel", "Zola", "Durand", "Évrard"]),
        ("password", ["Abel", "Durand", "Évrard", "Zola"]),
    ],
)
@pytest.mark.usefixtures("three")
def test_sort(sort: str, expected: list[str], browser: Browser):
    """By name as people sort (accents apart), by address, by status; `-` turns it round; nonsense is ignored."""
    page = browser.get("/users", query_string={"sort": sort})
    assert page.status == 200
    assert names(page) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=evr", ["Évrard"]),
        ("q=B@ACME", ["Zola"]),
        ("company=acme", ["Abel", "Durand", "Évrard", "Zola"]),
        ("company=globex", ["Durand"]),
        ("role=administrator", ["Durand"]),
        ("company=acme&role=user", ["Abel", "Évrard", "Zola"]),
        ("affiliation=external", []),
        ("status=not_sent", ["Évrard"]),
        ("status=disabled", ["Abel"]),
        ("status=active", ["Durand", "Zola"]),
        ("status=pending&q=x", []),
        ("role=king&status=asleep&affiliation=none", ["Abel", "Durand", "Évrard", "Zola"]),
    ],
)
@pytest.mark.usefixtures("three")
def test_filter(query: str, expected: list[str], browser: Browser):
    """Each word of the contract narrows the list; a value it does not know asks for nothing."""
    page = browser.get(f"/users?{query}")
    assert page.status == 200
    assert names(page) == expected


@pytest.mark.usefixtures("three")
def test_sorted_column_is_marked_and_its_link_turns_it_round(browser: Browser):
    """The header says how the list is sorted, and leads to the other way."""
    header = browser.get("/users?sort=status").html.all("th", scope="col")[1]
    assert header["aria-sort"] == "ascending"
    assert header.one("a")["href"] == "/users?sort=-status"
    header = browser.get("/users?sort=-status").html.all("th", scope="col")[1]
    assert header["aria-sort"] == "descending"
    assert header.one("a")["href"] == "/users?sort=status"


class TestPages:
    """Fifty people a page."""

    @pytest.fixture(autouse=True)
    def people(self, directory: FakeDirectory) -> None:
        for number in range(101):
            directory.add_user(
                a_profile(f"p{number}@acme.example", last_name=f"Person{number:03}"), [an_attachment("acme")]
            )

    @pytest.mark.parametrize(
        ("page", "first", "length"),
        [
            ("", "Durand", 50),
            ("1", "Durand", 50),
            ("2", "Person049", 50),
            ("3", "Person099", 2),
            ("4", "Person099", 2),
            ("0", "Durand", 50),
            ("-7", "Durand", 50),
            ("two", "Durand", 50),
            ("9" * 40, "Person099", 2),
        ],
    )
    def test_page(self, page: str, first: str, length: int, browser: Browser):
        """Pages count from 1; what lies outside is the nearest page, what is no number the first."""
        shown = names(browser.get("/users", query_string={"page": page}))
        assert (shown[0], len(shown)) == (first, length)

    def test_pager_keeps_what_was_asked_for(self, browser: Browser):
        """The other pages are sorted like this one."""
        page = browser.get("/users?sort=-last_name&page=2")
        steps = [link["href"] for link in page.html.all("a", class_="pager-step")]
        assert steps == ["/users?sort=-last_name&page=1", "/users?sort=-last_name&page=3"]

    @pytest.mark.parametrize(
        "name", ["endpoint", "_external", "_scheme", "_anchor", "_method", "self", "values", "number"]
    )
    def test_unknown_words_of_the_address_are_ignored(self, name: str, browser: Browser):
        """Whatever stands in the address, links stay inside the portal and the page opens."""
        page = browser.get("/users", query_string={name: "javascript"})
        assert page.status == 200
        links = [link["href"] for link in page.html.one("nav", class_="pager").all("a")]
        assert links
        assert all(link.startswith("/users?") and "#" not in link for link in links)


def test_nobody_but_me(client_for: ClientFor, directory: FakeDirectory):
    """An administrator who is alone sees himself, and the way to add somebody."""
    directory.add_company(a_company("lone", "Lone"))
    only = directory.add_user(a_profile(), [an_attachment("lone", administrator=True)])
    page = client_for(only).get("/users")
    assert page.status == 200
    assert [link["href"] for link in page.main.all("a") if "Ajouter un utilisateur" in link.text] == ["/users/new"]


def test_head_answers_like_get_without_a_body(browser: Browser):
    """HEAD has GET's status and nothing else."""
    page = browser.open("/users", method="HEAD")
    assert (page.status, page.body) == (200, "")


def test_one_company_of_fifty_costs_two_reads(client_for: ClientFor, directory: FakeDirectory):
    """Who I am there, and who is there: no call per person."""
    directory.add_company(a_company("lone", "Lone"))
    only = directory.add_user(a_profile(), [an_attachment("lone", administrator=True)])
    for _ in range(49):
        directory.add_user(a_profile(), [an_attachment("lone")])
    browser = client_for(only)
    directory.calls.clear()
    assert len(browser.get("/users").rows) == 50
    assert [verb for verb, _ in directory.calls] == ["attachments_of", "members"]


def test_two_companies_cost_three_reads(browser: Browser, directory: FakeDirectory):
    """One read more for each company more."""
    directory.calls.clear()
    browser.get("/users")
    assert [verb for verb, _ in directory.calls] == ["attachments_of", "members", "members"]
