"""The language goes along to Keycloak's pages."""

import re
from collections.abc import Iterator

import pytest
import requests

from tests.keycloak.provisioner.realms import TestRealm
from tests.keycloak.sign_in.test_answers import Site, Visitor, the_portal

pytestmark = pytest.mark.keycloak
WORDS = {"fr": "Se connecter", "en": "Sign In"}


@pytest.fixture(scope="module")
def portal(shared_realm: TestRealm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from the_portal(shared_realm, tmp_path_factory.mktemp("portal"))


def sign_in_page(visitor: Visitor, browser: str) -> str:
    """Keycloak's page, as a browser of that language is shown it."""
    asked = visitor.asks()
    return requests.get(visitor.keycloak, params=asked, headers={"Accept-Language": browser}, timeout=30).text


@pytest.mark.parametrize(("browser", "chosen"), [("fr", "en"), ("en", "fr")])
def test_the_sign_in_page_is_in_the_language_that_was_chosen(portal: Site, browser: str, chosen: str):
    """Before it the page is in the browser's, here and there; the choice is worth more."""
    visitor = portal.visitor()
    page = visitor.client.get("/help", base_url=portal.url, headers={"Accept-Language": browser}).text
    assert f'<html lang="{browser}"' in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    fields = {"locale": chosen, "next": "/help", "csrf_token": token[1]}
    assert visitor.client.post("/language", data=fields, base_url=portal.url).status_code == 303

    shown = sign_in_page(visitor, browser)
    assert re.search(r'<html[^>]* lang="([a-z]+)"', shown)[1] == chosen  # type: ignore[index]
    assert WORDS[chosen].lower() in shown.lower()
    assert WORDS[browser].lower() not in shown.lower()
