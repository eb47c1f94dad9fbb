"""Two portals on one database: what one holds the other waits for, on SQLite and on PostgreSQL alike."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from flask import Flask

from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.held import HeldMails
from tests.web.browser import Browser, Page
from tests.web.fake_identity import FakeIdentity
from tests.web.typed import a_creation, a_row
from webapp.app import create_app
from webapp.blueprints import activations
from webapp.errors import TooOftenError
from webapp.http.context import EXTENSION
from webapp.records import outbox
from webapp.records.journal_reading import Search, read
from webapp.settings import Settings
from webapp.storage import rate_limits
from webapp.storage.database import metadata
from webapp.storage.rate_limits import Quota

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "5"))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def portals(
    request: pytest.FixtureRequest, settings: Settings, tmp_path, directory: FakeDirectory, identity: FakeIdentity
) -> Iterator[tuple[Flask, Flask]]:
    """Two applications, each with its own connections."""
    on_postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres_url") if on_postgres else f"sqlite:///{tmp_path / 'portal.sqlite'}"
    own = settings.model_copy(update={"database_url": url})
    both = tuple(create_app(own, directory=directory, identity=identity) for _ in range(2))
    for app in both:
        app.testing = True
    database = both[0].extensions[EXTENSION].database
    database.upgrade()
    with database.transaction() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    yield both
    for app in both:
        app.extensions[EXTENSION].database.engine.dispose()


def signed_in(app: Flask, identity: FakeIdentity, person: User) -> Browser:
    browser = Browser(app, identity)
    assert browser.sign_in(person).status == 302
    return browser


def at_once(*acts) -> list[int]:
    barrier = Barrier(len(acts))

    def run(act) -> int:
        barrier.wait(timeout=20)
        return act().status

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_the_last_two_administrators_never_both_go(
    portals: tuple[Flask, Flask], directory: FakeDirectory, identity: FakeIdentity
):
    """Each takes the other's role at the same moment, each in his own portal."""
    directory.latency = 0.002
    boss = an_attachment("acme", administrator=True)
    for _ in range(ROUNDS):
        people = [directory.add_user(a_profile(), [boss]) for _ in range(2)]
        browsers = [signed_in(app, identity, one) for app, one in zip(portals, people, strict=True)]
        acts = [
            lambda browser=browser, other=other: browser.post(
                f"/users/{other.id}/attachments", {"confirm": "1", **a_row("acme")}
            )
            for browser, other in zip(browsers, reversed(people), strict=True)
        ]
        statuses = at_once(*acts)
        left = [one for one in people if boss in {at for _, at in directory.attachments_of(one.id)}]
        assert len(left) == 1, statuses
        assert Counter(statuses)[303] == 1, statuses
        assert set(statuses) <= {303, 409, 404, 403}
        directory.remove_membership(left[0].id, "/acme/administrators")


def test_one_address_one_account(portals: tuple[Flask, Flask], directory: FakeDirectory, identity: FakeIdentity):
    directory.latency = 0.002
    boss = directory.add_user(a_profile(), [an_attachment("acme", administrator=True)])
    browsers = [signed_in(app, identity, boss) for app in portals]
    acts = [lambda browser=browser: browser.post("/users/new", a_creation()) for browser in browsers]
    assert at_once(*acts) == [303, 303]
    assert len(directory.mails) == 1


def test_journal_quotas_and_notices_are_one(
    portals: tuple[Flask, Flask], directory: FakeDirectory, identity: FakeIdentity
):
    """What one portal writes the other reads, counts, and sends once."""
    boss = directory.add_user(a_profile(), [an_attachment("acme", administrator=True)])
    member = directory.add_user(
        a_profile("emma@acme.example", last_name="Bérnard"), [an_attachment("acme", external=True)]
    )
    first, second = (app.extensions[EXTENSION].database for app in portals)
    browser = signed_in(portals[0], identity, boss)
    assert browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **a_row("acme")}).status == 303
    for q, hits in (("bernard", 1), ("100%", 0), ("nobody", 0)):
        assert read(second, ["acme"], Search(q=q), 1).total == hits
    quota = Quota("three", 3, 100.0)

    def use(database) -> bool:
        try:
            rate_limits.take(database, quota, "anne")
        except TooOftenError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, [first, second] * 4)) == 3
    with ThreadPoolExecutor(2) as pool:
        taken = list(pool.map(outbox.take_notice, [first, second]))
    assert sum(one is not None for one in taken) == 1


def test_a_logout_token_counts_once_for_both(
    portals: tuple[Flask, Flask], identity: FakeIdentity, administrator: User
):
    """The same token at both at the same moment: one takes it, the other refuses it; later, both refuse it."""
    here, there = (signed_in(app, identity, administrator) for app in portals)
    (sid, _) = identity.sessions_of(administrator)
    fields = {"logout_token": identity.logout_token(sid)}

    def tells(browser: Browser) -> Callable[[], Page]:
        return lambda: browser.post("/backchannel-logout", fields, token=False)

    assert sorted(at_once(tells(here), tells(there))) == [200, 400]
    assert [tells(each)().status for each in (here, there)] == [400, 400]


def test_a_batch_of_mails_is_one(
    portals: tuple[Flask, Flask],
    directory: FakeDirectory,
    identity: FakeIdentity,
    administrator: User,
    monkeypatch: pytest.MonkeyPatch,
):
    """What one portal sends the other shows, leads to, and does not begin again."""
    monkeypatch.setattr(activations, "SOON", 0.0)
    expired = [
        directory.add_user(
            a_profile(f"e{number}@acme.example"),
            [an_attachment("acme")],
            password_required=True,
            activation_sent_at=datetime.now(UTC) - timedelta(days=31),
        )
        for number in range(3)
    ]
    here, there = (signed_in(app, identity, administrator) for app in portals)
    held = HeldMails(directory)
    looked_at = {"Sec-Fetch-Mode": "navigate"}
    try:
        assert here.post("/users/activations", headers=looked_at).status == 303
        held.arrive()
        held.go()
        held.arrive()
        page = there.follow(there.post("/users/activations", headers=looked_at))
        assert page.main.one("progress")["value"] == "1"
    finally:
        held.go_all()
        for app in portals:
            app.extensions[EXTENSION].resendings.wait()
    assert [len(browser.get("/users/activations").rows) for browser in (here, there)] == [3, 3]
    assert directory.mails == [user.email for user in expired]


def test_a_batch_of_mails_is_begun_once(
    portals: tuple[Flask, Flask], directory: FakeDirectory, identity: FakeIdentity, administrator: User
):
    """The same button at both at the same moment: one begins, both wait for the same end."""
    directory.latency = 0.002
    browsers = [signed_in(app, identity, administrator) for app in portals]
    for number in range(ROUNDS):
        directory.add_user(
            a_profile(f"e{number}@acme.example"),
            [an_attachment("acme")],
            password_required=True,
            activation_sent_at=datetime.now(UTC) - timedelta(days=31),
        )
        acts = [lambda browser=browser: browser.post("/users/activations") for browser in browsers]
        assert at_once(*acts) == [303, 303]
        assert [len(browser.get("/users/activations").rows) for browser in browsers] == [1, 1]
    assert directory.mails == [f"e{number}@acme.example" for number in range(ROUNDS)]
