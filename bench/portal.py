"""What a creation costs, and what its activation mail is worth.

The portal runs in this process on the real Keycloak of a stack, so that every call can be counted and timed.
"""

import base64
import json
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import requests
from flask.testing import FlaskClient
from requests.adapters import HTTPAdapter

from bench.figures import Figure, at_most, exactly
from directory.encoding import company_group
from directory.model import ACTIVATION_LIFESPAN, Company
from sandbox.administrator import admin_token
from sandbox.ports import Ports
from sandbox.stack import Stack
from sandbox.visitor import Visitor
from webapp.app import create_app
from webapp.settings import Settings

PEOPLE = 50
ADMINISTRATOR = "chef@banc.example"
PASSWORD = "demonstration-2026"
COMPANY = Company("banc", "Banc d’essai", ("data",))


@dataclass
class Calls:
    """The calls to Keycloak in a block: `(method, path)` of each, and their seconds together."""

    made: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def without_tokens(self) -> list[tuple[str, str]]:
        return [call for call in self.made if not call[1].endswith("/token")]


@contextmanager
def counted() -> Iterator[Calls]:
    """Count and time every HTTP call of this process."""
    calls, send = Calls(), HTTPAdapter.send

    def timed(adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        began = time.perf_counter()
        try:
            return send(adapter, request, **options)
        finally:
            calls.seconds += time.perf_counter() - began
            calls.made.append((str(request.method), str(request.url).split("?")[0]))

    with mock.patch.object(HTTPAdapter, "send", timed):
        yield calls


def measure() -> list[Figure]:
    """What a creation costs, and what the activation mail is worth."""
    with tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder:
        stack = Stack(Path(folder), Ports.free(), with_portal=False, with_service=False)
        with stack:
            _add_company(stack)
            client = signed_in(stack, ADMINISTRATOR)
            return _creation_figures(client, stack)


def _creation_figures(client: FlaskClient, stack: Stack) -> list[Figure]:
    email = "nouvelle@banc.example"
    form = {
        "email": email,
        "last_name": "Nouvelle",
        "first_name": "Personne",
        "title": "mme",
        "locale": "fr",
        f"company-{COMPANY.id}-attached": "1",
        f"company-{COMPANY.id}-role": "user",
        f"company-{COMPANY.id}-affiliation": "internal",
        "confirm": "1",
        "csrf_token": csrf_token(client),
    }
    with counted() as calls:
        answer = client.post("/users/new", data=form)
    assert answer.status_code == 303, answer.status_code
    link = _link(stack, email)
    token = json.loads(base64.urlsafe_b64decode(link.split("key=", 1)[1].split(".")[1] + "=="))
    chosen, other = "le-premier-mot-de-passe-2026", "un-autre-mot-de-passe-2026"
    assert Visitor().activates(link, chosen), "the link of the mail let nobody choose a password"
    taken_over = Visitor().activates(link, other)
    return [
        at_most("Keycloak calls of a creation, besides the token", len(calls.without_tokens), 4),
        exactly(
            "life of the activation link",
            token["exp"] - token["iat"],
            int(ACTIVATION_LIFESPAN.total_seconds()),
            "s",
        ),
        exactly("old link after activation: password", "changed" if taken_over else "unchanged", "unchanged"),
    ]


def signed_in(stack: Stack, email: str) -> FlaskClient:
    """A portal of this process with that person signed in."""
    names = {name.lower(): value for name, value in stack.environment().items()}
    wanted = {name: value for name, value in names.items() if name in Settings.model_fields}
    app = create_app(Settings.model_validate(wanted))
    app.extensions["attache"].database.upgrade()
    client = app.test_client()
    start = client.get("/login", base_url=stack.portal_url)
    back = Visitor().signs_in(start.headers["Location"], email, PASSWORD)
    answer = client.get(back.removeprefix(stack.portal_url))
    assert answer.status_code == 302, answer.status_code
    return client


def csrf_token(client: FlaskClient) -> str:
    """Return the token of the person's forms."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/users/new").get_data(as_text=True))
    assert found, "the form has no token"
    return found.group(1)


def _link(stack: Stack, email: str) -> str:
    messages = requests.get(f"{stack.mail.url}/api/messages", timeout=10).json()
    text = next(message["text"] for message in messages if email in message["to"])
    found = re.search(r"http\S+/login-actions/action-token\S+", text)
    assert found, "the mail has no link"
    return found.group(0)


def _add_company(stack: Stack) -> None:
    """A company of fifty and its administrator, straight into Keycloak."""
    url = f"{stack.keycloak.url}/admin/realms/{stack.environment()['KEYCLOAK_REALM']}"
    headers = {"Authorization": f"Bearer {admin_token(stack.keycloak.url)}"}
    body = {"ifResourceExists": "SKIP", "groups": [company_group(COMPANY)]}
    requests.post(f"{url}/partialImport", json=body, headers=headers, timeout=60).raise_for_status()
    for number in range(PEOPLE):
        email = ADMINISTRATOR if number == 0 else f"personne{number}@banc.example"
        person = {
            "username": email,
            "email": email,
            "firstName": f"Prénom{number}",
            "lastName": f"Nom{number}",
            "enabled": True,
            "emailVerified": True,
            "attributes": {"title": ["m"], "locale": ["fr"]},
            "credentials": [{"type": "password", "value": PASSWORD}] if number == 0 else [],
            "groups": [f"/{COMPANY.id}", *([f"/{COMPANY.id}/administrators"] if number == 0 else [])],
        }
        requests.post(f"{url}/users", json=person, headers=headers, timeout=60).raise_for_status()
