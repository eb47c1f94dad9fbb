"""What Keycloak puts into a new realm, read from a real server. Run as a program, it writes `baseline.json`.

Two realms are looked at: one as Keycloak makes it, and one with everything switched on that brings objects along
(fine-grained permissions, organizations), of which only what is added counts.
"""

import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

from provisioner.exporting.export import EVERYTHING
from provisioner.kinds.kind import ORDER, Kind
from provisioner.model.state import Address, RealmState, Resource
from provisioner.server import baseline
from provisioner.server.calls import KeycloakApi
from provisioner.server.realm import KeycloakRealm
from provisioner.settings import Connection
from sandbox.administrator import ADMIN
from sandbox.keycloak import KeycloakServer

EXTRAS = {"adminPermissionsEnabled": True, "organizationsEnabled": True}


def fresh(url: str) -> str:
    """The text that `baseline.json` should have."""
    found: dict[Address, Resource] = {}
    for settings in ({}, EXTRAS):
        name = f"baseline-{secrets.token_hex(6)}"
        for resource in _observed(url, name, settings).resources.values():
            text = json.dumps([resource.address.kind, resource.address.names, resource.fields]).replace(
                name, baseline.NAME
            )
            kind, names, fields = json.loads(text)
            address = Address(Kind(kind), tuple(names))
            found.setdefault(address, Resource(address, _stable(fields)))
    ordered = sorted(found.values(), key=lambda each: (ORDER[each.address.kind], each.address.names))
    lines = [
        json.dumps([each.address.kind, each.address.names, each.fields], sort_keys=True, ensure_ascii=False)
        for each in ordered
    ]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _observed(url: str, name: str, settings: dict[str, Any]) -> RealmState:
    connection = Connection(url, "master", "admin-cli", username=ADMIN.username, password=ADMIN.password)
    api = KeycloakApi(name, connection)
    api.create_realm({"realm": name, "enabled": True, **settings})
    try:
        return KeycloakRealm(api).observe(RealmState(name, {}, contains=EVERYTHING))
    finally:
        api.delete("")


def _stable(value: Any) -> Any:
    """Without what is made at random for each realm: secrets and keys."""
    match value:
        case dict():
            return {key: _stable(inner) for key, inner in value.items() if key not in _RANDOM}
        case list():
            texts = all(isinstance(inner, str) for inner in value)
            return sorted(value) if texts else [_stable(inner) for inner in value]
        case _:
            return value


_RANDOM = frozenset({"secret", "privateKey", "certificate", "kid", "client.secret.creation.time"})


def main() -> None:
    """Writes the file, from a server of its own unless `TEST_KEYCLOAK_URL` names one."""
    given = os.environ.get("TEST_KEYCLOAK_URL")
    if given:
        baseline.FILE.write_text(fresh(given), encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as folder, KeycloakServer(Path(folder)) as server:
        baseline.FILE.write_text(fresh(server.url), encoding="utf-8")


if __name__ == "__main__":
    main()
