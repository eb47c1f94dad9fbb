"""A live realm as files: a plan on them is empty, and on an empty server they make the same realm again."""

import json
import re
from pathlib import Path

import pytest

from tests.keycloak.provisioner.realms import TestRealm

COMPANIES = """
companies:
  - {id: acme, name: Acme Énergie, siren: "552081317", services: [data, cataliz]}
  - {id: globex, name: "no", services: []}
services:
  - {id: data, name: {fr: Données de comptage, en: Metering data}, description: {fr: "%s"}, url: https://d.example}
""" % ("é" * 220)


def exported(realm: TestRealm, folder: Path) -> dict[str, str]:
    """The files by name, after the variables that they need were told."""
    ended = realm.command("--keycloak-realm", realm.name, "export", str(folder))
    assert ended.returncode == 0, ended.stderr
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


def test_export_wipe_apply_export(realm: TestRealm, tmp_path_factory: pytest.TempPathFactory):
    realm.gives_keys = False
    tmp_path = tmp_path_factory.mktemp("exports")
    realm.write_companies(COMPANIES)
    assert realm.apply().complete
    assert realm.plan().writes == ()
    realm.add_person("paul@acme.example", "/acme")
    first = exported(realm, tmp_path / "first")

    assert sorted(first) == [
        "companies/_services.yaml",
        "companies/acme.yaml",
        "companies/globex.yaml",
        "realm-export.json",
    ]
    text = "".join(first.values())
    for secret in ("portal-secret", "service-secret", "directory-secret", "**********"):
        assert secret not in text
    assert "${CLIENT_PORTAL_SECRET}" in text
    assert "paul" not in text
    assert "provisioner." not in text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}", text), "an id of this server"

    ended = realm.command("plan", str(tmp_path / "first"), "--json")
    assert json.loads(ended.stdout)["changes"] == []
    assert ended.returncode == 0

    realm.drop()
    ended = realm.command("apply", str(tmp_path / "first"), "--yes")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert realm.command("plan", str(tmp_path / "first")).returncode == 0
    assert exported(realm, tmp_path / "second") == first
    assert realm.plan().writes == (), "the project's own files find nothing to change either"


def test_an_export_replaces_nothing(realm: TestRealm, tmp_path: Path):
    (tmp_path / "realm-export.json").write_text("mine")
    ended = realm.command("--keycloak-realm", realm.name, "export", str(tmp_path))
    assert ended.returncode == 1
    assert "replaces no files" in ended.stderr
    assert (tmp_path / "realm-export.json").read_text() == "mine"


def test_a_realm_that_is_not_there(realm: TestRealm, tmp_path: Path):
    ended = realm.command("--keycloak-realm", realm.name, "export", str(tmp_path / "new"))
    assert ended.returncode == 1
    assert f"there is no realm {realm.name}" in ended.stderr
    assert not (tmp_path / "new").exists()
