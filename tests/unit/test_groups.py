"""Which tests run in one process."""

import pytest

from tests.groups import LOOK, OWN_SERVERS, REALMS, STACK, group_of, marks_of, place, rank


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/keycloak/portal/test_x.py::test_y", STACK),
        ("tests/keycloak/trust/test_x.py::test_y", REALMS),
        ("tests/browser/test_story.py::test_y", STACK),
        ("tests/deployment/test_keycloak_down.py::test_y", OWN_SERVERS),
        ("tests/look/test_keycloak_screens.py::test_y", STACK),
        ("tests/look/test_every_page.py::test_y[fr]", LOOK),
        ("tests/sandbox/test_demo.py::test_y", OWN_SERVERS),
        ("tests/sandbox/test_ports.py::test_y", "tests/sandbox/test_ports.py"),
        ("tests/contract/test_x.py::test_y[keycloak]", STACK),
        ("tests/faults/test_keycloak.py::test_y[real]", STACK),
        ("tests/faults/test_killed.py::test_y", "tests/faults/test_killed.py"),
    ],
)
def test_the_group_of_a_test(nodeid: str, group: str):
    """What needs the session's server shares one process; a file without one is a group of its own."""
    assert group_of(nodeid) == group


def test_long_groups_begin_first():
    """The stack, then the realms, then the pages, then everything else in the order of the files."""
    assert sorted(["a", LOOK, REALMS, STACK, "b"], key=rank) == [STACK, REALMS, LOOK, "a", "b"]


def test_what_reads_all_comes_first():
    """In the group of the stack."""
    portal, story = (f"tests/{name}::test_x" for name in ("keycloak/portal/test_x.py", "browser/test_story.py"))
    assert sorted([story, portal], key=place) == [portal, story]


def test_whole_folders_are_marked():
    """So `make test-fast` leaves them out."""
    assert marks_of("tests/keycloak/sign_in/test_x.py::test_y") == ["keycloak"]
    assert marks_of("tests/faults/test_x.py::test_y") == ["slow"]
    assert marks_of("tests/web/test_keycloak.py::test_y") == []


def test_every_test_has_the_marks_of_its_folder(request: pytest.FixtureRequest):
    """Of those that are collected in this run."""
    for item in request.session.items:
        assert {mark.name for mark in item.iter_markers()} >= set(marks_of(item.nodeid))
