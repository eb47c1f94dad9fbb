"""The people of an administrator's companies, for the list: read now, or kept for a moment where that takes long.

Small administrations are always read now. What was read of large ones is kept in this process, for order, search,
filters and counts; the people on the page itself are read again (`page_of`), and which companies
an administrator has is never kept. What a portal changed is seen at once, by a number; what others change, a
minute later at the latest, unless Keycloak is slower than that: `Seen.is_old` tells.
"""

import logging
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from directory.errors import DirectoryError
from directory.gateway import Directory
from directory.model import Company, Member
from webapp.listing.query import Page, Query, cut, select
from webapp.parallel import in_the_background, read_all
from webapp.people.administration import Administration, each_once

SMALL_COMPANIES = 5
SMALL_PEOPLE = 300
"""Up to here everything is read now."""
FRESH = 10.0
"""Seconds in which a reading is as good as a new one."""
REST = 2.0
"""Times what the readings took that pass before they are made again: one list does not keep Keycloak busy."""
OLD = 60.0
"""Seconds after which a reading is used only when a new one takes longer than `PATIENCE`."""
PATIENCE = 3.0
"""Seconds that a page waits for a renewal, at most and only where the last reading took no more."""
SOON = 1.0
"""Seconds that a first reading may take before somebody is shown how far it is."""
GONE = 600.0
"""Seconds after which a reading is not used any more."""
MOST_PEOPLE = 50_000
"""People kept (about 1 kB each); the company asked for least recently goes first."""
MOST_RENEWALS = 4
"""Renewals at a time."""
ROUNDS = 3
"""Times that people who moved onto a page are read again."""

Versions = Callable[[Collection[str]], Mapping[str, int]]
"""A number for each company (by id) that is another one after each change that a portal made there."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """The members of one company as they were at `at`; it took `took` seconds to read them."""

    members: tuple[Member, ...]
    version: int
    at: float
    took: float


@dataclass(frozen=True, slots=True)
class Seen:
    """Everybody at an administrator's companies, each once; `age` in seconds, 0 when all were read now."""

    members: tuple[Member, ...]
    age: float = 0.0

    @property
    def is_old(self) -> bool:
        return self.age > OLD


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of an administrator's companies have been read for the first time."""

    done: int
    total: int


def page_of(directory: Directory, seen: Seen, query: Query, now: datetime) -> tuple[Page, Seen]:
    """A page of the list, and everybody with the people of that page as they are now.

    Somebody who is no more, or does not match any more, is not on it; who moves up in their place is read as well.
    """
    page = cut(select(seen.members, query, now), query.page)
    read: set[str] = set()
    for _ in range(ROUNDS if seen.age else 0):
        ids = {member.user.id for member in page.members} - read
        if not ids:
            break
        users = {user.id: user for user in directory.users(ids)}
        read |= ids
        if all(users.get(member.user.id) == member.user for member in page.members if member.user.id in ids):
            break
        members = (
            Member(users.get(member.user.id, member.user), member.attachments)
            for member in seen.members
            if member.user.id not in ids or member.user.id in users
        )
        seen = Seen(tuple(members), seen.age)
        page = cut(select(seen.members, query, now), query.page)
    return page, seen


class Roster:
    """The readings of this process. `clock` and `begin` are there for tests."""

    def __init__(
        self,
        versions: Versions,
        clock: Callable[[], float] = time.monotonic,
        begin: Callable[[Callable[[], None]], object] = in_the_background,
    ) -> None:
        self._versions = versions
        self._clock = clock
        self._begin = begin
        self._changed = threading.Condition()
        self._kept: OrderedDict[str, Reading] = OrderedDict()
        self._reading = defaultdict[str, threading.Lock](threading.Lock)
        self._renewed: set[str] = set()
        self._renewals = 0
        self._first: set[str] = set()
        self._failed: set[str] = set()

    def seen(self, directory: Directory, administration: Administration) -> Seen:
        """Everybody at the administrator's companies."""
        companies = administration.companies
        # Asked before anything is read: so a change that comes in between makes the reading worthless.
        numbers = self._versions(administration.ids)
        versions = {company.key: numbers.get(company.id, 0) for company in companies}
        if self._may_be_small(companies):
            read = partial(self._read, directory, versions)
            return Seen(each_once(reading.members for reading in read_all(read, companies)))
        return self._seen(directory, companies, versions)

    def first_reading(self, directory: Directory, administration: Administration) -> Progress | None:
        """How far the first reading of many companies is, begun behind the page when no one is at it.

        None when `seen` will not wait for it: it is through, or there are few companies, or one could not be read
        (`seen` says why).
        """
        companies = administration.companies
        numbers = self._versions(administration.ids)
        versions = {company.key: numbers.get(company.id, 0) for company in companies}
        missing, keys = self._missing(companies, versions), {company.key for company in companies}
        if self._may_be_small(companies) or len(missing) <= SMALL_COMPANIES or self._take_failed(keys):
            return None
        self._begin_first(directory, missing, versions)
        with self._changed:
            self._changed.wait_for(lambda: not self._first & keys, SOON)
        missing = self._missing(companies, versions)
        if not missing or self._take_failed(keys):
            return None
        return Progress(len(companies) - len(missing), len(companies))

    def _take_failed(self, keys: set[str]) -> bool:
        """Whether one of them could not be read; the next time it is tried again."""
        with self._changed:
            failed = not keys.isdisjoint(self._failed)
            self._failed -= keys
        return failed

    def _missing(self, companies: Sequence[Company], versions: Mapping[str, int]) -> list[Company]:
        usable = self._usable(versions)
        return [company for company in companies if company.key not in usable]

    def _begin_first(
        self, directory: Directory, companies: Sequence[Company], versions: Mapping[str, int]
    ) -> None:
        """Begin to read them, but for those that are being read; a company that cannot be read ends it."""
        with self._changed:
            todo = [company for company in companies if company.key not in self._first]
            keys = {company.key for company in todo}
            self._first |= keys

        def read() -> None:
            failed = set(keys)
            try:
                read_all(partial(self._read_once, directory, versions), todo)
                failed.clear()
            except DirectoryError as error:
                _log.warning("the people of a company could not be read: %s", error)
            finally:
                with self._changed:
                    self._first -= keys
                    self._failed |= failed
                    self._changed.notify_all()

        if todo:
            self._begin(read)

    def _may_be_small(self, companies: Sequence[Company]) -> bool:
        with self._changed:
            known = sum(len(self._kept[c.key].members) for c in companies if c.key in self._kept)
        return len(companies) <= SMALL_COMPANIES and known <= SMALL_PEOPLE

    def _seen(self, directory: Directory, companies: Sequence[Company], versions: Mapping[str, int]) -> Seen:
        """Those kept as far as there are any; the rest is read now, and what is due renewed for the next time."""
        readings = self._usable(versions)
        missing = self._missing(companies, versions)
        for company, reading in zip(
            missing, read_all(partial(self._read_once, directory, versions), missing), strict=True
        ):
            readings[company.key] = reading
        due_at = self._clock() - min(OLD, max(FRESH, REST * sum(reading.took for reading in readings.values())))
        due = [company for company in companies if readings[company.key].at < due_at]
        if due:
            self._renew(directory, due, versions)
            self._await_if_old([readings[company.key] for company in due], versions)
            readings |= self._usable(versions)
        age = self._clock() - min(reading.at for reading in readings.values())
        return Seen(each_once(readings[company.key].members for company in companies), age)

    def _usable(self, versions: Mapping[str, int]) -> dict[str, Reading]:
        """The kept ones with these numbers that are not too old, by the key of the company."""
        with self._changed:
            found = {key: self._kept[key] for key in versions if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        return {key: reading for key, reading in found.items() if self._is_usable(reading, versions[key])}

    def _is_usable(self, reading: Reading, version: int) -> bool:
        return reading.version == version and self._clock() - reading.at < GONE

    def _read(self, directory: Directory, versions: Mapping[str, int], company: Company) -> Reading:
        """Read now."""
        began = self._clock()
        members = directory.members(company)
        reading = Reading(members, versions[company.key], began, self._clock() - began)
        with self._changed:
            self._kept[company.key] = reading
            self._kept.move_to_end(company.key)
            while len(self._kept) > 1 and sum(len(each.members) for each in self._kept.values()) > MOST_PEOPLE:
                self._kept.popitem(last=False)
            self._changed.notify_all()
        return reading

    def _read_once(self, directory: Directory, versions: Mapping[str, int], company: Company) -> Reading:
        """Read now, or by who is at it already."""
        asked = self._clock()
        with self._reading[company.key]:
            reading = self._usable(versions).get(company.key)
            if reading is not None and reading.at + reading.took >= asked:
                return reading
            return self._read(directory, versions, company)

    def _renew(self, directory: Directory, companies: Sequence[Company], versions: Mapping[str, int]) -> None:
        """Begin to read them again, one after the other, but for those that are being read."""
        with self._changed:
            todo = [company for company in companies if company.key not in self._renewed]
            if not todo or self._renewals == MOST_RENEWALS:
                return
            self._renewals += 1
            self._renewed |= {company.key for company in todo}

        def renew() -> None:
            try:
                for company in todo:
                    self._read_once(directory, versions, company)
            except DirectoryError as error:
                _log.warning("the people of a company could not be read again: %s", error)
            finally:
                with self._changed:
                    self._renewals -= 1
                    self._renewed -= {company.key for company in todo}

        self._begin(renew)

    def _await_if_old(self, due: Sequence[Reading], versions: Mapping[str, int]) -> None:
        """Wait for the renewal of what is old, if it will be quick: by what it took the last time."""

        def is_new() -> bool:
            return all(self._clock() - self._kept[key].at <= OLD for key in versions if key in self._kept)

        is_old = any(self._clock() - reading.at > OLD for reading in due)
        if is_old and sum(reading.took for reading in due) <= PATIENCE:
            with self._changed:
                self._changed.wait_for(is_new, PATIENCE)
