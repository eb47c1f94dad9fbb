"""« Renvoyer tous » goes on without its page: everybody gets one mail, nobody to whom it is not owed any more."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert, select, update

from directory.errors import MailRefusedError, UnavailableError
from directory.model import User
from tests.builders import a_context, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.held import HeldMails
from tests.waiting import until
from webapp.identity.actor import Actor
from webapp.jobs import background, batches
from webapp.jobs.batches import Batch
from webapp.jobs.state import KEPT, State
from webapp.people import administration
from webapp.people.administration import administration_of
from webapp.resend_all import store as resend_store
from webapp.resend_all import worker as resend_worker
from webapp.resend_all.store import Resent
from webapp.resend_all.worker import ResendingWorker
from webapp.storage import rate_limits
from webapp.storage.database import Database, activation_mails, now, resendings
from webapp.storage.locks import no_worker

LONG_AGO = datetime(2023, 1, 1, tzinfo=UTC)


@pytest.fixture
def anne(directory: FakeDirectory) -> User:
    return directory.add_user(
        a_profile("anne@acme.example"),
        [an_attachment("acme", administrator=True), an_attachment("globex", administrator=True)],
    )


@pytest.fixture
def people(directory: FakeDirectory) -> list[User]:
    """Four of Acme whose mails expired, in the order of the batch."""
    return [an_expired(directory, f"e{number}@acme.example") for number in range(4)]


@pytest.fixture
def worker() -> ResendingWorker:
    return ResendingWorker()


@pytest.fixture
def held(directory: FakeDirectory, worker: ResendingWorker) -> Iterator[HeldMails]:
    held = HeldMails(directory)
    yield held
    held.go_all()
    worker.wait()


def an_expired(directory: FakeDirectory, email: str, *companies: str) -> User:
    at = [an_attachment(company) for company in companies or ("acme",)]
    return directory.add_user(a_profile(email), at, password_required=True, activation_sent_at=LONG_AGO)


def begin(worker: ResendingWorker, directory: FakeDirectory, database: Database, author: User) -> None:
    attachments = tuple(at for _, at in directory.attachments_of(author.id))
    administration = administration_of(directory, Actor(author.id, author.profile, attachments))
    worker.start(a_context(directory, database, author), administration)


def batch_of(database: Database, person: User) -> Batch:
    found = resend_store.latest(database, person.id)
    assert found is not None
    return found


def outcomes(database: Database, person: User) -> list[Resent | None]:
    return [resent for _, resent in batch_of(database, person).results]


def left_by(database: Database, name: str, seen_at: float | None = None) -> None:
    with database.transaction() as connection:
        connection.execute(update(resendings).values(worker=name, beat_at=now() if seen_at is None else seen_at))


class TestEach:
    """One after the other, with a result for each."""

    def test_has_its_result(self, worker, directory, database, anne, people):
        """Sent, activated meanwhile, mailed a moment ago, refused."""
        _, activated, mailed, _ = people
        directory.fail("send_activation", nth=2, error=MailRefusedError("no"))
        with database.transaction() as connection:
            connection.execute(insert(activation_mails).values(user_id=mailed.id, sent_at=time.time()))
        held = HeldMails(directory)
        begin(worker, directory, database, anne)
        held.arrive()
        directory.activate(activated.id)
        held.go_all()
        worker.wait()
        found = batch_of(database, anne)
        assert [user_id for user_id, _ in found.results] == [user.id for user in people]
        assert outcomes(database, anne) == [
            Resent.SENT,
            Resent.ALREADY_ACTIVE,
            Resent.TOO_OFTEN,
            Resent.MAIL_REFUSED,
        ]
        assert (found.state, found.done, found.count(Resent.SENT)) == (State.DONE, 4, 1)
        assert directory.mails == [people[0].email]

    def test_quota_of_the_administrator_ends_it(
        self, worker, directory, database, anne, people, monkeypatch: pytest.MonkeyPatch
    ):
        """What is left is sent; the others are told apart from those who were mailed a moment ago."""
        monkeypatch.setattr(rate_limits, "ACTIVATION_MAILS", rate_limits.Quota("activation_mail", 2, 60.0))
        begin(worker, directory, database, anne)
        worker.wait()
        assert outcomes(database, anne) == [Resent.SENT] * 2 + [Resent.NOT_TODAY] * 2
        assert len(directory.mails) == 2

    def test_three_refusals_in_a_row_end_it(self, worker, directory, database, anne, people):
        directory.mail = "refused"
        begin(worker, directory, database, anne)
        worker.wait()
        assert outcomes(database, anne) == [Resent.MAIL_REFUSED] * 3 + [Resent.NOT_TRIED]
        assert len(directory.called("send_activation")) == 3

    def test_refusals_not_in_a_row_do_not(self, worker, directory, database, anne, people):
        for nth in (1, 2, 4):
            directory.fail("send_activation", nth=nth, error=MailRefusedError("no"))
        an_expired(directory, "e5@acme.example")
        begin(worker, directory, database, anne)
        worker.wait()
        refused, sent = Resent.MAIL_REFUSED, Resent.SENT
        assert outcomes(database, anne) == [refused, refused, sent, refused, sent]

    def test_costs_so_many_calls(self, worker, directory, database, anne, people):
        """The author's rights, three; then four for each mail, or five where the invitation has changed."""
        begin(worker, directory, database, anne)
        worker.wait()
        verbs = [verb for verb, _ in directory.calls]
        mail = ["attachments_of", "user", "record_invitation", "send_activation", "record_activation_sent"]
        assert verbs[verbs.index("user") :] == ["user", *["attachments_of"] * 2, *mail * 4]


class TestMeanwhile:
    """Rights and places are those of the moment of the mail."""

    def test_who_was_detached_gets_none(self, worker, directory, database, anne, people, held):
        begin(worker, directory, database, anne)
        held.arrive()
        directory.remove_membership(people[1].id, "/acme")
        del directory._people[people[2].id]
        held.go_all()
        worker.wait()
        assert outcomes(database, anne) == [Resent.SENT, Resent.NOT_YOURS, Resent.NOT_YOURS, Resent.SENT]
        assert directory.mails == [people[0].email, people[3].email]

    @pytest.mark.parametrize("way", ["disabled", "gone", "no administrator"])
    def test_who_may_no_more_sends_no_more(
        self, worker, directory, database, anne, people, held, monkeypatch: pytest.MonkeyPatch, way: str
    ):
        monkeypatch.setattr(administration, "RIGHTS_EVERY", 2)
        begin(worker, directory, database, anne)
        held.arrive()
        match way:
            case "disabled":
                directory.disable(anne.id)
            case "gone":
                del directory._people[anne.id]
            case _:
                for company in ("acme", "globex"):
                    directory.remove_membership(anne.id, f"/{company}/administrators")
        held.go_all()
        worker.wait()
        assert outcomes(database, anne) == [Resent.SENT] * 2 + [Resent.NOT_YOURS] * 2
        assert len(directory.mails) == 2
        assert ("attachments_of", (people[3].id,)) not in directory.calls, "nor is anything asked for him any more"

    def test_one_company_less(self, worker, directory, database, anne, people, held, monkeypatch):
        """Those at the other one still get theirs, and it names that one alone."""
        monkeypatch.setattr(administration, "RIGHTS_EVERY", 1)
        both = an_expired(directory, "f@acme.example", "acme", "globex")
        begin(worker, directory, database, anne)
        held.arrive()
        directory.remove_membership(anne.id, "/acme/administrators")
        held.go_all()
        worker.wait()
        assert outcomes(database, anne) == [Resent.SENT, *[Resent.NOT_YOURS] * 3, Resent.SENT]
        assert directory.user(both.id).invitation.companies == ("Globex",)

    def test_rights_that_cannot_be_read_are_read_again(self, worker, directory, database, anne, people):
        of_the_request = 2
        directory.fail("attachments_of", nth=of_the_request + 1, error=UnavailableError("on purpose"))
        begin(worker, directory, database, anne)
        worker.wait()
        assert outcomes(database, anne) == [Resent.MAIL_REFUSED, *[Resent.SENT] * 3]

    def test_erased_author_sends_no_more(self, worker, directory, database, anne, people, held):
        begin(worker, directory, database, anne)
        held.arrive()
        with database.transaction() as connection:
            connection.execute(delete(resendings))
        held.go_all()
        worker.wait()
        assert len(directory.mails) == 1
        assert resend_store.latest(database, anne.id) is None


class TestOneAtATime:
    def test_second_start_begins_nothing(self, worker, directory, database, anne, people, held):
        begin(worker, directory, database, anne)
        held.arrive()
        before = batch_of(database, anne)
        begin(ResendingWorker(), directory, database, anne)
        assert batch_of(database, anne) == before
        held.go_all()
        worker.wait()
        assert directory.mails == [user.email for user in people]

    def test_somebody_elses_goes_on_beside(self, worker, directory, database, anne, people, held):
        """Each has his own; one person gets one mail a minute."""
        bea = directory.add_user(a_profile("bea@acme.example"), [an_attachment("globex", administrator=True)])
        an_expired(directory, "g@globex.example", "globex")
        begin(worker, directory, database, anne)
        held.arrive()
        begin(worker, directory, database, bea)
        held.arrive()
        held.go_all()
        worker.wait()
        assert outcomes(database, bea) == [Resent.SENT]
        assert len(outcomes(database, anne)) == 5

    def test_with_nobody_to_mail_the_last_one_stays(self, worker, directory, database, anne, people):
        for _ in range(2):
            begin(worker, directory, database, anne)
            worker.wait()
        assert outcomes(database, anne) == [Resent.SENT] * 4

    def test_the_next_one_takes_its_place(self, worker, directory, database, anne, people):
        begin(worker, directory, database, anne)
        worker.wait()
        late = an_expired(directory, "late@acme.example")
        begin(worker, directory, database, anne)
        worker.wait()
        assert batch_of(database, anne).results == ((late.id, Resent.SENT),)

    def test_what_was_replaced_writes_nothing_any_more(self, database, anne):
        old = batches.begin(database, anne.id, ["a"])
        left_by(database, no_worker())
        batches.begin(database, anne.id, ["a"])
        assert not batches.record(database, anne.id, old, {"a": Resent.SENT})
        batches.give_back(database, anne.id, old)
        found = batch_of(database, anne)
        assert (found.state, found.results) == (State.RUNNING, (("a", None),))

    def test_one_that_waits_for_its_turn_shows_that_it_lives(
        self, worker, directory, database, anne, people, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(background, "BEAT", 0.01)
        for _ in range(resend_worker.AT_ONCE):
            worker._turns.acquire()
        begin(worker, directory, database, anne)
        left_by(database, "elsewhere:1:1", now() - 3600)
        until(lambda: resend_store.is_running(database, anne.id), "it shows that it lives", seconds=60, pause=0.01)
        worker.stop()
        assert batch_of(database, anne).state is State.INTERRUPTED
        assert directory.mails == []


class TestInterrupted:
    def test_stops_between_two_mails(self, worker, directory, database, anne, people, held):
        begin(worker, directory, database, anne)
        held.arrive()
        worker.stopping.set()
        held.go_all()
        worker.stop()
        assert batch_of(database, anne).state is State.INTERRUPTED
        assert outcomes(database, anne) == [Resent.SENT, None, None, None]
        assert directory.mails == [people[0].email]

    def test_is_begun_again_for_those_who_got_none(self, worker, directory, database, anne, people, held):
        self.test_stops_between_two_mails(worker, directory, database, anne, people, held)
        next_one = ResendingWorker()
        begin(next_one, directory, database, anne)
        next_one.wait()
        assert outcomes(database, anne) == [Resent.SENT] * 3
        assert directory.mails == [user.email for user in people]

    @pytest.mark.slow
    def test_process_that_is_no_more(self, database, anne):
        child = subprocess.run(
            [sys.executable, "-c", "from webapp.storage.locks import worker; print(worker())"],
            capture_output=True,
            text=True,
            check=True,
        )
        batches.begin(database, anne.id, ["a"])
        assert batch_of(database, anne).state is State.RUNNING
        left_by(database, child.stdout.strip())
        assert batch_of(database, anne).state is State.INTERRUPTED

    @pytest.mark.parametrize(("silence", "state"), [(30.0, State.RUNNING), (3600.0, State.INTERRUPTED)])
    def test_of_a_process_of_another_host_silence_tells(self, database, anne, silence: float, state: State):
        batches.begin(database, anne.id, ["a"])
        left_by(database, "elsewhere:1:1", now() - silence)
        assert batch_of(database, anne).state is state

    def test_one_that_has_ended_is_not_interrupted(self, worker, directory, database, anne, people):
        begin(worker, directory, database, anne)
        worker.wait()
        left_by(database, no_worker())
        assert batch_of(database, anne).state is State.DONE

    def test_what_nobody_expected_gives_it_back(
        self, worker, directory, database, anne, people, monkeypatch: pytest.MonkeyPatch
    ):
        def send(_user_id: str) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(directory, "send_activation", send)
        monkeypatch.setattr(worker, "begin", lambda act: act())
        with pytest.raises(ZeroDivisionError):
            begin(worker, directory, database, anne)
        assert batch_of(database, anne).state is State.INTERRUPTED


class TestKept:
    def test_wait_ends_with_the_batch(self, worker, directory, database, anne, people):
        begin(worker, directory, database, anne)
        batches.wait(database, anne.id)
        assert batch_of(database, anne).state is State.DONE

    def test_wait_ends_with_the_time(self, worker, directory, database, anne, people, held):
        begin(worker, directory, database, anne)
        batches.wait(database, anne.id, 0.0)
        assert resend_store.is_running(database, anne.id)

    def test_wait_for_nothing(self, database, anne):
        batches.wait(database, anne.id)

    def test_old_ones_are_purged(self, database, anne):
        """Also when somebody else begins one; a young one stays."""
        batches.begin(database, anne.id, ["a"])
        assert batches.purge(database) == 0
        left_by(database, no_worker(), now() - KEPT - 1)
        batches.begin(database, "bea", ["a"])
        with database.engine.connect() as connection:
            assert connection.execute(select(resendings.c.actor_id)).scalars().all() == ["bea"]
        left_by(database, no_worker(), now() - KEPT - 1)
        assert batches.purge(database) == 1
