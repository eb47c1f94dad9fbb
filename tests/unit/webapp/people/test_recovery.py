"""What a process left behind when it died in the middle of an operation is finished, once, by the next one."""

import json
import os
import socket
import time
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from directory.errors import UnavailableError
from directory.model import Attachment, Invitation, Profile, User
from tests.builders import a_profile, an_attachment, an_author
from tests.fakes import FakeDirectory
from webapp.people.recovery import resume
from webapp.records.codec import decode
from webapp.records.operations import State, claim_interrupted, under_way
from webapp.records.payloads import AttachmentChanges, Kind, NewAccount
from webapp.storage.database import Database, operations
from webapp.storage.locks import FOREIGN_SILENCE, locked

DEAD = f"{socket.gethostname()}:{os.getpid()}:0"
"""A process of this host with our number that began at another time: it is gone."""
PROFILE = a_profile("emma.bernard@acme.example", last_name="Bernard", first_name="Emma")


@pytest.fixture
def actor(directory: FakeDirectory) -> User:
    """Administers Acme and Globex."""
    return directory.add_user(
        a_profile(), [an_attachment("acme", administrator=True), an_attachment("globex", administrator=True)]
    )


@pytest.fixture
def person(directory: FakeDirectory) -> User:
    return directory.add_user(a_profile(), [an_attachment("acme")])


def left_behind(
    database: Database, kind: Kind, actor: User, payload: dict[str, Any], worker: str = DEAD, age: float = 0
) -> str:
    """An operation that its process did not live to finish."""
    operation_id = uuid4().hex
    with database.transaction() as connection:
        connection.execute(
            insert(operations).values(
                id=operation_id,
                kind=kind.value,
                actor_id=actor.id,
                payload={**payload, "author": asdict(an_author(actor))},
                state=State.RUNNING.value,
                worker=worker,
                started_at=time.time() - age,
            )
        )
    return operation_id


def creation(*attachments: Attachment, profile: Profile = PROFILE) -> dict[str, Any]:
    return {
        "profile": asdict(profile),
        "attachments": [asdict(one) for one in attachments or (an_attachment("acme"),)],
    }


def change(person: User, **wanted: Attachment | None) -> dict[str, Any]:
    """A person of Acme is to become that."""
    before = {"acme": asdict(an_attachment("acme"))}
    changes = [
        {"company_id": name, "before": before.get(name), "after": asdict(one) if one else None}
        for name, one in wanted.items()
    ]
    return {"user_id": person.id, "changes": changes}


def state_of(database: Database, operation_id: str) -> str:
    with database.engine.connect() as connection:
        return str(
            connection.execute(select(operations.c.state).where(operations.c.id == operation_id)).scalar_one()
        )


def at(directory: FakeDirectory, person: User) -> set[Attachment]:
    return {attachment for _, attachment in directory.attachments_of(person.id)}


class TestCreation:
    def test_that_never_reached_keycloak_is_made_with_its_mail(
        self, directory: FakeDirectory, database: Database, actor: User
    ):
        """Account, attachments and mail, as they were typed."""
        wanted = (an_attachment("acme", administrator=True), an_attachment("globex", external=True))
        operation_id = left_behind(database, Kind.CREATE, actor, creation(*wanted))
        assert [state for _, state in resume(directory, database)] == [State.DONE]
        made = directory.find_by_email(PROFILE.email)
        assert made is not None
        assert made.profile == PROFILE
        assert at(directory, made) == set(wanted)
        assert directory.mails == [PROFILE.email]
        assert state_of(database, operation_id) == State.DONE

    @pytest.mark.parametrize("sent", [False, True])
    def test_that_reached_keycloak_is_left_as_it_is(
        self, sent: bool, directory: FakeDirectory, database: Database, actor: User
    ):
        """Whether its mail left cannot be known; a second one is for a person to send."""
        made = directory.create_user(PROFILE, [an_attachment("acme")])
        if sent:
            directory.send_activation(made.id)
        before = directory.snapshot()
        left_behind(database, Kind.CREATE, actor, creation())
        assert [state for _, state in resume(directory, database)] == [State.DONE]
        assert directory.snapshot() == before

    def test_the_mail_says_who_invited(self, directory: FakeDirectory, database: Database, actor: User):
        """And to where, as it was written down; an older note that says nothing of it is finished all the same."""
        said = Invitation("Anne", ("Acme", "Globex"), 3)
        left_behind(
            database, Kind.CREATE, actor, {**creation(), "invitation": json.loads(json.dumps(asdict(said)))}
        )
        assert [state for _, state in resume(directory, database)] == [State.DONE]
        made = directory.find_by_email(PROFILE.email)
        assert made is not None
        assert made.invitation == said

    def test_title_that_was_not_given(self, directory: FakeDirectory, database: Database, actor: User):
        left_behind(database, Kind.CREATE, actor, creation(profile=a_profile(PROFILE.email, title=None)))
        assert [state for _, state in resume(directory, database)] == [State.DONE]

    def test_mail_server_down_is_no_failure(self, directory: FakeDirectory, database: Database, actor: User):
        """The account is there, the list says « Mail non envoyé »."""
        directory.mail = "refused"
        left_behind(database, Kind.CREATE, actor, creation())
        assert [state for _, state in resume(directory, database)] == [State.DONE]
        made = directory.find_by_email(PROFILE.email)
        assert made is not None
        assert made.activation_sent_at is None

    @pytest.mark.parametrize("loss", ["role", "attachment", "one of two companies"])
    def test_of_an_actor_who_lost_his_rights_is_not_made(
        self, loss: str, directory: FakeDirectory, database: Database, actor: User
    ):
        """Rights are the present ones, for what is finished later too."""
        wanted = (
            (an_attachment("acme"), an_attachment("globex"))
            if loss.startswith("one")
            else (an_attachment("acme"),)
        )
        left_behind(database, Kind.CREATE, actor, creation(*wanted))
        directory.remove_membership(actor.id, "/acme/administrators")
        if loss == "attachment":
            directory.remove_membership(actor.id, "/acme")
        assert [state for _, state in resume(directory, database)] == [State.FAILED]
        assert directory.find_by_email(PROFILE.email) is None


class TestChange:
    def test_half_made_is_finished(self, directory: FakeDirectory, database: Database, actor: User, person: User):
        """One company was done, the other is done now; what was not named stays."""
        directory.add_membership(person.id, "/acme/externals")
        left_behind(
            database,
            Kind.CHANGE,
            actor,
            change(person, acme=an_attachment("acme", external=True), globex=an_attachment("globex")),
        )
        assert [state for _, state in resume(directory, database)] == [State.DONE]
        assert at(directory, person) == {an_attachment("acme", external=True), an_attachment("globex")}

    def test_done_already_is_done(self, directory: FakeDirectory, database: Database, actor: User, person: User):
        left_behind(database, Kind.CHANGE, actor, change(person, acme=an_attachment("acme")))
        assert [state for _, state in resume(directory, database)] == [State.DONE]
        assert directory.called("change_attachment") == []

    def test_last_administrator_is_kept_here_too(self, directory: FakeDirectory, database: Database, actor: User):
        """The rule is judged on the present state."""
        left_behind(database, Kind.CHANGE, actor, change(actor, acme=None))
        assert [state for _, state in resume(directory, database)] == [State.FAILED]
        assert an_attachment("acme", administrator=True) in at(directory, actor)

    def test_of_an_actor_who_lost_one_company(
        self, directory: FakeDirectory, database: Database, actor: User, person: User
    ):
        """What he may still do is done; what he may not is not, so the operation has failed."""
        directory.remove_membership(actor.id, "/globex/administrators")
        operation_id = left_behind(
            database,
            Kind.CHANGE,
            actor,
            change(person, acme=an_attachment("acme", external=True), globex=an_attachment("globex")),
        )
        assert [state for _, state in resume(directory, database)] == [State.FAILED]
        assert at(directory, person) == {an_attachment("acme", external=True)}
        assert state_of(database, operation_id) == State.FAILED

    def test_of_an_actor_who_is_gone(
        self, directory: FakeDirectory, database: Database, actor: User, person: User
    ):
        for company in ("acme", "globex"):
            directory.remove_membership(actor.id, f"/{company}/administrators")
        left_behind(database, Kind.CHANGE, actor, change(person, acme=None))
        assert [state for _, state in resume(directory, database)] == [State.FAILED]
        assert at(directory, person) == {an_attachment("acme")}

    def test_of_an_actor_who_was_disabled(
        self, directory: FakeDirectory, database: Database, actor: User, person: User
    ):
        """His groups are as they were; he may do nothing any more, neither change nor create."""
        directory.disable(actor.id)
        left_behind(database, Kind.CHANGE, actor, change(person, acme=None))
        left_behind(database, Kind.CREATE, actor, creation(an_attachment("acme")))
        assert [state for _, state in resume(directory, database)] == [State.FAILED, State.FAILED]
        assert at(directory, person) == {an_attachment("acme")}
        assert directory.find_by_email(PROFILE.email) is None

    def test_of_a_person_who_is_gone(self, directory: FakeDirectory, database: Database, actor: User):
        nobody = directory.add_user(a_profile(), [an_attachment("acme")], password_required=True)
        directory.delete_user(nobody.id)
        left_behind(database, Kind.CHANGE, actor, change(nobody, acme=None))
        assert [state for _, state in resume(directory, database)] == [State.FAILED]

    def test_leaving_ones_own_company(self, directory: FakeDirectory, database: Database, person: User):
        """Who left administers nothing, and may leave all the same."""
        left_behind(database, Kind.CHANGE, person, change(person, acme=None))
        assert [state for _, state in resume(directory, database)] == [State.DONE]
        assert at(directory, person) == set()

    def test_nobody_attaches_himself(self, directory: FakeDirectory, database: Database, person: User):
        """Leaving is all that one may do about oneself."""
        left_behind(database, Kind.CHANGE, person, change(person, acme=an_attachment("acme", administrator=True)))
        assert [state for _, state in resume(directory, database)] == [State.FAILED]
        assert at(directory, person) == {an_attachment("acme")}

    def test_administrator_who_detached_himself_half_way(
        self, directory: FakeDirectory, database: Database, actor: User
    ):
        """He is in the company's group only, no administrator any more: the rest of his leaving is finished."""
        directory.add_user(a_profile(), [an_attachment("acme", administrator=True)])
        directory.remove_membership(actor.id, "/acme/administrators")
        left_behind(database, Kind.CHANGE, actor, change(actor, acme=None))
        assert [state for _, state in resume(directory, database)] == [State.DONE]
        assert at(directory, actor) == {an_attachment("globex", administrator=True)}


class TestKeycloakDown:
    """At the start of a machine the portal may be there before Keycloak is."""

    def test_operation_is_kept_for_the_next_time(
        self, directory: FakeDirectory, database: Database, actor: User, person: User
    ):
        """Not failed: nobody was told. The next start, or `flask operations resume`, finishes it."""
        ids = [
            left_behind(database, Kind.CREATE, actor, creation()),
            left_behind(database, Kind.CHANGE, actor, change(person, acme=None)),
        ]
        directory.down = True
        assert [state for _, state in resume(directory, database)] == [State.RUNNING, State.RUNNING]
        assert {state_of(database, operation_id) for operation_id in ids} == {State.RUNNING}
        directory.down = False
        assert [state for _, state in resume(directory, database)] == [State.DONE, State.DONE]
        assert at(directory, person) == set()
        assert directory.mails == [PROFILE.email]

    def test_down_half_way(self, directory: FakeDirectory, database: Database, actor: User, person: User):
        """The same when it goes down in the middle."""
        wanted = change(person, acme=an_attachment("acme", external=True), globex=an_attachment("globex"))
        left_behind(database, Kind.CHANGE, actor, wanted)
        directory.fail("change_attachment", nth=2, error=UnavailableError("down"))
        assert [state for _, state in resume(directory, database)] == [State.RUNNING]
        assert [state for _, state in resume(directory, database)] == [State.DONE]
        assert at(directory, person) == {an_attachment("acme", external=True), an_attachment("globex")}


class TestWhose:
    """Each interrupted operation is finished once, and none that is under way."""

    def test_living_process_keeps_its_operation(
        self, directory: FakeDirectory, database: Database, actor: User, person: User
    ):
        with under_way(database, an_author(actor), decode(change(person, acme=None), AttachmentChanges)):
            assert resume(directory, database) == []
        assert at(directory, person) == {an_attachment("acme")}

    def test_process_that_is_no_more(self, directory: FakeDirectory, database: Database, actor: User):
        """A number that no process has."""
        left_behind(database, Kind.CREATE, actor, creation(), worker=f"{socket.gethostname()}:999999999:1")
        assert len(resume(directory, database)) == 1

    @pytest.mark.parametrize(("age", "taken"), [(0, 0), (FOREIGN_SILENCE - 60, 0), (FOREIGN_SILENCE + 60, 1)])
    def test_process_of_another_host(
        self, age: float, taken: int, directory: FakeDirectory, database: Database, actor: User
    ):
        """Whether it lives cannot be seen from here: it counts as gone after ten minutes."""
        left_behind(database, Kind.CREATE, actor, creation(), worker="other-host:1:1", age=age)
        assert len(resume(directory, database)) == taken

    def test_host_with_colons_in_its_name(
        self, directory: FakeDirectory, database: Database, actor: User, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("webapp.storage.locks.socket.gethostname", lambda: "fe80::1")
        with under_way(database, an_author(actor), decode(creation(), NewAccount)):
            assert claim_interrupted(database) == []

    def test_finished_ones_are_left_alone(self, directory: FakeDirectory, database: Database, actor: User):
        left_behind(database, Kind.CREATE, actor, creation())
        assert len(resume(directory, database)) == 1
        assert resume(directory, database) == []
        assert directory.mails == [PROFILE.email]

    def test_two_starts_at_once_finish_it_once(self, directory: FakeDirectory, database: Database, actor: User):
        """Given to exactly one of them."""
        left_behind(database, Kind.CREATE, actor, creation())
        assert len(claim_interrupted(database)) + len(claim_interrupted(database)) == 1

    def test_lock_of_the_dead_process_is_no_hindrance(
        self,
        directory: FakeDirectory,
        database: Database,
        actor: User,
        person: User,
        monkeypatch: pytest.MonkeyPatch,
    ):
        """A killed process leaves its lock as well; who finishes its operation does not wait for that to end."""
        held = locked(database, ["company:acme"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("webapp.storage.locks.worker", lambda: DEAD)
            held.__enter__()
        left_behind(database, Kind.CHANGE, actor, change(person, acme=None))
        monkeypatch.setattr("webapp.storage.locks.LOCK_TIMEOUT", 0.2)
        assert [state for _, state in resume(directory, database)] == [State.DONE]
        assert at(directory, person) == set()

    def test_lock_of_a_living_process_is_waited_for(
        self,
        directory: FakeDirectory,
        database: Database,
        actor: User,
        person: User,
        monkeypatch: pytest.MonkeyPatch,
    ):
        """Somebody else is changing the company: not now, and not failed."""
        left_behind(database, Kind.CHANGE, actor, change(person, acme=None))
        monkeypatch.setattr("webapp.storage.locks.LOCK_TIMEOUT", 0.1)
        with locked(database, ["company:acme"]):
            assert [state for _, state in resume(directory, database)] == [State.RUNNING]
        assert [state for _, state in resume(directory, database)] == [State.DONE]


class TestRecord:
    """What is written down about an operation."""

    def rows(self, database: Database) -> list[Any]:
        with database.engine.connect() as connection:
            return list(connection.execute(select(operations)).all())

    def test_while_it_runs(self, database: Database, actor: User):
        """Before the first call: kind, actor, what it is about, and whose it is."""
        with under_way(database, an_author(actor), decode(creation(), NewAccount)) as work:
            (row,) = self.rows(database)
            assert (row.id, row.kind, row.actor_id, row.state) == (
                work.operation.id,
                "create",
                actor.id,
                "running",
            )
            assert row.payload["profile"]["email"] == PROFILE.email
            assert row.finished_at is None

    def test_when_it_is_done(self, database: Database, actor: User):
        """Marked, and what it was about forgotten: it may hold a name."""
        with under_way(database, an_author(actor), decode(creation(), NewAccount)):
            pass
        (row,) = self.rows(database)
        assert (row.state, row.payload) == ("done", {})
        assert row.finished_at >= row.started_at

    def test_when_it_failed(self, database: Database, actor: User, directory: FakeDirectory):
        """The person was told; it is never taken up again."""
        with (
            pytest.raises(ZeroDivisionError),
            under_way(database, an_author(actor), decode(creation(), NewAccount)),
        ):
            _ = 1 / 0
        (row,) = self.rows(database)
        assert (row.state, row.payload) == ("failed", {})
        assert resume(directory, database) == []
