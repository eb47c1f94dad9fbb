"""« Utilisateurs »: who works for my companies, how far each account is, and what can be done about it."""

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from flask import Flask

from directory.model import Locale, User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.html import Element
from tests.web.typed import a_creation
from webapp.http.context import EXTENSION
from webapp.listing import cache
from webapp.listing.cache import Roster

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
    status = page.row("x@acme.example").one("td", class_="status-cell")
    buttons = [form["action"] for form in status.all("form")]
    assert buttons == ([f"/users/{person.id}/activation"] if offered else [])
    assert ("Renvoyer" in status.text) is offered


def test_a_row_leads_to_the_person_and_to_two_things_that_are_done_often(
    browser: Browser, directory: FakeDirectory
):
    """The rest is on the person's page, which leads back to the list as it was."""
    person = directory.add_user(
        a_profile("x@acme.example"), [an_attachment("acme")], **STATES["En cours d'activation"]
    )
    found = browser.get("/users?q=x").row("x@acme.example").all("a", "form")
    where = f"/users/{person.id}"
    assert [(one["href"] or one["action"]) for one in found] == [
        f"{where}?next=/users?q%3Dx",
        f"{where}/activation",
        f"{where}/attachments?next=/users?q%3Dx",
    ]
    assert browser.get(found[0]["href"]).main.one("p", class_="way-back").one("a")["href"] == "/users?q=x"


class TestCounts:
    """How many people of each kind there are, above the list, as links to them."""

    @pytest.fixture(autouse=True)
    def people(self, directory: FakeDirectory) -> None:
        for word, state in STATES.items():
            directory.add_user(a_profile(last_name=f"At {word}"), [an_attachment("acme")], **state)
        external = [an_attachment("globex", external=True), an_attachment("acme", external=True)]
        directory.add_user(a_profile(last_name="Outside"), external)
        soon, later = (NOW.date() + timedelta(days=days) for days in (9, 90))
        ending = [an_attachment("acme", until=soon), an_attachment("globex", until=later)]
        directory.add_user(a_profile(last_name="Leaving"), ending)

    def counts(self, page: Page) -> dict[str, int]:
        links = page.main.one("nav", class_="counts").all("a")
        return {link.text.rpartition(" ")[0]: int(link.text.rpartition(" ")[2]) for link in links}

    def link(self, page: Page, word: str) -> Element:
        (found,) = [a for a in page.main.one("nav", class_="counts").all("a") if a.text.startswith(word)]
        return found

    def test_all_are_there(self, browser: Browser):
        assert self.counts(browser.get("/users")) == {
            "Actif": 4,
            "En cours d'activation": 1,
            "Expiré": 1,
            "Mail non envoyé": 1,
            "Externes": 1,
            "Administrateurs": 1,
            "Fin prochaine": 1,
        }

    @pytest.mark.parametrize(
        "word", ["Actif", "En cours", "Expiré", "Mail non", "Externes", "Administrateurs", "Fin prochaine"]
    )
    def test_each_leads_to_that_many(self, browser: Browser, word: str):
        """And, once chosen, back to everybody."""
        page = browser.get("/users?sort=-email")
        link = self.link(page, word)
        found = browser.get(link["href"])
        assert len(found.rows) == int(link.text.rpartition(" ")[2])
        chosen = self.link(found, word)
        assert chosen["aria-current"] == "true"
        assert chosen["href"] == "/users?sort=-email"

    def test_those_of_one_company(self, browser: Browser):
        page = browser.get("/users?company=globex&status=active")
        assert self.counts(page)["Externes"] == 1
        assert self.counts(page)["Actif"] == 3
        assert self.counts(page)["Fin prochaine"] == 0
        assert self.counts(page)["Expiré"] == 0
        assert self.link(page, "Externes")["href"] == "/users?company=globex&affiliation=external"

    def test_in_english(self, client_for: ClientFor, directory: FakeDirectory):
        boss = directory.add_user(a_profile(locale=Locale.EN), [an_attachment("initech", administrator=True)])
        assert self.counts(client_for(boss).get("/users"))["Administrators"] == 1


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
    header = browser.get("/users?sort=status").html.all("th", scope="col")[2]
    assert header["aria-sort"] == "ascending"
    assert header.one("a")["href"] == "/users?sort=-status"
    header = browser.get("/users?sort=-status").html.all("th", scope="col")[2]
    assert header["aria-sort"] == "descending"
    assert header.one("a")["href"] == "/users?sort=status"


class TestSortByCompany:
    @pytest.fixture(autouse=True)
    def people(self, directory: FakeDirectory) -> None:
        for last_name, company in (("Abel", "globex"), ("Zola", "acme")):
            directory.add_user(a_profile(f"{last_name}@x.example", last_name=last_name), [an_attachment(company)])

    def test_from_its_header(self, browser: Browser):
        """Acme before Globex, by name within; who is at both stands between."""
        (link,) = [a for a in browser.get("/users").html.one("thead").all("a") if "Sociétés" in a.text]
        assert link["href"] == "/users?sort=company"
        page = browser.get(link["href"])
        assert names(page) == ["Zola", "Durand", "Abel"]
        assert names(browser.get("/users?sort=-company")) == ["Abel", "Durand", "Zola"]

    def test_the_file_has_the_same_order(self, browser: Browser):
        lines = browser.get("/users.csv?sort=-company").body.split("\r\n")[1:-1]
        assert [line.split(",")[5] for line in lines] == ["globex", "globex", "acme", "acme"]

    def test_one_company_alone_gives_no_order(self, client_for: ClientFor, directory: FakeDirectory):
        only = directory.add_user(a_profile(), [an_attachment("initech", administrator=True)])
        page = client_for(only).get("/users")
        assert page.main.one("select", name="sort").text.count("Société") == 0
        assert [a for a in page.html.one("thead").all("a") if "Sociétés" in a.text] == []


class TestPages:
    """Fifty people a page."""

    @pytest.fixture(autouse=True)
    def people(self, directory: FakeDirectory) -> None:
        for number in range(101):
            directory.add_user(
                a_profile(f"p{number}@acme.example", last_name=f"Person{number:03}"), [an_attachment("acme")]
            )

    @pytest.mark.slow
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

    @pytest.mark.slow
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


@pytest.mark.slow
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


def test_thirty_companies_are_on_the_first_page_that_is_asked_for(client_for: ClientFor, directory: FakeDirectory):
    """And read once for the pages after it."""
    companies = [directory.add_company(a_company(f"company-{number:02}")) for number in range(30)]
    busy = directory.add_user(a_profile(), [an_attachment(company, administrator=True) for company in companies])
    browser = client_for(busy)
    for _ in range(2):
        page = browser.get("/users", headers={"Sec-Fetch-Mode": "navigate"})
        assert len(page.html.all("th", scope="row")) == 1
    assert len(directory.called("members")) == 30


def test_two_companies_cost_three_reads(browser: Browser, directory: FakeDirectory):
    """One read more for each company more."""
    directory.calls.clear()
    browser.get("/users")
    assert [verb for verb, _ in directory.calls] == ["attachments_of", "members", "members"]


class TestSearchForm:
    """Search, filters and order stand in one form, and all of it in the address."""

    @pytest.fixture(autouse=True)
    def people(self, three: None) -> None:
        pass

    def test_finds_by_name_first_name_and_address_whatever_the_accents(
        self, browser: Browser, directory: FakeDirectory
    ):
        form = browser.get("/users").form("/users")
        assert form.method == "GET"
        assert [button.text for button in form.element.all("button")] == ["Rechercher"]
        for words in ("évrard", "EVRARD", "z@acme.example", "anne evr"):
            assert names(browser.submit(form, q=words)) == ["Évrard"]

    def test_each_filter_has_its_words(self, browser: Browser):
        form = browser.get("/users").form("/users").element
        words = {
            select["name"]: [(option["value"], option.text) for option in select.all("option")]
            for select in form.all("select")
        }
        assert words == {
            "company": [("", "Toutes mes sociétés"), ("acme", "Acme Énergie"), ("globex", "Globex")],
            "role": [("", "Tous"), ("administrator", "Administrateur"), ("user", "Utilisateur")],
            "affiliation": [("", "Tous"), ("internal", "Interne"), ("external", "Externe")],
            "status": [
                ("", "Tous"),
                ("pending", "En cours d'activation"),
                ("active", "Actif"),
                ("expired", "Expiré"),
                ("not_sent", "Mail non envoyé"),
                ("disabled", "Désactivé"),
            ],
            "until": [("", "Tous"), ("soon", "Fin prochaine")],
            "sort": [
                ("last_name", "Nom, de A à Z"),
                ("-last_name", "Nom, de Z à A"),
                ("email", "E-mail, de A à Z"),
                ("-email", "E-mail, de Z à A"),
                ("status", "Statut, à régulariser d’abord"),
                ("-status", "Statut, les actifs et désactivés d’abord"),
                ("company", "Société, de A à Z"),
                ("-company", "Société, de Z à A"),
            ],
        }

    def test_stays_as_it_was_sent(self, browser: Browser):
        """Who searches on starts from what is there; filters that are on are open to be seen."""
        asked = {
            "q": "e",
            "company": "acme",
            "role": "user",
            "affiliation": "internal",
            "status": "disabled",
            "until": "soon",
            "sort": "-email",
        }
        form = browser.submit(browser.get("/users").form("/users"), **asked).form("/users")
        assert form.element.one("input", name="q")["value"] == "e"
        chosen = {
            select["name"]: [option["value"] for option in select.all("option") if "selected" in option]
            for select in form.element.all("select")
        }
        assert chosen == {name: [value] for name, value in asked.items() if name != "q"}
        assert "open" in form.element.one("details")
        assert "open" not in browser.get("/users?q=e").form("/users").element.one("details")

    def test_filters_are_cleared_with_one_click(self, browser: Browser):
        page = browser.get("/users?q=evr&role=user")
        assert {link["href"] for link in page.main.all("a") if link.text == "Effacer les filtres"} == {"/users"}
        assert "Effacer les filtres" not in browser.get("/users?sort=-email").main.text

    def test_an_administrator_of_one_company_is_not_asked_which(
        self, client_for: ClientFor, directory: FakeDirectory
    ):
        only = directory.add_user(a_profile(), [an_attachment("initech", administrator=True)])
        form = client_for(only).get("/users").form("/users").element
        assert form.all("select", name="company") == []

    def test_everything_that_leads_on_keeps_what_was_asked_for(self, browser: Browser, directory: FakeDirectory):
        """Sort links, pages, the file, the language and « Renvoyer »."""
        for number in range(60):
            directory.add_user(
                a_profile(f"q{number}@acme.example", last_name=f"Q{number:02}"),
                [an_attachment("acme")],
                password_required=True,
            )
        asked = "q=q&company=acme&role=user&affiliation=internal&status=not_sent"
        page = browser.get(f"/users?{asked}&sort=-email&page=2")
        header = page.html.all("th", scope="col")
        assert header[1].one("a")["href"] == f"/users?{asked}&sort=last_name"
        assert header[2].one("a")["href"] == f"/users?{asked}&sort=status"
        assert page.html.one("a", class_="pager-step")["href"] == f"/users?{asked}&sort=-email&page=1"
        (file,) = [link for link in page.main.all("a") if link.text.startswith("CSV")]
        assert file["href"] == f"/users.csv?{asked}&sort=-email&spreadsheet=1"
        here = f"/users?{asked}&sort=-email&page=2"
        assert page.html.one("form", action="/language").one("input", name="next")["value"] == here
        resend = [form for form in page.forms if form.action.endswith("/activation")]
        assert {form.fields["next"] for form in resend} == {here}


class TestCount:
    """How many there are is said, and said to who does not see it."""

    @pytest.fixture(autouse=True)
    def people(self, three: None) -> None:
        pass

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("/users", "4 personnes dans 2 sociétés"),
            ("/users?q=evr", "1 personne trouvée sur 4"),
            ("/users?company=acme&role=user", "3 personnes trouvées sur 4"),
            ("/users?q=nobody", "0 personne trouvée sur 4"),
        ],
    )
    def test_count(self, path: str, words: str, browser: Browser):
        page = browser.get(path)
        (count,) = [one for one in page.main.all("p", class_="list-count") if one["role"] == "status"]
        assert count.text == words
        if "?" in path:
            assert words in page.html.one("title").text

    def test_nobody_found_is_not_nobody_there(self, browser: Browser):
        """What was asked for can be changed or cleared; nobody is asked to add somebody who may be there."""
        page = browser.get("/users?q=nobody")
        state = page.main.one(class_="empty-state")
        assert "Personne ne correspond" in state.text
        assert "Effacer les filtres" in state.text
        assert "Ajouter" not in state.text
        assert page.html.all("table") == []
        assert page.form("/users").fields["q"] == "nobody"

    def test_pages_are_told_apart_by_their_titles(self, browser: Browser, directory: FakeDirectory):
        for number in range(51):
            directory.add_user(a_profile(last_name=f"Q{number}"), [an_attachment("acme")])
        assert "page\xa02" in browser.get("/users?page=2").html.one("title").text.replace(" ", "\xa0")


class TestChips:
    """One row per person, with a chip per company; many companies take no more room than a few."""

    @pytest.fixture
    def companies(self, directory: FakeDirectory, administrator: User) -> list[str]:
        ids = [f"company-{number:02}" for number in range(12)]
        for company_id in ids:
            directory.add_company(a_company(company_id))
            directory.add_membership(administrator.id, f"/{company_id}")
            directory.add_membership(administrator.id, f"/{company_id}/administrators")
        return ids

    @pytest.mark.parametrize(("count", "shown"), [(1, 1), (5, 5), (6, 4), (12, 4)])
    def test_first_ones_are_shown_and_the_others_are_one_click_away(
        self, count: int, shown: int, browser: Browser, directory: FakeDirectory, companies: list[str]
    ):
        directory.add_user(
            a_profile("many@x.example", last_name="Many"), [an_attachment(each) for each in companies[:count]]
        )
        row = browser.get("/users").row("many@x.example")
        assert len(row.all(class_="chip")) == count
        more = row.all("details")
        assert len([chip for chip in row.all(class_="chip") if not chip.within("details")]) == shown
        if count > shown:
            assert more[0].one("summary").text.startswith(f"et {count - shown} autres")
            assert "Many" in more[0].one("summary").text
        else:
            assert more == []

    def test_the_company_that_is_asked_for_comes_first(
        self, browser: Browser, directory: FakeDirectory, companies: list[str]
    ):
        directory.add_user(a_profile("many@x.example"), [an_attachment(each) for each in companies])
        row = browser.get("/users?company=company-11").row("many@x.example")
        assert row.all(class_="chip-name")[0].text == "Company 11"


class TestPrint:
    def test_paper_says_what_was_printed_when_and_from_where(self, browser: Browser, directory: FakeDirectory):
        """The filters by their words, the day, the address, and which page of how many."""
        for number in range(60):
            directory.add_user(a_profile(last_name=f"Q{number:02}"), [an_attachment("acme")])
        page = browser.get("/users?q=q&company=acme&role=user&affiliation=internal&status=active&page=2")
        words = page.main.one(class_="print-only").text
        for expected in (
            "Recherche\u00a0: q",
            "Société\u00a0: Acme Énergie",
            "Rôle\u00a0: Utilisateur",
            "Interne ou externe\u00a0: Interne",
            "Statut\u00a0: Actif",
            "http://portal.test/users?q=q&company=acme&role=user&affiliation=internal&status=active&page=2",
            str(NOW.year),
            "Page 2 sur 2",
        ):
            assert expected.replace("\u00a0", " ") in words.replace("\u00a0", " ")


class TestWhatIsNotUnderstood:
    """Nothing breaks, nothing changes, and the page says what it did not follow."""

    @pytest.fixture(autouse=True)
    def people(self, three: None) -> None:
        pass

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("page=0", "voici la première page"),
            ("page=-1", "voici la première page"),
            ("page=abc", "voici la première page"),
            (f"page={10**9}", "voici la dernière"),
            ("page=2", "voici la dernière"),
            ("sort=password", "la liste est triée par nom"),
            ("role=king", "rôle inconnu"),
            ("affiliation=none", "ni « interne » ni « externe »"),
            ("status=asleep", "statut inconnu"),
            ("until=never", "échéance inconnue"),
            ("company=no-such", "une société qui n’est pas une des vôtres"),
        ],
    )
    def test_is_said_and_everybody_shown(self, query: str, words: str, browser: Browser, directory: FakeDirectory):
        before = directory.snapshot()
        page = browser.get(f"/users?{query}")
        assert page.status == 200
        assert words in page.banners[0].replace("\u00a0", " ")
        assert names(page) == ["Abel", "Durand", "Évrard", "Zola"]
        assert directory.snapshot() == before

    @pytest.mark.parametrize(
        "query", ["", "q=", "role=&status=&sort=&page=", "page=1", "sort=-email", "colour=red"]
    )
    def test_what_is_understood_says_nothing(self, query: str, browser: Browser, second: User):
        assert browser.get(f"/users?{query}").banners == []

    def test_ten_kilobytes_of_search(self, browser: Browser):
        """The beginning is looked for, and no link of the page carries more."""
        page = browser.get("/users", query_string={"q": "é" * 10_000})
        assert page.status == 200
        assert "200 premiers caractères" in page.banners[0]
        assert page.form("/users").fields["q"] == "é" * 200
        assert max(len(link["href"]) for link in page.main.all("a")) < 2000

    @pytest.mark.parametrize(
        "q", ["\0", "%", "'\";--", "<script>", "\u202e", "{{7*7}}", "\ud800".encode("utf-8", "replace").decode()]
    )
    def test_signs_that_mean_something_elsewhere_are_looked_for_as_they_are(self, q: str, browser: Browser):
        page = browser.get("/users", query_string={"q": q})
        assert page.status == 200
        assert "0 personne trouvée" in page.main.text or names(page)

    def test_company_of_others_is_as_unknown_as_none(self, browser: Browser, stranger: User):
        """The very same page, but for the word itself."""
        theirs, nobodys = browser.get("/users?company=initech"), browser.get("/users?company=nowhere")
        assert theirs.main.text == nobodys.main.text
        assert "Initech" not in theirs.text
        assert "initech" not in theirs.banners[0]


class TestShortage:
    """A company with one active administrator is named, one with none more loudly."""

    def warnings(self, page: Page) -> list[str]:
        return [banner.text for banner in page.main.all(class_="banner-warning")]

    def test_single_administrator(self, client_for: ClientFor, directory: FakeDirectory):
        directory.add_company(a_company("lone", "Lone"))
        only = directory.add_user(a_profile(), [an_attachment("lone", administrator=True)])
        directory.add_user(a_profile(), [an_attachment("lone", administrator=True)], enabled=False)
        directory.add_user(a_profile(), [an_attachment("lone", administrator=True)], password_required=True)
        (warning,) = self.warnings(client_for(only).get("/users"))
        assert "Lone n’a plus qu’un administrateur actif. Nommez-en un autre" in warning

    def test_two_administrators_are_enough(self, browser: Browser, second: User):
        page = browser.get("/users")
        assert page.banners == []

    def test_only_the_company_concerned_is_named(self, browser: Browser, directory: FakeDirectory, second: User):
        directory.remove_membership(second.id, "/globex/administrators")
        (warning,) = self.warnings(browser.get("/users"))
        assert "Globex" in warning
        assert "Acme" not in warning

    def test_a_company_that_is_not_mine_is_not_named(
        self, browser: Browser, directory: FakeDirectory, second: User
    ):
        directory.add_user(a_profile(), [an_attachment("initech", administrator=True)])
        assert browser.get("/users").banners == []

    def test_none_is_said_more_loudly(self, browser: Browser, directory: FakeDirectory, administrator: User):
        """Operations asked the last one for a new password: nobody is active until he has chosen it."""
        directory._replace(administrator.id, password_required=True)
        page = browser.get("/users")
        (urgent,) = page.main.all(class_="banner-urgent")
        assert "2 de vos sociétés n’ont plus aucun administrateur actif" in urgent.text
        assert self.warnings(page) == []

    def test_many_are_counted(self, browser: Browser, directory: FakeDirectory, administrator: User):
        """Five by name, each leading to its people; the rest as a number."""
        for number in range(10):
            directory.add_company(a_company(f"company-{number}"))
            directory.add_membership(administrator.id, f"/company-{number}")
            directory.add_membership(administrator.id, f"/company-{number}/administrators")
        page = browser.get("/users")
        (banner,) = page.main.all(class_="banner-warning")
        assert "12 de vos sociétés n’ont plus qu’un administrateur actif" in banner.text
        assert [link["href"] for link in banner.all("a")] == [
            "/users?company=acme",
            *(f"/users?company=company-{number}" for number in range(4)),
        ]
        assert banner.text.endswith("et 7 autres")

    def test_is_there_whatever_is_searched_for(self, browser: Browser, administrator: User):
        """It is about the company, not about who is found."""
        assert len(self.warnings(browser.get("/users?q=nobody"))) == 1


class TestLargeCompany:
    """More people than are read at every look."""

    @pytest.fixture(autouse=True)
    def people(self, directory: FakeDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cache, "SMALL_PEOPLE", 40)
        for number in range(60):
            directory.add_user(
                a_profile(f"q{number}@acme.example", last_name=f"Q{number:02}"), [an_attachment("acme")]
            )

    def test_next_look_reads_the_page_only(self, browser: Browser, directory: FakeDirectory):
        browser.get("/users")
        directory.calls.clear()
        page = browser.get("/users?q=q&page=2")
        assert "60 personnes trouvées sur 61" in page.main.text
        assert len(page.rows) == 10
        assert [verb for verb, _ in directory.calls] == ["attachments_of", "users"]

    def test_what_the_portal_changed_is_on_the_next_page(self, browser: Browser, directory: FakeDirectory):
        """Created, detached, changed: the list that follows has it, wherever it stands in the order."""
        browser.get("/users")
        new = {"last_name": "Aaron", "email": "aaron@acme.example"}
        done = browser.post("/users/new", {**a_creation(), **new, "confirm": "1"})
        assert names(browser.follow(done))[0] == "Aaron"
        person = directory.find_by_email("aaron@acme.example")
        assert person is not None
        done = browser.post(f"/users/{person.id}/attachments", {"confirm": "1"})
        assert "Aaron" not in names(browser.follow(done))

    def test_who_lost_his_rights_loses_the_list_at_once(
        self, browser: Browser, directory: FakeDirectory, administrator: User
    ):
        """Which companies are mine is never kept."""
        browser.get("/users")
        directory.remove_membership(administrator.id, "/acme/administrators")
        page = browser.get("/users")
        assert names(page) == ["Durand"]
        directory.remove_membership(administrator.id, "/globex/administrators")
        assert browser.get("/users").status == 403

    def test_an_old_list_says_so(self, browser: Browser, app: Flask, monkeypatch: pytest.MonkeyPatch):
        """And offers to be shown again."""
        browser.get("/users")
        monkeypatch.setattr(cache.Reading, "is_usable", lambda *_: True)  # it took long
        kept: Roster = app.extensions[EXTENSION].roster
        monkeypatch.setattr(kept, "_clock", lambda: monotonic() + 180)
        monkeypatch.setattr(kept, "_begin", lambda _act: None)
        page = browser.get("/users?q=q")
        assert any("datent d’il y a 3 minutes" in banner for banner in page.banners)
        assert "/users?q=q" in [link["href"] for link in page.main.all("a")]


class TestComingBack:
    """What is done to somebody leads back to the list as it was."""

    HERE = "/users?q=typo&company=acme&sort=-email"

    @pytest.fixture
    def person(self, directory: FakeDirectory, second: User) -> User:
        return directory.add_user(
            a_profile("typo@acme.example", last_name="Typo"), [an_attachment("acme")], password_required=True
        )

    def link(self, browser: Browser, word: str) -> str:
        row = browser.get(self.HERE).row("typo@acme.example")
        return next(link["href"] for link in row.all("a") if link.text.startswith(word))

    def cancel(self, page: Page) -> str:
        return next(link["href"] for link in page.main.all("a") if link.text in {"Annuler", "La conserver"})

    def test_from_modify(self, browser: Browser, person: User):
        page = browser.get(self.link(browser, "Modifier"))
        assert self.cancel(page) == self.HERE
        (form,) = page.forms
        review = browser.submit(form, **{"company-acme-role": "administrator"})
        assert self.cancel(review) == self.HERE
        done = browser.submit(review.forms[0], "confirm")
        assert (done.status, done.location) == (303, self.HERE)

    def test_from_correcting_the_address(self, browser: Browser, person: User):
        page = browser.get(f"/users/{person.id}/email", query_string={"next": self.HERE})
        assert self.cancel(page) == self.HERE
        wrong = browser.submit(page.forms[0], email="wrong")
        assert self.cancel(wrong) == self.HERE
        done = browser.submit(wrong.forms[0], email="right@acme.example")
        assert (done.status, done.location) == (303, self.HERE)

    def test_from_cancelling(self, browser: Browser, person: User):
        page = browser.post(f"/users/{person.id}/cancellation", {"ask": "1", "next": self.HERE})
        assert self.cancel(page) == self.HERE
        done = browser.submit(page.forms[0], "confirm")
        assert (done.status, done.location) == (303, self.HERE)

    @pytest.mark.parametrize(
        "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", ""]
    )
    def test_nowhere_else(self, target: str, browser: Browser, person: User):
        """A link that somebody sends leads nobody out of the portal."""
        page = browser.get(f"/users/{person.id}/attachments", query_string={"next": target})
        assert self.cancel(page) == "/users"
        fields = {"next": target, "confirm": "1"}
        assert browser.post(f"/users/{person.id}/attachments", fields).location == "/users"
