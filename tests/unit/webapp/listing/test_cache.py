"""What of the list is read now, what is kept, and for how long."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from directory.errors import UnavailableError
from directory.model import AttachmentChange, Company, Member, User
from tests.builders import NOON, a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from webapp.identity.actor import Actor
from webapp.listing import cache
from webapp.listing.cache import Roster, Seen, page_of
from webapp.listing.query import Present, Query
from webapp.people.administration import Administration

ANNE = Actor("anne", a_profile(), ())
PRESENT = Present(NOON, NOON.date())


@dataclass
class Portal:
    """A roster, with a clock that a test moves and work in the background that a test lets happen."""

    directory: FakeDirectory = field(default_factory=FakeDirectory)
    now: float = 1000.0
    versions: dict[str, int] = field(default_factory=dict)
    begun: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.roster = Roster(self._numbers, lambda: self.now, self.begun.append)

    def _numbers(self, company_ids: object) -> dict[str, int]:
        return dict(self.versions)

    def company(self, company_id: str, people: int) -> Company:
        company = self.directory.add_company(a_company(company_id))
        for number in range(people):
            self.directory.add_user(
                a_profile(f"p{number}@{company_id}.example", last_name=f"P{number:04}"), [an_attachment(company)]
            )
        return company

    def seen(self, *companies: Company) -> Seen:
        return self.roster.seen(self.directory, Administration(ANNE, companies))

    def reads(self) -> list[str]:
        """The companies read since the last time this was asked."""
        found = [str(arguments[0].id) for _, arguments in self.directory.called("members")]  # type: ignore[attr-defined]
        self.directory.calls.clear()
        return sorted(found)

    def happens(self) -> None:
        """What was begun in the background goes on."""
        while self.begun:
            self.begun.pop(0)()


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Portal:
    monkeypatch.setattr(cache, "SMALL_PEOPLE", 10)
    return Portal()


class TestSmall:
    @pytest.mark.parametrize("sizes", [[10], [4, 6], [2, 2, 2, 2, 2]])
    def test_is_read_at_every_look(self, portal: Portal, sizes: list[int]):
        companies = [portal.company(f"company-{n}", size) for n, size in enumerate(sizes)]
        for _ in range(3):
            seen = portal.seen(*companies)
            assert (len(seen.members), seen.age) == (10, 0.0)
            assert portal.reads() == [company.id for company in companies]
        assert not portal.begun

    def test_is_read_also_when_a_large_neighbour_is_kept(self, portal: Portal):
        small, large = portal.company("small", 10), portal.company("large", 11)
        portal.seen(small, large)
        portal.reads()
        portal.seen(small)
        assert portal.reads() == ["small"]


class TestLarge:
    @pytest.mark.parametrize("sizes", [[11], [5, 6], [1, 1, 1, 1, 1, 1]])
    def test_is_read_once_and_kept(self, portal: Portal, sizes: list[int]):
        companies = [portal.company(f"company-{n}", size) for n, size in enumerate(sizes)]
        first = portal.seen(*companies)
        assert portal.reads() == [company.id for company in companies]
        portal.now += cache.FRESH
        again = portal.seen(*companies)
        assert portal.reads() == []
        assert set(again.members) == set(first.members)
        assert again.age == cache.FRESH
        assert not portal.begun

    def test_is_read_again_behind_the_page_when_it_is_due(self, portal: Portal):
        """The page does not wait, and the next one has the new people."""
        company = portal.company("acme", 11)
        portal.seen(company)
        portal.directory.add_user(a_profile(), [an_attachment(company)])
        portal.now += cache.FRESH + 1
        portal.reads()
        assert len(portal.seen(company).members) == 11
        assert portal.reads() == []
        portal.happens()
        assert portal.reads() == ["acme"]
        assert len(portal.seen(company).members) == 12

    def test_is_renewed_once_at_a_time(self, portal: Portal):
        company = portal.company("acme", 11)
        portal.seen(company)
        portal.now += cache.FRESH + 1
        for _ in range(5):
            portal.seen(company)
        assert len(portal.begun) == 1

    def test_what_took_long_is_left_alone_longer(self, portal: Portal, monkeypatch: pytest.MonkeyPatch):
        """One list must not keep Keycloak busy all the time."""
        company = portal.company("acme", 11)
        monkeypatch.setattr(portal.directory, "members", _slowly(portal, 20.0, portal.directory.members))
        portal.seen(company)
        portal.now += 15
        portal.seen(company)
        assert not portal.begun
        portal.now += 10
        portal.seen(company)
        assert len(portal.begun) == 1

    def test_one_that_is_old_is_read_again_before_it_is_shown(self, portal: Portal):
        """Whoever comes back after a minute sees the present."""
        company = portal.company("acme", 11)
        portal.seen(company)
        portal.directory.add_user(a_profile(), [an_attachment(company)])
        portal.now += cache.OLD + 1
        seen = portal.seen(company)
        assert (len(seen.members), seen.age) == (12, 0.0)
        assert not portal.begun

    def test_one_that_took_long_is_shown_longer_and_said_to_be_old(
        self, portal: Portal, monkeypatch: pytest.MonkeyPatch
    ):
        """An administrator of 20,000 people sees their list at once, and how old it is."""
        company = portal.company("acme", 11)
        monkeypatch.setattr(portal.directory, "members", _slowly(portal, 4.0, portal.directory.members))
        portal.seen(company)
        assert not portal.seen(company).is_old
        portal.now += 200
        portal.reads()
        assert portal.seen(company).is_old
        assert (portal.reads(), len(portal.begun)) == ([], 1)
        portal.now += 40
        assert not portal.seen(company).is_old
        assert portal.reads() == ["acme"]

    def test_what_a_portal_changed_is_seen_at_once(self, portal: Portal):
        """Only the company concerned is read again."""
        acme, bolt = portal.company("acme", 11), portal.company("bolt", 11)
        portal.versions = {"acme": 7, "bolt": 7}
        portal.seen(acme, bolt)
        portal.reads()
        person = portal.directory.add_user(a_profile(), [an_attachment(bolt)])
        portal.versions["bolt"] = 8
        seen = portal.seen(acme, bolt)
        assert portal.reads() == ["bolt"]
        assert person in {member.user for member in seen.members}

    def test_a_change_while_it_is_being_read_makes_the_reading_worthless(self, portal: Portal):
        """The number was asked for before."""
        company = portal.company("acme", 11)

        class Changing(FakeDirectory):
            def members(self, company: Company) -> tuple[Member, ...]:
                found = portal.directory.members(company)
                portal.versions["acme"] = 1
                return found

        portal.roster.seen(Changing(), Administration(ANNE, (company,)))
        portal.reads()
        portal.seen(company)
        assert portal.reads() == ["acme"]

    def test_who_is_at_two_companies_is_there_once(self, portal: Portal):
        acme, bolt = portal.company("acme", 11), portal.company("bolt", 0)
        person = portal.directory.add_user(a_profile(), [an_attachment(acme), an_attachment(bolt)])
        for _ in range(2):
            (found,) = [m for m in portal.seen(acme, bolt).members if m.user == person]
            assert [a.company_id for a in found.attachments] == ["acme", "bolt"]

    def test_nobody_sees_a_company_that_is_not_his(self, portal: Portal):
        """Readings are shared by all administrators of a company, and by nobody else."""
        acme, bolt = portal.company("acme", 11), portal.company("bolt", 11)
        portal.seen(acme, bolt)
        assert {a.company_id for m in portal.seen(bolt).members for a in m.attachments} == {"bolt"}

    def test_an_error_is_told_and_nothing_kept(self, portal: Portal):
        company = portal.company("acme", 11)
        portal.directory.fail("members")
        with pytest.raises(UnavailableError):
            portal.seen(company)
        assert portal.seen(company).age == 0.0

    def test_a_renewal_that_fails_leaves_what_is_kept_and_may_be_tried_again(self, portal: Portal):
        company = portal.company("acme", 11)
        portal.seen(company)
        portal.now += cache.FRESH + 1
        portal.seen(company)
        portal.directory.fail("members")
        portal.happens()
        assert len(portal.seen(company).members) == 11
        assert len(portal.begun) == 1

    def test_memory_is_bounded(self, portal: Portal, monkeypatch: pytest.MonkeyPatch):
        """Whoever was asked for least recently is read again."""
        monkeypatch.setattr(cache, "MOST_PEOPLE", 25)
        acme, bolt, colt = (portal.company(name, 11) for name in ("acme", "bolt", "colt"))
        for company in (acme, bolt, acme, colt):
            portal.seen(company)
        portal.reads()
        portal.seen(acme)
        portal.seen(colt)
        assert portal.reads() == []
        portal.seen(bolt)
        assert portal.reads() == ["bolt"]

    def test_two_who_ask_at_once_read_once(self, portal: Portal):
        """Impatient people reload; the second waits for what the first is reading."""
        company = portal.company("acme", 11)
        portal.seen(company)
        portal.versions["acme"] = 1
        portal.reads()
        reading, may_end = threading.Event(), threading.Event()

        class Waiting(FakeDirectory):
            def members(self, company: Company) -> tuple[Member, ...]:
                reading.set()
                assert may_end.wait(10)
                return portal.directory.members(company)

        waiting, found = Waiting(), list[Seen]()

        def look() -> None:
            found.append(portal.roster.seen(waiting, Administration(ANNE, (company,))))

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert reading.wait(10)
        may_end.set()
        for thread in threads:
            thread.join(10)
        assert [len(seen.members) for seen in found] == [11, 11, 11]
        assert portal.reads() == ["acme"]


def _slowly(
    portal: Portal, seconds: float, members: Callable[[Company], tuple[Member, ...]]
) -> Callable[[Company], tuple[Member, ...]]:
    def slow(company: Company) -> tuple[Member, ...]:
        portal.now += seconds
        return members(company)

    return slow


class TestPageOf:
    @pytest.fixture
    def people(self, portal: Portal) -> list[User]:
        company = portal.company("acme", 120)
        return sorted((m.user for m in portal.directory.members(company)), key=lambda user: user.profile.last_name)

    def kept(self, portal: Portal) -> Seen:
        return replace(portal.seen(a_company("acme")), age=5.0)

    def names(self, portal: Portal, seen: Seen, query: Query) -> list[str]:
        page, _ = page_of(portal.directory, seen, query, PRESENT)
        return [member.user.profile.last_name for member in page.members]

    def test_what_was_read_now_is_not_read_again(self, portal: Portal, people: list[User]):
        seen = portal.seen(a_company("acme"))
        portal.directory.calls.clear()
        page, _ = page_of(portal.directory, seen, Query(), PRESENT)
        assert (len(page.members), page.total, page.pages) == (50, 120, 3)
        assert portal.directory.calls == []

    def test_one_call_reads_the_people_of_a_kept_page(self, portal: Portal, people: list[User]):
        seen = self.kept(portal)
        portal.directory.calls.clear()
        page_of(portal.directory, seen, Query(page=2), PRESENT)
        assert portal.directory.calls == [("users", (frozenset(user.id for user in people[50:100]),))]

    def test_people_are_as_they_are_now(self, portal: Portal, people: list[User]):
        seen = self.kept(portal)
        portal.directory.disable(people[0].id)
        page, seen = page_of(portal.directory, seen, Query(), PRESENT)
        assert not page.members[0].user.enabled
        assert [m.user.enabled for m in seen.members].count(False) == 1

    def test_who_is_no_more_is_not_shown_and_the_next_moves_up(self, portal: Portal, people: list[User]):
        seen = self.kept(portal)
        portal.directory.delete_user(people[3].id)
        portal.directory.disable(people[50].id)
        page, seen = page_of(portal.directory, seen, Query(), PRESENT)
        assert (len(page.members), page.total, len(seen.members)) == (50, 119, 119)
        assert people[3].id not in {m.user.id for m in page.members}
        assert not page.members[-1].user.enabled

    def test_who_does_not_match_any_more_is_not_shown(self, portal: Portal, people: list[User]):
        """A filter is true of everybody below it."""
        seen = self.kept(portal)
        portal.directory._replace(people[0].id, profile=replace(people[0].profile, last_name="Other"))
        assert "Other" not in self.names(portal, seen, Query(q="P000"))
        assert self.names(portal, seen, Query(q="P000"))[0] == "P0001"

    def test_who_was_detached_by_a_portal_is_not_shown(self, portal: Portal, people: list[User]):
        company = a_company("acme")
        portal.seen(company)
        change = AttachmentChange("acme", an_attachment("acme"), None)
        portal.directory.change_attachment(people[0].id, company, change)
        portal.versions["acme"] = 1
        assert self.names(portal, portal.seen(company), Query())[0] == "P0001"
