"""Services by the names that people know, wherever the portal speaks of them; without a name, by the id."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask

from directory.model import Locale, Service, User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import SERVICE, Browser
from tests.web.conftest import ClientFor
from webapp.http.context import EXTENSION
from webapp.mail.messages import mails_of
from webapp.records import outbox

DATA = Service(
    "data",
    (("en", "Metering data"), ("fr", "Données de comptage")),
    (("en", "Load curves of your sites"), ("fr", "Courbes de charge de vos sites")),
    f"{SERVICE}/data",
)
FRENCH, ENGLISH = "cataliz, Données de comptage", "cataliz, Metering data"


@pytest.fixture(autouse=True)
def described(directory: FakeDirectory) -> None:
    """One of Acme's two services has texts."""
    acme = a_company("acme", "Acme Énergie", ("cataliz", "data"))
    directory.add_company(replace(acme, described=(DATA,)))


@pytest.fixture
def english(directory: FakeDirectory) -> User:
    return directory.add_user(
        a_profile("helen@acme.example", last_name="Carter", locale=Locale.EN),
        [an_attachment("acme", administrator=True)],
    )


def services_of_acme(browser: Browser, address: str) -> str:
    return browser.get(address).row("Acme").one("td", class_="services-cell").text


def test_in_the_rows(browser: Browser, client_for: ClientFor, english: User, member: User):
    """With the description for who points at it."""
    where = f"/users/{member.id}/attachments"
    assert services_of_acme(browser, where) == "cataliz Données de comptage"
    assert services_of_acme(client_for(english), where) == "cataliz Metering data"
    cell = browser.get(where).row("Acme").one("td", class_="services-cell")
    assert cell.all("li")[1]["title"] == "Courbes de charge de vos sites"


@pytest.mark.usefixtures("english")
def test_in_the_difference_of_one_and_of_several(browser: Browser, member: User):
    for page in (
        browser.post(f"/users/{member.id}/attachments"),
        browser.post("/users/selection", {"user": [member.id], "action": "detach", "company": "acme"}),
    ):
        assert FRENCH in page.main.one("li", class_="difference-item").text


def test_in_the_question_of_an_access_review(browser: Browser, member: User):
    until = (date.today() + timedelta(days=20)).isoformat()
    review = browser.post("/reviews", {"company": "acme", "until": until, "undecided": "keep"}).location or ""
    page = browser.post(review, {"user": member.id, "decision": "detach"})
    assert FRENCH in page.main.text


def test_in_my_profile_and_when_leaving(client_for: ClientFor, member: User):
    """With the description and the address of the service."""
    holder = client_for(member)
    page = holder.get("/profile")
    assert "cataliz Données de comptage Courbes de charge de vos sites" in page.main.text
    assert f"{SERVICE}/data" in [link["href"] for link in page.main.all("a")]
    assert FRENCH in holder.post("/profile/companies/acme/leaving", {"ask": "1"}).main.text


def test_in_the_mails_each_in_the_readers_language(
    app: Flask, browser: Browser, directory: FakeDirectory, english: User, member: User
):
    browser.post(f"/users/{member.id}/attachments", {"confirm": "1"})
    parts = app.extensions[EXTENSION]
    notice = outbox.take_notice(parts.database)
    assert notice is not None
    with app.app_context():
        texts = {mail.recipient: mail.text for mail in mails_of(directory, parts.settings, notice)}
    assert FRENCH in texts[member.email]
    assert ENGLISH in texts[english.email]
