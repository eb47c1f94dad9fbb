"""Days, hours and waits in words: in the reader's language, by the clock of the installation."""

from datetime import UTC, datetime, timedelta

from flask_babel import format_date, format_time, format_timedelta, get_timezone, gettext, ngettext

DAYS_OF_A_YEAR = 365


def day(instant: datetime) -> str:
    """The day of an instant, as the installation's calendar has it."""
    return str(format_date(instant, "long"))


def moment(instant: datetime, now: datetime) -> str:
    """An hour of today, or a day with its hour."""
    hour = format_time(instant, "short")
    if _local_day(instant) == _local_day(now):
        return str(gettext("at %(time)s", time=hour))
    return str(gettext("on %(day)s at %(time)s", day=day(instant), time=hour))


def days_left(end: datetime, now: datetime) -> str:
    """How many days something still works; on its last day, until when."""
    days = _local_day(end) - _local_day(now)
    if days <= 0:
        return str(gettext("last day, until %(time)s", time=format_time(end, "short")))
    return str(ngettext("%(num)s day left", "%(num)s days left", days))


def span(days: int) -> str:
    """So many days, in years where these are whole."""
    unit = "day" if days % DAYS_OF_A_YEAR else "year"
    return str(format_timedelta(timedelta(days=days), granularity=unit, threshold=days + 1))


def waiting_time(seconds: int) -> str:
    """A time to wait, in words: never less than it takes."""
    if seconds < 120:
        return str(ngettext("%(num)s second", "%(num)s seconds", seconds))
    if seconds < 7200:
        return str(ngettext("%(num)s minute", "%(num)s minutes", -(-seconds // 60)))
    return str(ngettext("%(num)s hour", "%(num)s hours", -(-seconds // 3600)))


def in_a_while(seconds: float) -> str:
    """The moment in so many seconds: the hour, and the wait in words."""
    now = datetime.now(UTC)
    whole = max(1, int(seconds + 0.999))
    then = now + timedelta(seconds=whole)
    return str(gettext("%(moment)s (in %(wait)s)", moment=moment(then, now), wait=waiting_time(whole)))


def _local_day(instant: datetime) -> int:
    return instant.astimezone(get_timezone()).date().toordinal()
