"""How soon a detachment is felt at a service, by somebody who left a tab open there."""

import time

import pytest

from tests.browser.conftest import NewPerson
from tests.browser.people import NEW_PASSWORD, new_address

pytestmark = pytest.mark.browser

ANNE = "anne.durand@acme.example"
PROMISED = 60.0
"""Seconds after which the rights at a service are those of Keycloak (the contract of the sample service)."""


def test_detached_with_the_tab_left_open(new_person: NewPerson, request: pytest.FixtureRequest) -> None:
    """The company's data answer 403 within the promised time; public data, favourites and the account stay."""
    anne, emile = new_person(), new_person()
    email = new_address()
    anne.signs_in(ANNE)
    anne.creates(email, acme=("user", "internal"))
    emile.activates(anne.activation_link(email))
    emile.opens_service("/login")
    if emile.is_asked_for_password:
        emile.types_password(email, NEW_PASSWORD)
    assert emile.opens_service("/companies/acme/data").status == 200

    anne.opens("/users")
    anne.follows("Modifier", anne.row(email))
    anne.unticks("acme")
    anne.presses("Continuer")
    anne.presses("Confirmer")
    detached = time.monotonic()
    assert anne.row(email).count() == 0

    status = 200
    while status == 200 and time.monotonic() - detached < 2 * PROMISED:
        emile.page.wait_for_timeout(500)
        answer = emile.page.reload()
        assert answer is not None
        status = answer.status
    felt = time.monotonic() - detached
    request.config.get_terminal_writer().line(f"\ndetached; felt at the service after {felt:.1f} s")
    assert status == 403
    assert felt <= PROMISED

    for path in ("/", "/favourites", "/downloads/pointes-mensuelles.csv"):
        assert emile.page.context.request.get(emile.stack.service_url + path).status == 200, path
    emile.opens("/profile")
    assert not emile.is_asked_for_password, "the account is as active as before"
    assert email in emile.text()
