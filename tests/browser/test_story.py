"""The help page of the origin, done by people in a real browser, without JavaScript."""

import base64
import json
import re

import pytest

from directory.model import ACTIVATION_LIFESPAN
from tests.browser.conftest import NewPerson
from tests.browser.people import NEW_PASSWORD, new_address

pytestmark = pytest.mark.browser

ANNE = "anne.durand@acme.example"


def test_whole_story(new_person: NewPerson) -> None:
    """An administrator does everything the help page describes, and it takes effect where it should."""
    anne, emile = new_person(), new_person()
    email = new_address()

    # She creates an account at two of her companies.
    anne.signs_in(ANNE)
    anne.creates(email, acme=("administrator", "internal"), borea=("user", "external"))
    row = anne.row(email)
    assert row.get_by_role("rowheader").inner_text().split() == ["Zola", "Émile", email]
    words = row.inner_text()
    assert "En cours d'activation" in words
    assert "Acme Énergie" in words
    assert "Administrateur, Interne" in words
    assert "Utilisateur, Externe" in words

    # The mail is there; its link works exactly thirty days.
    (mail,) = anne.mails_to(email)
    assert "30" in mail["text"]
    link = anne.activation_link(email)
    claims = link.split("key=", 1)[1].split(".")[1]
    token = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert token["exp"] - token["iat"] == ACTIVATION_LIFESPAN.total_seconds()

    # He opens it, chooses a password, and gets to the portal with it; then to the service without another one.
    emile.activates(link)
    emile.opens("/users")
    if emile.is_asked_for_password:
        emile.types_password(email, NEW_PASSWORD)
    assert "Utilisateurs" in emile.page.inner_text("h1")
    emile.opens_service("/login")
    assert not emile.is_asked_for_password
    assert emile.opens_service("/companies/acme/data").status == 200
    assert emile.opens_service("/companies/borea/data").status == 200
    assert emile.opens_service("/companies/estuaire/data").status == 403

    # Made an administrator, he has the rights of the one who made him, at that company only.
    emile.opens("/users")
    assert "lea.petit@acme.example" in emile.text()
    assert "paul.leroy@borea.example" not in emile.text()

    # « Modifier »: no longer administrator at the one, detached from the other.
    anne.opens("/users")
    assert "Actif" in anne.row(email).inner_text()
    anne.follows("Modifier", anne.row(email))
    anne.ticks("acme", role="user")
    anne.unticks("borea")
    anne.presses("Continuer")
    assert "Boréa Éolien" in anne.text()
    anne.presses("Confirmer")
    assert emile.opens("/users").status == 403, "a removed administrator is refused on his next request"

    # Detached from everything, he keeps his account and what is public. How soon a tab left open at the service
    # feels it is measured in `test_newcomer.py`; whoever signs in anew feels it at once.
    assert emile.opens_service("/companies/acme/data").status == 200
    anne.follows("Modifier", anne.row(email))
    anne.unticks("acme")
    anne.presses("Continuer")
    anne.presses("Confirmer")
    assert anne.row(email).count() == 0
    elsewhere = new_person()
    elsewhere.opens_service("/login")
    elsewhere.types_password(email, NEW_PASSWORD)
    assert elsewhere.opens_service("/companies/acme/data").status == 403
    for path in ("/", "/favourites", "/downloads/pointes-mensuelles.csv"):
        assert emile.page.context.request.get(emile.stack.service_url + path).status == 200, path
    assert emile.opens_service("/favourites").status == 200
    assert not emile.is_asked_for_password

    # She finds him again by his address: names shown, nothing to type, no second mail.
    anne.follows("Ajouter un utilisateur")
    anne.page.fill("[name=email]", email.upper())
    anne.presses("Continuer")
    assert "Zola" in anne.text()
    assert anne.page.locator("[name=last_name]").count() == 0
    anne.ticks("borea", "user", "internal")
    anne.presses("Continuer")
    anne.presses("Rattacher")
    assert "Utilisateur, Interne" in anne.row(email).inner_text()
    assert len(anne.activation_mails_to(email)) == 1

    # « Mon profil »: his name changes, his address does not.
    emile.opens("/profile")
    assert emile.page.locator("[name=email]").count() == 0
    emile.page.fill("[name=first_name]", "Émilien")
    emile.presses("Enregistrer")
    assert emile.page.input_value("[name=first_name]") == "Émilien"
    token = emile.page.locator("main [name=csrf_token]").first.get_attribute("value")
    forged = {"csrf_token": token or "", "email": new_address(), "title": "m", "locale": "fr"}
    emile.page.context.request.post(
        f"{emile.stack.portal_url}/profile",
        form={**forged, "last_name": "Zola", "first_name": "Émilien"},
        headers={"Referer": emile.stack.portal_url},
    )
    emile.opens("/profile")
    assert email in emile.text()
    assert forged["email"] not in emile.text()
    anne.opens("/users")
    assert "Émilien" in anne.row(email).inner_text()


def test_resend_and_old_link(new_person: NewPerson) -> None:
    """A second mail within a minute is refused; once active, no old link changes anything."""
    anne, emile, thief = new_person(), new_person(), new_person()
    email = new_address()
    anne.signs_in(ANNE)
    anne.creates(email, acme=("user", "internal"))
    resend = anne.row(email).get_by_role("button", name=re.compile("^Renvoyer"))
    assert resend.is_disabled(), "its time is beside it"
    assert len(anne.mails_to(email)) == 1
    link = anne.activation_link(email)
    emile.activates(link)

    thief.page.goto(link)
    again = thief.page.locator("#kc-info-message a, #kc-content-wrapper a").first
    if again.count():
        again.click()
        thief.page.wait_for_load_state()
    assert thief.page.locator("#password-new").count() == 0, "an old link offers no password form"
    thief.signs_in(email, "un-autre-mot-de-passe-2026")
    assert thief.is_asked_for_password, "the password is the one that was chosen first"
    thief.types_password(email, NEW_PASSWORD)
    assert not thief.is_asked_for_password

    anne.opens("/users")
    assert anne.row(email).get_by_role("button", name="Renvoyer").count() == 0


def test_language_is_remembered(new_person: NewPerson) -> None:
    """The switch keeps the page, changes the words at once, and is there again at the next sign-in."""
    claire = new_person()
    claire.signs_in("claire.fontaine@estuaire.example")
    assert claire.page.inner_text("h1") == "Utilisateurs"
    claire.page.get_by_role("banner").get_by_role("button", name="English").click()
    claire.page.wait_for_load_state()
    assert claire.page.inner_text("h1") == "Users"
    elsewhere = new_person()
    elsewhere.signs_in("claire.fontaine@estuaire.example")
    assert elsewhere.page.inner_text("h1") == "Users"
    elsewhere.page.get_by_role("banner").get_by_role("button", name="Français").click()
    elsewhere.page.wait_for_load_state()
    assert elsewhere.page.inner_text("h1") == "Utilisateurs"


def test_sign_out_everywhere(new_person: NewPerson) -> None:
    """Signing out of the portal ends the single sign-on session, and the service's with it."""
    lea = new_person()
    lea.signs_in("lea.petit@acme.example", path="/profile")
    lea.opens_service("/login")
    assert lea.opens_service("/companies/acme/data").status == 200
    lea.opens("/profile")
    lea.page.get_by_role("banner").get_by_role("button", name="Se déconnecter").click()
    lea.opens("/profile")
    assert lea.is_asked_for_password
    lea.opens_service("/companies/acme/data")
    assert lea.is_asked_for_password


def test_attached_nowhere(new_person: NewPerson) -> None:
    """Who is attached nowhere signs in everywhere and gets what is public; the list is not for him."""
    theo = new_person()
    theo.signs_in("theo.girard@ailleurs.example", path="/profile")
    assert theo.page.inner_text("h1") == "Mon profil"
    answer = theo.opens("/users")
    assert answer.status == 403
    theo.opens_service("/login")
    assert theo.opens_service("/").status == 200
    assert theo.opens_service("/companies/acme/data").status == 403
