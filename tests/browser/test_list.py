"""The list, searched and printed in a real browser, without JavaScript."""

import re

import pytest

from tests.browser.conftest import NewPerson

pytestmark = pytest.mark.browser

ANNE = "anne.durand@acme.example"


def test_list_is_searched_filtered_and_printed(new_person: NewPerson) -> None:
    """What is asked for stands in the address and is kept on the way; paper shows the people and no buttons."""
    anne = new_person()
    anne.signs_in(ANNE)
    count = anne.page.get_by_role("status").filter(has_text=re.compile(r"personnes? dans"))
    count.wait_for()

    # Accents and case are ignored; what narrows the list is in sight.
    anne.page.get_by_label("Nom, prénom ou e-mail").fill("DURÀND")
    anne.presses("Rechercher")
    assert "q=DUR" in anne.page.url
    anne.page.get_by_text("trouvée").first.wait_for()
    anne.row(ANNE).wait_for()
    anne.page.get_by_role("search").get_by_label("Rôle").select_option(label="Administrateur")
    anne.presses("Rechercher")
    assert "role=administrator" in anne.page.url
    anne.page.get_by_text("trouvée").first.wait_for()
    anne.row(ANNE).wait_for()
    assert "trouvée" in anne.page.title()

    # « Modifier » and back, and the other language: the same people.
    here = anne.page.url
    anne.follows("Modifier", anne.row(ANNE))
    anne.follows("Annuler")
    anne.page.wait_for_url("**/users?q=DUR%C3%80ND&role=administrator")
    anne.page.goto(here)
    assert anne.page.get_by_role("search").get_by_label("Rôle").input_value() == "administrator"

    # Nobody found: said so, and cleared with one click.
    anne.page.get_by_label("Nom, prénom ou e-mail").fill("personne de ce nom")
    anne.presses("Rechercher")
    anne.page.get_by_role("heading", name="Personne ne correspond").wait_for()
    anne.page.get_by_role("link", name="Effacer les filtres").first.click()
    anne.page.wait_for_url("**/users")

    # Ten kilobytes of search get a page with words.
    answer = anne.opens("/users?q=" + "x" * 10_000)
    assert answer.status == 200
    assert "200 premiers caractères" in anne.text()

    # On paper.
    anne.opens("/users?q=durand&role=administrator")
    assert not anne.page.locator(".print-only").is_visible()
    anne.page.emulate_media(media="print")
    paper = anne.page.locator(".print-only").inner_text()
    assert "/users?q=durand&role=administrator" in paper
    assert "Administrateur" in paper
    assert anne.row(ANNE).get_by_role("rowheader").is_visible()
    assert not anne.row(ANNE).get_by_role("link", name=re.compile("^Modifier")).is_visible()
    assert not anne.page.get_by_role("button", name="Rechercher").is_visible()
