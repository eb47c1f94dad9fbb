"""How calls to Keycloak are made: repeated when that is safe, page by page, with ids that are ids."""

import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from re import IGNORECASE
from re import compile as regex
from typing import Any, TypeVar

from directory.budget import carried, left
from directory.encoding import Json
from directory.errors import DirectoryError, NotFoundError, UnavailableError
from directory.keycloak_gateway.translation import NOTHING_SPECIAL, Meanings, NotAskedError, translated

PAGE_SIZE = 500
PEOPLE_PAGE_SIZE = 1000
"""Keycloak takes a while for each page of members before its first person: 2,000 people took 1.5 s as one page and
3.2 s as four (measured). A larger page may exceed the read time-out on a server that has just started."""
TRIES = 3
RETRY_BUDGET = 6.0
"""Seconds from the beginning of the first try, within which a failed try may be followed by another: one that got
no answer in time is, once."""

T = TypeVar("T")

_ID = regex(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", IGNORECASE)


class Readers(ThreadPoolExecutor):
    """Threads that read for the thread that asks, within the time that it has."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        return super().submit(carried(fn), *args, **kwargs)


def is_id(identifier: str) -> bool:
    """Whether the text can be an id of Keycloak's."""
    return _ID.fullmatch(identifier) is not None


def identified(identifier: str, missing: type[NotFoundError] = NotFoundError) -> str:
    """Return the id, or raise `missing`: the library writes ids into addresses as they are, even `../groups`."""
    if not is_id(identifier):
        raise missing("this is not an id of Keycloak's")
    return identifier


def pages(fetch: Callable[[dict[str, int]], list[Json]], size: int) -> list[Json]:
    """Return all rows of a paged list. (The library's own paging asks for one empty page more.)"""
    rows: list[Json] = []
    while True:
        page = fetch({"first": len(rows), "max": size})
        rows += page
        if len(page) < size:
            return rows


def repeated(
    call: Callable[[], T], meanings: Meanings = NOTHING_SPECIAL, also: type[DirectoryError] = UnavailableError
) -> T:
    """Return the answer of an idempotent call, tried again while Keycloak is unavailable and there is time left.

    After the error `also` it is tried again whatever the time: Keycloak has answered.
    """
    deadline = time.monotonic() + min(RETRY_BUDGET, left())
    for attempt in range(1, TRIES):
        try:
            with translated(meanings):
                return call()
        except NotAskedError:
            raise
        except (UnavailableError, also) as error:
            pause = random.uniform(0.05, 0.2) * attempt  # noqa: S311 (jitter, no secret)
            if isinstance(error, UnavailableError) and time.monotonic() + pause > deadline:
                raise
            time.sleep(pause)
    with translated(meanings):
        return call()
