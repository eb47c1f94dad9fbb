"""Which people of a list are hidden, in few calls however many they are.

They are the members of groups that belong to no company. Keycloak has no query for these groups, and listing all
groups costs it several milliseconds for each: it evaluates what the reader may do with them. So the list is kept,
with the number of groups that the realm had. That number is one quick call, made each time. When it differs, the
list is read again in the background, and meanwhile the groups of each person are read instead, unless there are
more people than groups. Members of the groups are read each time, so somebody who has just joined one is found.
"""

import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from directory.encoding import Json
from directory.errors import CompanyNotFoundError
from directory.keycloak_gateway.groups import Groups
from directory.keycloak_gateway.shared import Shared
from directory.visibility import is_open

OLD = 600.0
"""Seconds after which the list is read again although the number is the same: as many groups may have been created
as deleted, and a group may have become a company or stopped being one."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The ids of groups that belong to no company, read at `at` (monotonic) when the realm had `count` groups."""

    ids: tuple[str, ...]
    count: int
    at: float


@dataclass(frozen=True, slots=True)
class Look:
    """How many groups there are, and the members of those of no company; none when these groups are not known."""

    count: int
    members: frozenset[str] | None


class Outsiders:
    """Finds who is hidden; `is_hidden` judges one person by their own groups. Safe to share between threads.

    `among` waits for other calls of the `readers`, so it must not run in one of them.
    """

    def __init__(self, groups: Groups, readers: Executor, is_hidden: Callable[[str], bool]) -> None:
        self._groups = groups
        self._readers = readers
        self._is_hidden = is_hidden
        self._closed: Closed | None = None
        self._lock = Lock()
        self._listing: Future[Closed] | None = None
        self._look = Shared(self._look_now)

    def look(self) -> Future[Look]:
        """Begin to look; callers at the same time share one look."""
        return self._readers.submit(self._look)

    def among(self, user_ids: Collection[str], look: Future[Look]) -> frozenset[str]:
        """Return those of the people who are hidden; `look` was begun for this question."""
        found = look.result()
        if found.members is not None:
            return found.members.intersection(user_ids)
        listing = self._list(found.count)
        if len(user_ids) >= found.count:
            while (closed := listing.result()).count != found.count:  # begun for an earlier question
                listing = self._list(found.count)
            return self._members(closed).intersection(user_ids)
        verdicts = self._readers.map(self._is_hidden, user_ids)
        return frozenset(user_id for user_id, hidden in zip(user_ids, verdicts, strict=True) if hidden)

    def _look_now(self) -> Look:
        count, closed = self._groups.count(), self._closed
        if closed is None or closed.count != count:
            return Look(count, None)
        if time.monotonic() - closed.at > OLD:
            self._list(count)
        return Look(count, self._members(closed))

    def _members(self, closed: Closed) -> frozenset[str]:
        found: set[str] = set()
        for group_id in closed.ids:
            with suppress(CompanyNotFoundError):  # deleted meanwhile
                found.update(person["id"] for person in self._groups.people_in(group_id, brief=True))
        return frozenset(found)

    def _list(self, count: int) -> Future[Closed]:
        """Begin to list the groups, of which there were `count` a moment ago, unless it is running already."""
        with self._lock:
            if self._listing is None or self._listing.done():
                self._listing = self._readers.submit(self._list_now, count)
            return self._listing

    def _list_now(self, count: int) -> Closed:
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
