"""An invitation with a typing error, and one that was a mistake, in a real browser on the real Keycloak."""

import pytest
import requests

from tests.browser.conftest import NewPerson
from tests.browser.people import NEW_PASSWORD, new_address

pytestmark = pytest.mark.browser

ANNE = "anne.durand@acme.example"


def test_corrected_then_another_cancelled(new_person: NewPerson) -> None:
    """The old mail's link is refused, the new one's activates; whoever is cancelled can do nothing with his."""
    anne, emile = new_person(), new_person()
    wrong, right, mistake = new_address(), new_address(), new_address()
    anne.signs_in(ANNE)
    anne.creates(wrong, acme=("user", "internal"))
    assert "encore 30 jours" in anne.row(wrong).inner_text()
    old_link = anne.activation_link(wrong)
    assert requests.get(old_link, timeout=60).status_code == 200

    anne.opens_person(wrong)
    anne.follows("Corriger l’adresse")
    anne.page.fill("[name=email]", right)
    anne.presses("Corriger et envoyer")
    anne.follows("Retour aux utilisateurs")
    assert anne.row(wrong).count() == 0
    assert "encore 30 jours" in anne.row(right).inner_text()
    assert requests.get(old_link, timeout=60).status_code == 400, "Keycloak refuses the link of the old mail"
    emile.activates(anne.activation_link(right))
    emile.signs_in(right, NEW_PASSWORD, path="/profile")
    assert right in emile.text()

    anne.creates(mistake, acme=("user", "internal"))
    link = anne.activation_link(mistake)
    anne.opens_person(mistake)
    anne.presses("Annuler l’invitation")
    assert mistake in anne.text()
    anne.presses("Annuler l’invitation")
    assert anne.row(mistake).count() == 0
    assert requests.get(link, timeout=60).status_code == 400

    anne.opens("/users")
    assert "Actif" in anne.row(right).inner_text()
    anne.opens_person(right)
    assert anne.page.get_by_role("button", name="Annuler l’invitation").count() == 0
