"""What the pages cost: companies of 50, 2,000 and 20,000 people, 50 companies of one administrator, growth.

The portal runs in this process, so that every call to Keycloak is counted and timed. Keycloak's database is the
embedded one; `bench.on_postgres` has the same on PostgreSQL.
"""

import math
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bench.figures import Figure, at_most
from bench.portal import PASSWORD, counted, csrf_token, signed_in
from directory.encoding import company_group, places
from directory.model import Affiliation, Attachment, Company, CompanyRole
from sandbox.administrator import admin_token
from sandbox.ports import Ports
from sandbox.stack import Stack

LARGE = 2_000
HUGE = 20_000
MANY = 50
EACH = 20
PLAIN = 50
FEW_COMPANIES = 100
MANY_COMPANIES = 2_000
ROWS = 1_000
CLIENTS = 8
EQUAL = 20
WARM_UP = 100
"""Lists before one counts. Fifty members cost Keycloak 122 ms of processor time in the first minute after its
start, and 30 ms once its compilers have done with them (measured)."""
UNSETTLED = 20
ROUNDS = 40
FEW_CALLS = 8
"""Of a list once the groups of the realm are listed; before, the groups of each person are read."""
SETTLING = 180.0
"""Seconds that listing them may take."""
PAGES = ("/users", "/users?page=2", "/users?sort=-email", "/users?sort=status&page=7", "/users?page=40")
SEARCHES = (
    "/users?q=nom7",
    "/users?q=PRENOM+banc",
    "/users?q=nom1999",
    "/users?q=nobody",
    "/users?role=administrator",
)


@dataclass(frozen=True)
class Look:
    """One page: its seconds, those of its calls to Keycloak together, and how many these were."""

    took: float
    called: float
    calls: int


def measure(kind: type[Stack] = Stack) -> list[Figure]:
    """Return the figures on a stack of that kind; about six minutes."""
    with tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder:
        stack = kind(Path(folder), Ports.free(), with_portal=False, with_service=False)
        with stack:
            return list(_figures(Loader(stack), stack))


def _figures(loader: "Loader", stack: Stack) -> Iterator[Figure]:
    loader.company("plain", PLAIN)
    loader.empty_companies(range(FEW_COMPANIES))
    began = time.perf_counter()
    plain = signed_in(stack, loader.administrator("plain"))
    (first,) = _looks(plain, ["/users"], 1)
    yield at_most("first page after the start, sign-in included", time.perf_counter() - began, 2, "s", 2)
    yield Figure("the page alone", f"{first.took * 1000:.0f} ms")
    _looks(plain, ["/users"], WARM_UP)
    yield from _plain(plain, loader)
    few = _median(_looks(plain, ["/users"], ROUNDS))
    yield from _equal_creations(stack, loader)
    loader.company("large", LARGE)
    yield from _large(signed_in(stack, loader.administrator("large")))
    loader.many("many", MANY, EACH)
    yield from _many(signed_in(stack, loader.administrator("many")))
    loader.empty_companies(range(FEW_COMPANIES, MANY_COMPANIES))
    plain = signed_in(stack, loader.administrator("plain"))
    unsettled = _median(_looks(plain, ["/users"], UNSETTLED))
    yield Figure(f"the list until new groups are known (median of {UNSETTLED})", f"{unsettled * 1000:.0f} ms")
    settled(plain)
    _looks(plain, ["/users"], WARM_UP)
    many = _median(_looks(plain, ["/users"], ROUNDS))
    name = f"list of {PLAIN}, companies in the realm: {MANY_COMPANIES} / {FEW_COMPANIES} (medians)"
    yield at_most(name, many / few, 1.2, digits=2)
    loader.company("huge", HUGE)
    yield from _huge(signed_in(stack, loader.administrator("huge")))


def _plain(client: FlaskClient, loader: "Loader") -> Iterator[Figure]:
    """A company of fifty: its list, the administrator's profile, a look-up, files, requests a second."""
    name = f"list, one company of {PLAIN}"
    looks = _looks(client, ["/users"], ROUNDS)
    yield at_most(f"{name}: p95", _p95(looks) * 1000, 150, "ms")
    ratio = statistics.median(look.took / look.called for look in looks)
    yield at_most(f"{name}: time / sum of its Keycloak calls (median)", ratio, 1.5, digits=2)
    yield at_most(f"{name}: Keycloak calls", max(look.calls for look in looks), 6)
    bare = statistics.median(loader.console_seconds("plain-0") for _ in range(ROUNDS))
    yield at_most(f"{name} / the admin console's calls for it (medians)", _median(looks) / bare, 1, digits=2)
    yield at_most("« Mon profil », 1 company: p95", _p95(_looks(client, ["/profile"], ROUNDS)) * 1000, 150, "ms")
    token = csrf_token(client)
    address = f"personne7@{loader.companies('plain', 1)[0]}.example"
    form = {"email": address, "csrf_token": token}
    looks = [timed(lambda: client.post("/users/new", data=form)) for _ in range(ROUNDS)]
    yield at_most("a person looked up: p95", _p95(looks) * 1000, 80, "ms")
    for kind, goal in (("known", 5.0), ("unknown", 5.0)):
        rows = [_row(loader.companies("plain", 1)[0], number, kind) for number in range(ROWS)]
        yield at_most(f"dry run of a file, {ROWS} {kind} rows", _dry_run(client, rows).took, goal, "s", 1)
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        looks = list(pool.map(lambda _: look(client, "/users"), range(CLIENTS * 20)))
    rate = len(looks) / (time.perf_counter() - began)
    yield Figure(f"{name}: requests a second, {CLIENTS} at a time, portal and Keycloak on 2 cores", f"{rate:.0f}")


def _equal_creations(stack: Stack, loader: "Loader") -> Iterator[Figure]:
    """Twenty times the same creation at once, by somebody who has not used up any quota."""
    loader.company("equal", 2)
    (company,) = loader.companies("equal", 1)
    client = signed_in(stack, loader.administrator("equal"))
    person = {
        "last_name": "Double", "first_name": "Personne", "title": "mme", "locale": "fr", "confirm": "1",
        f"company-{company}-attached": "1", f"company-{company}-role": "user",
        f"company-{company}-affiliation": "internal", "csrf_token": csrf_token(client),
    }  # fmt: skip
    warm = timed(lambda: client.post("/users/new", data={**person, "email": f"tiede@{company}.example"}), 303)
    one = timed(lambda: client.post("/users/new", data={**person, "email": f"un@{company}.example"}), 303)
    yield Figure("the first creation of all", f"{warm.took:.2f} s")
    yield at_most("creation, request to answer", one.took, 0.5, "s", 2)
    yield at_most("creation: Keycloak calls besides the token", one.calls, 4)
    form = {**person, "email": f"egal@{company}.example"}
    with ThreadPoolExecutor(EQUAL) as pool:
        began = time.perf_counter()
        answers = list(pool.map(lambda _: client.post("/users/new", data=form).status_code, range(EQUAL)))
        took = time.perf_counter() - began
    found = {status: answers.count(status) for status in sorted(set(answers))}
    told = ", ".join(f"{count} × {status}" for status, count in found.items())
    yield Figure(f"{EQUAL} equal creations at once", told, "303 or 409 only", found.keys() <= {303, 409})
    yield at_most("the last of their answers after", took, 5, "s", 1)
    mails = requests.get(f"{stack.mail.url}/api/messages", timeout=10).json()
    sent = sum(form["email"] in message["to"] for message in mails)
    yield Figure("mails of them", str(sent), "1", sent == 1)


def _large(client: FlaskClient) -> Iterator[Figure]:
    name = f"list, one company of {LARGE:,}, 50 rows"
    (cold,) = _looks(client, ["/users"], 1)
    yield at_most(f"{name}: first visit", cold.took, 1.5, "s", 2)
    _looks(client, [*PAGES, *SEARCHES], WARM_UP)
    yield at_most(f"{name}: p95", _p95(_looks(client, PAGES, ROUNDS)) * 1000, 400, "ms")
    yield at_most(f"search in {LARGE:,} people: p95", _p95(_looks(client, SEARCHES, ROUNDS)) * 1000, 400, "ms")


def _many(client: FlaskClient) -> Iterator[Figure]:
    name = f"list, {MANY} companies of {EACH}"
    (cold,) = _looks(client, ["/users"], 1)
    yield at_most(f"{name}: first visit", cold.took, 2, "s", 2)
    yield at_most(f"{name}: p95 after it", _p95(_looks(client, ["/users"], ROUNDS)) * 1000, 300, "ms")
    looks = _looks(client, ["/profile"], ROUNDS)
    yield at_most(f"« Mon profil », {MANY} companies: p95", _p95(looks), 1, "s", 2)


def _huge(client: FlaskClient) -> Iterator[Figure]:
    name = f"list, one company of {HUGE:,}"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (cold,) = _looks(client, ["/users"], 1)
    yield Figure(f"{name}: first visit", f"{cold.took:.1f} s")
    yield at_most(f"{name}: p95 after it", _p95(_looks(client, [*PAGES, *SEARCHES], ROUNDS)), 1.5, "s", 2)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield Figure(f"{name}: memory of the portal at most", f"{most / 1024:.0f} MB ({(most - before) / 1024:+.0f})")


def _row(company: str, number: int, kind: str) -> str:
    address = f"personne{1 + number % (PLAIN - 1)}" if kind == "known" else f"inconnue{number}"
    names = f"Nom{1 + number % (PLAIN - 1)},Prénom{1 + number % (PLAIN - 1)}"
    return f"{address}@{company}.example,{names},m,fr,{company},user,internal"


def _dry_run(client: FlaskClient, rows: Sequence[str]) -> Look:
    header = "email,last_name,first_name,title,locale,company,role,affiliation"
    file = "\n".join([header, *rows]).encode()
    token = csrf_token(client)

    def send() -> TestResponse:
        form = {"csrf_token": token, "file": (BytesIO(file), "people.csv")}
        answer = client.post("/users/import", data=form, content_type="multipart/form-data")
        while answer.status_code == 303 or 'http-equiv="refresh"' in answer.text:
            if answer.status_code == 303:
                target = answer.headers["Location"]
            else:
                time.sleep(0.2)
            answer = client.get(target)
        return answer

    return timed(send)


def _looks(client: FlaskClient, paths: Sequence[str], rounds: int) -> list[Look]:
    """So many pages, the paths in turn."""
    return [look(client, paths[number % len(paths)]) for number in range(rounds)]


def look(client: FlaskClient, path: str) -> Look:
    """Open a page."""
    return timed(lambda: client.get(path))


def timed(ask: Callable[[], TestResponse], status: int = 200) -> Look:
    """Ask, and count the calls to Keycloak meanwhile; fails when the answer is another one."""
    with counted() as calls:
        began = time.perf_counter()
        answer = ask()
        took = time.perf_counter() - began
    assert answer.status_code == status, (answer.status_code, took, re.sub(r"<[^>]+>|\s+", " ", answer.text)[:500])
    return Look(took, calls.seconds, len(calls.without_tokens))


def settled(client: FlaskClient) -> None:
    """Wait until the groups are listed: until then the groups of each person are read (ADR 9)."""
    deadline = time.monotonic() + SETTLING
    while look(client, "/users").calls > FEW_CALLS:
        assert time.monotonic() < deadline, "the groups were not listed in time"
        time.sleep(1)


def _median(looks: Iterable[Look]) -> float:
    return statistics.median(look.took for look in looks)


def _p95(looks: Iterable[Look]) -> float:
    times = sorted(look.took for look in looks)
    return times[math.ceil(0.95 * len(times)) - 1]


class Loader:
    """Companies and people, straight into Keycloak."""

    def __init__(self, stack: Stack) -> None:
        self._keycloak = stack.keycloak.url
        self._url = f"{self._keycloak}/admin/realms/{stack.environment()['KEYCLOAK_REALM']}/partialImport"

    def administrator(self, name: str) -> str:
        """The address of who administers what was loaded under that name."""
        return f"chef@{name}.example"

    def empty_companies(self, numbers: Iterable[int]) -> None:
        """Companies of nobody."""
        self._import("groups", [company_group(_company(f"empty-{number}")) for number in numbers], 50)

    def companies(self, name: str, count: int) -> list[str]:
        """The ids of the companies that were loaded under that name."""
        return [f"{name}-{number}" for number in range(count)]

    def console_seconds(self, company: str) -> float:
        """How long Keycloak's own console waits for what it shows of the company's group and its members."""
        headers = {"Authorization": f"Bearer {admin_token(self._keycloak)}"}
        realm = self._url.removesuffix("/partialImport")
        with requests.Session() as http:
            http.headers.update(headers)
            group = http.get(f"{realm}/group-by-path/{company}", timeout=30).json()["id"]
            began = time.perf_counter()
            for path in ("", "/children?first=0&max=11", "/members?first=0&max=51&briefRepresentation=false"):
                http.get(f"{realm}/groups/{group}{path}", timeout=30).raise_for_status()
            for child in http.get(f"{realm}/groups/{group}/children", timeout=30).json():
                http.get(f"{realm}/groups/{child['id']}/members?first=0&max=51", timeout=30).raise_for_status()
            return time.perf_counter() - began

    def company(self, name: str, people: int) -> None:
        """A company of so many people, its administrator among them."""
        self.many(name, 1, people)

    def many(self, name: str, companies: int, people: int) -> None:
        """So many companies of so many people each; one administrator for all of them."""
        ids = self.companies(name, companies)
        self._companies(ids)
        chief = _person(self.administrator(name), 0, [Attachment(each, CompanyRole.ADMINISTRATOR) for each in ids])
        chief["credentials"] = [{"type": "password", "value": PASSWORD}]
        self._import("users", [chief, *_members(ids, people - 1)], 250)

    def strangers(self, name: str, companies: int, people: int) -> None:
        """So many companies of so many people each, and nobody who administers them."""
        ids = self.companies(name, companies)
        self._companies(ids)
        self._import("users", _members(ids, people), 250)

    def load(self, companies: Sequence[Company], people: Sequence[dict[str, Any]]) -> None:
        """These, as they are."""
        self._import("groups", [company_group(each) for each in companies], 50)
        self._import("users", people, 250)

    def _companies(self, ids: Sequence[str]) -> None:
        self._import("groups", [company_group(_company(each)) for each in ids], 50)

    def _import(self, kind: str, rows: Sequence[Any], size: int) -> None:
        for first in range(0, len(rows), size):
            headers = {"Authorization": f"Bearer {admin_token(self._keycloak)}"}
            body = {"ifResourceExists": "SKIP", kind: rows[first : first + size]}
            requests.post(self._url, json=body, headers=headers, timeout=300).raise_for_status()


def _members(ids: Sequence[str], people: int) -> list[dict[str, Any]]:
    return [
        _person(f"personne{number}@{each}.example", number, [Attachment(each, affiliation=_affiliation(number))])
        for each in ids
        for number in range(1, people + 1)
    ]


def _company(company_id: str) -> Company:
    return Company(company_id, f"Société {company_id}", ("data",))


def _affiliation(number: int) -> Affiliation:
    return Affiliation.EXTERNAL if number % 10 == 9 else Affiliation.INTERNAL


def _person(email: str, number: int, attachments: Sequence[Attachment]) -> dict[str, Any]:
    return {
        "username": email,
        "email": email,
        "firstName": f"Prénom{number % 97}",
        "lastName": f"Nom{number}",
        "enabled": True,
        "emailVerified": True,
        "attributes": {"title": ["m"], "locale": ["fr"]},
        "groups": [place.path for attachment in attachments for place in places(attachment)],
    }
