"""Realm files of other people's projects, imported by Keycloak and applied by the provisioner."""

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from provisioner import loader
from provisioner.exporting import files as export_files
from provisioner.exporting.export import EVERYTHING, export
from provisioner.loader import Loaded
from provisioner.model.changes import Change, Plan
from provisioner.model.rules import MASK
from provisioner.model.state import RealmState
from provisioner.planning.apply import Outcome, apply
from provisioner.planning.plan import plan
from provisioner.server import baseline
from provisioner.server.realm import KeycloakRealm
from provisioner.settings import Connection
from tests.keycloak.provisioner.api import QuickApi, with_keys

SECRET = "only-a-test"
"""Every secret in the files of these tests."""


class ForeignRealm:
    """One realm file under a random name of the realm, and what Keycloak and the provisioner make of it."""

    def __init__(
        self, text: str, suffix: str, connection: Connection, admin: requests.Session, folder: Path
    ) -> None:
        self.name = f"foreign-{secrets.token_hex(4)}"
        self.file = folder / f"realm{suffix}"
        self._connection = connection
        self._admin = admin
        self._folder = folder
        self.write(text)

    def write(self, text: str) -> None:
        """Write the file, with `REALM` as the realm's name."""
        self.file.write_text(text.replace("REALM", self.name), encoding="utf-8")

    def load(self) -> Loaded:
        return loader.load([self.file], {})

    def plan(self, path: Path | None = None, environment: Mapping[str, str] | None = None) -> Plan:
        desired = loader.load([path or self.file], environment or {}).desired
        return plan(desired, self._realm().observe(desired))

    def apply(self, *, prune: bool = False) -> Outcome:
        desired, realm = self.load().desired, self._realm()
        observed = realm.observe(desired)
        return apply(desired, plan(desired, observed), observed, realm, prune=prune)

    def import_by_keycloak(self, content: dict[str, Any]) -> None:
        answer = self._admin.post(self._address, json=with_keys(content), timeout=60)
        assert answer.ok, (answer.status_code, answer.text)

    def plan_after_export(self) -> Plan:
        """Export the live realm, and plan with these files."""
        state = RealmState(self.name, {}, contains=EVERYTHING)
        exported = export(self._realm().observe(state), baseline.state(self.name))
        folder = self._folder / f"export-of-{self.name}"
        export_files.write(exported, folder)
        return self.plan(folder, dict.fromkeys(exported.variables, SECRET))

    def get(self, path: str) -> Any:
        answer = self._admin.get(f"{self._address}/{self.name}/{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def drop(self) -> None:
        self._admin.delete(f"{self._address}/{self.name}", timeout=60)

    @property
    def _address(self) -> str:
        return f"{self._connection.url}/admin/realms"

    def _realm(self) -> KeycloakRealm:
        return KeycloakRealm(QuickApi(self.name, self._connection))


Foreign = Callable[[str, str], ForeignRealm]
"""Makes a realm of a text and the suffix of its file."""


def content_of(file: Path) -> dict[str, Any]:
    """The file as JSON, for an import."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def differences(planned: Plan) -> list[tuple[str, str, Any, Any]]:
    """What a plan would change, without secrets: an import leaves no digest of them, an export none of them."""
    return [
        (change.action.value, str(change.address), change.before, change.after)
        for change in planned.writes
        if not _is_secret(change)
    ]


def _is_secret(change: Change) -> bool:
    def leaves(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [leaf for inner in value.values() for leaf in leaves(inner)]
        return [value[0] if isinstance(value, list) and len(value) == 1 else value]

    pairs = zip(leaves(change.before), leaves(change.after), strict=False)
    return bool(change.before) and all(before == MASK or after == SECRET for before, after in pairs)
