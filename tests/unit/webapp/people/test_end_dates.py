"""Days of the calendar that are months apart."""

from datetime import date

import pytest

from webapp.people.end_dates import a_year_after, months_after


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2027, 12, 15), 1, date(2028, 1, 15)),
        (date(2027, 3, 30), 12, date(2028, 3, 30)),
        (date(2027, 1, 1), 0, date(2027, 1, 1)),
        (date(2026, 11, 30), 60, date(2031, 11, 30)),
    ],
    ids=str,
)
def test_months_after(day: date, months: int, expected: date):
    assert months_after(day, months) == expected


def test_a_year_after_a_leap_day_is_the_last_of_february():
    assert a_year_after(date(2028, 2, 29)) == date(2029, 2, 28)
