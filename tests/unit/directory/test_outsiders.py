"""How the members of groups that are no companies are found, call by call."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import responses

from directory.encoding import company_group
from directory.errors import UnavailableError
from directory.keycloak_gateway import outsiders
from tests.builders import a_company
from tests.unit.directory.wire import Wire, a_directory, people

ACME = {"id": str(uuid4()), **company_group(a_company("acme"))}
OPERATORS = {"id": str(uuid4()), "name": "operators", "path": "/operators", "subGroupCount": 0}
AUDITORS = {"id": str(uuid4()), "name": "auditors", "path": "/auditors", "subGroupCount": 0}
OSCAR, AUDREY = str(uuid4()), str(uuid4())


@pytest.fixture
def wire():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        wire = Wire(mock)
        wire.signs_in()
        wire.answers("GET", f"/groups/{OPERATORS['id']}/members", (200, people([OSCAR])))
        wire.answers("GET", f"/groups/{AUDITORS['id']}/members", (200, people([AUDREY])))
        yield wire


@pytest.fixture
def found():
    return a_directory()._outsiders


def test_groups_are_listed_once_and_their_members_read_each_time(wire, found):
    wire.has_groups(ACME, OPERATORS)

    assert found.ids() == found.ids() == {OSCAR}
    again = ["GET /groups/count", f"GET /groups/{OPERATORS['id']}/members"]
    assert wire.lines == ["GET /groups/count", "GET /groups", again[1], *again]


def test_when_the_number_of_groups_differs_they_are_listed_again(wire, found):
    wire.answers("GET", "/groups/count", (200, {"count": 2}), (200, {"count": 3}))
    wire.answers("GET", "/groups", (200, [ACME, OPERATORS]), (200, [ACME, OPERATORS, AUDITORS]))

    assert found.ids() == {OSCAR}
    assert found.ids() == {OSCAR, AUDREY}


def test_members_of_groups_below_belong_to_them(wire, found):
    """Their number is not asked for: Keycloak would count those of every company."""
    wire.has_groups(ACME, {key: value for key, value in OPERATORS.items() if key != "subGroupCount"})
    wire.answers("GET", f"/groups/{OPERATORS['id']}/children", (200, [AUDITORS]))

    assert found.ids() == {OSCAR, AUDREY}


def test_a_group_that_vanished_has_no_members(wire, found):
    wire.has_groups(ACME, OPERATORS, AUDITORS)
    assert found.ids() == {OSCAR, AUDREY}
    wire.answers("GET", f"/groups/{AUDITORS['id']}/members", 404)

    assert found.ids() == {OSCAR}


def test_an_old_list_is_renewed_while_it_is_used(wire, found, monkeypatch):
    """As many groups were made as were deleted: the number says nothing."""
    wire.answers("GET", "/groups/count", (200, {"count": 2}))
    wire.answers("GET", "/groups", (200, [ACME, OPERATORS]), (200, [ACME, AUDITORS]))
    assert found.ids() == {OSCAR}
    monkeypatch.setattr(outsiders, "OLD", -1.0)

    assert found.ids() == {OSCAR}
    found._readers.shutdown(wait=True)
    assert wire.lines.count("GET /groups") == 2
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

    with pytest.raises(Exception, match="no right"):
        found.ids()
    assert found.ids() == {OSCAR}


def test_what_is_no_number_means_unavailable(wire, found, monkeypatch):
    monkeypatch.setattr("directory.keycloak_gateway.calls.time.sleep", lambda _: None)
    wire.answers("GET", "/groups/count", (200, {}))

    with pytest.raises(UnavailableError):
        found.ids()
