"""What an import of a file costs, beside what Keycloak alone can do: rows a second.

The bare rate is the two calls that no new row can do without, made straight at Keycloak with the portal's own
rights: the account with its company, and its activation mail.
"""

import re
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from bench.figures import Figure
from directory.encoding import ACTIVATION_MAIL_ACTIONS, company_group, new_user
from directory.model import ACTIVATION_LIFESPAN, Attachment, Company, Locale, Profile, Title
from sandbox.administrator import admin_token
from sandbox.content import SERVICE_ACCOUNT
from sandbox.ports import Ports
from sandbox.stack import Stack
from sandbox.visitor import Visitor
from webapp.imports.csv_format import COLUMNS

ROWS = 1000
BARE_ROWS = 200
WARM_ROWS = 30
GOAL = 20.0
THREADS = 8
ADMINISTRATOR = "import@banc.example"
PASSWORD = "demonstration-2026"
COMPANY = Company("banc-import", "Banc d’import", ("data",))
STATES = 600.0
"""Seconds that an import may take."""


def measure() -> list[Figure]:
    """A file of a thousand new people, sent to a portal of one process; the bare rate before it."""
    with tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder:
        stack = Stack(Path(folder), Ports.free(), with_service=False)
        with stack:
            _add_company(stack)
            return [*_bare_figures(stack), *_import_figures(stack)]


def _bare_figures(stack: Stack) -> list[Figure]:
    figures = []
    with _bare(stack) as create:
        for number in range(WARM_ROWS):
            create(f"chaud{number}@banc.example")
        for threads in (1, THREADS):
            emails = [f"nu{number}-{threads}@banc.example" for number in range(BARE_ROWS)]
            began = time.perf_counter()
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(create, emails))
            rate = BARE_ROWS / (time.perf_counter() - began)
            figures.append(
                Figure(f"bare Keycloak, new accounts with mail, {threads} at a time", f"{rate:.1f} rows/s")
            )
    return figures


def _import_figures(stack: Stack) -> list[Figure]:
    http = _signed_in(stack)
    _import(stack, http, WARM_ROWS, "tiede")
    began = time.perf_counter()
    page = _import(stack, http, ROWS, "nouveau")
    rate = ROWS / (time.perf_counter() - began)
    written = f"{ROWS:,}".replace(",", r"\s")  # 1 000, as a French reader writes it
    assert re.search(rf"Créés\s:\s{written}\.", page), "not every row made an account"
    mails = requests.get(f"{stack.mail.url}/api/messages", timeout=60).json()
    sent = sum(message["to"][0].startswith("nouveau") for message in mails)
    return [
        Figure(f"CSV of {ROWS} new rows, one portal", f"{rate:.1f} rows/s", f"≥ {GOAL:g} rows/s", rate >= GOAL),
        Figure("activation mails of it", str(sent), str(ROWS), sent == ROWS),
    ]


def _import(stack: Stack, http: requests.Session, rows: int, name: str) -> str:
    """Send a file and wait until its page says the result: that page."""
    lines = [f"{name}{n}@banc.example,Nom,Prénom,mme,fr,{COMPANY.id},user,internal" for n in range(rows)]
    file = "\n".join([",".join(COLUMNS), *lines]).encode()
    address = f"{stack.portal_url}/users/import"
    token = _csrf_token(http.get(address, timeout=30).text)
    answer = http.post(
        address, data={"csrf_token": token, "confirm": "1"}, files={"file": ("people.csv", file)}, timeout=60
    )
    deadline = time.monotonic() + STATES
    while 'http-equiv="refresh"' in answer.text:
        assert time.monotonic() < deadline, "the import does not end"
        time.sleep(0.5)
        answer = http.get(answer.url, timeout=30)
    assert answer.status_code == 200, answer.status_code
    return answer.text


@contextmanager
def _bare(stack: Stack) -> Iterator[Callable[[str], None]]:
    """Creates an account in the company and has Keycloak mail it, in two calls."""
    keycloak, realm = stack.keycloak.url, stack.environment()["KEYCLOAK_REALM"]
    credentials = {
        "grant_type": "client_credentials",
        "client_id": SERVICE_ACCOUNT,
        "client_secret": stack.environment()["CLIENT_PORTAL_DIRECTORY_SECRET"],
    }
    with requests.Session() as http:
        http.mount("http://", HTTPAdapter(pool_maxsize=THREADS))
        address = f"{keycloak}/realms/{realm}/protocol/openid-connect/token"

        def renew() -> None:
            token = http.post(address, data=credentials, timeout=30).json()["access_token"]
            http.headers["Authorization"] = f"Bearer {token}"

        def create(email: str) -> None:
            profile = Profile(email, "Nom", "Prénom", Title.MME, Locale.FR)
            body = new_user(profile, [Attachment(COMPANY.id)])
            made = http.post(f"{keycloak}/admin/realms/{realm}/users", json=body, timeout=60)
            if made.status_code == 401:
                renew()
                made = http.post(f"{keycloak}/admin/realms/{realm}/users", json=body, timeout=60)
            made.raise_for_status()
            query = {"lifespan": str(int(ACTIVATION_LIFESPAN.total_seconds())), "client_id": "portal"}
            mail = f"{made.headers['Location']}/execute-actions-email"
            http.put(mail, params=query, json=list(ACTIVATION_MAIL_ACTIONS), timeout=60).raise_for_status()

        renew()
        yield create


def _signed_in(stack: Stack) -> requests.Session:
    visitor = Visitor()
    back = visitor.signs_in(f"{stack.portal_url}/login", ADMINISTRATOR, PASSWORD)
    visitor.http.get(back, timeout=30).raise_for_status()
    return visitor.http


def _csrf_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "the form has no token"
    return found.group(1)


def _add_company(stack: Stack) -> None:
    """A company and its administrator, straight into Keycloak."""
    url = f"{stack.keycloak.url}/admin/realms/{stack.environment()['KEYCLOAK_REALM']}"
    headers = {"Authorization": f"Bearer {admin_token(stack.keycloak.url)}"}
    body = {"ifResourceExists": "SKIP", "groups": [company_group(COMPANY)]}
    requests.post(f"{url}/partialImport", json=body, headers=headers, timeout=60).raise_for_status()
    person = {
        "username": ADMINISTRATOR,
        "email": ADMINISTRATOR,
        "firstName": "Prénom",
        "lastName": "Nom",
        "enabled": True,
        "emailVerified": True,
        "attributes": {"title": ["m"], "locale": ["fr"]},
        "credentials": [{"type": "password", "value": PASSWORD}],
        "groups": [f"/{COMPANY.id}", f"/{COMPANY.id}/administrators"],
    }
    requests.post(f"{url}/users", json=person, headers=headers, timeout=60).raise_for_status()
