"""What people see when Keycloak is not there, on a real one of the test's own, which stops and returns."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.ports import Ports
from sandbox.stack import Stack
from tests.browser.conftest import NewPage
from tests.browser.people import Person, new_address

pytestmark = pytest.mark.browser

THOMAS = "thomas.dubois@flandre.example"
COMPANY = "flandre-chaleur"


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Stack]:
    with Stack(tmp_path, Ports.free(), with_service=False) as running:
        yield running


def test_keycloak_down(new_page: NewPage, own_stack: Stack) -> None:
    """503, what was typed is kept on the page, and one press does it once Keycloak is back."""
    thomas = Person(new_page(), own_stack)
    email = new_address()
    thomas.signs_in(THOMAS)
    thomas.types_person(email)
    thomas.ticks(COMPANY, "user", "external")
    own_stack.keycloak.stop()
    try:
        thomas.presses("Continuer")
        assert "indisponible" in thomas.page.inner_text("h1")
        assert "Zola" in thomas.text()
        assert thomas.page.context.request.get(f"{own_stack.portal_url}/users").status == 503
    finally:
        own_stack.keycloak.start()
    thomas.presses("Réessayer")
    thomas.presses("Créer le compte")
    assert "Utilisateur, Externe" in thomas.row(email).inner_text()
    assert len(thomas.mails_to(email)) == 1
