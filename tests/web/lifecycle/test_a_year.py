"""The year of `tests.a_year` on the directory in memory."""

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask

from tests import a_year
from tests.contract.worlds import FakeWorld


@pytest.mark.slow
@pytest.mark.parametrize("days", [a_year.every_day, a_year.chosen_days])
def test_a_year(app: Flask, days: Callable[[], list[date]]):
    """Every night, or those alone that the real Keycloak has: the same calendar."""
    world = FakeWorld()
    year = a_year.Year(app, world, lambda person: world.fake.activate(person.id))
    assert year.run(days()) == a_year.WANTED
    assert year.attached() == set(year.people) - set(a_year.ENDS)


def test_the_chosen_days():
    """Few, with every day of the calendar, the ones before and after, and both changes of the hour."""
    days = a_year.chosen_days()
    assert len(days) < 90
    for day in (*map(date.fromisoformat, a_year.EXPECTED), *a_year.CHANGES_OF_THE_HOUR):
        assert {day - a_year.DAY, day, day + a_year.DAY} <= set(days)
