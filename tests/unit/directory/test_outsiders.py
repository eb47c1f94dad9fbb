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
from directory.errors import UnavailableError
from directory.keycloak_gateway import outsiders
from directory.keycloak_gateway.outsiders import Outsiders
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
        wire.on("GET", "/groups/count", self._count)
        wire.on("GET", "/groups", self._page)
        wire.on("GET", f"/groups/{OPERATORS['id']}/children", lambda _: (200, {}, json.dumps(self.below)))
        wire.answers("GET", f"/groups/{AUDITORS['id']}/children", (200, []))

    def set(self, *top: dict[str, Any]) -> None:
        self.top = sorted(top, key=lambda group: group["name"])

    def _count(self, _request: Any) -> tuple[int, dict[str, str], str]:
        return 200, {}, json.dumps({"count": len(self.top) + len(self.below)})

    def _page(self, request: Any) -> tuple[int, dict[str, str], str]:
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
def found() -> Outsiders:
    return a_directory()._outsiders


def test_groups_are_listed_once_and_their_members_read_each_time(wire, groups, found):
    assert found.ids() == found.ids() == {OSCAR}
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
def test_when_their_number_differs_they_are_listed_again(wire, groups, found, change, expected):
    assert found.ids() == {OSCAR}

    change(groups)

    assert found.ids() == expected
    assert wire.lines.count(LIST) == 2


def test_a_new_subgroup_belongs_to_its_group(wire, groups, found):
    """And so do those below it."""
    night, watch = {"id": str(uuid4()), "subGroupCount": 1}, {"id": str(uuid4()), "subGroupCount": 0}
    assert found.ids() == {OSCAR}
    groups.below = [night]
    wire.answers("GET", f"/groups/{night['id']}/children", (200, [watch]))
    wire.answers("GET", f"/groups/{night['id']}/members", (200, []))
    wire.answers("GET", f"/groups/{watch['id']}/members", (200, people([AUDREY])))

    assert found.ids() == {OSCAR, AUDREY}


def test_a_group_that_was_deleted_has_no_members(wire, groups, found):
    groups.set(ACME, OPERATORS, AUDITORS)
    assert found.ids() == {OSCAR, AUDREY}
    wire.answers("GET", f"/groups/{AUDITORS['id']}/members", 404)

    assert found.ids() == {OSCAR}


def test_an_old_list_is_read_again_while_it_is_used(groups, found, monkeypatch):
    """As many groups were created as deleted: the number says nothing."""
    assert found.ids() == {OSCAR}
    groups.set(ACME, AUDITORS)
    assert found.ids() == {OSCAR}
    monkeypatch.setattr(outsiders, "OLD", -1.0)

    assert found.ids() == {OSCAR}
    found._readers.shutdown(wait=True)
    monkeypatch.setattr(outsiders, "OLD", 600.0)
    assert found.ids() == {AUDREY}


def test_callers_at_the_same_time_share_the_answer(wire, found):
    asked, answer = threading.Event(), threading.Event()

    def count(_request):
        asked.set()
        answer.wait(10)
        return 200, {}, json.dumps({"count": 2})

    wire.on("GET", "/groups/count", count)
    wire.answers("GET", "/groups", (200, [ACME, OPERATORS]))
    wire.answers("GET", f"/groups/{OPERATORS['id']}/children", (200, []))
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(found.ids)
        assert asked.wait(10)
        others = [threads.submit(found.ids) for _ in range(7)]
        while threads._work_queue.qsize():
            pass
        answer.set()
        assert {each.result(10) for each in (first, *others)} == {frozenset({OSCAR})}
    assert wire.lines.count("GET /groups/count") < 8


def test_a_failure_is_raised_to_all_and_asked_again_next_time(wire, found):
    wire.answers("GET", "/groups/count", 403, (200, {"count": 2}))
    wire.answers("GET", "/groups", (200, [ACME, OPERATORS]))
    wire.answers("GET", f"/groups/{OPERATORS['id']}/children", (200, []))

    with pytest.raises(Exception, match="no right"):
        found.ids()
    assert found.ids() == {OSCAR}


def test_what_is_no_number_means_unavailable(wire, found, monkeypatch):
    monkeypatch.setattr("directory.keycloak_gateway.calls.time.sleep", lambda _: None)
    wire.answers("GET", "/groups/count", (200, {}))

    with pytest.raises(UnavailableError):
        found.ids()
