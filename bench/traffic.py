"""Requests of signed-in people at a fixed pace, and how long each answer took.

An open loop: every request has a moment at which it is due, and its time counts from that moment, whether or not
the requests before it have been answered. So a server that stands still for a second is seen by everybody who
would have come in that second; a client that waits for one answer before it asks again would see it once.

Threads and the standard library: at fifty requests a second the client must not be what limits on a machine that
it shares with the servers, and tools made for this bring an event loop, a page of figures and libraries of their
own.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sandbox.visitor import Visitor

THREADS = 64
"""Requests under way at most; one that is due while all are waits, and its time runs."""
TIMEOUT = 30.0
NO_ANSWER = 0


@dataclass(frozen=True)
class Answer:
    """One request: when it was due (seconds from the beginning), how long it took from then, what came back."""

    due: float
    took: float
    status: int
    """`NO_ANSWER` when the connection failed."""


class Visits:
    """Reads of one page by several signed-in people in turn: `visits(n)` is the status of the nth.

    Each thread keeps a connection of its own. Nothing is tried again: a request that fails has failed.
    """

    def __init__(self, address: str, cookies: Sequence[str]) -> None:
        parts = urlsplit(address)
        self._host = parts.netloc
        self._path = parts.path
        self._cookies = cookies
        self._local = threading.local()
        self._made: list[HTTPConnection] = []

    def __call__(self, number: int) -> int:
        connection = self._connection()
        try:
            cookie = self._cookies[number % len(self._cookies)]
            connection.request("GET", self._path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            connection.close()  # the next request of this thread opens it again
            return NO_ANSWER
        return answer.status

    def _connection(self) -> HTTPConnection:
        found: HTTPConnection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = HTTPConnection(self._host, timeout=TIMEOUT)
            self._made.append(found)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._made:
            connection.close()


def paced(
    send: Callable[[int], int],
    rate: float,
    seconds: float,
    *,
    stop: threading.Event | None = None,
    threads: int = THREADS,
) -> list[Answer]:
    """Send `rate` requests a second for so long, or until `stop` is set; all answers, as they were due."""
    stop = stop or threading.Event()
    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        sent = []
        for number in range(round(rate * seconds)):
            due = number / rate
            if stop.wait(max(0.0, began + due - time.perf_counter())):
                break
            sent.append(pool.submit(_answer, send, number, began, due))
        return [each.result() for each in sent]


def flat_out(send: Callable[[int], int], at_a_time: int, seconds: float) -> list[Answer]:
    """As fast as it goes: so many at a time, each asking again when it is answered."""
    began = time.perf_counter()

    def one_after_the_other(first: int) -> list[Answer]:
        answers, number = [], first
        while (now := time.perf_counter() - began) < seconds:
            answers.append(_answer(send, number, began, now))
            number += at_a_time
        return answers

    with ThreadPoolExecutor(at_a_time) as pool:
        return [answer for each in pool.map(one_after_the_other, range(at_a_time)) for answer in each]


def _answer(send: Callable[[int], int], number: int, began: float, due: float) -> Answer:
    status = send(number)
    return Answer(due, time.perf_counter() - began - due, status)


def errors(answers: Iterable[Answer]) -> list[Answer]:
    """Those that are not the page."""
    return [answer for answer in answers if answer.status != 200]


def kinds(answers: Iterable[Answer]) -> str:
    """How many answers of each status there were, and when those that are not the page were due."""
    answers = list(answers)
    counted = ", ".join(
        f"{status}: {count}" for status, count in sorted(Counter(a.status for a in answers).items())
    )
    failed = [answer.due for answer in errors(answers)]
    return f"{counted}; errors from {min(failed):.1f} to {max(failed):.1f} s" if failed else counted


def percentile(answers: Iterable[Answer], part: float) -> float:
    """Seconds within which so large a part of all was answered."""
    times = sorted(answer.took for answer in answers)
    return times[math.ceil(part * len(times)) - 1]


def session_of(portal: str, email: str, password: str) -> str:
    """Sign somebody in and return what their browser sends from then on: the header `Cookie`."""
    visitor = Visitor()
    back = visitor.signs_in(f"{portal}/login", email, password)
    visitor.http.get(back, timeout=TIMEOUT).raise_for_status()
    cookies = visitor.http.cookies
    visitor.http.close()
    # Keycloak's own are of the same host, below /realms.
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies if cookie.path == "/")
