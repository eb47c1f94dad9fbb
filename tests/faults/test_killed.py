"""R4, R14: the portal killed at every call of a creation, and of a change at four companies; then resumed."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from sqlalchemy import select

from directory.encoding import Subgroup, places
from directory.errors import EmailTakenError
from directory.model import ActivationStatus, Attachment, Company, User
from tests.builders import a_company, a_context, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.faults.conftest import empty
from webapp.people import accounts, attachments
from webapp.people.recovery import resume
from webapp.records import operations
from webapp.records.operations import State
from webapp.records.payloads import NewAccount
from webapp.storage import locks
from webapp.storage.database import Database
from webapp.storage.database import journal as lines
from webapp.storage.database import operations as written

DEAD = f"{socket.gethostname()}:{os.getpid()}:0"
"""A process of this host with our number that began at another time: it is gone."""
COMPANIES = [a_company(name) for name in ("acme", "globex", "hooli", "initech")]
EMMA = a_profile("emma.bernard@acme.example")
BEFORE: dict[str, Attachment | None] = {
    "acme": an_attachment("acme", administrator=True, external=True),
    "globex": an_attachment("globex"),
    "hooli": None,
    "initech": an_attachment("initech", administrator=True),
}
AFTER: dict[str, Attachment | None] = {
    "acme": None,
    "globex": an_attachment("globex", administrator=True, external=True),
    "hooli": an_attachment("hooli", administrator=True),
    "initech": an_attachment("initech", external=True),
}


class Killed(BaseException):
    """What SIGKILL is to the process: nothing more is done, not even the ends of blocks."""


class Mortal(FakeDirectory):
    """Counts each moment before a call, after it, and after each membership of a change; dies at one of them."""

    dies_at: int | None = None
    moments = 0
    dead = False

    def _moment(self) -> None:
        self.moments += 1
        if self.moments == self.dies_at:
            self.dead = True
            raise Killed

    def _begin(self, verb: str, *arguments: object):  # type: ignore[no-untyped-def]
        self._moment()
        return super()._begin(verb, *arguments)

    @contextmanager
    def _call(self, verb: str, *arguments: object) -> Iterator[None]:
        with super()._call(verb, *arguments):
            yield
        self._moment()

    def _take(self, *arguments) -> None:  # type: ignore[no-untyped-def]
        super()._take(*arguments)
        self._moment()


def killed_at(moment: int, directory: Mortal, act: Callable[[], object]) -> bool:
    """Whether the process died in the act, leaving the database as it was at that moment."""
    directory.dies_at = moment
    release, end = locks.Lock.release, operations._end
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "worker", lambda: DEAD)
        patch.setattr(operations, "worker", lambda: DEAD)
        patch.setattr(locks.Lock, "release", lambda lock: lock._ended.set() if directory.dead else release(lock))
        patch.setattr(operations, "_end", lambda *done: None if directory.dead else end(*done))
        try:
            act()
        except Killed:
            pass
    directory.dies_at = None
    return directory.dead


@pytest.fixture
def worlds(database: Database) -> Iterator[tuple[int, Mortal, User]]:
    """For each moment a new world: the directory, and who acts."""

    def made() -> Iterator[tuple[int, Mortal, User]]:
        for moment in count(1):
            empty(database)
            directory = Mortal(*COMPANIES)
            everywhere = [an_attachment(company.id, administrator=True) for company in COMPANIES]
            yield moment, directory, directory.add_user(a_profile(), everywhere)

    return made()


def test_a_creation(worlds: Iterator[tuple[int, Mortal, User]], database: Database):
    """Never a second account nor a second mail; without its mail the account says so, and a mail may be sent."""
    wanted = (an_attachment("acme", administrator=True), an_attachment("globex", external=True))
    for moment, directory, actor in worlds:

        def create(directory: Mortal = directory, actor: User = actor) -> object:
            return accounts.create(a_context(directory, database, actor), NewAccount(EMMA, wanted), COMPANIES)

        died = killed_at(moment, directory, create)
        resume(directory, database)
        assert running(database) == []
        made = [user for user in directory.people() if user.email == EMMA.email]
        if made:
            assert {at for _, at in directory.attachments_of(made[0].id)} == set(wanted)
            assert journal_of(database) == ["done"] * len(wanted)
        with_mail = list(directory.mails)
        try:  # the person, who got no answer, sends the form again
            create()
        except EmailTakenError:
            assert directory.mails == with_mail
        again = [user for user in directory.people() if user.email == EMMA.email]
        assert len(again) == 1
        assert len(directory.mails) <= 1
        status = again[0].status()
        assert status is (ActivationStatus.PENDING if again[0].activation_sent_at else ActivationStatus.NOT_SENT)
        assert directory.mails or status is ActivationStatus.NOT_SENT
        if not died:
            assert moment > 6, "it was killed at every one of them"
            return


def test_a_change_at_four_companies(worlds: Iterator[tuple[int, Mortal, User]], database: Database):
    """In between, what is held at a company is that of before, that of after, or less; then it is finished."""
    for moment, directory, actor in worlds:
        for company in COMPANIES:
            directory.add_user(a_profile(), [an_attachment(company.id, administrator=True)])
        person = directory.add_user(a_profile(), [at for at in BEFORE.values() if at])

        def change(directory: Mortal = directory, actor: User = actor, person: User = person) -> object:
            companies: list[Company] = [company for company, _ in directory.attachments_of(actor.id)]
            return attachments.change(a_context(directory, database, actor), companies, person, AFTER)

        died = killed_at(moment, directory, change)
        for company in COMPANIES:
            no_more_than_the_lesser(directory, person, company.id)
        was_written = running(database) != []
        assert {state for _, state in resume(directory, database)} <= {State.DONE}
        assert running(database) == []
        held = {at.company_id: at for _, at in directory.attachments_of(person.id)}
        if was_written or not died:
            assert held == {name: at for name, at in AFTER.items() if at}
            assert journal_of(database) == ["done"] * 4
        else:
            assert held == {name: at for name, at in BEFORE.items() if at}, "it had not begun"
            assert journal_of(database) == []
        if not died:
            assert moment > 15, "it was killed at every one of them"
            return


def no_more_than_the_lesser(directory: Mortal, person: User, company_id: str) -> None:
    mine = {path for path in directory.groups_of(person.id) if path.split("/")[1] == company_id}
    before, after = (paths(one[company_id]) for one in (BEFORE, AFTER))
    if mine in (before, after):
        return
    assert mine < before | after
    assert f"/{company_id}" in mine, "nobody is in a subgroup alone"
    administrators = f"/{company_id}/{Subgroup.ADMINISTRATORS.value}"
    assert administrators not in mine or administrators in before & after


def paths(attachment: Attachment | None) -> set[str]:
    return {place.path for place in places(attachment)} if attachment else set()


def running(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        query = select(written.c.id).where(written.c.state == State.RUNNING.value)
        return list(connection.execute(query).scalars())


def journal_of(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        return list(connection.execute(select(lines.c.outcome)).scalars())
