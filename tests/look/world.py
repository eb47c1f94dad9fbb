"""A portal with all that can be met on its pages: long names, other scripts, every status, things half done.

It stands on the directory in memory, behind a real HTTP server on the loopback, with its people signed in.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from sqlalchemy import update
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from directory.model import Attachment, Locale, Service, Title, User
from tests.builders import a_company, a_context, a_profile, an_attachment, an_author
from tests.fakes import FakeDirectory
from tests.look.axe import ADDRESS, AXE, SITES
from tests.web.fake_identity import CLIENT, FakeIdentity
from webapp.app import create_app
from webapp.http.context import EXTENSION, Parts
from webapp.http.guards import Access, access
from webapp.imports import store as import_store
from webapp.imports.csv_format import COLUMNS, read
from webapp.imports.plan import Outcome, Problem, Reason, Row
from webapp.jobs import batches
from webapp.listing.cache import Roster
from webapp.people.attachments import payload_of, to_do
from webapp.records import operations
from webapp.records.journal import Action, Entry, person_of, values_of, write
from webapp.records.journal_reading import change_numbers
from webapp.resend_all.store import Resent
from webapp.reviews import store as review_store
from webapp.reviews.review import finish
from webapp.settings import Settings
from webapp.storage.database import Database, imports, resendings
from webapp.storage.locks import no_worker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOST = "127.0.0.1"
LONG_EMAIL = f"{'prenom-et-nom-de-famille-' * 2}longs@{'direction-regionale-' * 3}x.{'exploitation-' * 4}z.example"
LONG_EMAIL = LONG_EMAIL.replace(".example", f".{'q' * (200 - len(LONG_EMAIL) - 1)}.example")
"""200 characters."""
LONG_NAME = "Société d’exploitation des énergies renouvelables du Grand Sud-Ouest et des territoires d’outre-mer"
FILE = f"{','.join(COLUMNS)}\n" + "".join(
    f"new{n}@acme.example,Nouvelle,Nina,mme,fr,acme,user,internal\n" for n in range(6)
)
DAY = timedelta(days=1)

COMPANIES = [
    a_company("acme", "Acme Énergie", services=["cataliz", "data"]),
    a_company("borea", "Borea", services=["data"]),
    a_company("sud-ouest", LONG_NAME, services=["cataliz", "data", "prévisions-de-production-et-de-consommation"]),
    a_company("nour", "شركة نور للطاقة", services=["data"]),
    a_company("seule", "Seule", services=[]),
    a_company("delta", "Delta", services=["data"]),
    *(a_company(f"filiale-{n:02}", f"Filiale {n:02}", services=["data"]) for n in range(1, 51)),
]
SERVICES = (
    Service("cataliz", (("fr", "Cataliz, contrats"), ("en", "Cataliz, contracts"))),
    Service(
        "data",
        (("fr", "Données de comptage"), ("en", "Metering data")),
        (("fr", "Courbes de charge et index de vos sites"), ("en", "Load curves and readings of your sites")),
        "https://data.example",
    ),
)
COMPANIES = [replace(company, described=SERVICES) for company in COMPANIES]
SUBSIDIARIES = [company.id for company in COMPANIES if company.id.startswith("filiale-")]


@dataclass
class World:
    """The portal, who is in it, and the way back to how it was."""

    app: Flask
    site: str
    directory: FakeDirectory
    identity: FakeIdentity
    people: dict[str, User] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    """The session of each who is signed in, by name."""
    ids: dict[str, str] = field(default_factory=dict)
    """What stands in addresses: people, imports."""
    _start: dict[str, object] = field(default_factory=dict)
    _kept: sqlite3.Connection = field(
        default_factory=partial(sqlite3.connect, ":memory:", check_same_thread=False)
    )
    _views: dict[str, object] = field(default_factory=dict)

    @property
    def parts(self) -> Parts:
        found: Parts = self.app.extensions[EXTENSION]
        return found

    @property
    def database(self) -> Database:
        return self.parts.database

    def speaks(self, locale: str) -> None:
        """Everybody reads this language from now on."""
        for user in self.people.values():
            now = self.directory._people[user.id]
            self.directory._people[user.id] = replace(now, profile=replace(now.profile, locale=Locale(locale)))

    def breaks(self) -> None:
        """The page of the help fails in a way that nobody thought of."""
        self.app.view_functions["help.page"] = access(Access.PUBLIC)(lambda: 1 / 0)

    def resends(self, author: str, *names: str) -> None:
        """A batch of mails that this process is at: the first was sent, the second refused."""
        first, second, *_ = ids = [self.ids[name] for name in names]
        mark = batches.begin(self.database, self.ids[author], ids)
        outcomes = {first: Resent.SENT, second: Resent.MAIL_REFUSED}
        batches.record(self.database, self.ids[author], mark, outcomes)

    def changes(self, author: str, *names: str) -> None:
        """A selection that this process is at: the first is done."""
        ids = [self.ids[name] for name in names]
        asked = {"asked": {"act": "detach", "company": "acme"}, "made_by": "request"}
        mark = batches.begin(self.database, self.ids[author], ids, asked)
        batches.record(self.database, self.ids[author], mark, {ids[0]: "done"})

    def stops_resending(self) -> None:
        """Whatever batch there is was left by its process."""
        with self.database.transaction() as connection:
            connection.execute(update(resendings).values(worker=no_worker()))

    def remember(self) -> None:
        """From now on `reset` leads back here."""
        self._start = self.directory.snapshot()
        self._views = dict(self.app.view_functions)
        with self._raw() as connection:
            connection.backup(self._kept)

    def reset(self) -> None:
        """Sessions, journal, people: all is as it was; nothing is broken any more."""
        with self.directory._lock:
            self.directory._people = dict(self._start["people"])  # type: ignore[call-overload]
            groups: dict[str, frozenset[str]] = self._start["groups"]  # type: ignore[assignment]
            self.directory._groups = {path: set(members) for path, members in groups.items()}
            ends: dict[str, dict[str, date]] = self._start["ends"]  # type: ignore[assignment]
            self.directory._ends = {user_id: dict(days) for user_id, days in ends.items()}
            self.directory.mail, self.directory.down, self.directory._faults = "ok", False, []
            self.directory.latency = 0.0
        with self._raw() as connection:
            self._kept.backup(connection)
        self.app.view_functions.update(self._views)  # type: ignore[arg-type]
        self._forget_readings()

    def _forget_readings(self) -> None:
        roster = Roster(partial(change_numbers, self.database))
        self.app.extensions[EXTENSION] = replace(self.parts, roster=roster)

    @contextmanager
    def _raw(self) -> Iterator[sqlite3.Connection]:
        borrowed = self.database.engine.raw_connection()
        try:
            yield borrowed.driver_connection  # type: ignore[misc]
        finally:
            borrowed.close()

    def add(
        self, name: str, last: str, first: str, at: list[Attachment], email: str = "", sent: int | None = -1
    ) -> User:
        """An account; active unless `sent` says how many days ago its mail left (none: never)."""
        user = self.directory.add_user(
            a_profile(email or f"{name}@acme.example", last_name=last, first_name=first, title=Title.MME),
            at,
            password_required=sent != -1,
            activation_sent_at=datetime.now(UTC) - sent * DAY if sent is not None and sent >= 0 else None,
        )
        self.people[name] = user
        self.ids[name] = user.id
        return user

    def sign_in(self, name: str) -> None:
        """Through the portal's own routes, with the identity provider of the tests."""
        client = self.app.test_client()
        away = client.get("/login", base_url=self.site)
        state = parse_qs(urlsplit(away.headers["Location"]).query)["state"][0]
        code = self.identity.code_for(self.people[name])
        client.get("/login/callback", query_string={"code": code, "state": state}, base_url=self.site)
        found = client.get_cookie("attache", domain=HOST)
        assert found, f"{name} is not signed in"
        self.cookies[name] = found.value


class _Quiet(WSGIRequestHandler):
    """Nothing on the terminal for each request."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Left out."""


@contextmanager
def serve(folder: Path) -> Iterator[World]:
    """The world, answering at `site` until the end of the block."""
    directory = FakeDirectory(*COMPANIES)
    identity = FakeIdentity(directory)
    made: list[Flask] = []
    axe = Response(AXE, mimetype="text/javascript", headers={"Cache-Control": "max-age=86400, immutable"})

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return axe(environ, start) if environ["PATH_INFO"] == ADDRESS else made[0](environ, start)

    server = make_server(HOST, 0, answer, threaded=True, request_handler=_Quiet)
    site = f"http://{HOST}:{server.port}"
    SITES.add(site)
    settings = Settings(
        portal_url=site,
        service_url="http://service.test",
        keycloak_url="http://keycloak.test",
        keycloak_public_url="",
        client_portal_id=CLIENT,
        client_portal_secret="secret of the portal",
        client_portal_directory_secret="secret of the directory",
        database_url=f"sqlite:///{folder / 'portal.sqlite'}",
        secret_key="a key for tests only",
        privacy_contact="donnees@portail.example",
        operator_contact="exploitation@portail.example",
    )
    made.append(create_app(settings, directory=directory, identity=identity))
    world = World(made[0], site, directory, identity)
    world.database.upgrade()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        _fill(world)
        world.remember()
        yield world
    finally:
        SITES.discard(site)
        server.shutdown()
        thread.join()
        server.server_close()
        world._kept.close()
        world.database.engine.dispose()


def _fill(world: World) -> None:
    _add_people(world)
    for name in ("anne", "bruno", "chloe", "solene", "paul", "iris", "noe"):
        world.sign_in(name)
    world.sign_in("chloe")
    _add_journal(world)
    _add_imports(world)
    _leave_half_done(world)
    _add_reviews(world)


def _add_people(world: World) -> None:
    own = ("acme", "borea", "sud-ouest", "nour")
    world.add("anne", "Durand", "Anne", [an_attachment(one, administrator=True) for one in own])
    world.add("bruno", "Petit", "Bruno", [an_attachment(one, administrator=True) for one in own[:2]])
    world.add("chloe", "Martin", "Chloé", [an_attachment("acme"), an_attachment("borea", external=True)])
    world.add("pending", "Morel", "Camille", [an_attachment("acme")], sent=3)
    world.add("expired", "Noir", "Édouard", [an_attachment("acme", external=True)], sent=40)
    world.add("unsent", "Oriol", "Odette", [an_attachment("borea")], sent=None)
    left = world.add("disabled", "Parti", "Renée", [an_attachment("acme")])
    world.directory.disable(left.id)
    today = datetime.now(UTC).date()
    ends = {"acme": today + 200 * DAY, "borea": today + 5 * DAY, "sud-ouest": today - DAY, "nour": None}
    everywhere = [an_attachment(one, external=True, until=ends[one]) for one in own]
    world.add(
        "long",
        "de La Rochefoucauld-Montbel-Saint-Exupéry d’Aubigny",
        "Marie-Antoinette-Joséphine-Églantine",
        everywhere,
        LONG_EMAIL,
    )
    world.add("hebrew", "בן־גוריון", "עזריאל", [an_attachment("acme")])
    world.add("arabic", "الحسيني", "نجوى", [an_attachment("nour"), an_attachment("acme")], sent=1)
    world.add("unknown", "Ailleurs", "Ophélie", [an_attachment("delta")], "ophelie@delta.example")
    world.add("solene", "Lasolitaire", "Solène", [an_attachment("seule", administrator=True)])
    world.add("paul", "Groupe", "Paul", [an_attachment(one, administrator=True) for one in SUBSIDIARIES])
    for n in range(60):
        at = [an_attachment(one, external=n % 2 == 0) for one in SUBSIDIARIES[n % 50 : n % 50 + 1 + n % 9]]
        world.add(f"many{n:02}", f"Nom{n:02}", "Alix", at)
    world.add("iris", "Delta", "Iris", [an_attachment("delta", administrator=True)], sent=40)
    world.add("noe", "Nulle-Part", "Noé", [])


def _add_journal(world: World) -> None:
    author = an_author(world.people["anne"])
    for name in ("chloe", "long", "hebrew", "arabic", "disabled"):
        person, user = person_of(world.people[name]), values_of(an_attachment("acme"))
        boss = values_of(an_attachment("acme", administrator=True))
        write(world.database, author, [Entry(Action.ATTACH, ("acme",), person, None, user)])
        write(world.database, author, [Entry(Action.CHANGE, ("acme",), person, user, boss)])
    write(world.database, author, [Entry(Action.DETACH, ("sud-ouest", "nour"), person_of(world.people["long"]))])


def _add_imports(world: World) -> None:
    """One that goes on, one that has ended with all that can become of a line, one that was interrupted."""
    lines = read(FILE.encode()).lines

    def begin(name: str, author: str, *rows: Row) -> str:
        world.ids[name] = import_store.begin(world.database, an_author(world.people[author]), lines)
        import_store.record(world.database, world.ids[name], rows)
        return world.ids[name]

    first = Row(lines[0], Outcome.UNCHANGED)
    begin("import_running", "anne", first)
    refused = Row(lines[2], Outcome.REFUSED, problems=(Problem(Reason.UNKNOWN_COMPANY, "company"),))
    created = Row(lines[1], Outcome.CREATE, attachment=an_attachment("acme"), mail_sent=False)
    attached = [Row(line, Outcome.ATTACH, attachment=an_attachment("acme")) for line in lines[3:]]
    import_store.finish(world.database, begin("import_done", "bruno", first, created, refused, *attached))
    left = begin("import_interrupted", "bruno", first)
    with world.database.transaction() as connection:
        connection.execute(update(imports).where(imports.c.id == left).values(worker=no_worker()))


def _add_reviews(world: World) -> None:
    """One of Acme that is in progress, with decisions; one of Borea that has ended."""
    author, directory = world.people["anne"], world.directory
    today = datetime.now(UTC).date()
    for name, company in (("review", COMPANIES[0]), ("review_ended", COMPANIES[1])):
        people = directory.members(company)
        asked = review_store.Start(company, today + 30 * DAY, review_store.Undecided.KEEP)
        world.ids[name] = review_store.begin(world.database, an_author(author), asked, people)
        decisions = [review_store.Decision.CONFIRM, review_store.Decision.DETACH] * len(people)
        some = people if name == "review_ended" else people[:3]
        for member, decision in zip(some, decisions, strict=False):
            review_store.decide(world.database, an_author(author), world.ids[name], member.user.id, decision)
    found = review_store.read(world.database, world.ids["review_ended"])
    assert found
    finish(a_context(directory, world.database, author), found)


def _leave_half_done(world: World) -> None:
    """A change of Bruno's that stopped on the way."""
    chloe, at = (
        world.people["chloe"],
        {"acme": an_attachment("acme"), "borea": an_attachment("borea", external=True)},
    )
    wanted = {"acme": an_attachment("acme"), "borea": an_attachment("borea", administrator=True)}
    author = an_author(world.people["bruno"])
    left = payload_of(chloe, to_do(at, wanted))
    with operations.under_way(world.database, author, left) as work:
        work.stop_on_the_way(left)
