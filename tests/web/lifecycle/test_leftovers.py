"""What another process left behind is taken over by one that serves, without a restart."""

import logging
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import update

from directory.model import AttachmentChange, Company, User
from tests.builders import an_attachment, an_author
from tests.fakes import FakeDirectory
from tests.faults.mortal import running
from tests.unit.webapp.imports.test_worker import a_line, left_by_the_dead
from tests.unit.webapp.people.test_recovery import creation, left_behind
from tests.waiting import until
from webapp.http.context import EXTENSION
from webapp.imports import store as import_store
from webapp.jobs import batches
from webapp.jobs.state import State
from webapp.lifecycle import leftovers, worker
from webapp.lifecycle.worker import Lifecycle
from webapp.records import outbox
from webapp.records.codec import encode
from webapp.records.notice import notice_of
from webapp.records.payloads import Kind
from webapp.selection.plan import Act, Asked
from webapp.storage.database import Database, resendings
from webapp.storage.locks import FOREIGN_SILENCE, HeldError, locked, no_worker

MAILED = "emma.bernard@acme.example"


@pytest.fixture
def serving(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lifecycle]:
    """A process whose day is done."""
    monkeypatch.setattr(worker, "PAUSE", 0.02)
    lifecycle = Lifecycle(app)
    assert lifecycle.look()
    lifecycle.start()
    yield lifecycle
    lifecycle.stop()


def test_an_operation(
    serving: Lifecycle,
    database: Database,
    directory: FakeDirectory,
    administrator: User,
    caplog: pytest.LogCaptureFixture,
):
    with caplog.at_level(logging.INFO):
        operation_id = left_behind(database, Kind.CREATE, administrator, creation())
        until(lambda: running(database) == [], "it is finished", seconds=10)
        until(lambda: f"interrupted operation create {operation_id}: done" in caplog.text, "said", seconds=10)
    assert directory.mails == [MAILED]


def test_an_operation_is_tried_again_until_keycloak_answers(
    serving: Lifecycle, database: Database, directory: FakeDirectory, administrator: User
):
    directory.down = True
    calls = len(directory.calls)
    left_behind(database, Kind.CREATE, administrator, creation())
    until(lambda: len(directory.calls) > calls + 1, "it was tried twice", seconds=10)
    directory.down = False
    until(lambda: running(database) == [], "it is finished", seconds=10)
    assert directory.mails == [MAILED]


def test_an_operation_of_another_host(
    serving: Lifecycle, database: Database, directory: FakeDirectory, administrator: User
):
    """Only its silence tells that it is gone: in containers each process has a host name of its own."""
    began = time.time()
    age = FOREIGN_SILENCE - 1.0
    left_behind(database, Kind.CREATE, administrator, creation(), worker="another-host:1:1", age=age)
    assert len(running(database)) == 1
    until(lambda: running(database) == [], "it is finished", seconds=10)
    assert time.time() >= began + 1.0
    assert directory.mails == [MAILED]


def test_an_import(
    app: Flask, serving: Lifecycle, database: Database, directory: FakeDirectory, administrator: User
):
    import_id = import_store.begin(database, an_author(administrator), [a_line(2, "zoe@a.example")])
    left_by_the_dead(database, import_id)
    until(lambda: directory.mails == ["zoe@a.example"], "its line is done", seconds=10)
    app.extensions[EXTENSION].imports.wait()
    assert import_store.job(database, administrator.id, import_id).state is State.DONE


@pytest.fixture
def interrupted(database: Database, administrator: User, member: User, acme: Company) -> str:
    """The request of a selection whose process died after the first of its people."""
    author = an_author(administrator)
    change = AttachmentChange("acme", an_attachment("acme"), None)
    kept = encode({"asked": Asked(Act.DETACH), "made_by": author.request_id})
    batches.begin(database, administrator.id, [member.id, administrator.id], kept)
    with database.transaction() as connection:
        connection.execute(update(resendings).values(worker=no_worker()))
        outbox.add(connection, notice_of(author, member, [(acme, change)]), None, author.request_id)
    return author.request_id


def test_who_was_changed_by_an_interrupted_selection_hears_of_it(app: Flask, database: Database, interrupted: str):
    assert outbox.take_notice(database) is None
    leftovers.take_over(app.extensions[EXTENSION])
    assert outbox.take_notice(database) is not None


def test_a_notice_is_not_taken_from_who_is_at_it(app: Flask, database: Database, interrupted: str):
    """Or a mail would leave twice: the batch is found again, every time, for days."""
    leftovers.take_over(app.extensions[EXTENSION])
    taken = outbox.take_notice(database)
    leftovers.take_over(app.extensions[EXTENSION])
    assert outbox.take_notice(database) is None
    assert taken is not None
    assert outbox.later(database, taken)
    leftovers.take_over(app.extensions[EXTENSION])
    assert outbox.take_notice(database) is None, "its next try comes after a pause"


def test_a_process_does_not_wait_for_the_one_that_does_the_day(
    app: Flask, database: Database, directory: FakeDirectory, administrator: User
):
    """Nor is that a failure: the day is complete once the other one says so, or at a later look."""
    lifecycle = Lifecycle(app)
    with locked(database, ["lifecycle"]):
        began = time.monotonic()
        assert not lifecycle.look()
        assert time.monotonic() - began < 5
    assert directory.calls == []
    assert lifecycle.look()


def test_a_lock_that_the_day_itself_waits_for_in_vain_is_told(app: Flask, monkeypatch: pytest.MonkeyPatch):
    """Only the lock of the day is no failure."""

    def held(*_: object) -> None:
        raise HeldError("another change holds company:acme")

    monkeypatch.setattr(worker.endings, "end_day", held)
    with pytest.raises(HeldError, match="company:acme"):
        Lifecycle(app).look()
