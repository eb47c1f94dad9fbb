"""« Mot de passe » on « Mon profil »: to Keycloak's own page, and back with the outcome."""

import pytest

from directory.model import User
from tests.web.browser import Browser
from tests.web.fake_identity import FakeIdentity
from tests.web.identity.test_second_factor import asked_of_keycloak, banners

ADDRESS = "/profile/password"


def test_the_profile_offers_it(browser: Browser) -> None:
    """With a button that needs no script; the advice under the sessions leads to it."""
    page = browser.get("/profile")
    section = page.html.one("section", **{"aria-labelledby": "password"})
    assert section.one("h2").text == "Mot de passe"
    assert [button.text for button in section.all("button")] == ["Modifier mon mot de passe"]
    assert len([form for form in page.forms if form.action == ADDRESS]) == 1
    sessions = page.html.one("section", **{"aria-labelledby": "my-sessions"})
    assert [link.text for link in sessions.all("a", href="#password")] == ["modifiez votre mot de passe"]


def test_it_leads_to_keycloaks_own_page(browser: Browser) -> None:
    """303, with the name of Keycloak's action."""
    page = browser.post(ADDRESS)
    assert page.status == 303
    assert asked_of_keycloak(page)["kc_action"] == "UPDATE_PASSWORD"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("success", "Votre mot de passe a été modifié."),
        ("cancelled", "Votre mot de passe n’a pas été modifié."),
        ("error", "Votre mot de passe n’a pas pu être modifié. Réessayez."),
    ],
)
def test_the_profile_says_how_it_ended(
    status: str, words: str, browser: Browser, identity: FakeIdentity, administrator: User
) -> None:
    """Once, and of the password, not of a second factor."""
    state = asked_of_keycloak(browser.post(ADDRESS))["state"]
    query = {"code": identity.code_for(administrator), "state": state, "kc_action_status": status}
    back = browser.get("/login/callback", query_string=query)
    assert (back.status, back.location) == (302, "/profile")
    assert banners(browser.follow(back)) == [words]
    assert banners(browser.get("/profile")) == []
