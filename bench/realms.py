"""What a large realm costs: a full export of 37 clients, 198 roles and 40 composites, about 300 kB.

Keycloak makes the realm of a short description and exports it; that file is imported by Keycloak under another
name, and applied by the provisioner, in one run.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from bench.figures import Figure, at_most, exactly
from bench.provisioner import Bench, add_account
from sandbox.administrator import admin_token
from sandbox.keycloak import KeycloakServer

CLIENTS = 31
"""Besides the six that every realm has."""
REALM_ROLES = 38
CLIENT_ROLES = 3
"""Of each of these clients; with those of Keycloak the export has 198."""
COMPOSITES = 33
MAPPERS = 9
GROUPS = 20
MASK = "**********"


class Realms(Bench):
    """The server, and a folder with one realm file."""

    def __init__(self, server: KeycloakServer, folder: Path, content: dict[str, Any]) -> None:
        self.server = server
        self.folder = folder
        folder.mkdir()
        self.file = folder / "realm.json"
        self.file.write_text(json.dumps({**content, "realm": "applied"}, indent=2), encoding="utf-8")


def measure() -> list[Figure]:
    """Return the figures; about two minutes."""
    with tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder:
        with KeycloakServer(Path(folder) / "keycloak") as server:
            add_account(server.url)
            content = _exported(server.url, _described())
            return list(_figures(Realms(server, Path(folder) / "files", content), content))


def _figures(bench: Realms, content: dict[str, Any]) -> Iterator[Figure]:
    kilobytes = bench.file.stat().st_size / 1000
    roles = content["roles"]
    named = [*roles["realm"], *(role for one in roles["client"].values() for role in one)]
    yield Figure("the realm file", f"{kilobytes:.0f} kB")
    yield Figure("its clients", str(len(content["clients"])))
    yield Figure("its roles; composites", f"{len(named)}; {sum(role['composite'] for role in named)}")
    _import(bench.server.url, {**content, "realm": "warm-up"})
    imported = _import(bench.server.url, {**content, "realm": "imported"})
    yield Figure("Keycloak's own import of it", f"{imported:.1f} s")
    planned = bench.run("plan", expect=2)
    yield at_most("plan of it on a server without it", planned.wall, 5, "s", 1)
    yield Figure("requests of that plan", str(len(planned.counted)))
    applied = bench.run("apply", "--yes", expect=0)
    yield at_most("apply of it", applied.wall, 30, "s", 1)
    yield Figure("requests of the apply", f"{len(applied.counted)}, {applied.writes} of them writes")
    yield Figure("apply / Keycloak's own import", f"{applied.wall / imported:.1f}")
    again = bench.run("plan", expect=0)
    yield at_most("plan again, nothing to do", again.wall, 5, "s", 1)
    yield Figure("requests of it", str(len(again.counted)))
    yield exactly("writes of a second apply", bench.run("apply", "--yes", expect=0).writes, 0)


def _described() -> dict[str, Any]:
    clients = [f"service-{number:02}" for number in range(CLIENTS)]
    composites = [
        {"name": f"bundle-{number:02}", "composites": {"realm": [f"role-{number:02}", f"role-{number + 1:02}"]}}
        for number in range(COMPOSITES)
    ]
    plain = [{"name": f"role-{number:02}", "description": f"Role {number}"} for number in range(REALM_ROLES)]
    return {
        "realm": "described",
        "enabled": True,
        "roles": {
            "realm": [*plain, *composites],
            "client": {
                client: [{"name": f"{client}-{right}"} for right in ("read", "write", "manage")[:CLIENT_ROLES]]
                for client in clients
            },
        },
        "clients": [_client(name, number) for number, name in enumerate(clients)],
        "groups": [
            {"name": f"team-{number}", "attributes": {"cost": [str(number)]}, "realmRoles": [f"role-{number:02}"]}
            for number in range(GROUPS)
        ],
    }


def _client(name: str, number: int) -> dict[str, Any]:
    kinds = ("oidc-usermodel-attribute-mapper", "oidc-hardcoded-claim-mapper")
    return {
        "clientId": name,
        "secret": f"secret-of-{name}",
        "rootUrl": f"https://{name}.example",
        "redirectUris": [f"https://{name}.example/callback", f"https://{name}.example/silent"],
        "webOrigins": ["+"],
        "serviceAccountsEnabled": number % 4 == 0,
        "protocolMappers": [
            {
                "name": f"claim-{n}",
                "protocol": "openid-connect",
                "protocolMapper": kinds[n % 2],
                "config": {
                    "user.attribute": f"attribute{n}",
                    "claim.name": f"claim{n}",
                    "claim.value": f"value of {name}",
                    "jsonType.label": "String",
                    "id.token.claim": "true",
                    "access.token.claim": "true",
                    "userinfo.token.claim": "true",
                },
            }
            for n in range(MAPPERS)
        ],
    }


def _exported(url: str, described: dict[str, Any]) -> dict[str, Any]:
    """Make the realm and return what Keycloak exports of it, its secrets readable again."""
    _import(url, described)
    with _session(url) as http:
        path = f"{url}/admin/realms/{described['realm']}/partial-export"
        query = {"exportClients": "true", "exportGroupsAndRoles": "true"}
        answer = http.post(path, params=query, timeout=120)
    answer.raise_for_status()
    content: dict[str, Any] = answer.json()
    for client in content["clients"]:
        if client.get("secret") == MASK:
            client["secret"] = f"secret-of-{client['clientId']}"
    plain: dict[str, Any] = _without_ids(content)
    return plain


def _without_ids(part: Any) -> Any:
    """Ids are unique on a server: three realms of one file cannot have them."""
    if isinstance(part, dict):
        return {key: _without_ids(value) for key, value in part.items() if key not in {"id", "containerId"}}
    return [_without_ids(each) for each in part] if isinstance(part, list) else part


def _import(url: str, content: dict[str, Any]) -> float:
    with _session(url) as http:
        began = time.perf_counter()
        http.post(f"{url}/admin/realms", json=content, timeout=300).raise_for_status()
        return time.perf_counter() - began


def _session(url: str) -> requests.Session:
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {admin_token(url)}"
    return http
