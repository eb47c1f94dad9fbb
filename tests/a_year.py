"""A year of a company, day by day: what the portal writes by itself, and when. With a leap day and both changes of
the hour.

It is run on the directory in memory (`tests/web/lifecycle`) and on the real Keycloak (`tests/keycloak/lifecycle`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import select

from directory.model import Company, User
from tests.builders import a_context, a_profile, an_attachment, an_author
from tests.contract.worlds import World
from webapp.http.context import EXTENSION, Parts
from webapp.lifecycle.worker import Lifecycle
from webapp.records import journal
from webapp.records.journal import Action, Entry, person_of
from webapp.reviews import review as reviewing
from webapp.reviews.store import Start, Undecided
from webapp.storage.database import Database, mails
from webapp.storage.database import journal as lines

PARIS = ZoneInfo("Europe/Paris")
DAY = timedelta(days=1)
FIRST, LAST = date(2027, 6, 15), date(2028, 6, 15)
REVIEW = date(2027, 12, 1)
INVITED = datetime(2027, 6, 10, 12, tzinfo=PARIS)
ACTIVATED = date(2027, 9, 15)
CHANGES_OF_THE_HOUR = (date(2027, 10, 31), date(2028, 3, 26))
LATE = "late@acme.example"
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
    "2027-07-01": [*A_LIST, f"resend {LATE}"],
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

Calendar = Mapping[str, list[str]]
WANTED: Calendar = {day: sorted(found) for day, found in EXPECTED.items()}


def every_day() -> list[date]:
    return [FIRST + number * DAY for number in range((LAST - FIRST).days + 1)]


def chosen_days() -> list[date]:
    """Those on which something is due, the one before and the one after, and some on which nothing is.

    The first of each month is among them, and both changes of the hour. On the directory in memory these nights
    have the same calendar as all of them: what a night finds is what the day says, not which night was the last.
    """
    due = {date.fromisoformat(day) for day in EXPECTED} | {REVIEW, ACTIVATED, *CHANGES_OF_THE_HOUR}
    near = {day + step for day in due for step in (-DAY, 0 * DAY, DAY)}
    return [day for day in every_day() if day in near | {FIRST, LAST} or day.day == 1]


@dataclass
class Year:
    """The portal on a directory in which nobody else is, and a company of 33 people in it."""

    app: Flask
    world: World
    activate: Callable[[User], object]
    """Have somebody activate their account, as with the mail's link."""

    def run(self, days: Iterable[date]) -> dict[str, list[str]]:
        """Live through these nights; what each of them left, printed as it goes."""
        company, anne, late = self._fill()
        parts: Parts = self.app.extensions[EXTENSION]
        calendar, before = {}, happened(parts.database)
        try:
            for today in days:
                if today == REVIEW:
                    asked = Start(company, date(2027, 12, 31), Undecided.KEEP)
                    reviewing.start(a_context(self.world.directory, parts.database, anne), asked)
                if today == ACTIVATED:
                    self.activate(late)
                self._look(parts, today)
                now = happened(parts.database)
                if fresh := sorted((Counter(now) - Counter(before)).elements()):
                    calendar[today.isoformat()] = fresh
                    print(today, *fresh, sep="\n    ")  # noqa: T201 (the calendar, shown with -s)
                before = now
        finally:
            self.app.extensions[EXTENSION] = parts
        return calendar

    def attached(self) -> set[str]:
        """Which of those with an end and those without are attached now."""
        return {name for name, user in self.people.items() if self.world.directory.attachments_of(user.id)}

    def _fill(self) -> tuple[Company, User, User]:
        company = self.world.company("Acme Énergie")
        in_charge = an_attachment(company, administrator=True)
        anne = self.world.person(in_charge, profile=a_profile(ANNE))
        self.world.person(in_charge, profile=a_profile(BRUNO, last_name="Petit", first_name="Bruno"))
        self.people = {
            name: self.world.person(
                an_attachment(company, until=ENDS.get(name)), profile=a_profile(f"{name}@acme.example")
            )
            for name in (f"p{number:02}" for number in range(30))
        }
        late = self.world.person(
            an_attachment(company),
            profile=a_profile(LATE),
            password_required=True,
            activation_sent_at=INVITED.astimezone(UTC),
        )
        line = Entry(Action.CREATE, (company.id,), person_of(late))
        journal.write(self.app.extensions[EXTENSION].database, an_author(anne), [line])
        return company, anne, late

    def _look(self, parts: Parts, today: date) -> None:
        """Five minutes after midnight."""
        clock = datetime(today.year, today.month, today.day, 0, 5, tzinfo=PARIS).timestamp
        self.app.extensions[EXTENSION] = replace(parts, directory=self.world.directory, clock=clock)
        assert Lifecycle(self.app).look()


def happened(database: Database) -> list[str]:
    """What the portal has left so far."""
    with database.engine.connect() as connection:
        sent = connection.execute(select(mails).order_by(mails.c.id)).all()
        noted = connection.execute(select(lines).where(lines.c.actor_id == "").order_by(lines.c.id)).all()
    return [f"{one.recipient}: {one.subject}" for one in sent] + [
        f"{one.action} {one.person_email}" for one in noted
    ]
