"""A second factor in a real Chromium: codes computed here, a passkey of a virtual device, and the switch."""

import re
from collections.abc import Iterator

import pytest

from sandbox.content import REALM, REALM_FILE
from sandbox.stack import Stack
from tests.browser.conftest import NewPerson
from tests.browser.people import NEW_PASSWORD, PASSWORD, Person, new_address
from tests.browser.second_factors import Device, code_of, sets_up_codes, signs_out
from tests.contract.realm import Admin

pytestmark = pytest.mark.browser

SWITCH = "SECOND_FACTOR_OF_ADMINISTRATORS"


@pytest.fixture(scope="module")
def required(stack: Stack) -> Iterator[None]:
    """The switch is on, by the provisioner; off again afterwards, for everybody else."""
    stack.apply(REALM_FILE, name="switch-on", settings={SWITCH: "CONDITIONAL"})
    yield
    stack.apply(REALM_FILE, name="switch-off")


def becomes_someone(stack: Stack, *groups: str) -> str:
    """An active account of Acme with a password and nothing else; its address."""
    email = new_address()
    body = {
        "username": email,
        "email": email,
        "firstName": "Émile",
        "lastName": "Zola",
        "enabled": True,
        "emailVerified": True,
        "attributes": {"locale": ["fr"], "title": ["m"]},
        "groups": ["/acme", *groups],
        "credentials": [{"type": "password", "value": PASSWORD}],
    }
    Admin(stack.keycloak.url, REALM).post("/users", json=body).raise_for_status()
    return email


def is_at(person: Person, path: str) -> bool:
    return person.page.url.removeprefix(person.stack.portal_url) == path


def test_turning_back_changes_nothing(new_person: NewPerson, stack: Stack) -> None:
    """« Annuler » on Keycloak's page leads back to the profile, which says so; without JavaScript too."""
    person = new_person()
    email = becomes_someone(stack)
    person.signs_in(email, path="/profile")
    person.presses("Configurer une application d’authentification")
    person.page.click("#cancelTOTPBtn")
    person.page.wait_for_load_state()
    assert is_at(person, "/profile")
    assert "Rien n’a été configuré" in person.text()
    signs_out(person)
    person.signs_in(email, path="/profile")
    assert is_at(person, "/profile")


def test_without_the_switch_an_administrator_signs_in_as_before(new_person: NewPerson, stack: Stack) -> None:
    """The password, and he is in."""
    person = new_person()
    person.signs_in(becomes_someone(stack, "/acme/administrators"))
    assert is_at(person, "/users")


def test_a_new_password_by_mail_is_no_way_around_it(new_person: NewPerson, stack: Stack) -> None:
    """Who reads the mails of somebody with codes gets no session by « Mot de passe oublié », and no new codes."""
    emile, thief, used = new_person(javascript=True), new_person(javascript=True), set[int]()
    email = becomes_someone(stack)
    emile.signs_in(email, path="/profile")
    emile.presses("Configurer une application d’authentification")
    sets_up_codes(emile, used)
    assert is_at(emile, "/profile")

    thief.opens("/profile")
    thief.page.click("a[href*='reset-credentials']")
    thief.page.fill("#username", email)
    thief.page.click("[type=submit]")
    (mail,) = thief.mails_to(email)
    link = re.search(r"http\S+/login-actions/action-token\S+", mail["text"])
    assert link
    thief.page.goto(link[0])
    thief.page.fill("#password-new", NEW_PASSWORD)
    thief.page.fill("#password-confirm", NEW_PASSWORD)
    thief.page.click("[type=submit]")
    thief.page.wait_for_load_state()
    thief.opens("/profile")
    assert thief.is_asked_for_password, "the mail opened no session"
    thief.types_password(email, NEW_PASSWORD)
    assert thief.page.locator("#otp").count() == 1
    thief.opens("/profile")
    assert thief.page.url.startswith(stack.keycloak.url)


def test_an_administrator_is_led_to_set_codes_up(new_person: NewPerson, stack: Stack, required: None) -> None:
    """After his password, once; from then on the password alone opens nothing, here and at the services."""
    emile, thief, used = new_person(javascript=True), new_person(), set[int]()
    email = becomes_someone(stack, "/acme/administrators")
    emile.signs_in(email)
    assert "application d’authentification" in emile.text()
    emile.opens("/users")
    assert emile.page.url.startswith(stack.keycloak.url), "going elsewhere is no way around it"
    emile.types_password(email)
    secret = sets_up_codes(emile, used)
    assert is_at(emile, "/users")

    signs_out(emile)
    emile.signs_in(email)
    emile.page.fill("#otp", code_of(secret, used))
    emile.page.click("#kc-login")
    emile.page.wait_for_load_state()
    assert is_at(emile, "/users")
    emile.opens_service("/favourites")
    assert emile.page.url == f"{stack.service_url}/favourites", "one sign-in for all"

    thief.signs_in(email)
    thief.page.fill("#otp", "000000")
    thief.page.click("#kc-login")
    thief.page.wait_for_load_state()
    assert thief.page.locator("#otp").count() == 1
    thief.opens("/users")
    assert thief.page.url.startswith(stack.keycloak.url)
    thief.opens_service("/favourites")
    assert thief.page.url.startswith(stack.keycloak.url)


def test_a_plain_member_is_not_asked(new_person: NewPerson, stack: Stack, required: None) -> None:
    """The switch is about administrators: for anybody else a sign-in has as many steps as before."""
    person = new_person()
    person.signs_in(becomes_someone(stack), path="/profile")
    assert is_at(person, "/profile")


def test_a_passkey_of_ones_own_accord(new_person: NewPerson, stack: Stack, required: None) -> None:
    """From « Mon profil », by anybody; it is asked for at the next sign-in, and is enough for an administrator."""
    person = new_person(javascript=True)
    person.page.on("dialog", lambda dialog: dialog.accept("Ordinateur"))
    Device(person)
    email = becomes_someone(stack)
    person.signs_in(email, path="/profile")
    person.presses("Ajouter une clé d’accès")
    person.clicks_once_loaded("#registerWebAuthn")
    person.page.wait_for_url(f"{stack.portal_url}/profile")
    assert "Le second facteur est configuré" in person.text()

    keycloak = Admin(stack.keycloak.url, REALM)
    (account,) = keycloak.get("/users", params={"email": email, "exact": "true"}).json()
    administrators = keycloak.get("/group-by-path/acme/administrators").json()
    keycloak.put(f"/users/{account['id']}/groups/{administrators['id']}").raise_for_status()
    signs_out(person)
    person.signs_in(email)
    assert person.page.url.startswith(stack.keycloak.url)
    person.clicks_once_loaded("#authenticateWebAuthnButton")
    person.page.wait_for_url(f"{stack.portal_url}/users")
