"""The people of an administrator's companies, for the list: read now, or kept for a moment where that takes long.

Small administrations are read at each request. The readings of large ones are kept in this process, for order,
search, filters and counts; the people on the page itself are read again (`page_of`), and which companies an
administrator has is never kept. A change by any portal process is seen at once, by a number; a change made in
Keycloak itself after `OLD` seconds at the latest, or later where reading takes over a second (`Seen.is_old`).
"""

import logging
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from directory.errors import DirectoryError
from directory.gateway import Directory
from directory.model import Company, Member
from webapp.listing.query import Page, Present, Query, cut, select
from webapp.parallel import in_the_background, read_all
from webapp.people.administration import Administration, each_once

SMALL_COMPANIES = 5
SMALL_PEOPLE = 300
"""Up to these numbers everything is read at each request."""
FRESH = 10.0
"""Seconds after which a reading is renewed behind the page; twice what it took, where that is longer."""
OLD = 60.0
"""Seconds after which a reading is not used any more; sixty times what it took, where that is longer."""
MOST_PEOPLE = 50_000
"""People kept (about 1 kB each); the company asked for least recently goes first."""

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

    def is_due(self, now: float) -> bool:
        """Return whether it is to be renewed."""
        return now - self.at > max(FRESH, 2 * self.took)

    def is_usable(self, now: float, version: int) -> bool:
        """Return whether it may still be shown, while no portal process has changed the company."""
        return self.version == version and now - self.at <= max(OLD, 60 * self.took)


@dataclass(frozen=True, slots=True)
class Seen:
    """Everybody at an administrator's companies, each once; `age` in seconds, 0 when all were read now."""

    members: tuple[Member, ...]
    age: float = 0.0

    @property
    def is_old(self) -> bool:
        return self.age > OLD


def page_of(directory: Directory, seen: Seen, query: Query, present: Present) -> tuple[Page, Seen]:
    """Return a page of the list, and everybody with the people of that page as they are now.

    People who were deleted, or do not match any more, are not on it; those who take their place are read too.
    """
    page = cut(select(seen.members, query, present), query.page)
    known: set[str] = set()
    while seen.age and (unread := {member.user.id for member in page.members} - known):
        users = {user.id: user for user in directory.users(unread)}
        known |= unread
        members = (
            Member(users.get(member.user.id, member.user), member.attachments)
            for member in seen.members
            if member.user.id not in unread or member.user.id in users
        )
        seen = Seen(tuple(members), seen.age)
        page = cut(select(seen.members, query, present), query.page)
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
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Reading] = OrderedDict()
        self._reading = defaultdict[str, threading.Lock](threading.Lock)
        self._renewed: set[str] = set()

    def seen(self, directory: Directory, administration: Administration) -> Seen:
        """Return everybody at the administrator's companies."""
        companies = administration.companies
        # Asked before anything is read, so that a change that comes in between makes the reading worthless.
        numbers = self._versions(administration.ids)
        versions = {company.key: numbers.get(company.id, 0) for company in companies}
        if self._may_be_small(companies):
            read = partial(self._read, directory, versions)
            return Seen(each_once(reading.members for reading in read_all(read, companies)))
        readings = self._usable(versions)
        missing = [company for company in companies if company.key not in readings]
        found = read_all(partial(self._read_once, directory, versions), missing)
        readings |= {company.key: reading for company, reading in zip(missing, found, strict=True)}
        now = self._clock()
        self._renew(directory, [each for each in companies if readings[each.key].is_due(now)], versions)
        age = now - min(reading.at for reading in readings.values())
        return Seen(each_once(readings[company.key].members for company in companies), age)

    def _may_be_small(self, companies: Sequence[Company]) -> bool:
        with self._lock:
            known = sum(len(self._kept[c.key].members) for c in companies if c.key in self._kept)
        return len(companies) <= SMALL_COMPANIES and known <= SMALL_PEOPLE

    def _usable(self, versions: Mapping[str, int]) -> dict[str, Reading]:
        """Return the kept readings that may be shown, by the key of the company."""
        now = self._clock()
        with self._lock:
            found = {key: self._kept[key] for key in versions if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        return {key: reading for key, reading in found.items() if reading.is_usable(now, versions[key])}

    def _read(self, directory: Directory, versions: Mapping[str, int], company: Company) -> Reading:
        """Read the company now."""
        began = self._clock()
        members = directory.members(company)
        reading = Reading(members, versions[company.key], began, self._clock() - began)
        with self._lock:
            self._kept[company.key] = reading
            self._kept.move_to_end(company.key)
            while len(self._kept) > 1 and sum(len(each.members) for each in self._kept.values()) > MOST_PEOPLE:
                self._kept.popitem(last=False)
        return reading

    def _read_once(self, directory: Directory, versions: Mapping[str, int], company: Company) -> Reading:
        """Read the company now, or wait for the request that is reading it."""
        asked = self._clock()
        with self._reading[company.key]:
            reading = self._usable(versions).get(company.key)
            if reading is not None and reading.at + reading.took >= asked:
                return reading
            return self._read(directory, versions, company)

    def _renew(self, directory: Directory, companies: Sequence[Company], versions: Mapping[str, int]) -> None:
        """Begin to read them again, one after the other, but for those that are being renewed."""
        with self._lock:
            todo = [company for company in companies if company.key not in self._renewed]
            self._renewed |= {company.key for company in todo}

        def renew() -> None:
            try:
                for company in todo:
                    self._read_once(directory, versions, company)
            except DirectoryError as error:
                _log.warning("the people of a company could not be read again: %s", error)
            finally:
                with self._lock:
                    self._renewed -= {company.key for company in todo}

        if todo:
            self._begin(renew)
