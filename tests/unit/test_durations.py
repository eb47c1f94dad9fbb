"""The figures that a test run prints about itself."""

from types import SimpleNamespace
from typing import Any, cast

from tests.durations import Durations, Row, folder_of, rows
from tests.one_keycloak import WAITED


def test_the_folder_of_a_test():
    """The group that `pytest -n` appends after `@` does not matter."""
    assert folder_of("tests/web/people/test_x.py::TestA::test_b[fr/en]@stack") == "tests/web/people"


def test_the_slowest_folder_comes_first():
    """With its own budget; a folder without one says so."""
    found = rows({"a": 1, "b": 2}, {"a": 1.0, "b": 5.0}, {"b": 4.0})
    assert found == [Row("b", 2, 5.0, 4.0), Row("a", 1, 1.0, None)]
    assert [row.verdict for row in found] == ["over budget", "no budget"]


def test_a_folder_fails_above_twice_its_budget_only():
    """At exactly twice it is still a warning."""
    assert [Row("a", 1, seconds, 10.0).verdict for seconds in (10.0, 10.1, 20.0, 20.1)] == [
        "",
        "over budget",
        "over budget",
        "failed",
    ]


def test_waiting_for_keycloak_is_no_folders_time():
    """It has a line of its own; each process of a run may wait once. Set-up, call and tear-down say it alike."""
    durations = Durations(cast(Any, SimpleNamespace(getoption=lambda _name: True)))
    for when, seconds in (("setup", 90.0), ("call", 7.0), ("teardown", 1.0)):
        report = SimpleNamespace(
            nodeid="tests/a/test_b.py::test_c", when=when, duration=seconds, user_properties=[[WAITED, 80.0]]
        )
        durations.pytest_runtest_logreport(cast(Any, report))
    lines: list[str] = []
    durations.pytest_terminal_summary(cast(Any, SimpleNamespace(section=lines.append, write_line=lines.append)))
    assert "     1     18.0       -  tests/a no budget" in lines
    assert lines[-1].split()[:4] == ["80.0", "waited", "for", "Keycloak,"]
