"""What the portal does by itself: the work of each day after midnight, and what dead processes left behind."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from threading import Event, Thread

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from directory.errors import DirectoryError
from webapp.http.context import EXTENSION, Parts
from webapp.lifecycle import endings, invitations, leftovers, reviewing
from webapp.lifecycle.handover import hand_over
from webapp.lifecycle.mails import mails_of_day, mails_of_notes, mails_of_reviews
from webapp.lifecycle.once import REMEMBERED, leave
from webapp.lifecycle.survey import survey
from webapp.parallel import in_the_background
from webapp.people.context import Context
from webapp.people.end_dates import day_at
from webapp.storage import facts
from webapp.storage.database import Database
from webapp.storage.locks import is_taken, locked_if_free, take_once

PAUSE = 120.0
"""Seconds between two looks: what ended is detached within 5 minutes after midnight."""
STOP_TIMEOUT = 10.0
COUNTED = "figures_day"
"""The fact that says of which day the figures are (its ordinal)."""
COUNTED_AT = "figures_at"
"""The fact that says when they were counted."""

log = logging.getLogger(__name__)


class Lifecycle:
    """Does the work of each day: by `look`, or again and again between `start` and `stop`."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._ended = Event()
        self._thread: Thread | None = None

    @property
    def _parts(self) -> Parts:
        parts: Parts = self._app.extensions[EXTENSION]
        return parts

    def start(self) -> None:
        """Look every `PAUSE` seconds, in a thread that ends with the process."""
        self._thread = in_the_background(self._run, "lifecycle")

    def stop(self) -> None:
        """Look no more; a day that is under way is begun again by the next process."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(STOP_TIMEOUT)

    def look(self) -> bool:
        """Do the work of today unless it is done or another process is at it; whether it is complete now."""
        parts = self._parts
        today = day_at(parts.clock(), parts.settings.portal_timezone)
        done = self._is_done(today)
        if not done:
            with locked_if_free(parts.database, ["lifecycle"]) as ours:
                done = ours and (self._is_done(today) or self._do(today))
        if done:
            self._count(today)
        return done

    def _run(self) -> None:
        self._try("the work of the day", self.look)
        while not self._ended.wait(PAUSE):
            self._try("what another process left", partial(leftovers.take_over, self._parts))
            self._try("the work of the day", self.look)

    def _try(self, what: str, act: Callable[[], object]) -> None:
        try:
            act()
        except (DirectoryError, SQLAlchemyError):
            log.warning("%s could not be done, and is tried again", what, exc_info=True)

    def _do(self, today: date) -> bool:
        parts = self._parts
        found = endings.end_day(parts.directory, parts.database, today)
        day = endings.new_today(parts.database, found)
        with self._app.app_context():
            mails = mails_of_day(parts.directory, parts.settings, day)
        endings.remember(parts.database, day, mails, parts.clock())
        context = Context(parts.directory, parts.database, endings.portal_author(), parts.clock)
        complete = hand_over(context) and day.is_complete
        complete = self._of_reviews(today) and complete
        self._write_of_invitations(today)
        if complete:
            with parts.database.transaction() as connection:
                take_once(connection, _name_of(today), parts.clock() + REMEMBERED)
        log.info(
            "%s: %s attachments ended, %s kept, %s warned of",
            today,
            len(day.ended),
            len(found.kept),
            len(day.soon),
        )
        return complete

    def _write_of_invitations(self, today: date) -> None:
        """Send the reminders of the day, and leave the notes about invitations."""
        parts = self._parts
        now = datetime.fromtimestamp(parts.clock(), UTC)
        people = invitations.waiting(parts.directory, now)
        if parts.settings.activation_reminders:
            context = Context(parts.directory, parts.database, endings.portal_author(), parts.clock)
            invitations.remind(context, people, now)
        notes = invitations.notes_of(parts.directory, parts.database, people, now, today)
        with self._app.app_context():
            mails = mails_of_notes(parts.settings, invitations.wanted(notes, parts.settings), today)
        leave(parts.database, notes.names, mails, parts.clock())

    def _of_reviews(self, today: date) -> bool:
        """End access reviews that are over, start and remind of others; whether all of it was done."""
        parts = self._parts
        context = Context(parts.directory, parts.database, endings.portal_author(), parts.clock)
        rhythm = reviewing.Rhythm(parts.settings.review_months, parts.settings.portal_timezone)
        ended = reviewing.end_due(context, today)
        begun = reviewing.begin_due(context, today, rhythm)
        reminders = reviewing.reminders_of(parts.directory, parts.database, today)
        with self._app.app_context():
            mails = mails_of_reviews(parts.directory, parts.settings, reminders, today)
        leave(parts.database, reviewing.names_of(reminders, today), mails, parts.clock())
        return ended and begun

    def _count(self, today: date) -> None:
        """Count what no one looks after, once a day; at once without a result while another process counts."""
        parts = self._parts
        with locked_if_free(parts.database, ["figures"]) as ours:
            if ours and facts.read(parts.database).get(COUNTED) != today.toordinal():
                now = datetime.fromtimestamp(parts.clock(), UTC)
                found = survey(parts.directory, parts.database, now, today)
                counted = {COUNTED: float(today.toordinal()), COUNTED_AT: parts.clock()}
                facts.put(parts.database, {**found.numbers, **counted})

    def _is_done(self, today: date) -> bool:
        return is_done(self._parts.database, today)


def is_done(database: Database, today: date) -> bool:
    """Whether the work of that day is complete."""
    return is_taken(database, _name_of(today))


def _name_of(today: date) -> str:
    """What is remembered of a day whose work is complete."""
    return f"day:{today}"
