"""The files of an export: what is written is read back unchanged, and nothing is replaced."""

import json

import pytest

from provisioner.errors import SettingsError
from provisioner.exporting import files
from provisioner.exporting.export import Export
from provisioner.reading.documents import read_documents

TEXTS = [
    "no",
    "on",
    "12:30",
    "2026-01-01",
    "0123",
    "1e3",
    "0o17",
    "~",
    "null",
    "True",
    "=",
    "<<",
    " a",
    "é: #x",
    "",
]


def an_export(*texts: str) -> Export:
    companies = {"acme": {"companies": [{"id": "acme", "name": "Acme", "services": list(texts)}]}}
    return Export({"realm": "portal"}, {"companies": companies}, ())


def test_texts_are_read_back_as_texts(tmp_path):
    """Whatever YAML could take for a number, a date, a boolean or nothing."""
    realm, company = files.write(an_export(*TEXTS), tmp_path)
    assert json.loads(realm.read_text(encoding="utf-8")) == {"realm": "portal"}
    (document,) = read_documents(company)
    assert document.content["companies"][0]["services"] == TEXTS


@pytest.mark.parametrize("name", ["realm-export.json", "companies"])
def test_nothing_is_replaced(tmp_path, name: str):
    """An export into a folder with one of its files is an error before the first write."""
    (tmp_path / name).mkdir()
    with pytest.raises(SettingsError, match=name):
        files.write(an_export(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
