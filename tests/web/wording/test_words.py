"""The words of the contract, on the screen, in French; and how controls are named by them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask

import webapp
from directory.model import Locale, User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.fake_identity import FakeIdentity
from tests.web.html import Element
from tests.web.typed import a_creation, a_row
from webapp.http.context import EXTENSION
from webapp.wording import labels

NOW = datetime.now(UTC)


def people_in_every_state(directory: FakeDirectory) -> dict[str, User]:
    """So that every word and every control is on some page."""
    states = {
        "pending": {"password_required": True, "activation_sent_at": NOW},
        "expired": {"password_required": True, "activation_sent_at": NOW - timedelta(days=31)},
        "not_sent": {"password_required": True},
        "active": {},
        "disabled": {"enabled": False},
    }
    name_of = dict(zip(states, ("Blanc", "Brun", "Gris", "Noir", "Vert"), strict=True))
    return {
        name: directory.add_user(
            a_profile(f"{name}@acme.example", last_name=name_of[name]),
            [an_attachment("acme", external=True)],
            **state,
        )
        for name, state in states.items()
    }


@pytest.fixture(scope="module")
def pages(portal: Flask) -> dict[str, Page]:
    """Every page of the portal, as an administrator meets them; read once, for tests that only look."""
    directory = FakeDirectory(a_company("acme", "Acme Énergie"), a_company("globex", "Globex"))
    identity = FakeIdentity(directory)
    portal.extensions[EXTENSION] = replace(portal.extensions[EXTENSION], directory=directory, identity=identity)
    both = [an_attachment("acme", administrator=True), an_attachment("globex", administrator=True)]
    administrator = directory.add_user(a_profile(), both)
    second = directory.add_user(a_profile(last_name="Petit", first_name="Bruno"), both)
    people = people_in_every_state(directory)
    browser = Browser(portal, identity)
    browser.sign_in(administrator)
    pending, active = people["pending"], people["active"]
    return {
        "list": browser.get("/users"),
        "address": browser.get("/users/new"),
        "address, wrong": browser.post("/users/new", {"email": "x"}),
        "details": browser.post("/users/new", {"email": "new@acme.example"}),
        "details, wrong": browser.post("/users/new", a_creation(last_name="", title="", confirm=False)),
        "details, known": browser.post("/users/new", {"email": active.email}),
        "details, known everywhere": browser.post("/users/new", {"email": second.email}),
        "review": browser.post("/users/new", a_creation(confirm=False)),
        "review, known": browser.post("/users/new", {"email": active.email, **a_row("globex")}),
        "review, nothing": browser.post("/users/new", {"email": active.email, **a_row("acme", external=True)}),
        "rows": browser.get(f"/users/{active.id}/attachments"),
        "rows, unchanged": browser.post(f"/users/{active.id}/attachments", a_row("acme", external=True)),
        "rows, wrong": browser.post(f"/users/{active.id}/attachments", {"company-acme-attached": "1"}),
        "difference": browser.post(f"/users/{active.id}/attachments", a_row("globex")),
        "email": browser.get(f"/users/{pending.id}/email"),
        "email, wrong": browser.post(f"/users/{pending.id}/email", {"email": ""}),
        "cancel": browser.post(f"/users/{pending.id}/cancellation", {"ask": "1"}),
        "resend all": browser.post("/users/activations", {"ask": "1"}),
        "results": browser.follow(browser.post("/users/activations")),
        "profile": browser.get("/profile"),
        "profile, wrong": browser.post("/profile", {}),
        "leave": browser.post("/profile/companies/acme/leaving", {"ask": "1"}),
        "help": browser.get("/help"),
        "not found": browser.get("/nothing-here"),
        "conflict": browser.post(f"/users/{active.id}/activation"),
        "bad request": browser.post("/users/new", {}, token=False),
        "not allowed": browser.get("/logout"),
    }


def controls(page: Page) -> Iterator[tuple[Element, str]]:
    """Each control that a person can use, with its accessible name."""
    for control in page.html.all("a", "button", "input", "select", "textarea"):
        if control["type"] == "hidden":
            continue
        if control["aria-label"]:
            yield control, control["aria-label"]
        elif control.tag in {"a", "button"}:
            yield control, control.text
        else:
            around = control.within("label")
            label = around if around is not None else page.html.one("label", for_=control["id"])
            yield control, label.text


def visible(element: Element) -> str:
    """What is seen of an element: its text without the parts for screen readers only, or what can be chosen."""
    if element.tag == "select":
        return ""
    pieces = [
        child if isinstance(child, str) else "" if "visually-hidden" in child["class"] else visible(child)
        for child in element.children
    ]
    return " ".join("".join(pieces).split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "words"),
    [
        (
            "list",
            ["Utilisateurs", "Ajouter un utilisateur", "Modifier", "Utilisateur", "Administrateur", "Interne",
             "Externe", "En cours d'activation", "Actif", "Expiré", "Mail non envoyé", "Désactivé", "Renvoyer",
             "Mon profil"],
        ),
        ("address", ["Ajouter un utilisateur", "E-mail"]),
        (
            "details",
            ["E-mail", "Nom", "Prénom", "Civilité", "Langue", "M.", "Mme", "Français", "English", "Rattachement",
             "Administrateur", "Utilisateur", "Interne", "Externe"],
        ),
        ("details, known", ["E-mail", "Nom", "Prénom", "Civilité", "Langue", "Rattachement", "Modifier"]),
        ("rows", ["Modifier", "Rattachement", "Administrateur", "Utilisateur", "Interne", "Externe"]),
        ("profile", ["Mon profil", "E-mail", "Nom", "Prénom", "Civilité", "Langue"]),
        ("help", ["Utilisateurs", "Ajouter un utilisateur", "Renvoyer", "En cours d'activation", "Modifier",
                  "Rattachement", "Mon profil", "Administrateur", "Interne", "Externe", "Expiré",
                  "Mail non envoyé"]),
    ],
)  # fmt: skip
def test_words_of_the_contract(page: str, words: list[str], pages: dict[str, Page]):
    """Exactly these words: people, services and scripts rely on them."""
    missing = [word for word in words if word not in pages[page].text]
    assert missing == []


TOLD_APART = {
    "rows": ", active@acme.example",
    "rows, unchanged": ", active@acme.example",
    "difference": " – active@acme.example",
    "email": " – pending@acme.example",
    "cancel": " – pending@acme.example",
}
"""What the titles of pages about one person add: two people may have one name."""


def test_page_titles(pages: dict[str, Page]):
    """The title of a page says what its heading says; one that is wrong says so first."""
    for name, page in pages.items():
        title = page.html.one("title").text
        assert title.endswith(" – Attaché"), name
        if name.endswith("wrong"):
            assert title.startswith("Erreur"), name
            assert page.status == 422
        else:
            assert title == f"{page.h1}{TOLD_APART.get(name, '')} – Attaché", name
    titles = {page.html.one("title").text for page in pages.values()}
    assert len(titles) > 10, "pages are told apart by their titles"


def test_every_page_leads_to_its_help(pages: dict[str, Page]):
    """In its head, by a link that names the task of the guide; but the help itself, and what is nowhere."""
    leading = {
        name: [link["href"] for link in page.main.all("a", class_="help-link")] for name, page in pages.items()
    }
    assert [name for name, links in leading.items() if not links] == ["help", "not found", "not allowed"]
    assert all(len(links) <= 1 for links in leading.values())
    assert leading["list"] == ["/help/list"]
    assert leading["conflict"] == ["/help/resend"], "a refusal too"
    assert pages["list"].main.one("a", class_="help-link").text == "Aide – Trouver des personnes dans la liste"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "12,345 lines, Page 1,234 of 5,000, 1 line"), ("fr", "12 345 lignes, Page 1 234 sur 5 000, 1 ligne")],
)
def test_numbers_are_written_as_the_language_does(app: Flask, language: str, words: str):
    """In templates and in code alike, without a template's having to think of it."""
    lines = "{{ ngettext('%(num)s line', '%(num)s lines', number) }}"
    template = app.jinja_env.from_string(
        lines + ", {{ _('Page %(page)s of %(pages)s', page=1234, pages=5000) }}, " + lines.replace("number", "1")
    )
    with app.test_request_context(headers={"Accept-Language": language}):
        made = template.render(number=12345)
        assert re.sub(r"\s", " ", made) == words
        assert made.startswith(labels.ngettext("%(num)s line", "%(num)s lines", 12345) + ",")
        assert made.endswith(", " + labels.ngettext("%(num)s line", "%(num)s lines", 1))


def test_numbers_and_markup_of_a_value_stay_apart(app: Flask):
    """What is put into a message is escaped once, number or not."""
    template = app.jinja_env.from_string(
        "{{ _('%(filter)s: %(value)s', filter=_('Hello %(name)s,', name='<b> & co'), value=true) }}"
    )
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert template.render() == "Hello &lt;b&gt; &amp; co,: True"


def test_language_can_be_changed_everywhere(pages: dict[str, Page]):
    """Every page offers the other language, errors included."""
    for name, page in pages.items():
        switch = page.html.one("form", action="/language")
        assert switch.one("button")["value"] == "en", name
        assert switch.one("input", name="next")["value"].startswith("/"), name


def test_accessible_names_start_with_the_visible_word(pages: dict[str, Page]):
    """Who speaks to his machine says what he sees."""
    wrong = [
        (name, accessible)
        for name, page in pages.items()
        for control, accessible in controls(page)
        if not accessible.startswith(visible(control))
    ]
    assert wrong == []


def test_controls_of_one_page_are_told_apart(pages: dict[str, Page]):
    """Two links of one name lead to the same place; two buttons of one name send the same form."""
    for name, page in pages.items():
        targets: dict[str, set[str]] = {}
        for control, accessible in controls(page):
            form = control.within("form")
            if control.tag in {"a", "button"}:
                target = control["href"] or (form["action"] if form else "")
                if target.startswith("#"):
                    continue
                targets.setdefault(f"{control.tag} {accessible}", set()).add(target)
        assert {words: where for words, where in targets.items() if len(where) > 1} == {}, name


@pytest.mark.slow
def test_no_english_left_on_a_french_page(pages: dict[str, Page]):
    """No message of the catalogue shows in the language it is written in."""
    source = Path(webapp.__file__).parent / "translations/fr/LC_MESSAGES/messages.po"
    with source.open("rb") as read:
        messages = [str(message.id) for message in read_po(read) if message.id and message.id != message.string]
    plain = [re.compile(rf"(?<!\w){re.escape(text)}(?!\w)") for text in messages if "%" not in text]
    assert len(plain) > 50
    found = {(name, text.pattern) for name, page in pages.items() for text in plain if text.search(page.text)}
    assert found == set()


def test_english_has_the_same_pages(client_for: ClientFor, directory: FakeDirectory):
    """The path is the same; the words are the other language's."""
    people_in_every_state(directory)
    reader = directory.add_user(
        a_profile(locale=Locale.EN), [an_attachment("acme", administrator=True), an_attachment("globex")]
    )
    browser = client_for(reader)
    listed = browser.get("/users")
    assert listed.lang == "en"
    assert listed.h1 == "Users"
    for word in (
        "Add a user",
        "Modify",
        "Activation pending",
        "Expired",
        "Mail not sent",
        "Active",
        "Disabled",
        "Resend",
    ):
        assert word in listed.text
    details = browser.post("/users/new", {"email": "new@acme.example"})
    for word in (
        "E-mail",
        "Last name",
        "First name",
        "Title",
        "Language",
        "Attachment",
        "Administrator",
        "Internal",
    ):
        assert word in details.text


def test_table_stays_a_table(pages: dict[str, Page]):
    """Rows and cells in the markup, each cell with the word of its column for narrow screens."""
    table = pages["list"].html.one("table", class_="users-table")
    columns = len(table.one("thead").all("th", scope="col"))
    for row in table.one("tbody").all("tr"):
        assert len(row.all("th", "td")) == columns
        unnamed = [cell["class"] for cell in row.all("td") if not cell["data-label"]]
        assert unnamed == ["select-cell", "actions-cell"]


def test_every_error_leads_to_its_field(pages: dict[str, Page]):
    """The summary above a form names what is wrong, and each entry leads to a control."""
    for name, page in pages.items():
        if not name.endswith("wrong"):
            continue
        summary = page.html.one(id="error-summary")
        links = [link["href"].removeprefix("#") for link in summary.all("a")]
        assert links, name
        assert links == list(page.errors), name
        for field in links:
            target = page.html.one(id=field)
            assert target.tag in {"input", "fieldset"}, (name, field)


@pytest.mark.parametrize(
    ("path", "current"), [("/users", "page"), ("/users/new", "true"), ("/users/import", "true")]
)
def test_menu_says_where_a_page_belongs(path: str, current: str, browser: Browser):
    """Also where its address only begins like the list's."""
    (link,) = [one for one in browser.get(path).html.one("header").all("a") if one["aria-current"]]
    assert (link.text, link["aria-current"]) == ("Utilisateurs", current)
