"""The main story without a mouse, sign-in and sign-out at the real Keycloak included."""

import pytest

from tests.browser.conftest import NewPerson
from tests.browser.people import PASSWORD, new_address
from tests.look.keyboard import Keyboard, creates_modifies_and_detaches

pytestmark = pytest.mark.browser


def test_whole_story_by_keyboard(new_person: NewPerson) -> None:
    """From the sign-in to the sign-out; in the portal every stop on the way can be seen."""
    anne = new_person(javascript=True)
    anne.opens("/users")
    keys = Keyboard(anne.page)
    keys.fills("username", "anne.durand@acme.example")
    keys.fills("password", PASSWORD)
    keys.opens()
    anne.page.wait_for_url("**/users")
    keys.unseen.clear()
    email = new_address()
    creates_modifies_and_detaches(keys, email, "Acme Énergie")
    assert keys.unseen == []
    assert len(anne.activation_mails_to(email)) == 1
    anne.page.reload()
    keys.goes_on("Se déconnecter")
    anne.page.wait_for_selector("header a[href*='/login']")
    assert "Utilisateurs" not in anne.page.inner_text("header")
