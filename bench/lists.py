"""What the list costs: a company of 2,000 people, an administrator of 50 companies, a realm that grows.

On a Keycloak with all its compilers, as one is run; the one of the tests and the demo starts faster instead. Its
database is the embedded one, on which a list of members costs 170 ms before its first person (PostgreSQL: 50-90).
"""

import math
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from flask.testing import FlaskClient

from bench.figures import Figure, at_most
from bench.portal import PASSWORD, counted, signed_in
from directory.encoding import company_group, places
from directory.model import Affiliation, Attachment, Company, CompanyRole
from sandbox.keycloak import admin_token
from sandbox.ports import Ports
from sandbox.stack import Stack

LARGE = 2000
MANY = 50
EACH = 20
PLAIN = 50
FEW_COMPANIES = 100
MANY_COMPANIES = 2000
WARM_UP = 20
ROUNDS = 40
PLAIN_ROUNDS = 25
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
    """One page: its seconds, those of its calls to Keycloak together, and whether a renewal ran beside it."""

    took: float
    called: float
    renewed: bool


def measure() -> list[Figure]:
    """The figures; about five minutes."""
    with tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder:
        stack = Stack(Path(folder), Ports.free(), with_portal=False, with_service=False)
        with stack:
            return list(_figures(Loader(stack), stack))


def _figures(loader: "Loader", stack: Stack) -> Iterator[Figure]:
    loader.company("plain", PLAIN)
    loader.empty_companies(range(FEW_COMPANIES))
    plain = signed_in(stack, loader.administrator("plain"))
    _looks(plain, ["/users"], WARM_UP)
    few = _median(_looks(plain, ["/users"], PLAIN_ROUNDS))
    loader.company("large", LARGE)
    yield from _large(signed_in(stack, loader.administrator("large")))
    loader.many("many", MANY, EACH)
    yield from _many(signed_in(stack, loader.administrator("many")))
    loader.empty_companies(range(FEW_COMPANIES, MANY_COMPANIES))
    plain = signed_in(stack, loader.administrator("plain"))
    _looks(plain, ["/users"], 3)
    many = _median(_looks(plain, ["/users"], PLAIN_ROUNDS))
    yield Figure(f"list of {PLAIN}, {FEW_COMPANIES} companies in the realm (median)", f"{few * 1000:.0f} ms")
    yield Figure(f"list of {PLAIN}, {MANY_COMPANIES} companies in the realm (median)", f"{many * 1000:.0f} ms")
    yield at_most(f"list, {MANY_COMPANIES} companies in the realm per {FEW_COMPANIES}", many / few, 1.2, digits=2)


def _large(client: FlaskClient) -> Iterator[Figure]:
    (cold,) = _looks(client, ["/users"], 1)
    _looks(client, [*PAGES, *SEARCHES], WARM_UP)
    pages = _looks(client, PAGES, ROUNDS)
    searches = _looks(client, SEARCHES, ROUNDS)
    alone = [look for look in pages if not look.renewed]
    name = f"list of {LARGE} people, 50 rows"
    yield Figure(f"{name}: first visit of all", f"{cold.took:.2f} s")
    yield Figure(f"{name}: median", f"{_median(pages) * 1000:.0f} ms")
    yield at_most(f"{name}: p95", _p95(pages) * 1000, 400, "ms")
    ratio = statistics.median(look.took / look.called for look in alone)
    yield at_most(f"{name}: time / sum of its Keycloak calls (median)", ratio, 1.5, digits=2)
    yield at_most(f"search in {LARGE} people: p95", _p95(searches) * 1000, 800, "ms")


def _many(client: FlaskClient) -> Iterator[Figure]:
    name = f"first page, {MANY} companies of {EACH}"
    (cold,) = _looks(client, ["/users"], 1)
    later = _looks(client, ["/users"], ROUNDS)
    yield at_most(f"{name}: first visit of all", cold.took, 1.5, "s", 2)
    yield at_most(f"{name}: p95 after it", _p95(later), 1.5, "s", 2)


def _looks(client: FlaskClient, paths: Sequence[str], rounds: int) -> list[Look]:
    """So many pages, the paths in turn."""
    return [_look(client, paths[number % len(paths)]) for number in range(rounds)]


def _look(client: FlaskClient, path: str) -> Look:
    with counted() as calls:
        began = time.perf_counter()
        answer = client.get(path)
        took = time.perf_counter() - began
    assert answer.status_code == 200, (path, answer.status_code, took)
    return Look(took, calls.seconds, any(path.endswith("/members") for _, path in calls.made))


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

    def company(self, name: str, people: int) -> None:
        """A company of so many people, its administrator among them."""
        self.many(name, 1, people)

    def many(self, name: str, companies: int, people: int) -> None:
        """So many companies of so many people each; one administrator for all of them."""
        ids = [f"{name}-{number}" for number in range(companies)]
        self._import("groups", [company_group(_company(each)) for each in ids], 50)
        chief = _person(self.administrator(name), 0, [Attachment(each, CompanyRole.ADMINISTRATOR) for each in ids])
        chief["credentials"] = [{"type": "password", "value": PASSWORD}]
        others = [
            _person(
                f"personne{number}@{each}.example", number, [Attachment(each, affiliation=_affiliation(number))]
            )
            for each in ids
            for number in range(1, people)
        ]
        self._import("users", [chief, *others], 250)

    def _import(self, kind: str, rows: Sequence[Any], size: int) -> None:
        for first in range(0, len(rows), size):
            headers = {"Authorization": f"Bearer {admin_token(self._keycloak)}"}
            body = {"ifResourceExists": "SKIP", kind: rows[first : first + size]}
            requests.post(self._url, json=body, headers=headers, timeout=300).raise_for_status()


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
