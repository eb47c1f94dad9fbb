"""A file of people, from its dry run to its corrected lines, in a real browser without JavaScript."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.people import Person, new_address
from webapp.imports.csv_format import COLUMNS

pytestmark = pytest.mark.browser

ANNE = "anne.durand@acme.example"
NEW = 10
PATIENCE = 120_000
"""Milliseconds for a file of twenty lines on a busy machine."""


def sends(person: Person, data: bytes) -> None:
    """Choose a file and go on to what it would do."""
    person.page.set_input_files("[name=file]", {"name": "people.csv", "mimeType": "text/csv", "buffer": data})
    person.presses("Continuer")


def test_import(new_person: NewPerson) -> None:
    """Said before, done while nobody looks, shown line by line, corrected and sent again."""
    anne = new_person()
    anne.page.set_default_timeout(PATIENCE)
    anne.signs_in(ANNE)
    anne.follows("Importer")
    addresses = [new_address() for _ in range(NEW)]
    lines = [
        *(f"{email};Zola;Émile;m;fr;{at};user;external" for email in addresses for at in ("acme", "borea")),
        f"{ANNE};;;;;acme;administrator;internal",
        "sans-arobase;Zola;Émile;m;fr;acme;user;internal",
    ]

    # What would happen, and how many mails leave: nothing has happened yet.
    sends(anne, "\r\n".join([";".join(COLUMNS), *lines]).encode("cp1252"))
    words = anne.text().replace("\N{NO-BREAK SPACE}", " ")
    assert f"{NEW} mails d’activation seront envoyés." in words
    refused = anne.page.locator("table tbody tr", has_text="sans-arobase").inner_text()
    assert refused.count("E-mail\N{NO-BREAK SPACE}: ") == 1
    assert anne.mails_to(addresses[0]) == []

    # It goes on by itself: she leaves the page at once and finds back.
    anne.presses("Importer")
    address = anne.page.url
    assert "/users/import/" in address
    anne.opens("/users/import")
    anne.page.locator(f"main a[href='{address.removeprefix(anne.stack.portal_url)}']").click()
    expect(anne.page.locator("h1")).to_have_text("Import : résultat", timeout=PATIENCE)
    assert f"Créés : {NEW}." in anne.text().replace("\N{NO-BREAK SPACE}", " ")
    assert all(len(anne.mails_to(email)) == 1 for email in addresses)

    # Reloading changes nothing; the lines can be narrowed down.
    anne.page.reload()
    anne.follows("Refusé")
    assert anne.page.locator("table tbody tr").count() == 1
    assert all(len(anne.mails_to(email)) == 1 for email in addresses)

    # What was refused comes as a file, is corrected, and sent again as it is.
    with anne.page.expect_download() as download:
        anne.follows("Lignes à corriger")
    data = Path(download.value.path()).read_bytes()
    corrected = new_address()
    anne.opens("/users/import")
    sends(anne, data.replace(b"sans-arobase", corrected.encode()))
    anne.presses("Importer")
    expect(anne.page.locator("h1")).to_have_text("Import : résultat", timeout=PATIENCE)
    assert "Créés : 1." in anne.text().replace("\N{NO-BREAK SPACE}", " ")
    anne.opens(f"/users?q={corrected}")
    assert "En cours d'activation" in anne.row(corrected).inner_text()
