"""« Accessibilité »: the statement says what was tested, what was not, and whom to tell."""

from dataclasses import replace

import pytest
from flask import Flask

from tests.web.browser import PORTAL, Browser
from tests.web.conftest import ClientFor
from webapp.http.context import EXTENSION

SAID = {
    "fr": (
        "Accessibilité",
        "partiellement conforme",
        "Ce qui n’est pas testé",
        "l’administrateur de votre société",
    ),
    "en": ("Accessibility", "partially compliant", "What is not tested", "your company’s administrator"),
}


@pytest.mark.parametrize("language", SAID)
def test_is_honest_in_both_languages(language: str, client_for: ClientFor):
    page = client_for(headers={"Accept-Language": language}).get("/accessibility")
    assert page.status == 200
    assert page.lang == language
    heading, *words = SAID[language]
    assert page.h1 == heading
    for said in (*words, "axe-core", "WCAG 2.2", "RGAA 4.1", "Keycloak", "Firefox"):
        assert said in page.main.text


def test_names_the_contact_when_there_is_one(own_app: Flask):
    parts = own_app.extensions[EXTENSION]
    settings = parts.settings.model_copy(update={"privacy_contact": "a@portal.example"})
    own_app.extensions[EXTENSION] = replace(parts, settings=settings)
    text = own_app.test_client().get("/accessibility", base_url=PORTAL).text
    assert 'href="mailto:a@portal.example"' in text
    assert "administrateur de votre société" not in text


def test_is_linked_from_every_page_with_its_state(visitor: Browser, browser: Browser):
    """As French law wants it: « Accessibilité : partiellement conforme »."""
    for page in (visitor.get("/"), browser.get("/users"), browser.get("/nothing-here")):
        links = {link["href"]: link.text for link in page.html.one("footer").all("a")}
        assert (
            links["/accessibility"].replace("\N{NO-BREAK SPACE}", " ") == "Accessibilité : partiellement conforme"
        )
