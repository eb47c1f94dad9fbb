"""Who was replaced and stayed as the last active administrator leaves once the other account is active."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from directory.errors import UnavailableError
from directory.model import Attachment, User
from tests.builders import an_attachment
from tests.fakes import FakeDirectory
from tests.web.conftest import ClientFor
from tests.web.typed import a_row
from webapp.http.context import EXTENSION
from webapp.lifecycle.worker import Lifecycle
from webapp.records import journal_reading
from webapp.records.journal import Action
from webapp.records.journal_reading import Search
from webapp.storage.database import Database

NEW = "anne.martin@acme.example"
BOTH = {an_attachment("acme", administrator=True), an_attachment("globex", administrator=True)}


@pytest.fixture
def pass_a_day(app: Flask) -> Iterator[Callable[[], bool]]:
    """Each call is the work of one day more."""
    parts, passed = app.extensions[EXTENSION], []

    def pass_a_day() -> bool:
        passed.append(1)
        clock = (datetime.now(UTC) + timedelta(days=len(passed))).timestamp
        app.extensions[EXTENSION] = replace(parts, clock=clock)
        return Lifecycle(app).look()

    yield pass_a_day
    app.extensions[EXTENSION] = parts


def at(directory: FakeDirectory, user: User) -> set[Attachment]:
    return {attachment for _, attachment in directory.attachments_of(user.id)}


@pytest.fixture
def successor(client_for: ClientFor, directory: FakeDirectory, administrator: User) -> User:
    """The new account of the only administrator of two companies, who replaced their own."""
    client_for(administrator).post(f"/users/{administrator.id}/replacement", {"email": NEW, "confirm": "1"})
    made = directory.find_by_email(NEW)
    assert made
    assert at(directory, administrator) == at(directory, made) == BOTH
    return made


def test_the_old_account_leaves_when_the_new_one_is_active(
    pass_a_day: Callable[[], bool],
    directory: FakeDirectory,
    database: Database,
    administrator: User,
    successor: User,
):
    assert pass_a_day()
    assert at(directory, administrator) == BOTH
    directory.activate(successor.id)
    assert pass_a_day()
    assert at(directory, administrator) == set()
    assert at(directory, successor) == BOTH
    lines = journal_reading.read(database, ["acme"], Search(action=Action.DETACH), 1).lines
    assert [(line.author.name, line.person.email) for line in lines] == [("Attaché", administrator.email)]


def test_somebody_who_was_attached_again_stays(
    pass_a_day: Callable[[], bool],
    client_for: ClientFor,
    directory: FakeDirectory,
    administrator: User,
    successor: User,
    second: User,
):
    """Bruno made the old account an administrator of Acme again, on purpose."""
    modify = f"/users/{administrator.id}/attachments"
    for administrates in (False, True):
        row = a_row("acme", administrator=administrates)
        assert client_for(second).post(modify, {"confirm": "1", **row}).status == 303
    directory.activate(successor.id)
    assert pass_a_day()
    assert at(directory, administrator) == {an_attachment("acme", administrator=True)}


def test_a_directory_that_does_not_answer_is_asked_again(
    pass_a_day: Callable[[], bool], directory: FakeDirectory, administrator: User, successor: User
):
    directory.activate(successor.id)
    directory.fail("change_attachment", error=UnavailableError("on purpose"))
    assert not pass_a_day()
    assert pass_a_day()
    assert at(directory, administrator) == set()


def test_a_new_account_that_is_gone_changes_nothing(
    pass_a_day: Callable[[], bool], directory: FakeDirectory, administrator: User, successor: User
):
    directory.delete_user(successor.id)
    assert pass_a_day()
    assert at(directory, administrator) == BOTH
