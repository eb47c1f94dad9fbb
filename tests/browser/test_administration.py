"""What administrators do to each other's knowledge: the mails, the journal, and a change made meanwhile."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.people import Person, new_address
from tests.waiting import until

pytestmark = pytest.mark.browser

ANNE = "anne.durand@acme.example"
MARC = "marc.lefevre@acme.example"
COMPANY = "acme"


def subjects(person: Person, email: str) -> list[str]:
    return [mail["subject"] for mail in person.mails_to(email)]


def test_change_is_told_and_written_down(new_person: NewPerson) -> None:
    """Created, changed, detached: the person and the other administrator get mails, the journal has it all."""
    anne, email = new_person(), new_address()
    anne.signs_in(ANNE)
    anne.creates(email, **{COMPANY: ("user", "internal")})
    told = "Acme Énergie : un compte a été créé pour Émile Zola"
    until(lambda: told in subjects(anne, MARC), "the other administrator is told", seconds=30)

    anne.follows("Modifier", anne.row(email))
    anne.ticks(COMPANY, "administrator", "external")
    anne.presses("Continuer")
    assert "Utilisateur → Administrateur" in anne.text()
    anne.presses("Confirmer")
    changed = "Votre rattachement à Acme Énergie a changé"
    until(lambda: changed in subjects(anne, email), "the person is told", seconds=30)
    (mail,) = [mail for mail in anne.mails_to(email) if mail["subject"] == changed]
    assert "Utilisateur, Interne → Administrateur, Externe" in mail["text"]
    assert "Utilisateur, Interne → Administrateur, Externe" in mail["html"]
    assert mail["from"].endswith("no-reply@portal.example>") or mail["from"] == "no-reply@portal.example"
    told_of_acme = [mail for mail in anne.mails() if mail["subject"].startswith("Acme Énergie :")]
    assert told_of_acme
    assert ANNE not in [to for mail in told_of_acme for to in mail["to"]]

    anne.follows("Journal", anne.page.locator("header"))
    anne.page.fill("[name=q]", email)
    anne.presses("Rechercher")
    assert [anne.page.locator("tbody tr strong").nth(n).inner_text() for n in range(2)] == [
        "Modifié",
        "Compte créé",
    ]
    row = anne.page.locator("tbody tr").first
    for words in ("Anne Durand", "Émile Zola", "Utilisateur, Interne → Administrateur, Externe"):
        assert words in row.inner_text()
    with anne.page.expect_download() as file:
        anne.follows("CSV")
    assert email in file.value.path().read_text(encoding="utf-8-sig")


def test_changed_meanwhile(new_person: NewPerson) -> None:
    """Two administrators open the same boxes; the second to confirm is shown what the first one did."""
    anne, marc, email = new_person(), new_person(), new_address()
    anne.signs_in(ANNE)
    marc.signs_in(MARC)
    anne.creates(email, **{COMPANY: ("user", "internal")})
    for one in (anne, marc):
        one.opens("/users")
        one.follows("Modifier", one.row(email))
    marc.ticks(COMPANY, affiliation="external")
    marc.presses("Continuer")
    marc.presses("Confirmer")
    anne.ticks(COMPANY, role="administrator")
    anne.presses("Continuer")
    banner = anne.page.locator(".banner-error")
    expect(banner).to_contain_text("Quelqu’un d’autre a modifié cette personne entre-temps")
    expect(banner).to_contain_text("Utilisateur, Interne → Utilisateur, Externe (Marc Lefèvre)")
    anne.ticks(COMPANY, role="administrator")
    anne.presses("Continuer")
    anne.presses("Confirmer")
    expect(anne.row(email)).to_contain_text("Administrateur, Externe")
