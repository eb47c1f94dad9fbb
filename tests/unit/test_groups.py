"""Which tests run in one process."""

import pytest

from tests.groups import LOOK, OWN_SERVERS, REALMS, STACK, group_of, place, rank


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
