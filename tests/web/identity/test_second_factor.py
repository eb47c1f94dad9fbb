"""« Double authentification » on « Mon profil »: off to Keycloak's own pages, and back with a word on the end."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from directory.model import Locale, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.fake_identity import ISSUER, FakeIdentity

ADDRESS = "/profile/second-factor"
KINDS = {"code": "CONFIGURE_TOTP", "passkey": "webauthn-register"}


def asked_of_keycloak(page: Page) -> dict[str, str]:
    assert (page.location or "").startswith(f"{ISSUER}/protocol/openid-connect/auth?")
    return {name: values[0] for name, values in parse_qs(urlsplit(page.location or "").query).items()}


def comes_back(browser: Browser, identity: FakeIdentity, person: User, kind: str, **told: str) -> Page:
    """Chooses a kind, does something at Keycloak, and is led on by the portal."""
    asked = asked_of_keycloak(browser.post(ADDRESS, {"kind": kind}))
    query = {"code": identity.code_for(person), "state": asked["state"], **told}
    browser._token = None
    back = browser.get("/login/callback", query_string=query)
    assert (back.status, back.location) == (302, "/profile")
    return browser.follow(back)


def banners(page: Page) -> list[str]:
    return [element.text for element in page.main.all("div", **{"class": "banner-text"})]


def test_the_section_offers_both(client_for: ClientFor, member: User):
    """To everybody, administrator or not: two buttons that need no script."""
    page = client_for(member).get("/profile")
    section = page.html.one("section", **{"aria-labelledby": "second-factor"})
    assert section.one("h2").text == "Double authentification"
    assert [button.text for button in section.all("button")] == [
        "Configurer une application d’authentification",
        "Ajouter une clé d’accès (passkey)",
    ]
    forms = [form for form in page.forms if form.action == ADDRESS]
    assert [form.fields["kind"] for form in forms] == list(KINDS)
    assert all(form.fields["csrf_token"] for form in forms)


@pytest.mark.parametrize("kind", KINDS)
def test_leads_to_keycloaks_own_set_up(kind: str, browser: Browser):
    """303, with the name of Keycloak's action, and a state of its own each time."""
    pages = [browser.post(ADDRESS, {"kind": kind}) for _ in range(2)]
    assert [page.status for page in pages] == [303, 303]
    first, second = map(asked_of_keycloak, pages)
    assert first["kc_action"] == second["kc_action"] == KINDS[kind]
    assert first["state"] != second["state"]


def test_signing_in_asks_for_no_action(visitor: Browser):
    assert "kc_action" not in asked_of_keycloak(visitor.get("/login"))


@pytest.mark.parametrize("fields", [{}, {"kind": ""}, {"kind": "CONFIGURE_TOTP"}, {"kind": "delete_account"}])
def test_other_actions_cannot_be_had(fields: dict[str, str], browser: Browser):
    """Keycloak knows other actions, which for instance delete the account: this address leads to none of them."""
    page = browser.post(ADDRESS, fields)
    assert (page.status, page.location) == (422, None)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("success", "configuré"),
        ("cancelled", "rien n’a été configuré"),
        ("error", "n’a pas pu être configuré"),
        ("<script>", "n’a pas pu être configuré"),
    ],
)
def test_how_it_ended_is_told_on_the_profile(
    status: str, words: str, browser: Browser, identity: FakeIdentity, administrator: User
):
    """Once, and never in words that came with the address."""
    page = comes_back(browser, identity, administrator, "code", kc_action_status=status)
    (banner,) = banners(page)
    assert words in banner.casefold()
    assert "script>" not in banner
    assert banners(browser.get("/profile")) == []


def test_it_is_told_in_the_persons_language(
    client_for: ClientFor, identity: FakeIdentity, directory: FakeDirectory
):
    """Not in that of the browser."""
    profile = replace(a_profile("ed.english@acme.example"), locale=Locale.EN)
    person = directory.add_user(profile, [an_attachment("acme")])
    browser = client_for(person, {"Accept-Language": "fr"})
    (banner,) = banners(comes_back(browser, identity, person, "code", kc_action_status="success"))
    assert banner.startswith("The second factor is set up")


def test_the_session_goes_on_under_a_new_id(browser: Browser, identity: FakeIdentity, administrator: User):
    """Coming back is a sign-in: the cookie of before is nobody's."""
    before = browser.cookie
    comes_back(browser, identity, administrator, "passkey", kc_action_status="success")
    assert browser.cookie != before
    assert browser.get("/users").status == 200
    browser.cookie = before
    assert browser.get("/users").status == 302


def test_nothing_is_told_to_somebody_else(browser: Browser, identity: FakeIdentity, member: User):
    """Another person who signed in at Keycloak meanwhile: his sign-in, and no word of what he did not do."""
    page = comes_back(browser, identity, member, "code", kc_action_status="success")
    assert banners(page) == []


def test_a_word_in_the_address_alone_tells_nothing(visitor: Browser, identity: FakeIdentity, administrator: User):
    """A sign-in that asked for no action ends without one, whatever its address says."""
    state = asked_of_keycloak(visitor.get("/login"))["state"]
    query = {"code": identity.code_for(administrator), "state": state, "kc_action_status": "success"}
    visitor.get("/login/callback", query_string=query)
    assert banners(visitor.get("/profile")) == []


def test_keycloak_down(browser: Browser, identity: FakeIdentity):
    """503 in words, with `Retry-After`."""
    identity.down = True
    page = browser.post(ADDRESS, {"kind": "code"})
    assert page.status == 503
    assert int(page.headers["Retry-After"]) > 0


def test_needs_the_token_of_the_form(browser: Browser):
    assert browser.post(ADDRESS, {"kind": "code"}, token=False).status == 400
