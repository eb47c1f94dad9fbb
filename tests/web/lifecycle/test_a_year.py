"""A year of a company, day by day: what the portal writes by itself, and when. With a leap day and both changes of
the hour."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from directory.model import User
from tests.builders import a_context, a_profile, an_attachment, an_author
from tests.fakes import FakeDirectory
from webapp.http.context import EXTENSION
from webapp.lifecycle.worker import Lifecycle
from webapp.records import journal
from webapp.records.journal import Action, Entry, person_of
from webapp.reviews import review as reviewing
from webapp.reviews.store import Start, Undecided
from webapp.storage.database import Database, mails
from webapp.storage.database import journal as lines

PARIS = ZoneInfo("Europe/Paris")
FIRST, LAST = date(2027, 6, 15), date(2028, 6, 15)
REVIEW = date(2027, 12, 1)
ACTIVATED = date(2027, 9, 15)
ENDS = {
    "p00": date(2027, 10, 30),
    "p01": date(2027, 10, 31),
    "p02": date(2028, 2, 29),
    "p03": date(2028, 3, 25),
    "p04": date(2028, 3, 26),
}
SOON = "Votre rattachement à Acme Énergie arrive bientôt à échéance"
SOON_AT = "1 rattachement arrive bientôt à échéance"
PENDING = "1 compte n’est pas encore activé"
REVIEW_ENDS = "1 revue des accès se termine bientôt"
ANNE, BRUNO = "anne.durand@acme.example", "bruno.petit@acme.example"


def a_warning(name: str) -> list[str]:
    return [f"{name}@acme.example: {SOON}", f"{ANNE}: {SOON_AT}", f"{BRUNO}: {SOON_AT}"]


A_LIST = [f"{ANNE}: {PENDING}", f"{BRUNO}: {PENDING}"]
EXPECTED = {
    "2027-07-01": [*A_LIST, "resend late@acme.example"],
    "2027-07-31": [f"{ANNE}: 1 de vos invitations a expiré"],
    "2027-08-01": A_LIST,
    "2027-09-01": A_LIST,
    "2027-09-30": a_warning("p00"),
    "2027-10-01": a_warning("p01"),
    "2027-10-23": a_warning("p00"),
    "2027-10-24": a_warning("p01"),
    "2027-10-31": ["end p00@acme.example"],
    "2027-11-01": ["end p01@acme.example"],
    "2027-12-24": [f"{ANNE}: {REVIEW_ENDS}", f"{BRUNO}: {REVIEW_ENDS}"],
    "2027-12-30": [f"{ANNE}: {REVIEW_ENDS}", f"{BRUNO}: {REVIEW_ENDS}"],
    "2028-01-01": ["review_end "],
    "2028-01-30": a_warning("p02"),
    "2028-02-22": a_warning("p02"),
    "2028-02-24": a_warning("p03"),
    "2028-02-25": a_warning("p04"),
    "2028-03-01": ["end p02@acme.example"],
    "2028-03-18": a_warning("p03"),
    "2028-03-19": a_warning("p04"),
    "2028-03-26": ["end p03@acme.example"],
    "2028-03-27": ["end p04@acme.example"],
}
"""Written by hand: mails as recipient and subject, lines of the journal as action and person."""


@pytest.fixture
def clocked(app: Flask) -> Iterator[Flask]:
    parts = app.extensions[EXTENSION]
    yield app
    app.extensions[EXTENSION] = parts


def happened(database: Database) -> list[str]:
    """What the portal has left so far."""
    with database.engine.connect() as connection:
        sent = connection.execute(select(mails).order_by(mails.c.id)).all()
        noted = connection.execute(select(lines).where(lines.c.actor_id == "").order_by(lines.c.id)).all()
    return [f"{one.recipient}: {one.subject}" for one in sent] + [
        f"{one.action} {one.person_email}" for one in noted
    ]


def test_a_year(clocked: Flask, directory: FakeDirectory, database: Database, administrator: User, second: User):
    people = {
        name: directory.add_user(a_profile(f"{name}@acme.example"), [an_attachment("acme", until=ENDS.get(name))])
        for name in (f"p{number:02}" for number in range(30))
    }
    sent_at = datetime(2027, 6, 10, 12, tzinfo=PARIS).astimezone(UTC)
    late = directory.add_user(
        a_profile("late@acme.example"),
        [an_attachment("acme")],
        password_required=True,
        activation_sent_at=sent_at,
    )
    line = Entry(Action.CREATE, ("acme",), person_of(late))
    journal.write(database, an_author(administrator), [line])
    parts, calendar, before = clocked.extensions[EXTENSION], {}, happened(database)
    company = next(company for company, _ in directory.attachments_of(administrator.id) if company.id == "acme")

    today = FIRST
    while today <= LAST:
        if today == REVIEW:
            asked = Start(company, date(2027, 12, 31), Undecided.KEEP)
            reviewing.start(a_context(directory, database, administrator), asked)
        if today == ACTIVATED:
            directory.activate(late.id)
        clock = datetime(today.year, today.month, today.day, 0, 5, tzinfo=PARIS).timestamp
        clocked.extensions[EXTENSION] = replace(parts, clock=clock)
        assert Lifecycle(clocked).look()
        now = happened(database)
        if fresh := sorted((Counter(now) - Counter(before)).elements()):
            calendar[today.isoformat()] = fresh
            print(today, *fresh, sep="\n    ")  # noqa: T201 (the calendar, shown with -s)
        before = now
        today += timedelta(days=1)

    assert calendar == {day: sorted(found) for day, found in EXPECTED.items()}
    left = {name for name, user in people.items() if directory.attachments_of(user.id)}
    assert left == set(people) - set(ENDS)
