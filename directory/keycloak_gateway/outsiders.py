"""Who is in a group that belongs to no company: asked once for a list, however many people are on it.

Keycloak has no query for «groups that are no companies», and a list of all groups costs it about a millisecond for
each. The list is therefore kept, with the number of groups that the realm had; the number is one quick call, made
each time. Who is in the groups is read each time as well, so somebody who has just joined one is found.
"""

import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock

from directory.encoding import Json
from directory.errors import CompanyNotFoundError
from directory.keycloak_gateway.groups import Groups
from directory.visibility import is_open

OLD = 600.0
"""Seconds after which the list is renewed while it is in use: as many groups may have been made as were deleted,
and a group may have become a company or ceased to be one."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The ids of groups that belong to no company, read at `at` (monotonic) when the realm had `count` groups."""

    ids: tuple[str, ...]
    count: int
    at: float


class Outsiders:
    """The members of groups that belong to no company. Safe to share between threads."""

    def __init__(self, groups: Groups, readers: Executor) -> None:
        self._groups = groups
        self._readers = readers
        self._lock = Lock()
        self._running: Future[frozenset[str]] | None = None
        self._closed: Closed | None = None

    def ids(self) -> frozenset[str]:
        """Return their user ids as they are now; one read serves everybody who asks while it runs."""
        with self._lock:
            running, mine = self._running, Future[frozenset[str]]()
            if running is None:
                self._running = mine
        if running is not None:
            return running.result()
        try:
            mine.set_result(self._read())
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                self._running = None
        return mine.result()

    def _read(self) -> frozenset[str]:
        count = self._groups.count()
        closed = self._closed
        if closed is None or closed.count != count:
            closed = self._renew(count)
        elif time.monotonic() - closed.at > OLD:
            self._closed = replace(closed, at=time.monotonic())  # so that no other call renews it
            self._readers.submit(self._renew, count)
        found: set[str] = set()
        for group_id in closed.ids:
            with suppress(CompanyNotFoundError):  # deleted meanwhile
                found.update(person["id"] for person in self._groups.people_in(group_id, brief=True))
        return frozenset(found)

    def _renew(self, count: int) -> Closed:
        ids = [one for group in self._groups.top_level() if not is_open(group) for one in self._with_below(group)]
        self._closed = Closed(tuple(ids), count, time.monotonic())
        return self._closed

    def _with_below(self, group: Json) -> Iterator[str]:
        yield group["id"]
        if group.get("subGroupCount", 1):
            with suppress(CompanyNotFoundError):
                for child in self._groups.children(group["id"]):
                    yield from self._with_below(child)
