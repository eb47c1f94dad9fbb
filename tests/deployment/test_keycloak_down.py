"""What people see when Keycloak is not there, on the installation of the compose file: it stops and returns."""

import pytest

from tests.browser.conftest import NewPage, new_page
from tests.browser.people import Person, new_address
from tests.deployment.conftest import PASSWORD, Deployed

__all__ = ["new_page"]
pytestmark = [pytest.mark.browser, pytest.mark.postgres]


def test_keycloak_down(new_page: NewPage, deployed: Deployed, administrator: str) -> None:
    """503, what was typed is kept on the page, and one press does it once Keycloak is back."""
    person = Person(new_page(), deployed)
    email = new_address()
    person.signs_in(administrator, PASSWORD)
    person.types_person(email)
    person.ticks("exemple", "user", "external")
    deployed.keycloak.stop()
    try:
        person.presses("Continuer")
        assert "indisponible" in person.page.inner_text("h1")
        assert "Zola" in person.text()
        assert person.page.context.request.get(f"{deployed.portal_url}/users").status == 503
    finally:
        deployed.keycloak.start()
    person.presses("Réessayer")
    person.presses("Créer le compte")
    assert "Utilisateur, Externe" in person.row(email).inner_text()
    assert len(person.mails_to(email)) == 1
