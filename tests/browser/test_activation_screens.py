"""From the link of the mail to the portal, screen by screen, whatever became of the link on its way."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPerson
from tests.browser.people import NEW_PASSWORD, PASSWORD, Person, new_address

pytestmark = pytest.mark.browser

ANNE = "anne.durand@acme.example"
ACTIVATION = ["Activez votre compte", "Choisissez votre mot de passe"]
SCREENS = {
    "without script": [*ACTIVATION, "Votre compte est actif", "Connexion", "Utilisateurs"],
    "with script": [*ACTIVATION, "Utilisateurs"],
}
"""Keycloak opens no session after an activation; the theme's script signs in with the password just chosen. The
first screen asks to press before anything happens, for mail scanners open links."""


def screen(person: Person) -> str:
    return person.page.inner_text("h1")


def invited(new_person: NewPerson, role: str = "user") -> tuple[str, str]:
    """The address of somebody new at Acme, who speaks French, and the link of the mail."""
    anne = new_person()
    email = new_address()
    anne.signs_in(ANNE)
    anne.creates(email, acme=(role, "internal"))
    return email, anne.activation_link(email)


def chooses(page: Page, password: str) -> None:
    """Type a password twice and send it."""
    page.fill("#password-new", password)
    page.fill("#password-confirm", password)
    page.click("#kc-submit")


@pytest.mark.parametrize("script", SCREENS)
def test_few_screens_lead_from_the_mail_to_the_portal(new_person: NewPerson, script: str) -> None:
    """The last is the portal, signed in; with script nobody types the password again. After a password that is
    refused the next one counts."""
    email, link = invited(new_person, "administrator")
    emile = new_person(javascript=script == "with script")
    emile.page.goto(link)
    seen = [screen(emile)]
    emile.follows("Continuer")
    emile.page.wait_for_selector("#password-new")
    seen.append(screen(emile))
    chooses(emile.page, email)
    expect(emile.page.locator("main")).to_contain_text("ne peut pas être votre adresse e-mail")
    chooses(emile.page, NEW_PASSWORD)
    if script == "without script":
        emile.page.wait_for_selector("#kc-info-message")
        seen.append(screen(emile))
        emile.follows("Aller au portail")
        emile.page.wait_for_selector("#password")
        seen.append(screen(emile))
        emile.types_password(email, NEW_PASSWORD)
    emile.page.wait_for_url(f"{emile.stack.portal_url}/users")
    seen.append(screen(emile))
    assert seen == SCREENS[script]


def test_signs_the_mail_program_added_are_taken_off(new_person: NewPerson) -> None:
    """Around the key and inside it: the link is read all the same, and opens the first screen."""
    _, link = invited(new_person)
    (key,) = parse_qs(urlsplit(link).query)["key"]
    emile = new_person("en-GB", javascript=True)
    for written in (
        link.replace("=", "=3D"),
        link.replace(key, f"{key[:60]}=%0D%0A{key[60:]}"),
        link.replace(key, f"{key[:60]} {key[60:]}"),
        link.replace(key, f"%3C{key}%3E"),
        link.replace(key, f"{key}»"),
        link.replace("&", "&amp;"),
        link.replace("?", "%3F").replace("=", "%3D"),
    ):
        emile.page.goto(written)
        expect(emile.page.locator("h1")).to_have_text(ACTIVATION[0])


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("cut", "L’adresse ouverte est incomplète"),
        ("damaged", "L’adresse ouverte est incomplète"),
        ("cancelled", "L’invitation a été annulée"),
        ("used", "Ce lien a déjà servi"),
    ],
)
def test_a_dead_link_speaks_the_language_of_its_mail(new_person: NewPerson, how: str, said: str) -> None:
    """Not that of the browser; and its language list shows the same page in the other one."""
    email, link = invited(new_person)
    (key,) = parse_qs(urlsplit(link).query)["key"]
    if how == "cut":
        link = link.split(key)[0] + key[:-9]
    elif how == "damaged":
        link = link.replace(key, f"{key[:200]}x{key[201:]}")
    elif how == "cancelled":
        anne = new_person()
        anne.signs_in(ANNE)
        anne.opens_person(email)
        anne.presses("Annuler l’invitation")
        anne.presses("Annuler l’invitation")
    else:
        new_person().activates(link)
    emile = new_person("en-GB", javascript=True)
    emile.page.goto(link)
    main = emile.page.locator("main")
    expect(main).to_contain_text(said)
    expect(main.get_by_role("link", name="Aller au portail")).to_be_visible()
    emile.page.select_option("#login-select-toggle", label="Anglais (English)")
    emile.page.wait_for_url("**kc_locale=en**")
    expect(main).not_to_contain_text("Invalid")
    expect(main.get_by_role("link", name="Go to the portal")).to_be_visible()


def test_changing_the_password_leads_there_and_back(new_person: NewPerson) -> None:
    """From « Mon profil » to Keycloak's page, which can be left unchanged, and back with the outcome."""
    email, link = invited(new_person)
    emile = new_person(javascript=True)
    emile.activates(link)
    emile.page.wait_for_url("**/profile")
    emile.presses("Modifier mon mot de passe")
    emile.page.click("#kc-cancel")
    expect(emile.page.locator("main")).to_contain_text("Votre mot de passe n’a pas été modifié.")
    emile.presses("Modifier mon mot de passe")
    chooses(emile.page, PASSWORD)
    expect(emile.page.locator("main")).to_contain_text("Votre mot de passe a été modifié.")
    emile.page.locator("form[action='/logout'] button").click()
    expect(emile.page.locator("main")).to_contain_text("Votre session est fermée.")
    emile.signs_in(email, PASSWORD, "/profile")
    expect(emile.page.locator("h1")).to_have_text("Mon profil")


def test_who_has_a_session_passes_the_sign_in(new_person: NewPerson) -> None:
    """The button of the last page leads straight in when Keycloak knows the browser already."""
    anne = new_person()
    anne.signs_in(ANNE)
    anne.page.goto(f"{anne.stack.portal_url}/login")
    assert not anne.is_asked_for_password
