"""What demos and tests make a Keycloak do all the time: done once, for the Java runtime to learn it.

115 tests on one server took 203 s of processor time after a start and a glance at a small realm, and 176 s after
this, which takes 13 s (means of two runs each).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from sandbox.administrator import ADMIN, admin_token, client_token
from sandbox.content import COMPANIES, PEOPLE, PROVISIONER_COMMAND, REALM, REALM_FILE, ROOT, SERVICE_ACCOUNT
from sandbox.distribution import java_environment
from sandbox.errors import SandboxError
from sandbox.ports import LOOPBACK, free_port
from sandbox.processes import Programs

SECRET = "only-to-learn"
ROUNDS = 10
SECONDS = 180.0


def use(url: str, programs: Programs, log: Path) -> None:
    """Apply the project's realm twice, do what the portal does, delete it; `SandboxError` when that fails."""
    for _ in range(2):
        _apply(url, programs, log)
    with requests.Session() as portal:
        portal.headers["Authorization"] = f"Bearer {client_token(url, REALM, SERVICE_ACCOUNT, SECRET)}"
        for number in range(ROUNDS):
            _administer(portal, url, f"person-{number}@learning.example")
    with requests.Session() as administrator:
        administrator.headers["Authorization"] = f"Bearer {admin_token(url)}"
        _answer(administrator, "DELETE", f"{url}/admin/realms/{REALM}")


def _apply(url: str, programs: Programs, log: Path) -> None:
    programs.run(
        "provisioner",
        [*PROVISIONER_COMMAND, str(REALM_FILE), str(COMPANIES), str(PEOPLE), "--yes"],
        log=log,
        timeout=SECONDS,
        environment=java_environment(
            {
                "KEYCLOAK_URL": url,
                "KEYCLOAK_USERNAME": ADMIN.username,
                "KEYCLOAK_PASSWORD": ADMIN.password,
                "CLIENT_PORTAL_SECRET": SECRET,
                "CLIENT_SAMPLE_SERVICE_SECRET": SECRET,
                "CLIENT_PORTAL_DIRECTORY_SECRET": SECRET,
                "SMTP_HOST": LOOPBACK,
                "SMTP_PORT": str(free_port()),  # nobody listens: no mail is sent
            }
        ),
        folder=ROOT,
    )


def _administer(portal: requests.Session, url: str, email: str) -> None:
    """Look at companies, create a person, change and delete him, and open the page to sign in."""
    realm = f"{url}/admin/realms/{REALM}"
    company = _answer(portal, "GET", f"{realm}/groups?briefRepresentation=false")[0]
    _answer(portal, "GET", f"{realm}/groups/{company['id']}/members?max=50")
    _answer(portal, "GET", f"{realm}/groups/{company['id']}/children")
    person = {"username": email, "email": email, "firstName": "Anne", "lastName": "Durand", "enabled": True}
    _answer(portal, "POST", f"{realm}/users", {**person, "groups": [company["path"]]})
    found = _answer(portal, "GET", f"{realm}/users?email={email}&exact=true")[0]
    user = f"{realm}/users/{found['id']}"
    _answer(portal, "GET", f"{user}/groups")
    _answer(portal, "PUT", user, found)
    _answer(portal, "DELETE", user)
    requests.get(
        f"{url}/realms/{REALM}/protocol/openid-connect/auth?client_id=account-console&response_type=code"
        f"&redirect_uri={url}/realms/{REALM}/account/&code_challenge={'a' * 43}&code_challenge_method=S256",
        timeout=60,
    ).raise_for_status()


def _answer(session: requests.Session, method: str, address: str, body: Any = None) -> Any:
    answer = session.request(method, address, json=body, timeout=60)
    if not answer.ok:
        raise SandboxError(f"warming: {address} answered {answer.status_code}: {answer.text[:300]}")
    return answer.json() if answer.content else None
