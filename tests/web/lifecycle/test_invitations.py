"""Invitations that are not forgotten: a second mail on day 20, a note on expiry, a list once a month."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from directory.model import User
from tests.builders import a_profile, an_attachment, an_author
from tests.fakes import FakeDirectory
from webapp.http.context import EXTENSION
from webapp.lifecycle.worker import Lifecycle
from webapp.records import journal
from webapp.records.journal import Action, Entry, person_of
from webapp.storage.database import Database, mails

PARIS = ZoneInfo("Europe/Paris")
SENT = datetime(2027, 1, 2, 12, tzinfo=PARIS)


class Days:
    """The work of days, counted from the first mail."""

    def __init__(self, app: Flask, database: Database) -> None:
        self.app, self.database = app, database
        self.parts = app.extensions[EXTENSION]

    def look(self, day: int, **settings: bool) -> list[tuple[str, str]]:
        """Do the work of that day; the mails that it leaves: recipient and subject."""
        with self.database.engine.connect() as connection:
            before = len(connection.execute(select(mails)).all())
        now = SENT + timedelta(days=day, hours=1)
        changed = self.parts.settings.model_copy(update=settings)
        self.app.extensions[EXTENSION] = replace(self.parts, clock=now.timestamp, settings=changed)
        assert Lifecycle(self.app).look()
        with self.database.engine.connect() as connection:
            rows = connection.execute(select(mails).order_by(mails.c.id)).all()
        return [(row.recipient, row.subject) for row in rows[before:]]


@pytest.fixture
def days(app: Flask, database: Database):
    days = Days(app, database)
    yield days
    app.extensions[EXTENSION] = days.parts


@pytest.fixture
def pending(directory: FakeDirectory, database: Database, administrator: User, second: User) -> User:
    """Invited to Acme by the administrator, who is one of two."""
    made = directory.add_user(
        a_profile("new@acme.example"),
        [an_attachment("acme")],
        password_required=True,
        activation_sent_at=SENT.astimezone(UTC),
    )
    line = Entry(Action.CREATE, ("acme",), person_of(made))
    journal.write(database, an_author(administrator), [line])
    return made


def test_the_second_mail_leaves_on_day_20_once(days: Days, directory: FakeDirectory, pending: User):
    for day in range(18, 26):
        days.look(day)
        assert len(directory.mails) == (1 if day >= 20 else 0)
    assert directory.user(pending.id).activation_expires_at == (SENT + timedelta(days=50, hours=1)), (
        "the second link works 30 days too"
    )
    for day in range(26, 50, 4):
        days.look(day)
    assert len(directory.mails) == 1


def test_who_is_active_or_was_mailed_meanwhile_gets_none(days: Days, directory: FakeDirectory, pending: User):
    directory.activate(pending.id)
    days.look(20)
    assert directory.mails == []


def test_who_invited_is_told_when_it_expired(
    days: Days, directory: FakeDirectory, pending: User, administrator: User
):
    """Once; the other administrator is not."""
    subject = "1 de vos invitations a expiré"
    found = [days.look(day, activation_reminders=False, pending_lists=False) for day in range(28, 34)]
    assert [mail for day in found for mail in day] == [(administrator.email, subject)]


@pytest.mark.slow
def test_once_a_month_administrators_get_what_is_pending(
    days: Days, directory: FakeDirectory, pending: User, administrator: User, second: User
):
    directory.add_user(a_profile(), [an_attachment("globex")], password_required=True)
    found = [days.look(day, activation_reminders=False, expiry_notes=False) for day in range(60)]
    months = [sorted(day) for day in found if day]
    subjects = ["1 compte n’est pas encore activé", *["2 comptes ne sont pas encore activés"] * 2]
    readers = sorted([administrator.email, second.email])
    assert months == [[(reader, subject) for reader in readers] for subject in subjects], (
        "who was invited less than a week before is not forgotten yet"
    )


def test_each_is_switched_off(days: Days, directory: FakeDirectory, pending: User):
    off = {"activation_reminders": False, "expiry_notes": False, "pending_lists": False}
    assert [mail for day in range(0, 60, 5) for mail in days.look(day, **off)] == []
    assert directory.mails == []


def test_an_account_that_was_just_made_is_not_in_the_list(
    days: Days, directory: FakeDirectory, administrator: User
):
    """Its first mail has not left yet: the portal looks as soon as it starts."""
    made = directory.add_user(a_profile(), [an_attachment("acme")], password_required=True)
    directory.made_at[made.id] = SENT.astimezone(UTC)
    assert days.look(0) == []
    directory.made_at[made.id] = SENT.astimezone(UTC) - timedelta(days=8)
    assert days.look(31)[0] == (administrator.email, "1 compte n’est pas encore activé")
