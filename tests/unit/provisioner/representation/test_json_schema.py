"""The JSON Schema says of a file what the loader says of it."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from provisioner import loader
from provisioner.errors import InvalidFilesError
from provisioner.reading.documents import read_documents
from provisioner.representation.json_schema import schema

ROOT = Path(__file__).parents[4]
OURS = sorted(
    [
        ROOT / "keycloak" / "realm-export.json",
        *(ROOT / "companies").rglob("*.yaml"),
        *(ROOT / "sandbox" / "demo").rglob("*.yaml"),
        *(ROOT / "sandbox" / "demo").glob("*.json"),
    ]
)
VALIDATOR = Draft202012Validator(schema())


def test_it_is_a_schema():
    Draft202012Validator.check_schema(schema())
    assert schema() == json.loads(json.dumps(schema()))


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_our_own_files_are_valid(path):
    for document in read_documents(path):
        assert [error.message for error in VALIDATOR.iter_errors(document.content)] == []


@pytest.mark.parametrize(
    ("content", "is_valid"),
    [
        ({"realm": "r"}, True),
        ({"realm": "r", "enabled": "TRUE", "failureFactor": "3", "sslRequired": "EXTERNAL"}, True),
        ({"realm": "r", "enabled": "${ON}", "failureFactor": "${N:3}", "sslRequired": "${SSL}"}, True),
        ({"realm": "r", "displayName": 12, "attributes": {"a": True}, "groups": None}, True),
        ({"realm": "r", "groups": [{"name": "a", "subGroups": [{"name": "b", "access": {}}]}]}, True),
        ({"realm": "r", "users": [{"username": "a", "attributes": {"b": "c", "d": ["e"]}}]}, True),
        ({"companies": [{"id": "acme", "name": "Acme"}]}, True),
        ({"people": [], "companies": None}, True),
        ({"realm": "r", "enabeld": True}, False),
        ({"realm": "r", "groups": [{"name": "a", "subGroups": [{"nam": "b"}]}]}, False),
        ({"realm": "r", "applications": []}, False),
        ({"realm": "r", "clients": [{"name": "a"}]}, False),
        ({"realm": "r", "enabled": "maybe"}, False),
        ({"realm": "r", "failureFactor": 1.5}, False),
        ({"realm": "r", "sslRequired": "sometimes"}, False),
        ({"realm": "r", "displayName": []}, False),
        ({"realm": "r", "roles": {"realm": [{"name": "x" * 256}]}}, False),
        ({"companies": [{"id": "acme", "name": "Acme", "siret": "1"}]}, False),
        ({"companies": [], "enabled": True}, False),
        ([], False),
    ],
)
def test_what_it_takes_the_loader_takes(tmp_path, content, is_valid):
    assert VALIDATOR.is_valid(content) == is_valid
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    environment = {"ON": "true", "N": "1", "SSL": "all"}
    if is_valid:
        loader.load([path], environment, "r")
    else:
        with pytest.raises(InvalidFilesError):
            loader.load([path], environment, "r")
