"""Days, hours and waits in words: in the reader's language, by the clock of the installation.

English dates are British: « 29 November 2026 », 24 hours.
"""

from datetime import UTC, date, datetime, timedelta

from babel import Locale
from babel.dates import format_date, format_time
from flask_babel import format_timedelta, get_locale, get_timezone, gettext, ngettext

DAYS_OF_A_YEAR = 365
BRITISH = Locale("en", "GB")


def day(instant: datetime) -> str:
    """Return the day of an instant in the installation's time zone: `29 November 2026`."""
    return str(format_date(_local(instant), "long", _locale()))


def last_day(day: date) -> str:
    """Return a day of the calendar, which has no time zone: `29 November 2026`."""
    return str(format_date(day, "long", _locale()))


def day_and_hour(instant: datetime) -> str:
    """Return the day and the hour of an instant, for a table: `29 November 2026, 20:44`."""
    return f"{day(instant)}, {_hour(instant)}"


def moment(instant: datetime, now: datetime) -> str:
    """Return the hour when the instant is today, else the day and the hour, for a sentence."""
    hour = _hour(instant)
    if _local_day(instant) == _local_day(now):
        return str(gettext("at %(time)s", time=hour))
    return str(gettext("on %(day)s at %(time)s", day=day(instant), time=hour))


def days_left(end: datetime, now: datetime) -> str:
    """How many days something still works; on its last day, until when."""
    days = _local_day(end) - _local_day(now)
    if days <= 0:
        return str(gettext("last day, until %(time)s", time=_hour(end)))
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


def at(seconds: float) -> str:
    """The moment in so many seconds, without the wait: where there is little room."""
    now = datetime.now(UTC)
    return moment(now + timedelta(seconds=max(1, int(seconds + 0.999))), now)


def in_a_while(seconds: float) -> str:
    """The moment in so many seconds: the hour, and the wait in words."""
    now = datetime.now(UTC)
    whole = max(1, int(seconds + 0.999))
    then = now + timedelta(seconds=whole)
    return str(gettext("%(moment)s (in %(wait)s)", moment=moment(then, now), wait=waiting_time(whole)))


def _hour(instant: datetime) -> str:
    return str(format_time(_local(instant), "short", locale=_locale()))


def _local(instant: datetime) -> datetime:
    """The instant in the installation's time zone; one without a zone is UTC, as the database returns it."""
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(get_timezone())


def _local_day(instant: datetime) -> int:
    return _local(instant).date().toordinal()


def _locale() -> Locale:
    locale = get_locale() or Locale("fr")
    return BRITISH if locale.language == "en" else locale
