"""How calls to Keycloak leave this process: never for longer than there is time, nor more than it can wait for.

One `Gate` is in front of one Keycloak. It opens a circuit breaker after `FAILURES` failures without a success in
between: calls then fail at once, and every `PAUSE` seconds one of them is a probe, whose answer closes the breaker
again. It also limits how many calls are under way, in all and for one person, so that a Keycloak that hangs for
some requests does not hold every thread.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from directory import budget
from directory.budget import Budget

FAILURES = 5
"""Failures in a row that open the breaker."""
PAUSE = 1.0
"""Seconds between two probes while the breaker is open."""
PROBE_TIMEOUT = 3.0
"""Seconds to wait for the answer of a probe that only reads: with `PAUSE`, less than the five we are back in."""
AT_ONCE = 24
"""Calls under way for people: fewer than the 32 threads of a worker, so that pages without Keycloak still open."""
AT_ONCE_FOR_ONE = 12
"""Calls under way for one person."""
TURN = 2.0
"""Seconds that a call waits for its turn; a call that takes longer than that is slow."""
SICK = frozenset({502, 503, 504})
"""Answers of a server, or of a proxy before it, that cannot work now."""


class RefusedCallError(requests.ConnectionError):
    """The call was not sent: Keycloak is known to be unavailable, or there is no time or room for it."""


@dataclass(slots=True)
class _Call:
    person_id: str
    budget: Budget | None
    probes: bool
    began: float = field(default_factory=time.monotonic)


class Gate:
    """What every call to one Keycloak passes. Safe to share between threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._failures = 0
        self._next_probe = 0.0
        self._probing = False
        self._running: list[_Call] = []

    @property
    def is_open(self) -> bool:
        """Whether calls fail at once, but for probes."""
        return self._failures >= FAILURES

    @contextmanager
    def call(self) -> Iterator["Passing"]:
        """A call to Keycloak during the block; `RefusedCallError` when it must not be made now.

        A `requests.RequestException` in the block is a failure, and so is what it reports by `Passing.failed`.
        """
        passing = Passing(self._enter())
        try:
            yield passing
        except (requests.ConnectionError, requests.Timeout):
            passing.failed = True
            raise
        finally:
            self._leave(passing)

    def _enter(self) -> _Call:
        mine = budget.current()
        if budget.left() <= 0:
            raise RefusedCallError("this request has waited for Keycloak long enough")
        person_id = mine.person_id if mine else ""
        with self._changed:
            if mine is not None:
                self._wait_for_turn(person_id, TURN)
            probes = self._is_probe()
            call = _Call(person_id, mine, probes)
            self._running.append(call)
            return call

    def _is_probe(self) -> bool:
        if not self.is_open:
            return False
        if self._probing or time.monotonic() < self._next_probe:
            raise RefusedCallError("Keycloak does not answer; it is asked again in a moment")
        self._probing = True
        return True

    def _wait_for_turn(self, person_id: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._has_room(person_id):
            if self._hangs_for(person_id) or not self._changed.wait(until - time.monotonic()):
                raise RefusedCallError("too many calls to Keycloak are under way")

    def _has_room(self, person_id: str) -> bool:
        counted = Counter(call.person_id for call in self._running if call.budget)
        mine = counted[person_id] if person_id else 0
        return counted.total() < AT_ONCE and mine < AT_ONCE_FOR_ONE

    def _hangs_for(self, person_id: str) -> bool:
        """Whether all that is under way for this person is slow: waiting would only hold one thread more."""
        mine = [call for call in self._running if call.budget and call.person_id == person_id]
        return bool(mine) and all(time.monotonic() - call.began > TURN for call in mine)

    def _leave(self, passing: "Passing") -> None:
        with self._changed:
            self._running = [call for call in self._running if call is not passing.entry]
            if passing.entry.budget is not None:
                passing.entry.budget.charge(passing.entry.began)
            if passing.entry.probes:
                self._probing = False
            if passing.failed:
                self._failures += 1
                self._next_probe = time.monotonic() + PAUSE
            elif passing.answered:
                self._failures = 0
            self._changed.notify_all()


@dataclass(slots=True)
class Passing:
    """A call while it is made; says how it ended."""

    entry: _Call
    failed: bool = False
    answered: bool = False

    def timeouts(self, method: str, connect: float, read: float) -> tuple[float, float]:
        """Return how long it may take to connect and to answer."""
        time_left = budget.left()
        if self.entry.probes and method in {"GET", "HEAD"}:
            time_left = min(time_left, PROBE_TIMEOUT)
        return max(0.05, min(connect, time_left)), max(0.05, min(read, time_left))

    def met(self, status: int) -> None:
        """Note the status of the answer."""
        self.failed = status in SICK
        self.answered = not self.failed


class GatedAdapter(HTTPAdapter):
    """Sends each request through the gate."""

    def __init__(self, gate: Gate, **options: Any) -> None:
        super().__init__(**options)
        self._gate = gate

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        with self._gate.call() as passing:
            connect, read = options["timeout"]
            options["timeout"] = passing.timeouts(str(request.method), connect, read)
            answer = super().send(request, **options)
            passing.met(answer.status_code)
            return answer


def mount(session: requests.Session, gate: Gate, **options: Any) -> None:
    """Let everything that the session sends pass the gate."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, GatedAdapter(gate, **options))
