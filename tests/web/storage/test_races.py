"""The same thing many times at once: one account, one mail, one administrator at least, and no answer of 500."""

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.typed import a_creation, a_row

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "20"))
EMAIL = "emma.bernard@acme.example"


def at_once(*acts: Callable[[], Page]) -> list[int]:
    """The statuses of all acts, begun at the same moment in threads of their own."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Page]) -> int:
        barrier.wait(timeout=20)
        return act().status

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def administrators(directory: FakeDirectory, company: str) -> frozenset[str]:
    groups: dict[str, frozenset[str]] = directory.snapshot()["groups"]  # type: ignore[assignment]
    return groups[f"/{company}/administrators"] & groups[f"/{company}"]


class TestSameFormTwice:
    """A creation sent again."""

    def test_one_after_the_other(self, browser: Browser, directory: FakeDirectory):
        """The second finds the person attached already: the same answer, nothing done twice."""
        assert browser.post("/users/new", a_creation()).status == 303
        assert browser.post("/users/new", a_creation()).status == 303
        assert [user.email for user in directory.snapshot()["people"].values()].count(EMAIL) == 1
        assert directory.mails == [EMAIL]

    @pytest.mark.parametrize("spelling", [str.lower, str.upper])
    def test_twenty_at_once(self, spelling: Callable[[str], str], browser: Browser, directory: FakeDirectory):
        """From one session in twenty threads, in one spelling or in two."""
        directory.latency = 0.005
        tabs = [browser.tab() for _ in range(20)]
        fields = [a_creation(email=spelling(EMAIL) if number % 2 else EMAIL) for number in range(20)]
        statuses = at_once(
            *(
                lambda tab=tab, typed=typed: tab.post("/users/new", typed)
                for tab, typed in zip(tabs, fields, strict=True)
            )
        )
        assert Counter(statuses) == {303: 20}
        assert [user.email for user in directory.snapshot()["people"].values()].count(EMAIL) == 1
        assert directory.mails == [EMAIL]

    def test_answer_of_one_is_lost_while_the_other_creates(self, browser: Browser, directory: FakeDirectory):
        """The account of the one is not taken for that of the other, whose call failed: still one mail."""
        directory.latency = 0.003
        tabs = [browser.tab() for _ in range(2)]
        for number in range(10):
            typed = a_creation(email=f"emma{number}@acme.example")
            directory.fail("create_user", nth=2)
            statuses = at_once(*(lambda tab=tab, typed=typed: tab.post("/users/new", typed) for tab in tabs))
            assert sorted(statuses) == [303, 503]
            assert directory.mails.count(typed["email"]) == 1

    def test_two_administrators_of_different_companies_at_once(
        self, client_for: ClientFor, directory: FakeDirectory
    ):
        """Both create the same person: one account with both attachments, one mail."""
        one = directory.add_user(a_profile(), [an_attachment("acme", administrator=True)])
        other = directory.add_user(a_profile(), [an_attachment("initech", administrator=True)])
        first, second = client_for(one).tab(), client_for(other).tab()
        directory.latency = 0.005
        statuses = at_once(
            lambda: first.post("/users/new", a_creation(a_row("acme"))),
            lambda: second.post("/users/new", a_creation(a_row("initech"))),
        )
        assert statuses == [303, 303]
        made = directory.find_by_email(EMAIL)
        assert made is not None
        assert {at for _, at in directory.attachments_of(made.id)} == {
            an_attachment("acme"),
            an_attachment("initech"),
        }
        assert directory.mails == [EMAIL]


class TestLastAdministrator:
    """Two administrators go at once: one stays, in every round."""

    @pytest.mark.parametrize(
        "way",
        ["each leaves", "each detaches the other", "each demotes the other", "one leaves, one detaches himself"],
    )
    def test_every_round(self, way: str, client_for: ClientFor, directory: FakeDirectory):
        """303 for one, 409 for the other, and never nobody left."""
        pair = [
            directory.add_user(a_profile(), [an_attachment("acme", administrator=True), an_attachment("globex")])
            for _ in range(2)
        ]
        for person in pair:  # who was detached can still be asked about, being at a company of his
            directory.add_membership(person.id, "/globex/administrators")
        tabs = [client_for(person).tab() for person in pair]
        stay = {"confirm": "1", **a_row("globex", administrator=True)}
        demote = {**stay, **a_row("acme")}

        def acts() -> list[Callable[[], Page]]:
            a, b = pair
            mine, theirs = tabs
            leave = "/profile/companies/acme/leaving"
            match way:
                case "each leaves":
                    return [lambda: mine.post(leave), lambda: theirs.post(leave)]
                case "each detaches the other":
                    return [
                        lambda: mine.post(f"/users/{b.id}/attachments", stay),
                        lambda: theirs.post(f"/users/{a.id}/attachments", stay),
                    ]
                case "each demotes the other":
                    return [
                        lambda: mine.post(f"/users/{b.id}/attachments", demote),
                        lambda: theirs.post(f"/users/{a.id}/attachments", demote),
                    ]
                case _:
                    return [lambda: mine.post(leave), lambda: theirs.post(f"/users/{b.id}/attachments", stay)]

        directory.latency = 0.001
        for _ in range(ROUNDS):
            statuses = at_once(*acts())
            left = administrators(directory, "acme")
            assert len(left) >= 1, statuses
            # Who lost is refused by the state, or has no rights there any more: the other was faster.
            assert statuses.count(303) >= 1
            assert set(statuses) <= {303, 409, 422, 403, 404}
            for person in pair:
                directory.add_membership(person.id, "/acme")
                directory.add_membership(person.id, "/acme/administrators")

    def test_three_of_three_at_once(self, client_for: ClientFor, directory: FakeDirectory):
        """However many go, one stays."""
        people = [directory.add_user(a_profile(), [an_attachment("acme", administrator=True)]) for _ in range(3)]
        tabs = [client_for(person).tab() for person in people]
        directory.latency = 0.002
        statuses = at_once(*(lambda tab=tab: tab.post("/profile/companies/acme/leaving") for tab in tabs))
        assert sorted(statuses) == [303, 303, 409]
        assert len(administrators(directory, "acme")) == 1


class TestOthers:
    """What else is pressed twice."""

    def test_resend_ten_times_at_once(self, browser: Browser, directory: FakeDirectory):
        """One mail; nine are told to wait."""
        person = directory.add_user(a_profile(), [an_attachment("acme")], password_required=True)
        tabs = [browser.tab() for _ in range(10)]
        directory.latency = 0.002
        statuses = at_once(*(lambda tab=tab: tab.post(f"/users/{person.id}/activation") for tab in tabs))
        assert Counter(statuses) == {303: 1, 429: 9}
        assert directory.mails == [person.email]

    def test_resend_all_five_times_at_once(self, browser: Browser, directory: FakeDirectory):
        """Each expired person gets one mail."""
        for _ in range(3):
            directory.add_user(
                a_profile(),
                [an_attachment("acme")],
                password_required=True,
                activation_sent_at=datetime.now(UTC) - timedelta(days=31),
            )
        tabs = [browser.tab() for _ in range(5)]
        directory.latency = 0.002
        assert set(at_once(*(lambda tab=tab: tab.post("/users/activations") for tab in tabs))) == {303}
        assert len(directory.mails) == len(set(directory.mails)) == 3

    def test_role_changed_both_ways_at_once(
        self, browser: Browser, directory: FakeDirectory, second: User, member: User
    ):
        """Whoever comes last wins; the person is never in between, and never detached."""
        other = browser.tab()
        mine = browser.tab()
        address = f"/users/{member.id}/attachments"
        directory.latency = 0.001
        for _ in range(10):
            statuses = at_once(
                lambda: mine.post(address, {"confirm": "1", **a_row("acme", administrator=True)}),
                lambda: other.post(address, {"confirm": "1", **a_row("acme", external=True)}),
            )
            assert statuses == [303, 303]
            held = [at for _, at in directory.attachments_of(member.id)]
            assert held in ([an_attachment("acme", administrator=True)], [an_attachment("acme", external=True)])

    def test_cancelled_and_mailed_at_once(self, browser: Browser, directory: FakeDirectory):
        """Either order is fine; no answer of 500, and the account is gone."""
        first, second = browser.tab(), browser.tab()
        directory.latency = 0.001
        for _ in range(10):
            person = directory.add_user(a_profile(), [an_attachment("acme")], password_required=True)
            statuses = at_once(
                lambda person=person: first.post(f"/users/{person.id}/cancellation"),
                lambda person=person: second.post(f"/users/{person.id}/activation"),
            )
            assert statuses[0] == 303
            assert statuses[1] in {303, 404}
            assert directory.find_by_email(person.email) is None
