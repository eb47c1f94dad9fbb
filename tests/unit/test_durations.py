"""The figures that a test run prints about itself."""

from tests.durations import Row, folder_of, rows


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
