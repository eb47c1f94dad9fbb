"""Who is in a group that belongs to no company: read once for a list, however many people are on it.

Keycloak has no query for «groups that are no companies», and listing groups costs it about a millisecond for each.
The list is therefore kept, with the number of groups that the realm had; that number is one quick call, made each
time. Members of the groups are read each time as well, so somebody who has just joined one is found.
"""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock

from directory.errors import CompanyNotFoundError
from directory.keycloak_gateway.groups import Groups
from directory.visibility import is_open

OLD = 600.0
"""Seconds after which the list is read again while it is in use: as many groups may have been created as deleted,
and a group may have become a company or stopped being one."""
FEW = 10
"""Up to so many new top-level groups are looked for one by one; for more the whole list is read again."""


@dataclass(frozen=True, slots=True)
class Known:
    """The groups of the realm, read at `at` (monotonic) when it had `count` of them, subgroups included.

    `top` are the ids of all top-level groups in Keycloak's order, `closed` those of groups that belong to no
    company, `ids` those of `closed` with all their subgroups.
    """

    top: tuple[str, ...]
    closed: tuple[str, ...]
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
        self._known: Known | None = None

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
        count, known = self._groups.count(), self._known
        if known is None:
            known = self._all(count)
        elif known.count != count:
            known = self._changed(known, count) or self._all(count)
        elif time.monotonic() - known.at > OLD:
            self._known = replace(known, at=time.monotonic())  # so that no other call reads it as well
            self._readers.submit(self._all, count)
        found: set[str] = set()
        for group_id in known.ids:
            with suppress(CompanyNotFoundError):  # deleted meanwhile
                found.update(person["id"] for person in self._groups.people_in(group_id, brief=True))
        return frozenset(found)

    def _all(self, count: int) -> Known:
        """Read the list."""
        top = self._groups.top_level()
        return self._keep((group["id"] for group in top), (g["id"] for g in top if not is_open(g)), count)

    def _changed(self, known: Known, count: int) -> Known | None:
        """Add the few top-level groups that are new; none when that is not what has happened.

        The list has an order and keeps it, so the first new group is found by halving: a dozen calls for thousands
        of groups.
        """
        top, closed = list(known.top), list(known.closed)
        new = self._groups.count(top=True) - len(top)
        if not 0 <= new <= FEW:
            return None
        for _ in range(new):
            index = self._first_difference(top)
            group = self._groups.top_level_at(index)
            if group is None or group["id"] in top:
                return None
            top.insert(index, group["id"])
            if not is_open(group):
                closed.append(group["id"])
        return self._keep(top, closed, count) if self._first_difference(top[-1:], len(top) - 1) else None

    def _first_difference(self, ids: list[str], first: int = 0) -> int:
        """Return the lowest index at which Keycloak's list, from its row `first` on, has another group."""
        low, high = 0, len(ids)
        while low < high:
            middle = (low + high) // 2
            found = self._groups.top_level_at(first + middle)
            if found is not None and found["id"] == ids[middle]:
                low = middle + 1
            else:
                high = middle
        return low

    def _keep(self, top: Iterable[str], closed: Iterable[str], count: int) -> Known:
        roots = tuple(closed)
        ids = tuple(one for group_id in roots for one in self._with_subgroups(group_id))
        self._known = Known(tuple(top), roots, ids, count, time.monotonic())
        return self._known

    def _with_subgroups(self, group_id: str) -> Iterator[str]:
        yield group_id
        with suppress(CompanyNotFoundError):  # deleted meanwhile
            for child in self._groups.children(group_id):
                yield from self._with_subgroups(child["id"]) if child.get("subGroupCount", 1) else (child["id"],)
