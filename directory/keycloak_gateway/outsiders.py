"""Who is in a group that belongs to no company: read once for a list, however many people are on it.

Keycloak has no query for «groups that are no companies», and listing groups costs it about a millisecond for each.
The list is therefore kept, with the number of groups that the realm had; that number is one quick call, made each
time. Members of the groups are read each time as well, so somebody who has just joined one is found.
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
"""Seconds after which the list is read again while it is in use: as many groups may have been created as deleted,
and a group may have become a company or stopped being one."""


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
        count, closed = self._groups.count(), self._closed
        if closed is None or closed.count != count:
            closed = self._list(count)
        elif time.monotonic() - closed.at > OLD:
            self._closed = replace(closed, at=time.monotonic())  # so that no other call reads it as well
            self._readers.submit(self._list, count)
        found: set[str] = set()
        for group_id in closed.ids:
            with suppress(CompanyNotFoundError):  # deleted meanwhile
                found.update(person["id"] for person in self._groups.people_in(group_id, brief=True))
        return frozenset(found)

    def _list(self, count: int) -> Closed:
        top = self._groups.top_level()
        ids = tuple(one for group in top if not is_open(group) for one in self._with_subgroups(group))
        self._closed = Closed(ids, count, time.monotonic())
        return self._closed

    def _with_subgroups(self, group: Json) -> Iterator[str]:
        yield group["id"]
        if group.get("subGroupCount", 1):
            with suppress(CompanyNotFoundError):  # deleted meanwhile
                for child in self._groups.children(group["id"]):
                    yield from self._with_subgroups(child)
