"""The portal with everybody of the matrix in it, each actor signed in."""

import io
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask
from sqlalchemy import event, select

from directory.model import Attachment, AttachmentChange, Profile, User
from tests.architecture.portal import make_portal
from tests.builders import a_company, a_profile, an_attachment, an_author
from tests.fakes import FakeDirectory
from tests.web.browser import PORTAL, Browser
from tests.web.fake_identity import FakeIdentity
from tests.web.http.matrix import ABSENT, ACTORS, BEINGS, COMPANIES, OWNERS, Being, Case, Spot, typed_rows
from webapp.http.context import EXTENSION
from webapp.imports import store as import_store
from webapp.imports.csv_format import COLUMNS, read
from webapp.imports.plan import Outcome
from webapp.imports.plan import Row as ImportRow
from webapp.people.attachments import payload_of, to_do
from webapp.records import operations
from webapp.records.journal import Action, Entry, entry_of, person_of, write
from webapp.storage.database import metadata

IDS = {"A": "acme", "B": "globex", "C": "initech", ABSENT: "nowhere"}
NOBODY = "5b7a1a6e-0000-4000-8000-000000000000"
SENT = {"pending": timedelta(days=1), "expired": timedelta(days=31)}


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    headers: Mapping[str, str]


@dataclass
class Requests:
    """What the cases say, as requests to a portal: whom and what their words mean there."""

    app: Flask
    site: str
    ids: Mapping[str, str]
    """The companies' ids."""
    people: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The cookie of each actor, and a token of that session."""
    things: dict[tuple[str, str], str] = field(default_factory=dict)
    """The ids of the operations and imports, by kind and owner."""
    start: dict[str, Any] = field(default_factory=dict)
    kept: sqlite3.Connection = field(default_factory=partial(sqlite3.connect, ":memory:"))

    @property
    def database(self) -> Any:
        return self.app.extensions[EXTENSION].database

    def remember(self) -> None:
        """From now on `reset` leads back here."""
        with self.raw() as connection:
            connection.backup(self.kept)
        self.start = self.snapshot()

    def reset(self) -> None:
        """Sessions too: who was signed out, or ended, is there again."""
        self.reset_people()
        with self.raw() as connection:
            self.kept.backup(connection)

    @contextmanager
    def raw(self) -> Iterator[sqlite3.Connection]:
        """The library's own connection to the portal's database."""
        borrowed = self.database.engine.raw_connection()
        try:
            yield borrowed.driver_connection
        finally:
            borrowed.close()

    def snapshot(self) -> dict[str, Any]:
        """People, groups, memberships, mails that left, and mails that are to leave."""
        found = self.snapshot_of_people()
        with self.database.engine.connect() as connection:
            for name in ("notices", "mails", "activation_mails"):
                found[f"table {name}"] = connection.execute(select(metadata.tables[name])).all()
        return found

    def snapshot_of_people(self) -> dict[str, Any]:
        raise NotImplementedError

    def reset_people(self) -> None:
        raise NotImplementedError

    def send(self, case: Case, *, token: bool = True, method: str = "", **extra: str) -> Answer:
        """What the portal answers to the case."""
        cookie, csrf = self.sessions[case.actor.name]
        options: dict[str, Any] = {"headers": {"Cookie": f"attache={cookie}"} if cookie else {}}
        method = method or case.row.method
        if method not in {"GET", "HEAD"}:
            fields = {**self.fields(case), **extra}
            options["data"] = {**fields, "csrf_token": csrf} if token else fields
            if case.row.file:
                options["data"]["file"] = (io.BytesIO(self.file(case)), "people.csv")
        client = self.app.test_client(use_cookies=False)
        with client.open(self.address(case), method=method, base_url=self.site, **options) as response:
            body = response.get_data(as_text=True)
            return Answer(response.status_code, body, dict(response.headers))

    def address(self, case: Case) -> str:
        spot = case.spot
        path = case.row.rule
        path = path.replace("<id:user_id>", self.user_id(spot.person)).replace("<id:task>", "create")
        path = path.replace("<id:company_id>", self.ids.get(spot.company, ""))
        for kind in ("operation", "change", "import", "session", "review"):
            path = path.replace(f"<id:{kind}_id>", self.things.get((kind, spot.owner), "0" * 32))
        company = self.ids.get(spot.company, "")
        query = case.row.query.format(company=company, email=quote(self.email(spot)))
        return f"{path}?{query}" if query else path

    def fields(self, case: Case) -> dict[str, str]:
        said = {
            "email": self.email(case.spot),
            "company": self.ids.get(case.spot.company, "nowhere"),
            "user": self.user_id(case.spot.person),
        }
        typed = {name: value.format(**said) for name, value in case.row.fields.items()}
        return {**typed, **typed_rows(case, self.ids)}

    def file(self, case: Case) -> bytes:
        at = self.ids[case.spot.company]
        line = f"{self.email(case.spot)},Typed,Thea,mme,fr,{at},user,internal"
        return f"{','.join(COLUMNS)}\n{line}\n".encode()

    def user_id(self, name: str) -> str:
        return self.people[name].id if name in self.people else NOBODY

    def email(self, spot: Spot) -> str:
        return self.people[spot.person].email if spot.person in self.people else "absent@den.example"


@dataclass
class World(Requests):
    """On the directory in memory."""

    directory: FakeDirectory = field(default_factory=FakeDirectory)

    def snapshot_of_people(self) -> dict[str, Any]:
        return dict(self.directory.snapshot())

    def reset_people(self) -> None:
        people, groups = self.start["people"], self.start["groups"]
        with self.directory._lock:
            self.directory._people = dict(people)
            self.directory._groups = {path: set(members) for path, members in groups.items()}
            self.directory._ends = {one: dict(ends) for one, ends in self.start["ends"].items()}
            self.directory.mails = list(self.start["mails"])


def profile_of(being: Being) -> Profile:
    """A name and an address that no other text of the portal contains."""
    number = BEINGS.index(being)
    return a_profile(f"quidam{number:02}@den.example", last_name=f"Quidam{number:02}", first_name="Zoe")


def attachments_of(being: Being, ids: Mapping[str, str]) -> list[Attachment]:
    """Where the person is at first: whoever was administrator, still is."""
    return [
        an_attachment(ids[letter], administrator=role == "administrator" or letter in being.was)
        for letter, role in being.at.items()
    ]


def operator_at(being: Being, ids: Mapping[str, str]) -> list[Attachment]:
    """Where somebody of operations is attached, which the portal must not know."""
    return [an_attachment(ids["A"], administrator=True)] if being.odd == "operator in A" else []


def sent_at(being: Being) -> datetime | None:
    return datetime.now(UTC) - SENT[being.state] if being.state in SENT else None


def company_name(letter: str) -> str:
    return f"Maison{letter}secret"


def add_being(directory: FakeDirectory, being: Being) -> User:
    profile = profile_of(being)
    if being.hidden:
        return directory.add_operator(profile, operator_at(being, IDS))
    user = directory.add_user(
        profile,
        attachments_of(being, IDS),
        password_required=being.state in SENT,
        activation_sent_at=sent_at(being),
    )
    if being.odd == "half-made":
        directory.add_membership(user.id, "/acme/administrators")
    return user


def signed_in(app: Flask, identity: FakeIdentity, person: User | None) -> tuple[str, str]:
    browser = Browser(app, identity)
    if person is not None:
        assert browser.sign_in(person).status == 302
    token = browser.token
    return browser.cookie, token


def add_things(world: Requests, owner: str) -> None:
    """A change that stopped on the way, one that was made, and an import that is over."""
    author, somebody, a = an_author(world.people[owner]), world.people["somebody of A"], world.ids["A"]
    left = payload_of(somebody, to_do({a: an_attachment(a)}, {a: an_attachment(a, external=True)}))
    with operations.under_way(world.database, author, left) as work:
        work.stop_on_the_way(left)
    world.things["operation", owner] = work.operation.id
    made = AttachmentChange(a, an_attachment(a, external=True), an_attachment(a))
    with operations.under_way(world.database, author, payload_of(somebody, [made])) as work:
        work.note(entry_of(made, person_of(somebody)))
    world.things["change", owner] = work.operation.id
    line = f"{somebody.email},Typed,Thea,mme,fr,{a},user,internal"
    lines = read(f"{','.join(COLUMNS)}\n{line}\n".encode()).lines
    import_id = import_store.begin(world.database, author, lines)
    import_store.record(world.database, import_id, [ImportRow(one, Outcome.UNCHANGED) for one in lines])
    import_store.finish(world.database, import_id)
    world.things["import", owner] = import_id


def write_journal(world: Requests) -> None:
    """At each company a line about everybody of it, by its administrator."""
    for letter in COMPANIES:
        author = an_author(world.people[f"administrator of {letter}"])
        for being in BEINGS:
            if letter in being.at:
                entry = Entry(Action.ATTACH, (world.ids[letter],), person_of(world.people[being.name]))
                write(world.database, author, [entry])


def make_world(folder: Path) -> World:
    """Everybody at his companies, with what he owns."""
    companies = [a_company(IDS[letter], company_name(letter)) for letter in COMPANIES]
    directory = FakeDirectory(*companies)
    identity = FakeIdentity(directory)
    app = make_portal(f"sqlite:///{folder / 'portal.sqlite'}", directory, identity)
    database = app.extensions[EXTENSION].database
    event.listen(database.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
    database.upgrade()
    app.testing = True
    world = World(app, PORTAL, IDS, directory=directory)
    world.people = {being.name: add_being(directory, being) for being in BEINGS}
    for actor in ACTORS:
        world.sessions[actor.name] = signed_in(app, identity, world.people.get(actor.name))
    for being in BEINGS:
        for letter in being.was:
            directory.remove_membership(world.people[being.name].id, f"/{IDS[letter]}/administrators")
        if being.state == "disabled":
            world.people[being.name] = directory.disable(world.people[being.name].id)
    for owner in OWNERS:
        add_things(world, owner)
    write_journal(world)
    world.remember()
    return world
