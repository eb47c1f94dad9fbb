"""Every command of `docs/guide/moving-a-realm.md`, as the page writes it, for each place a realm comes from."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.administrator import ADMIN, admin_token

PAGE = Path(__file__).parents[3] / "docs" / "guide" / "moving-a-realm.md"
REALM = "library"
CATALOGUE = {
    "clientId": "catalogue",
    "secret": "not-a-secret",
    "redirectUris": ["https://catalogue.example/*"],
    "attributes": {"login_theme": "keycloak"},
}
LIBRARY = {
    "realm": REALM,
    "enabled": True,
    "displayName": "Library",
    "clients": [CATALOGUE],
    "roles": {"realm": [{"name": "reader", "description": "May borrow"}]},
    "groups": [{"name": "branches", "attributes": {"floor": ["1"]}}],
}


def commands(section: str) -> list[str]:
    """The lines of a section that call the provisioner, without their remarks."""
    text = PAGE.read_text(encoding="utf-8").split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.partition("#")[0].strip() for line in text.splitlines() if line.startswith("    ")]
    return [line for line in lines if re.search(r"\bprovisioner ", line)]


class Shell:
    """A terminal in a folder, with the settings that the page asks for."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "KEYCLOAK_URL": url,
            "KEYCLOAK_USERNAME": ADMIN.username,
            "KEYCLOAK_PASSWORD": ADMIN.password,
            "CLIENT_CATALOGUE_SECRET": CATALOGUE["secret"],
        }

    def runs(self, line: str) -> tuple[int, str]:
        """Return the status of the line and all that it printed."""
        bash = shutil.which("bash")
        assert bash
        ended = subprocess.run(
            [bash, "-c", line],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def shell(server_url: str, tmp_path: Path) -> Iterator[Shell]:
    """The realm is dropped at the end."""
    yield Shell(server_url, tmp_path)
    call(server_url, "DELETE", f"/{REALM}")


def call(url: str, method: str, path: str = "", body: object = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {admin_token(url)}"}
    return requests.request(method, f"{url}/admin/realms{path}", json=body, headers=headers, timeout=60)


@pytest.mark.parametrize("section", ["From a running Keycloak", "From Terraform"])
def test_from_a_server(shell: Shell, server_url: str, section: str):
    """The plan of an export finds nothing to change."""
    call(server_url, "POST", "", LIBRARY).raise_for_status()
    export, plan = commands(section)
    assert shell.runs(export)[0] == 0
    assert (shell.folder / "library" / "realm-export.json").exists()
    status, printed = shell.runs(plan)
    assert status == 0, printed


def test_from_an_export_file(shell: Shell, server_url: str):
    """The console's export of another server: validate, plan and apply; then an export of it, as the page ends."""
    call(server_url, "POST", "", LIBRARY).raise_for_status()
    query = "exportClients=true&exportGroupsAndRoles=true"
    console = call(server_url, "POST", f"/{REALM}/partial-export?{query}").json()
    call(server_url, "DELETE", f"/{REALM}").raise_for_status()
    for client in console["clients"]:
        if client["clientId"] == "catalogue":
            assert client["secret"] == "**********"
            client["secret"] = "${CLIENT_CATALOGUE_SECRET}"
    (shell.folder / "realm-export.json").write_text(json.dumps(console), encoding="utf-8")
    validate, plan, apply = commands("From an export file")
    status, printed = shell.runs(validate)
    assert status == 0, printed
    assert re.search(r"nothing refused\.$", printed.strip()), printed
    assert shell.runs(plan)[0] == 2
    status, printed = shell.runs(f"{apply} --yes")
    assert status == 0, printed
    status, printed = shell.runs(plan)
    assert status == 0, printed


def test_from_keycloak_config_cli(shell: Shell):
    """Variables of the other syntax are named with their lines, those of secrets first; then there is a plan."""
    theirs = LIBRARY | {"displayName": "$(env:TITLE:-Library)"}
    theirs["clients"] = [CATALOGUE | {"secret": "$(env:CLIENT_CATALOGUE_SECRET)"}]
    file = shell.folder / "config" / "library.json"
    file.parent.mkdir()
    file.write_text(json.dumps(theirs, indent=1), encoding="utf-8")
    validate, plan = commands("From keycloak-config-cli")
    for variable, ours, expected in (
        ("$(env:CLIENT_CATALOGUE_SECRET)", "${CLIENT_CATALOGUE_SECRET}", 1),
        ("$(env:TITLE:-Library)", "${TITLE:Library}", 0),
    ):
        status, printed = shell.runs(validate)
        assert status == expected, printed
        text = file.read_text(encoding="utf-8")
        (line,) = [number for number, each in enumerate(text.splitlines(), 1) if variable in each]
        assert re.search(rf"library\.json:{line}\b.*{re.escape(ours)}", printed), printed
        file.write_text(text.replace(variable, ours), encoding="utf-8")
    status, printed = shell.runs(validate)
    assert status == 0, printed
    assert "another tool" not in printed
    assert shell.runs(plan)[0] == 2


def test_every_command_is_tried():
    """Nine commands; the tenth is Terraform's own."""
    titles = re.findall(r"^## (From .+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    tried = {"From a running Keycloak", "From an export file", "From keycloak-config-cli", "From Terraform"}
    assert set(titles) == tried
    assert sum(len(commands(title)) for title in titles) == 9
