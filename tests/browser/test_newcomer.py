"""The five minutes of both READMEs, step by step: every word they quote is on the screen where they say so."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NewPerson
from tests.browser.people import NEW_PASSWORD, PASSWORD, PROMISED, Person, new_address

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PATHS = {"README.md": "### Five minutes with the demo", "README.fr.md": "### Cinq minutes avec la démo"}
ANNE = "anne.durand@acme.example"
FIELDS = {"Nom": "Zola", "Prénom": "Émile"}


def path_of(readme: str) -> str:
    """The section of a README, up to the next heading."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    return text.split(PATHS[readme], 1)[1].split("\n## ", 1)[0]


def quoted(readme: str) -> set[str]:
    """The words in « », in single spaces."""
    found = re.findall(r"«\s*([^»]+?)\s*»", path_of(readme))
    return {" ".join(words.split()) for words in found} - {"", "English"}


class Reader:
    """Somebody who does what the text says; `done` are the words of it that were met."""

    def __init__(self, person: Person, done: set[str]) -> None:
        self.person = person
        self.done = done

    def clicks(self, words: str, within: Locator | None = None) -> None:
        self.done.add(words)
        named = re.compile(f"^{re.escape(words)}")
        place = within or self.person.page.locator("body")
        place.get_by_role("link", name=named).or_(place.get_by_role("button", name=named)).first.click()

    def sees(self, words: str, within: Locator | None = None) -> None:
        self.done.add(words)
        place = within or self.person.page.locator("body")
        expect(place).to_contain_text(words)

    def fills(self, words: str, text: str) -> None:
        self.done.add(words)
        self.person.page.get_by_label(re.compile(f"^{words}")).fill(text)

    def chooses(self, words: str, option: str) -> None:
        self.done.add(words)
        group = self.person.page.get_by_role("group", name=re.compile(f"^{words}"))
        group.get_by_role("radio", name=option).check()

    def box(self, words: str, company: str) -> Locator:
        self.done.add(words)
        return self.person.page.get_by_role("checkbox", name=f"{words} – {company}")


def test_both_texts_quote_the_same_words() -> None:
    assert quoted("README.md") == quoted("README.fr.md")
    assert ANNE in path_of("README.md")
    assert ANNE in path_of("README.fr.md")
    assert PASSWORD in path_of("README.md")
    assert PASSWORD in path_of("README.fr.md")


def test_five_minutes(new_person: NewPerson, request: pytest.FixtureRequest) -> None:
    """From the sign-in to the detached account and back, with no other words than the text's."""
    done: set[str] = set()
    anne, newcomer, email = Reader(new_person(), done), Reader(new_person(javascript=True), done), new_address()

    anne.person.opens("/")
    anne.clicks("Se connecter")
    anne.person.types_password(ANNE)
    anne.sees("Utilisateurs", anne.person.page.locator("h1"))

    anne.clicks("Ajouter un utilisateur")
    anne.person.page.get_by_label(re.compile("^E-mail")).fill(email)
    anne.clicks("Continuer")
    for words, text in FIELDS.items():
        anne.fills(words, text)
    anne.chooses("Civilité", "M.")
    anne.chooses("Langue", "Français")
    anne.box("Rattachement", "Acme Énergie").check()
    anne.clicks("Continuer")
    anne.clicks("Créer le compte")
    anne.sees("En cours d'activation", anne.person.row(email))

    newcomer.person.page.goto(newcomer.person.stack.mail.url)
    newcomer.person.row(email).get_by_role("link").first.click()
    link = newcomer.person.page.locator(".text a", has_text="action-token").get_attribute("href")
    newcomer.person.page.goto(str(link))
    newcomer.clicks("Continuer")
    newcomer.person.page.fill("#password-new", NEW_PASSWORD)
    newcomer.person.page.fill("#password-confirm", NEW_PASSWORD)
    newcomer.clicks("Continuer")
    newcomer.sees("Mon profil")
    assert newcomer.person.page.url == f"{newcomer.person.stack.portal_url}/profile"

    newcomer.person.opens_service("/")
    newcomer.clicks("Se connecter")
    assert not newcomer.person.is_asked_for_password
    newcomer.clicks("Données de la société acme")
    expect(newcomer.person.page.locator("h1")).to_contain_text("acme")

    anne.person.opens("/users")
    anne.clicks("Modifier", anne.person.row(email))
    anne.box("Rattachement", "Acme Énergie").uncheck()
    anne.clicks("Continuer")
    anne.clicks("Confirmer")
    detached = time.monotonic()
    expect(anne.person.page.locator("body")).to_contain_text("le compte lui-même reste actif")
    expect(anne.person.row(email)).to_have_count(0)
    newcomer.person.waits_until_refused("/companies/acme/data")
    felt = time.monotonic() - detached
    request.config.get_terminal_writer().line(f"\ndetached; felt at the service after {felt:.1f} s")
    assert felt <= PROMISED
    assert newcomer.person.opens_service("/favourites").status == 200

    anne.clicks("Annuler ce changement")
    expect(anne.person.row(email)).to_have_count(1)
    anne.clicks("Journal")
    expect(anne.person.page.locator("main")).to_contain_text("Détachement")
    assert quoted("README.fr.md") == done
