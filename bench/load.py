"""`make load`: list requests at a fixed pace, then as fast as it goes, then sign-ins at Keycloak alone.

`LOAD_RATE` (50) list requests a second for `LOAD_SECONDS` (60), by several administrators who are signed in, each
of a company of fifty; Keycloak, the portal and the client share the machine, on the loopback. After each part it
is said which program the processor worked for.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import requests

from bench.figures import Figure, at_most, exactly
from bench.lists import Loader
from bench.portal import PASSWORD
from bench.traffic import TIMEOUT, Visits, errors, flat_out, kinds, paced, percentile, session_of
from bench.usage import Shares, shares
from sandbox.content import REALM
from sandbox.ports import Ports
from sandbox.stack import Stack
from sandbox.visitor import Visitor

ADMINISTRATORS = 10
PEOPLE = 50
WARM_UP_SECONDS = 20.0
"""The compilers of Keycloak have seen each call by then."""
AT_A_TIME = 8
REFUSED = 401
P95_GOAL = 1_000.0
"""Milliseconds: what a person takes for « at once »."""


@dataclass(frozen=True)
class Pace:
    """How much is asked for, and for how long."""

    rate: float
    seconds: float

    @classmethod
    def from_environment(cls) -> Pace:
        """What `LOAD_RATE` and `LOAD_SECONDS` say."""
        return cls(float(os.environ.get("LOAD_RATE") or 50), float(os.environ.get("LOAD_SECONDS") or 60))


def measure() -> list[Figure]:
    """All three parts on a stack of their own; about four minutes."""
    pace = Pace.from_environment()
    with tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder:
        with Stack(Path(folder), Ports.free(), with_service=False) as stack:
            people = administrators(stack)
            cookies = [session_of(stack.portal_url, email, PASSWORD) for email in people]
            return [*lists(stack, cookies, pace), *sign_ins(stack, people, pace.seconds / 4)]


def administrators(stack: Stack) -> list[str]:
    """The addresses of administrators, each of a company of their own that is made now."""
    loader = Loader(stack)
    names = [f"charge-{number}" for number in range(ADMINISTRATORS)]
    for name in names:
        loader.company(name, PEOPLE)
    return [loader.administrator(name) for name in names]


def lists(stack: Stack, cookies: Sequence[str], pace: Pace) -> Iterator[Figure]:
    """The list at that pace, then as fast as it goes."""
    with Visits(f"{stack.portal_url}/users", cookies) as visits:
        flat_out(visits, AT_A_TIME, min(WARM_UP_SECONDS, pace.seconds))
        with shares(stack.pids) as used:
            answers = paced(visits, pace.rate, pace.seconds)
        name = f"list, {pace.rate:g} requests/s for {pace.seconds:g} s, {len(cookies)} administrators"
        yield exactly(f"{name}: answers", len(answers), round(pace.rate * pace.seconds))
        yield exactly(f"{name}: errors", len(errors(answers)), 0)
        yield Figure(f"{name}: statuses", kinds(answers))
        yield Figure(f"{name}: p50", f"{percentile(answers, 0.5) * 1000:.0f} ms")
        yield at_most(f"{name}: p95", percentile(answers, 0.95) * 1000, P95_GOAL, "ms")
        yield Figure(f"{name}: p99", f"{percentile(answers, 0.99) * 1000:.0f} ms")
        yield from _told(name, used)
        seconds = pace.seconds / 2
        with shares(stack.pids) as used:
            answers = flat_out(visits, AT_A_TIME, seconds)
        name = f"list, {AT_A_TIME} at a time, as fast as it goes"
        yield Figure(name, f"{len(answers) / seconds:.1f} /s")
        yield exactly(f"{name}: errors", len(errors(answers)), 0)
        yield from _told(name, used)


def sign_ins(stack: Stack, people: Sequence[str], seconds: float) -> Iterator[Figure]:
    """Whole sign-ins at Keycloak, without the portal: its form, the password, the code, the tokens.

    Each of those at a time has a person of its own: Keycloak refuses two attempts for one person at once.
    """
    most = min(AT_A_TIME, len(people))
    flat_out(_sign_in_at(stack, people[:most]), most, min(WARM_UP_SECONDS, seconds))
    for at_a_time in (1, most):
        with shares(stack.pids) as used:
            answers = flat_out(_sign_in_at(stack, people[:at_a_time]), at_a_time, seconds)
        name = f"sign-ins at Keycloak alone, {at_a_time} at a time"
        yield Figure(name, f"{len(answers) / seconds:.1f} /s")
        yield exactly(f"{name}: errors", len(errors(answers)), 0)
        yield Figure(f"{name}: p95", f"{percentile(answers, 0.95) * 1000:.0f} ms")
        yield from _told(name, used)


def _told(name: str, used: Shares) -> Iterator[Figure]:
    yield Figure(f"{name}: busy cores of {used.cores}", str(used))
    yield Figure(f"{name}: what limits", used.limit)


def _sign_in_at(stack: Stack, people: Sequence[str]) -> Callable[[int], int]:
    """Signs these people in, in turn: the status of the answer that has their tokens, else `REFUSED`."""
    sent = requests.get(f"{stack.portal_url}/login", timeout=TIMEOUT, allow_redirects=False).headers["Location"]
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {name: values[0] for name, values in parse_qs(urlsplit(sent).query).items()}
    query["code_challenge"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    address = urlunsplit(urlsplit(sent)._replace(query=urlencode(query)))
    tokens = f"{stack.keycloak.url}/realms/{REALM}/protocol/openid-connect/token"
    form = {
        "grant_type": "authorization_code",
        "client_id": query["client_id"],
        "client_secret": stack.secrets.client_portal_secret,
        "redirect_uri": query["redirect_uri"],
        "code_verifier": verifier,
    }

    def sign_in(number: int) -> int:
        visitor = Visitor()
        with visitor.http:
            try:
                back = visitor.signs_in(address, people[number % len(people)], PASSWORD)
            except PermissionError:
                return REFUSED
            code = parse_qs(urlsplit(back).query)["code"][0]
            return visitor.http.post(tokens, data={**form, "code": code}, timeout=TIMEOUT).status_code

    return sign_in
