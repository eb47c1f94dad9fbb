"""Services in company files: what people read instead of an id, kept with each company that has the service."""

import json
from pathlib import Path

import pytest

from directory.encoding import company_of
from directory.model import Service
from provisioner import loader
from provisioner.errors import InvalidFilesError
from provisioner.kinds import company_file
from provisioner.kinds.kind import Kind
from provisioner.model.state import Address, RealmState

REALM = "realm: portal\n"
FILE = """
companies:
  - {id: acme, name: Acme, services: [data, flex]}
  - {id: borea, name: Borea, services: [data]}
  - {id: seule, name: Seule}
services:
  - {id: data, name: {fr: Données de comptage, en: Metering data}, description: {en: Load curves}, url: https://d.example}
  - {id: unused, name: {fr: Rien}}
"""
DATA = Service(
    "data",
    (("en", "Metering data"), ("fr", "Données de comptage")),
    (("en", "Load curves"),),
    "https://d.example",
)


def load(folder: Path, *files: str) -> RealmState:
    (folder / "realm.yaml").write_text(REALM, encoding="utf-8")
    for number, text in enumerate(files):
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    return loader.load([folder], {}, None).desired


def problems(folder: Path, *files: str) -> str:
    with pytest.raises(InvalidFilesError) as caught:
        load(folder, *files)
    return "\n".join(str(problem).replace(f"{folder}/", "") for problem in caught.value.problems)


def described(state: RealmState, company: str) -> tuple[Service, ...]:
    fields = state.resources[Address(Kind.COMPANY, (company,))].fields
    return company_of({"name": company, "attributes": fields["attributes"]}).described


def test_a_company_keeps_what_is_said_of_its_services(tmp_path: Path):
    """An id of which nothing is said stays the id."""
    state = load(tmp_path, FILE)
    assert described(state, "acme") == (DATA,)
    assert described(state, "borea") == (DATA,)
    assert described(state, "seule") == ()
    attributes = next(state.of_kind(Kind.COMPANY)).fields["attributes"]
    assert all(len(value) <= 255 for value in attributes["serviceTexts"]), "Keycloak keeps no longer value"


def test_services_may_stand_in_a_file_of_their_own(tmp_path: Path):
    companies, services = FILE.split("services:\n", 1)
    assert described(load(tmp_path, companies, f"services:\n{services}"), "acme") == (DATA,)


def test_the_same_twice_is_fine_in_two_files(tmp_path: Path):
    assert described(load(tmp_path, FILE, "services: [{id: unused, name: {fr: Rien}}]"), "acme") == (DATA,)


def test_an_export_is_read_as_the_same(tmp_path: Path):
    state = load(tmp_path, FILE)
    files = company_file.represent(state)
    assert files["_services"] == {
        "services": [
            {
                "id": "data",
                "name": {"en": "Metering data", "fr": "Données de comptage"},
                "description": {"en": "Load curves"},
                "url": "https://d.example",
            }
        ]
    }
    again = tmp_path / "again"
    again.mkdir()
    found = load(again, *(json.dumps(content) for content in files.values()))
    for name in ("acme", "borea"):
        assert described(found, name) == described(state, name)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("services:\n  - {id: a}\n  - {id: a}\n",), "0.yaml:3:6: services[1].id: 'a' is already in this list"),
        (
            ("services: [{id: a, name: {fr: Un}}]\n", "services: [{id: a, name: {fr: Deux}}]\n"),
            "1.yaml:1:12: services[0]: the service a is different in",
        ),
        (
            ("companies: [{id: acme, name: A, services: [data, flex, data]}]\n",),
            "0.yaml:1:56: companies[0].services[2]: the company has the service data already",
        ),
        (("services: [{id: a, name: {de: Eins}}]\n",), "0.yaml:1:27: services[0].name.de: unknown key"),
        (("services: [{id: a, name: Un}]\n",), "services[0].name: must be an object"),
        (("services: [{name: {fr: Un}}]\n",), "services[0]: the key id is missing"),
        (("services: [{id: a, name: {fr: ' '}}]\n",), "services[0].name.fr: must not be empty"),
        (("services: [{id: a, url: 'javascript:x'}]\n",), "services[0].url: must begin with https://"),
        ((f"services: [{{id: a, description: {{fr: {'x' * 300}}}}}]\n",), "services[0].description.fr: is"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(files: tuple[str, ...], words: str, tmp_path: Path):
    assert words in problems(tmp_path, *files)
