"""From the link of the mail to the portal, screen by screen."""

import re
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import NewPerson
from tests.browser.people import NEW_PASSWORD, Person, new_address
from tests.look.test_axe import violations

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


def judged(person: Person) -> None:
    """The screen has no fault that axe finds, in light and in dark colours."""
    for scheme in ("light", "dark"):
        person.page.emulate_media(color_scheme=scheme)
        person.page.wait_for_timeout(100)  # Keycloak's script takes the scheme over
        assert violations(person.page) == [], f"{screen(person)}, {scheme}"


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


def test_keycloaks_screens_and_the_mail_are_accessible(new_person: NewPerson) -> None:
    """Each on the way, the second factor and the sign-out, in the colours of day and night."""
    anne, emile = new_person(), new_person(javascript=True)
    email = new_address()
    anne.signs_in(ANNE)
    anne.creates(email, acme=("user", "internal"))
    (mail,) = anne.activation_mails_to(email)
    emile.page.set_content(mail["html"])
    judged(emile)
    emile.page.goto(anne.activation_link(email))
    judged(emile)
    emile.follows("Continuer")
    emile.page.fill("#password-new", "court")
    emile.page.fill("#password-confirm", "court")
    emile.presses("Continuer")
    emile.page.wait_for_selector("text=trop court")
    judged(emile)
    emile.page.fill("#password-new", NEW_PASSWORD)
    emile.page.fill("#password-confirm", NEW_PASSWORD)
    emile.presses("Continuer")
    emile.page.wait_for_selector("#kc-info-message")
    judged(emile)
    emile.follows("Aller au portail")
    emile.types_password(email, "faux")
    emile.page.wait_for_selector("text=incorrect")
    judged(emile)
    emile.types_password(email, NEW_PASSWORD)
    emile.page.wait_for_url(re.compile(re.escape(emile.stack.portal_url)))
    emile.opens("/profile")
    emile.presses("Configurer une application de codes")
    emile.page.wait_for_selector("#totp")
    judged(emile)
    emile.page.click("#mode-manual")
    emile.page.wait_for_selector("#kc-totp-secret-key")
    judged(emile)
    realm = f"{emile.stack.keycloak.url}/realms/portal"
    emile.page.goto(f"{realm}/protocol/openid-connect/logout")
    judged(emile)
    emile.page.goto(f"{realm}/login-actions/action-token?key=nothing")
    judged(emile)
