"""How the members of groups that are no companies are found, call by call."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import responses

from directory.encoding import company_group
from directory.errors import ForbiddenError, UnavailableError
from directory.keycloak_gateway import calls, outsiders
from directory.keycloak_gateway.directory import KeycloakDirectory
from tests.builders import a_company
from tests.unit.directory.wire import Wire, a_directory, people

ACME = {"id": str(uuid4()), **company_group(a_company("acme"))}
OPERATORS = {"id": str(uuid4()), "name": "operators", "path": "/operators"}
AUDITORS = {"id": str(uuid4()), "name": "auditors", "path": "/auditors"}
OSCAR, AUDREY = str(uuid4()), str(uuid4())
COUNT, LIST = "GET /groups/count", "GET /groups"


def a_company_group(number: int) -> dict[str, Any]:
    return {"id": str(uuid4()), **company_group(a_company(f"company-{number:04}"))}


class Groups:
    """The groups of a realm, listed by name as Keycloak does; `below` are subgroups of the operators."""

    def __init__(self, wire: Wire) -> None:
        self.top: list[dict[str, Any]] = []
        self.below: list[dict[str, Any]] = []
        wire.on("GET", "/groups/count", lambda request: self.count(request))
        wire.on("GET", "/groups", lambda request: self.page(request))
        wire.on("GET", f"/groups/{OPERATORS['id']}/children", lambda _: (200, {}, json.dumps(self.below)))
        wire.answers("GET", f"/groups/{AUDITORS['id']}/children", (200, []))

    def set(self, *top: dict[str, Any]) -> None:
        self.top = sorted(top, key=lambda group: group["name"])

    def count(self, _request: Any) -> tuple[int, dict[str, str], str]:
        return 200, {}, json.dumps({"count": len(self.top) + len(self.below)})

    def page(self, request: Any) -> tuple[int, dict[str, str], str]:
        query = parse_qs(urlsplit(request.url).query)
        first, most = int(query["first"][0]), int(query["max"][0])
        return 200, {}, json.dumps(self.top[first : first + most])


@pytest.fixture
def wire() -> Iterator[Wire]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        wire = Wire(mock)
        wire.signs_in()
        wire.answers("GET", f"/groups/{OPERATORS['id']}/members", (200, people([OSCAR])))
        wire.answers("GET", f"/groups/{AUDITORS['id']}/members", (200, people([AUDREY])))
        yield wire


@pytest.fixture
def groups(wire: Wire) -> Groups:
    made = Groups(wire)
    made.set(ACME, OPERATORS)
    return made


@pytest.fixture
def directory() -> KeycloakDirectory:
    return a_directory()


MANY = [str(uuid4()) for _ in range(60)]
"""More people than the realm has groups."""


def hidden(directory: KeycloakDirectory, *people: str) -> frozenset[str]:
    """Who of these people, and of many others, is hidden; returns when no list is being read any more."""
    outsiders = directory._outsiders
    found = outsiders.among([*people, *MANY], outsiders.look())
    assert outsiders._listing is not None
    outsiders._listing.result(10)
    return found


def test_groups_are_listed_once_and_their_members_read_each_time(wire, groups, directory):
    assert hidden(directory, OSCAR, AUDREY) == hidden(directory, OSCAR, AUDREY) == {OSCAR}
    members = f"GET /groups/{OPERATORS['id']}/members"
    assert wire.lines == [COUNT, LIST, f"GET /groups/{OPERATORS['id']}/children", members, COUNT, members]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda groups: groups.set(*groups.top, AUDITORS), {OSCAR, AUDREY}),
        (lambda groups: groups.set(*groups.top, a_company_group(1), AUDITORS), {OSCAR, AUDREY}),
        (lambda groups: groups.set(OPERATORS), {OSCAR}),
        (lambda groups: groups.set(ACME), frozenset()),
        (lambda groups: groups.set(AUDITORS), {AUDREY}),
    ],
    ids=["one more", "two more", "a company less", "one less", "others"],
)
def test_when_their_number_differs_they_are_listed_again(wire, groups, directory, change, expected):
    assert hidden(directory, OSCAR, AUDREY) == {OSCAR}

    change(groups)

    assert hidden(directory, OSCAR, AUDREY) == expected
    assert wire.lines.count(LIST) == 2


def test_meanwhile_a_few_people_are_judged_one_by_one(wire, groups, directory):
    """The page does not wait until thousands of groups are listed; the next one finds them listed."""
    groups.set(ACME, OPERATORS, *(a_company_group(number) for number in range(9)))
    listed, page = threading.Event(), groups.page

    def slow(request: Any) -> tuple[int, dict[str, str], str]:
        assert listed.wait(60)
        return page(request)

    groups.page = slow
    for user_id, group in ((OSCAR, OPERATORS), (AUDREY, ACME)):
        wire.answers("GET", f"/users/{user_id}/groups", (200, [group]))
    outsiders = directory._outsiders

    assert outsiders.among([OSCAR, AUDREY], outsiders.look()) == {OSCAR}
    assert outsiders.among([AUDREY], outsiders.look()) == frozenset()
    listed.set()
    assert outsiders._listing is not None
    assert outsiders._listing.result(60).count == 11
    assert hidden(directory, OSCAR) == {OSCAR}
    assert wire.lines.count(LIST) == 1
    assert wire.lines.count(f"GET /users/{OSCAR}/groups") == 1


def test_a_list_begun_before_the_number_changed_is_read_again(wire, groups, directory):
    begun, go, page = threading.Event(), threading.Event(), groups.page

    def slow(request: Any) -> tuple[int, dict[str, str], str]:
        found = page(request)
        begun.set()
        assert go.wait(10)
        return found

    groups.page = slow
    outsiders = directory._outsiders
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(lambda: outsiders.among(MANY, outsiders.look()))
        assert begun.wait(10)
        groups.set(ACME, OPERATORS, AUDITORS)
        groups.page = page
        look = outsiders.look()
        assert look.result(10).count == 3
        go.set()
        assert outsiders.among([AUDREY, *MANY], look) == {AUDREY}
        first.result(10)


def test_a_new_subgroup_belongs_to_its_group(wire, groups, directory):
    """And so do those below it."""
    night, watch = {"id": str(uuid4()), "subGroupCount": 1}, {"id": str(uuid4()), "subGroupCount": 0}
    assert hidden(directory, OSCAR, AUDREY) == {OSCAR}
    groups.below = [night]
    wire.answers("GET", f"/groups/{night['id']}/children", (200, [watch]))
    wire.answers("GET", f"/groups/{night['id']}/members", (200, []))
    wire.answers("GET", f"/groups/{watch['id']}/members", (200, people([AUDREY])))

    assert hidden(directory, OSCAR, AUDREY) == {OSCAR, AUDREY}


def test_a_group_that_was_deleted_has_no_members(wire, groups, directory):
    groups.set(ACME, OPERATORS, AUDITORS)
    assert hidden(directory, OSCAR, AUDREY) == {OSCAR, AUDREY}
    wire.answers("GET", f"/groups/{AUDITORS['id']}/members", 404)

    assert hidden(directory, OSCAR, AUDREY) == {OSCAR}


def test_an_old_list_is_read_again_while_it_is_used(groups, directory, monkeypatch):
    """As many groups were created as deleted: the number says nothing."""
    assert hidden(directory, OSCAR, AUDREY) == {OSCAR}
    groups.set(ACME, AUDITORS)
    assert hidden(directory, OSCAR, AUDREY) == {OSCAR}
    monkeypatch.setattr(outsiders, "OLD", -1.0)

    assert hidden(directory, OSCAR, AUDREY) == {OSCAR}
    monkeypatch.setattr(outsiders, "OLD", 600.0)
    assert hidden(directory, OSCAR, AUDREY) == {AUDREY}


def test_callers_at_the_same_time_share_the_answer(wire, groups, directory):
    asked, answer, count = threading.Event(), threading.Event(), groups.count

    def slow(request: Any) -> tuple[int, dict[str, str], str]:
        asked.set()
        assert answer.wait(10)
        return count(request)

    groups.count = slow
    found = directory._outsiders
    looks = [found.look()]
    assert asked.wait(10)
    looks += [found.look() for _ in range(6)]
    while found._readers._work_queue.qsize():
        pass
    answer.set()
    assert {look.result(10).count for look in looks} == {2}
    assert wire.lines.count(COUNT) < 7


def test_a_failure_is_raised_to_all_and_asked_again_next_time(wire, groups, directory):
    groups.count = lambda _request: (403, {}, "")
    with pytest.raises(ForbiddenError):
        hidden(directory, OSCAR)

    del groups.count
    assert hidden(directory, OSCAR) == {OSCAR}


def test_a_list_that_fails_is_raised_to_who_waits_for_it(groups, directory):
    groups.page = lambda _request: (403, {}, "")
    with pytest.raises(ForbiddenError):
        hidden(directory, OSCAR)

    del groups.page
    assert hidden(directory, OSCAR) == {OSCAR}


def test_what_is_no_number_means_unavailable(groups, directory, monkeypatch):
    monkeypatch.setattr(calls.time, "sleep", lambda _: None)
    groups.count = lambda _request: (200, {}, "{}")

    with pytest.raises(UnavailableError):
        hidden(directory, OSCAR)
