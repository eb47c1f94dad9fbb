"""The last day of an attachment, as people type it, and the day it is by the portal's clock. Pure."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

LATEST = date(2099, 12, 31)
"""The last day that an attachment may have; a later one is a typing error."""
SOON = 30
"""Days before the end from which on an attachment is marked, and its first warning is sent."""

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_EUROPEAN = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", re.ASCII)


class DayFault(StrEnum):
    """What can be wrong with a last day."""

    MALFORMED = "malformed"
    IMPOSSIBLE = "impossible"
    PAST = "past"
    TOO_LATE = "too_late"


class DayError(ValueError):
    """The text is no last day that an attachment can have."""

    def __init__(self, fault: DayFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def last_day(text: str, today: date, present: date | None = None) -> date | None:
    """Return the day of `2027-06-30` or `30/06/2027`, none for an empty text; `DayError`.

    A day in the past is refused, unless it is the present one, which somebody leaves as it is.
    """
    typed = text.strip()
    if not typed:
        return None
    if found := _ISO.fullmatch(typed):
        year, month, day = found.groups()
    elif found := _EUROPEAN.fullmatch(typed):
        day, month, year = found.groups()
    else:
        raise DayError(DayFault.MALFORMED)
    try:
        until = date(int(year), int(month), int(day))
    except ValueError as error:
        raise DayError(DayFault.IMPOSSIBLE) from error
    if until > LATEST:
        raise DayError(DayFault.TOO_LATE)
    if until < today and until != present:
        raise DayError(DayFault.PAST)
    return until


def day_at(seconds: float, zone: str) -> date:
    """Return the day of an instant (seconds since 1970) by the clock of that time zone."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(zone)).date()


def is_soon(until: date | None, today: date) -> bool:
    """Whether the attachment ends within `SOON` days, or has ended already."""
    return until is not None and until <= today + timedelta(days=SOON)


def months_after(day: date, months: int) -> date:
    """Return the same day of the month so many months later; the last one of that month when it has none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def a_year_after(day: date) -> date:
    """Return the same day of the next year; 28 February after 29 February."""
    return months_after(day, 12)
