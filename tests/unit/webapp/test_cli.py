"""Commands for operations, and what a server's worker does when it starts."""

import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import responses
from flask import Flask

from directory.model import User
from directory.rights import DIRECTORY_RIGHTS, MANAGEMENT, Rights
from tests.builders import a_profile, an_attachment, an_author
from tests.fakes import FakeDirectory
from tests.held import HeldMails
from tests.unit.webapp.imports.test_worker import a_line, left_by_the_dead
from tests.unit.webapp.people.test_recovery import creation, left_behind
from tests.unit.webapp.resend_all.test_worker import an_expired, begin, outcomes
from tests.waiting import until
from webapp import gunicorn_conf
from webapp.app import create_app
from webapp.identity import service_account_check
from webapp.imports import store as import_store
from webapp.jobs import batches
from webapp.jobs.state import KEPT, State
from webapp.records.payloads import Kind
from webapp.resend_all import store as resend_store
from webapp.settings import Settings
from webapp.storage.database import Database, imports, metadata, now, resendings


@pytest.fixture
def app(database: Database, directory: FakeDirectory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    settings = Settings(
        client_portal_secret="s",
        client_portal_directory_secret="s",
        secret_key="a key for tests only",
        database_url=str(database.engine.url),
    )
    app = create_app(settings, directory=directory)
    yield app
    app.extensions["attache"].database.engine.dispose()


@pytest.fixture
def actor(directory: FakeDirectory) -> User:
    return directory.add_user(a_profile(), [an_attachment("acme", administrator=True)])


@contextmanager
def serving(app: Flask) -> Iterator[SimpleNamespace]:
    """A worker of the server, from its start to its end."""
    worker = SimpleNamespace(wsgi=app, log=logging.getLogger("worker"))
    gunicorn_conf.post_worker_init(worker)
    try:
        yield worker
    finally:
        gunicorn_conf.worker_exit(None, worker)


def test_resume(app: Flask, database: Database, directory: FakeDirectory, actor: User):
    """Finishes what was left, and says so, one line each."""
    operation_id = left_behind(database, Kind.CREATE, actor, creation())
    result = app.test_cli_runner().invoke(args=["operations", "resume"])
    assert result.exit_code == 0
    assert result.output == f"create {operation_id}: done\n"
    assert directory.mails == ["emma.bernard@acme.example"]


def test_resume_of_nothing(app: Flask):
    result = app.test_cli_runner().invoke(args=["operations", "resume"])
    assert (result.exit_code, result.output) == (0, "")


def test_upgrade(app: Flask, database: Database):
    """Makes the tables; a second time it changes nothing."""
    with database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
        metadata.drop_all(connection)
    runner = app.test_cli_runner()
    assert runner.invoke(args=["database", "upgrade"]).exit_code == 0
    database.check()
    assert runner.invoke(args=["database", "upgrade"]).exit_code == 0


def test_portal_starts_without_keycloak(database: Database, monkeypatch: pytest.MonkeyPatch):
    """What a server loads: made of the environment, and nothing is asked of anybody yet."""
    for name, value in {
        "CLIENT_PORTAL_SECRET": "s",
        "CLIENT_PORTAL_DIRECTORY_SECRET": "s",
        "SECRET_KEY": "a key for tests only",
        "DATABASE_URL": str(database.engine.url),
        "KEYCLOAK_URL": "http://keycloak.invalid:8080",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delitem(sys.modules, "webapp.wsgi", raising=False)
    with responses.RequestsMock() as nothing:
        wsgi = importlib.import_module("webapp.wsgi")
        client = wsgi.app.test_client()
        assert client.get("/livez").status_code == 200
        assert client.get("/help").status_code == 200
        assert len(nothing.calls) == 0
    wsgi.app.extensions["attache"].database.engine.dispose()


def test_worker_finishes_what_a_dead_one_left(
    app: Flask, database: Database, directory: FakeDirectory, actor: User, caplog: pytest.LogCaptureFixture
):
    """Before it serves anybody."""
    left_behind(database, Kind.CREATE, actor, creation())
    with caplog.at_level(logging.INFO), serving(app):
        pass
    assert directory.mails == ["emma.bernard@acme.example"]
    assert "create" in caplog.text


def test_worker_starts_whatever_keycloak_does_and_finishes_later(
    app: Flask,
    database: Database,
    directory: FakeDirectory,
    actor: User,
    monkeypatch: pytest.MonkeyPatch,
):
    """As soon as Keycloak answers, without a restart."""
    monkeypatch.setattr(service_account_check, "PAUSE", 0.01)
    left_behind(database, Kind.CREATE, actor, creation())
    directory.down = True
    with serving(app) as worker:
        assert not hasattr(worker, "courier")
        directory.down = False
        until(lambda: hasattr(worker, "courier"), "begun", seconds=30, pause=0.01)
    assert directory.mails == ["emma.bernard@acme.example"]


def test_worker_with_an_account_that_may_do_too_much_does_nothing(
    app: Flask, database: Database, directory: FakeDirectory, actor: User, caplog: pytest.LogCaptureFixture
):
    """Nor does it end: whoever asks gets 503, and the log says why."""
    left_behind(database, Kind.CREATE, actor, creation())
    directory.own = Rights({MANAGEMENT: DIRECTORY_RIGHTS | {"manage-users"}})
    with serving(app) as worker:
        pass
    assert directory.called() == []
    assert not hasattr(worker, "courier")
    assert "holds manage-users of realm-management" in caplog.text


class TestCheck:
    """`flask --app webapp.wsgi check`, for operations and for the pipeline."""

    def test_all_is_well(self, app: Flask):
        result = app.test_cli_runner().invoke(args=["check"])
        assert (result.exit_code, result.stderr) == (0, "")

    def test_too_many_rights_are_named(self, app: Flask, directory: FakeDirectory):
        """One line each."""
        directory.own = Rights({MANAGEMENT: DIRECTORY_RIGHTS | {"view-realm"}}, unmanaged_attributes="ENABLED")
        result = app.test_cli_runner().invoke(args=["check"])
        assert (result.exit_code, result.stdout) == (1, "")
        first, second = result.stderr.splitlines()
        assert first == "the portal's account holds view-realm of realm-management"
        assert "unmanagedAttributePolicy is ENABLED" in second

    def test_nothing_is_finished_with_such_an_account(
        self, app: Flask, database: Database, directory: FakeDirectory, actor: User
    ):
        """`operations resume` looks first."""
        left_behind(database, Kind.CREATE, actor, creation())
        directory.own = Rights({MANAGEMENT: DIRECTORY_RIGHTS | {"manage-users"}})
        result = app.test_cli_runner().invoke(args=["operations", "resume"])
        assert (result.exit_code, result.stdout) == (1, "")
        assert "holds manage-users" in result.stderr
        assert directory.called() == []

    @pytest.mark.parametrize("held", [DIRECTORY_RIGHTS - {"query-groups"}, None])
    def test_what_cannot_be_judged_is_told_apart(self, app: Flask, directory: FakeDirectory, held):
        """No answer, or rights that are missing: nothing is too much."""
        directory.down = held is None
        directory.own = Rights({MANAGEMENT: held or frozenset()})
        result = app.test_cli_runner().invoke(args=["check"])
        assert (result.exit_code, result.stdout) == (2, "")
        assert ("lacks query-groups of realm-management" in result.stderr) == (held is not None)
        assert "Traceback" not in result.stderr


def test_worker_goes_on_with_the_imports_of_a_dead_one(
    app: Flask, database: Database, directory: FakeDirectory, actor: User, caplog: pytest.LogCaptureFixture
):
    """In the background: it serves people meanwhile."""
    lines = [a_line(2, "zoe@a.example"), a_line(3, "yan@a.example")]
    import_id = import_store.begin(database, an_author(actor), lines)
    left_by_the_dead(database, import_id)
    with caplog.at_level(logging.INFO), serving(app):
        app.extensions["attache"].imports.wait()
    assert f"interrupted import {import_id}: taken up" in caplog.text
    assert sorted(directory.mails) == ["yan@a.example", "zoe@a.example"]


def test_worker_that_ends_gives_its_imports_back(
    app: Flask, database: Database, directory: FakeDirectory, actor: User
):
    """Between two rows; the next start goes on."""
    import_id = import_store.begin(database, an_author(actor), [a_line(n) for n in range(2, 202)])
    directory.latency = 0.005
    app.extensions["attache"].imports.start(directory, database, import_id)
    gunicorn_conf.worker_exit(None, SimpleNamespace(wsgi=app))
    job = import_store.job(database, actor.id, import_id)
    assert (job.state, job.left > 0) == (State.INTERRUPTED, True)


def test_worker_that_ends_sends_no_more_mails_of_a_batch(
    app: Flask, database: Database, directory: FakeDirectory, actor: User, monkeypatch: pytest.MonkeyPatch
):
    """Between two mails; what had left is written down."""
    for number in range(2):
        an_expired(directory, f"e{number}@a.example")
    held, background = HeldMails(directory), app.extensions["attache"].resendings
    begin(background, directory, database, actor)
    held.arrive()
    waits = background.wait
    monkeypatch.setattr(background, "wait", lambda _seconds: (held.go_all(), waits()))
    gunicorn_conf.worker_exit(None, SimpleNamespace(wsgi=app))
    assert outcomes(database, actor) == [resend_store.Resent.SENT, None]


def test_worker_deletes_old_batches_when_it_starts(app: Flask, database: Database, actor: User):
    """As it does with imports."""
    batches.begin(database, actor.id, ["somebody"])
    with database.transaction() as connection:
        connection.execute(resendings.update().values(beat_at=now() - KEPT - 1))
    with serving(app):
        pass
    assert resend_store.latest(database, actor.id) is None


def test_old_batches_of_mails_are_purged(app: Flask, database: Database, actor: User):
    batches.begin(database, actor.id, ["somebody"])
    assert "0 batches" in app.test_cli_runner().invoke(args=["imports", "purge"]).output
    with database.transaction() as connection:
        connection.execute(resendings.update().values(beat_at=now() - KEPT - 1))
    assert (
        "1 batches of activation mails deleted" in app.test_cli_runner().invoke(args=["imports", "purge"]).output
    )


def test_old_imports_are_purged(app: Flask, database: Database, actor: User):
    """With their lines; a young one stays."""
    import_store.begin(database, an_author(actor), [a_line(2)])
    long_ago = now() - KEPT - 1
    with database.transaction() as connection:
        connection.execute(imports.update().values(created_at=long_ago, beat_at=long_ago))
    result = app.test_cli_runner().invoke(args=["imports", "purge"])
    assert result.output == "1 imports deleted\n0 batches of activation mails deleted\n"
    assert import_store.latest(database, actor.id) == []
