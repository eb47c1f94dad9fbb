"""People of one name are told apart: controls and titles carry the address; and whom to ask is said."""

import pytest
from flask import Flask

from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import PORTAL, Browser
from tests.web.fake_identity import FakeIdentity
from tests.web.html import Element, parse
from webapp.app import create_app
from webapp.http.context import EXTENSION
from webapp.settings import Settings

EMAILS = ("jean.martin@acme.example", "jean.martin@globex.example")


@pytest.fixture
def namesakes(directory: FakeDirectory) -> list[User]:
    """Two people of one name whose mails could not be sent."""
    return [
        directory.add_user(
            a_profile(email, last_name="Martin", first_name="Jean"),
            [an_attachment("acme")],
            password_required=True,
        )
        for email in EMAILS
    ]


def test_controls_of_the_list(browser: Browser, namesakes: list[User]):
    """Every link and button of a row starts with its visible word and has the address in its name."""
    page = browser.get("/users")
    for email in EMAILS:
        controls: list[Element] = page.row(email).all("a", "button")
        assert len(controls) == 3
        for control in controls:
            assert email in control.text, control.text
        person, *others = controls
        assert person.text.startswith("Martin Jean")
        assert {control.text.partition(" – ")[0] for control in others} == {"Modifier", "Renvoyer"}


def test_titles(browser: Browser, namesakes: list[User]):
    """Of the pages about one person."""
    user = namesakes[0]
    pages = [
        browser.get(f"/users/{user.id}/attachments"),
        browser.get(f"/users/{user.id}/email"),
        browser.post(f"/users/{user.id}/cancellation", {"ask": "1"}),
        browser.post(f"/users/{user.id}/attachments", {}),
    ]
    for page in pages:
        assert page.status == 200
        assert user.email in page.html.one("title").text


def test_next_mail_is_not_possible_yet(browser: Browser, namesakes: list[User]):
    """The button is disabled, with the time beside it, instead of a refusal after the click."""
    user = namesakes[0]
    assert browser.post(f"/users/{user.id}/activation").status == 303
    row = browser.get("/users").row(user.email)
    assert "disabled" in row.one("form", action=f"/users/{user.id}/activation").one("button")
    assert "Prochain" in row.text
    other = browser.get("/users").row(namesakes[1].email)
    assert "disabled" not in other.one("form", action=f"/users/{namesakes[1].id}/activation").one("button")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/help", "/personal-data", "/nothing-here"])
@pytest.mark.parametrize(
    ("contact", "href"),
    [
        ("help@portal.example", "mailto:help@portal.example"),
        ("https://portal.example/help", "https://portal.example/help"),
        ("poste 1234", ""),
        ("", ""),
    ],
)
def test_contact_of_the_operator(contact: str, href: str, path: str, app: Flask, directory: FakeDirectory):
    """The setting is shown on the help, on personal data and on errors; without it nothing is."""
    settings: Settings = app.extensions[EXTENSION].settings.model_copy(update={"operator_contact": contact})
    own = create_app(settings, directory=directory, identity=FakeIdentity(directory))
    with own.test_client().get(path, base_url=PORTAL) as response:
        page, _problems = parse(response.get_data(as_text=True))
    own.extensions[EXTENSION].database.engine.dispose()
    found = page.one("main").all("p", class_="operator-contact")
    assert bool(found) == bool(contact)
    assert not contact or contact in found[0].text
    assert not href or found[0].one("a")["href"] == href
