"""From the link of the mail to the portal, screen by screen."""

from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import NewPerson
from tests.browser.people import NEW_PASSWORD, Person, new_address

pytestmark = pytest.mark.browser

ANNE = "anne.durand@acme.example"
SCREENS = [
    "Activez votre compte",
    "Choisissez votre mot de passe",
    "Votre compte est actif",
    "Connexion",
    "Utilisateurs",
]
"""Keycloak opens no session for who activates, so that he types his password once more; and it asks to press
before anything happens, for mail scanners open links."""


def screen(person: Person) -> str:
    return person.page.inner_text("h1")


@pytest.mark.parametrize("javascript", [False, True], ids=["without", "with"])
def test_five_screens_lead_from_the_mail_to_the_portal(new_person: NewPerson, javascript: bool) -> None:
    """The fifth is the portal, signed in; the third is a single click from its door, and none is the portal's
    welcome."""
    anne = new_person()
    email = new_address()
    anne.signs_in(ANNE)
    anne.creates(email, acme=("administrator", "internal"))
    emile = new_person(javascript=javascript)
    emile.page.goto(anne.activation_link(email))
    seen = [screen(emile)]
    emile.follows("Continuer")
    emile.page.wait_for_selector("#password-new")
    seen.append(screen(emile))
    emile.page.fill("#password-new", NEW_PASSWORD)
    emile.page.fill("#password-confirm", NEW_PASSWORD)
    emile.presses("Continuer")
    emile.page.wait_for_selector("#kc-info-message")
    seen.append(screen(emile))
    emile.follows("Aller au portail")
    emile.page.wait_for_selector("#password")
    seen.append(screen(emile))
    emile.types_password(email, NEW_PASSWORD)
    emile.page.wait_for_url(f"{emile.stack.portal_url}/users")
    seen.append(screen(emile))
    assert seen == SCREENS
    assert urlsplit(emile.page.url).path == "/users"


def test_who_has_a_session_passes_the_sign_in(new_person: NewPerson) -> None:
    """The button of the last page leads straight in when Keycloak knows the browser already."""
    anne = new_person()
    anne.signs_in(ANNE)
    anne.page.goto(f"{anne.stack.portal_url}/login")
    assert not anne.is_asked_for_password
