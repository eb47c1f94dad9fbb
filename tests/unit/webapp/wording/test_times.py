"""Days, hours and waits in words, on the installation's clock."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

import webapp
from webapp.wording import times

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
In = Callable[[str], None]


@pytest.fixture
def app() -> Flask:
    app = Flask("bare")
    app.config.update(
        BABEL_DEFAULT_TIMEZONE="Europe/Paris",
        BABEL_TRANSLATION_DIRECTORIES=str(Path(webapp.__file__).parent / "translations"),
    )
    Babel(app)
    return app


@pytest.fixture(params=["en", "fr"])
def locale(request: pytest.FixtureRequest, app: Flask) -> Iterator[str]:
    with app.test_request_context(), force_locale(request.param):
        yield str(request.param)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, {"en": "1 second", "fr": "1 seconde"}),
        (2, {"en": "2 seconds", "fr": "2 secondes"}),
        (119, {"en": "119 seconds", "fr": "119 secondes"}),
        (120, {"en": "2 minutes", "fr": "2 minutes"}),
        (121, {"en": "3 minutes", "fr": "3 minutes"}),
        (7199, {"en": "120 minutes", "fr": "120 minutes"}),
        (7200, {"en": "2 hours", "fr": "2 heures"}),
        (86_399, {"en": "24 hours", "fr": "24 heures"}),
    ],
)
def test_waiting_time(seconds: int, words: dict[str, str], locale: str):
    """Never less than it takes: whoever waits that long may."""
    assert times.waiting_time(seconds) == words[locale]


@pytest.mark.parametrize(
    ("end", "english", "french"),
    [
        (NOW + timedelta(days=30), "30 days left", "encore 30 jours"),
        (NOW + timedelta(days=1), "1 day left", "encore 1 jour"),
        (NOW + timedelta(hours=11, minutes=1), "1 day left", "encore 1 jour"),
        (NOW + timedelta(hours=10, minutes=59), "last day, until 23:59", "dernier jour, jusqu’à 23:59"),
        (NOW, "last day, until 13:00", "dernier jour, jusqu’à 13:00"),
    ],
)
def test_days_left(end: datetime, english: str, french: str, locale: str):
    """By the calendar of Paris: one minute before its midnight is today, one after is tomorrow."""
    assert times.days_left(end, NOW) == {"en": english, "fr": french}[locale]


@pytest.mark.parametrize(
    ("days", "english", "french"),
    [
        (1, "1 day", "1\u00a0jour"),
        (180, "180 days", "180\u00a0jours"),
        (365, "1 year", "1\u00a0an"),
        (400, "400 days", "400\u00a0jours"),
        (1095, "3 years", "3 ans"),
    ],
)
def test_span(days: int, english: str, french: str, locale: str):
    """Nobody counts 1,095 days."""
    assert times.span(days) == {"en": english, "fr": french}[locale]


def test_a_day_is_that_of_the_installation(locale: str):
    """Late in the evening in UTC it is tomorrow in Paris."""
    late = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    assert times.day(late) == {"en": "4 March 2026", "fr": "4 mars 2026"}[locale]


def test_day_and_hour(locale: str):
    """A table shows the day in words and the hour in 24 hours; an instant without a zone is UTC."""
    words = {"en": "15 March 2026, 01:00", "fr": "15 mars 2026, 01:00"}[locale]
    assert times.day_and_hour(NOW + timedelta(hours=12)) == words
    assert times.day_and_hour((NOW + timedelta(hours=12)).replace(tzinfo=None)) == words


def test_moment(locale: str):
    """An hour of today stands alone; any other day is named."""
    later, tomorrow = NOW + timedelta(hours=2), NOW + timedelta(hours=12)
    assert times.moment(later, NOW) == {"en": "at 15:00", "fr": "à 15:00"}[locale]
    assert (
        times.moment(tomorrow, NOW) == {"en": "on 15 March 2026 at 01:00", "fr": "le 15 mars 2026 à 01:00"}[locale]
    )


def test_in_a_while_says_hour_and_wait(locale: str):
    """A part of a second is a second: who comes too early would be refused again."""
    said = times.in_a_while(40.2)
    assert said.endswith({"en": "(in 41 seconds)", "fr": "(dans 41 secondes)"}[locale])
    assert said.startswith({"en": ("at ", "on "), "fr": ("à ", "le ")}[locale])
