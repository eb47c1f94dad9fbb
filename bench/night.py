"""What the work of one night costs: calls of the directory or of Keycloak, and seconds.

For 4,000 companies and 50,000 people the directory is the one in memory, so the seconds are the portal's and its
database's. For 200 companies and 2,000 people it is the real one, on a Keycloak of its own.
"""

import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import Table, func, insert, select

from bench.figures import Figure, exactly
from bench.lists import Loader
from bench.portal import counted
from directory.encoding import Step, attachments_of, new_user, places, profile_representation
from directory.model import Attachment, Company, Locale, Profile, Title, User
from directory.visibility import is_hidden
from sandbox.ports import Ports
from sandbox.stack import Stack
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

DAY = 86_400.0
EXTERNALS = 10
"""One of so many people is external, with an end on one of the days of the year."""
PENDING = 50
"""One of so many people has not activated their account; the mail left on one of the last 60 days."""
NIGHT = datetime(2027, 6, 1, 0, 5, tzinfo=ZoneInfo("Europe/Paris"))
"""The first of a month: the list of what is pending is due."""
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass(frozen=True)
class Mix:
    """So many companies and people, and what some of them have: no account yet, an end, a second company."""

    companies: int
    people: int

    def __str__(self) -> str:
        return f"{self.companies:,} companies, {self.people:,} people"

    def all_companies(self) -> list[Company]:
        return [a_company(f"company-{number:04}") for number in range(self.companies)]

    def all_people(self) -> list[tuple[User, list[Attachment]]]:
        return [self._person(number) for number in range(self.people)]

    def _person(self, number: int) -> tuple[User, list[Attachment]]:
        """The first of each company administrates it; every tenth person is at a second company."""
        administrates = number < self.companies
        others = number - self.companies
        is_pending = not administrates and number % PENDING == 0
        has_end = not administrates and number % EXTERNALS == 1
        until = NIGHT.date() + timedelta(days=others // EXTERNALS % 365 - 1) if has_end else None
        sent_at = NIGHT.astimezone(UTC) - timedelta(days=number // PENDING % 60, hours=1) if is_pending else None
        profile = Profile(f"p{number}@banc.example", f"Nom{number}", "Prénom", Title.MME, Locale.FR)
        user = User(str(UUID(int=number)), profile, password_required=is_pending, activation_sent_at=sent_at)
        attachments = [self._at(number, administrates, until)]
        if number % 10 == 3:
            attachments.append(self._at(number + 1, False, None))
        return user, attachments

    def _at(self, number: int, administrates: bool, until: date | None) -> Attachment:
        company_id = f"company-{number % self.companies:04}"
        return an_attachment(company_id, administrator=administrates, external=until is not None, until=until)


IN_MEMORY = Mix(4_000, 50_000)
ON_KEYCLOAK = Mix(200, 2_000)


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
    """One night, and the next look of the same night, which has nothing to do; in memory, then on Keycloak."""
    with tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder:
        return [*_in_memory(Path(folder)), *_on_keycloak(Path(folder))]


def _in_memory(folder: Path) -> Iterator[Figure]:
    directory = Memory(*IN_MEMORY.all_companies())
    directory.load(IN_MEMORY.all_people(), NIGHT.astimezone(UTC) - timedelta(days=800))
    settings = Settings(
        portal_url="http://portal.test",
        client_portal_id=CLIENT,
        client_portal_secret="secret of the portal",
        client_portal_directory_secret="secret of the directory",
        database_url=f"sqlite:///{folder / 'memory.sqlite'}",
        secret_key="a key for a measurement only",
        review_months=12,
    )
    with _ready(create_app(settings, directory=directory, identity=FakeIdentity(directory)), IN_MEMORY) as app:
        before = _lines(app)
        took = _look(app)
        calls = Counter(verb for verb, _ in directory.calls)
        directory.calls.clear()
        again = _look(app)
        yield Figure(f"a night, {IN_MEMORY}, in memory", f"{took:.1f} s")
        yield Figure("calls of the directory in it", f"{sum(calls.values()):,}")
        yield from (Figure(f"  {verb}", f"{count:,}") for verb, count in calls.most_common())
        yield _left(app, before)
        yield Figure("accounts mailed a second time", f"{len(directory.mails):,}")
        yield Figure("the next look of that night", f"{again * 1000:.0f} ms")
        yield exactly("calls of it", len(directory.calls), 0)


def _on_keycloak(folder: Path) -> Iterator[Figure]:
    """In a realm without the demo's companies and people; the portal is in this process: its calls are counted."""
    companies = folder / "companies"
    companies.mkdir()
    (companies / "none.yaml").write_text("companies: []\n", encoding="utf-8")
    stack = Stack(
        folder / "stack", Ports.free(), companies=companies, people=None, with_portal=False, with_service=False
    )
    with stack:
        Loader(stack).load(ON_KEYCLOAK.all_companies(), [_account(*each) for each in ON_KEYCLOAK.all_people()])
        names = {name.lower(): value for name, value in stack.environment().items()}
        told = {name: value for name, value in names.items() if name in Settings.model_fields}
        with _ready(create_app(Settings.model_validate({**told, "review_months": 12})), ON_KEYCLOAK) as app:
            before = _lines(app)
            yield from _night(app, f"a night, {ON_KEYCLOAK}, on Keycloak")
            yield _left(app, before)
            yield Figure("accounts mailed a second time", f"{len(stack.mail.store.all()):,}")
            with counted() as calls:
                again = _look(app)
            yield Figure("the next look of that night", f"{again * 1000:.0f} ms")
            yield exactly("calls of it", len(calls.made), 0)
            _set_clock(app, NIGHT.timestamp() + DAY)
            yield from _night(app, "the night after it")


def _night(app: Flask, name: str) -> Iterator[Figure]:
    with counted() as calls:
        took = _look(app)
    kinds = Counter(_kind(*call) for call in calls.made)
    yield Figure(name, f"{took:.1f} s")
    yield Figure("its calls of Keycloak", f"{len(calls.made):,}")
    yield Figure("  their seconds, one after the other", f"{calls.seconds:.1f} s")
    yield from (Figure(f"  {kind}", f"{count:,}") for kind, count in kinds.most_common())


def _kind(method: str, url: str) -> str:
    """A call without what is different for each company and person."""
    return f"{method} {ID.sub('…', url.partition('/realms/')[2].partition('/')[2])}"


def _account(user: User, attachments: Sequence[Attachment]) -> dict[str, Any]:
    """The person as an import of the realm wants it."""
    ends = {one.company_id: one.until for one in attachments if one.until}
    return {
        **new_user(user.profile, attachments),
        **profile_representation(user.profile, user.activation_sent_at, ends=ends),
        "emailVerified": not user.password_required,
        "requiredActions": ["UPDATE_PASSWORD", "VERIFY_EMAIL"] if user.password_required else [],
    }


@contextmanager
def _ready(app: Flask, mix: Mix) -> Iterator[Flask]:
    """The portal in that night, with its reviews of the last year."""
    database = _database(app)
    database.upgrade()
    _set_clock(app, NIGHT.timestamp())
    _begin_reviews(database, mix.companies)
    yield app
    database.engine.dispose()


def _database(app: Flask) -> Database:
    parts: Parts = app.extensions[EXTENSION]
    return parts.database


def _set_clock(app: Flask, now: float) -> None:
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], clock=lambda: now)


def _begin_reviews(database: Database, companies: int) -> None:
    """Each company was reviewed on one of the days of the last year: those of the first day are due."""
    began = [NIGHT - timedelta(days=366 - number % 365) for number in range(companies)]
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


def _left(app: Flask, before: int) -> Figure:
    return Figure("lines of the journal, mails left", f"{_lines(app) - before:,}, {_count(app, mails):,}")


def _lines(app: Flask) -> int:
    return _count(app, journal)


def _count(app: Flask, table: Table) -> int:
    with _database(app).engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()
