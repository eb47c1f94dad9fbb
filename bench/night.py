"""What the work of one night costs for 4,000 companies and 50,000 people: calls of the directory, and seconds.

The directory is the one in memory, so the seconds are the portal's and its database's; what Keycloak would take is
the calls times its own time for each.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import func, insert, select

from bench.figures import Figure, exactly
from directory.encoding import Step, attachments_of, places
from directory.model import Attachment, Company, Locale, Profile, Title, User
from directory.visibility import is_hidden
from tests.builders import a_company, an_attachment
from tests.fakes import FakeDirectory
from tests.web.fake_identity import CLIENT, FakeIdentity
from webapp.app import create_app
from webapp.http.context import EXTENSION, Parts
from webapp.lifecycle.reviewing import SINCE
from webapp.lifecycle.worker import Lifecycle
from webapp.settings import Settings
from webapp.storage import facts
from webapp.storage.database import Database, journal, mails, reviews

COMPANIES = 4_000
PEOPLE = 50_000
EXTERNALS = 10
"""One of so many people is external, with an end on one of the days of the year."""
PENDING = 50
"""One of so many people has not activated their account; the mail left on one of the last 60 days."""
NIGHT = datetime(2027, 6, 1, 0, 5, tzinfo=ZoneInfo("Europe/Paris"))
"""The first of a month: the list of what is pending is due."""


class Memory(FakeDirectory):
    """The directory in memory with what each person is in by person, since it is asked of so many."""

    def load(self, people: Sequence[tuple[User, Sequence[Attachment]]], made_at: datetime) -> None:
        """Put these people there, as they are."""
        self._paths: dict[str, set[str]] = {}
        for user, attachments in people:
            self._people[user.id], self.made_at[user.id] = user, made_at
            paths = {place.path for attachment in attachments for place in places(attachment)}
            self._paths[user.id] = paths
            for path in paths:
                self._groups[path].add(user.id)
            for attachment in attachments:
                self._end(user.id, attachment.company_id, attachment.until)
        self._ids = frozenset(company.id for company in self._companies.values())
        self._by_id = {company.id: company for company in self._companies.values()}

    def _hidden(self, user_id: str) -> bool:
        return is_hidden(({"path": path} for path in self._paths[user_id]), self._ids)

    def _attachments(self, user_id: str, *, ends: bool = True) -> tuple[Attachment, ...]:
        return attachments_of(self._paths[user_id], self._ends.get(user_id, {}) if ends else {})

    def _places(self, user_id: str, *, ends: bool = True) -> tuple[tuple[Company, Attachment], ...]:
        return tuple((self._by_id[a.company_id], a) for a in self._attachments(user_id, ends=ends))

    def _take(self, user_id: str, company: Company, step: Step) -> None:
        super()._take(user_id, company, step)
        (self._paths[user_id].add if step.join else self._paths[user_id].discard)(step.place.path)


def measure() -> list[Figure]:
    """One night, and the next look of the same night, which has nothing to do."""
    with (
        tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder,
        _portal(Path(folder)) as (app, directory, database),
    ):
        _begin_reviews(database)
        before = _lines(database)
        took = _look(app)
        calls = Counter(verb for verb, _ in directory.calls)
        directory.calls.clear()
        again = _look(app)
        return [
            Figure(f"a night, {COMPANIES:,} companies, {PEOPLE:,} people", f"{took:.1f} s"),
            Figure("calls of the directory in it", f"{sum(calls.values()):,}"),
            *(Figure(f"  {verb}", f"{count:,}") for verb, count in calls.most_common()),
            Figure("lines of the journal, mails left", f"{_lines(database) - before:,}, {_mails(database):,}"),
            Figure("accounts mailed a second time", f"{len(directory.mails):,}"),
            Figure("the next look of that night", f"{again * 1000:.0f} ms"),
            exactly("calls of it", len(directory.calls), 0),
        ]


@contextmanager
def _portal(folder: Path) -> Iterator[tuple[Flask, Memory, Database]]:
    companies = [a_company(f"company-{number:04}") for number in range(COMPANIES)]
    directory = Memory(*companies)
    directory.load([_person(number) for number in range(PEOPLE)], NIGHT.astimezone(UTC) - timedelta(days=800))
    settings = Settings(
        portal_url="http://portal.test",
        client_portal_id=CLIENT,
        client_portal_secret="secret of the portal",
        client_portal_directory_secret="secret of the directory",
        database_url=f"sqlite:///{folder / 'portal.sqlite'}",
        secret_key="a key for a measurement only",
        review_months=12,
    )
    app = create_app(settings, directory=directory, identity=FakeIdentity(directory))
    parts: Parts = app.extensions[EXTENSION]
    parts.database.upgrade()
    app.extensions[EXTENSION] = replace(parts, clock=NIGHT.timestamp)
    yield app, directory, parts.database
    parts.database.engine.dispose()


def _person(number: int) -> tuple[User, list[Attachment]]:
    """The first of each company administrates it; every tenth person is at a second company."""
    is_pending = number >= COMPANIES and number % PENDING == 0
    until = NIGHT.date() + timedelta(days=number // EXTERNALS % 365 - 1) if number % EXTERNALS == 1 else None
    sent_at = NIGHT.astimezone(UTC) - timedelta(days=number // PENDING % 60, hours=1) if is_pending else None
    profile = Profile(f"p{number}@banc.example", f"Nom{number}", "Prénom", Title.MME, Locale.FR)
    user = User(str(UUID(int=number)), profile, password_required=is_pending, activation_sent_at=sent_at)
    administrates = number < COMPANIES
    attachments = [_at(number, administrates, None if administrates else until)]
    if number % 10 == 3:
        attachments.append(_at(number + 1, False, None))
    return user, attachments


def _at(number: int, administrates: bool, until: date | None) -> Attachment:
    company_id = f"company-{number % COMPANIES:04}"
    return an_attachment(company_id, administrator=administrates, external=until is not None, until=until)


def _begin_reviews(database: Database) -> None:
    """Each company was reviewed on one of the days of the last year: those of the first day are due."""
    began = [NIGHT - timedelta(days=366 - number % 365) for number in range(COMPANIES)]
    rows = [
        {
            "id": uuid4().hex,
            "company_id": f"company-{number:04}",
            "actor_id": "",
            "actor_name": "",
            "until": at.date().isoformat(),
            "undecided": "keep",
            "began_at": at.timestamp(),
            "ended_at": at.timestamp(),
        }
        for number, at in enumerate(began)
    ]
    with database.transaction() as connection:
        connection.execute(insert(reviews), rows)
    facts.put(database, {SINCE: began[0].timestamp()})


def _look(app: Flask) -> float:
    began = time.perf_counter()
    assert Lifecycle(app).look()
    return time.perf_counter() - began


def _lines(database: Database) -> int:
    with database.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(journal)).scalar_one()


def _mails(database: Database) -> int:
    with database.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(mails)).scalar_one()
