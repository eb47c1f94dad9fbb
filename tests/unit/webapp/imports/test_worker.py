"""An import outlives its request and its process: nothing is lost, nothing is done twice."""

import subprocess
import sys
from threading import Event

import pytest
from sqlalchemy import select, update

from directory.errors import UnavailableError
from directory.model import ActivationStatus
from tests.builders import a_profile, an_attachment, an_author
from tests.waiting import until
from webapp.errors import HiddenError, ImportRunningError
from webapp.imports import store as import_store
from webapp.imports import worker as import_worker
from webapp.imports.csv_format import Line
from webapp.imports.plan import Outcome, Problem, Reason
from webapp.imports.worker import ImportWorker, do_now, finish
from webapp.jobs import background
from webapp.jobs.state import KEPT, State
from webapp.storage.database import import_lines, imports, now, quota_uses
from webapp.storage.locks import no_worker, worker


def a_line(number: int = 2, email: str | None = None, **cells: str) -> Line:
    usual = {"last_name": "Martin", "first_name": "Zoé", "title": "mme", "locale": "fr"}
    at = {"company": "acme", "role": "user", "affiliation": "internal"}
    return Line(number, {"email": email or f"person{number}@acme.example", **usual, **at, **cells})


@pytest.fixture
def anne(directory):
    return directory.add_user(
        a_profile("anne@acme.example"),
        [an_attachment("acme", administrator=True), an_attachment("globex", administrator=True)],
    )


@pytest.fixture
def bea(directory):
    return directory.add_user(a_profile("bea@acme.example"), [an_attachment("acme", administrator=True)])


@pytest.fixture
def begin(database, anne):
    """Write an import of Anne's down."""

    def begin(*lines: Line, **options) -> str:
        return import_store.begin(database, an_author(anne), lines, **options)

    return begin


@pytest.fixture
def job(database, anne):
    return lambda import_id: import_store.job(database, anne.id, import_id)


def left_by_the_dead(database, import_id: str, seen_at: float | None = None, name: str | None = None) -> None:
    with database.transaction() as connection:
        connection.execute(
            update(imports)
            .where(imports.c.id == import_id)
            .values(worker=name or no_worker(), beat_at=now() if seen_at is None else seen_at)
        )


def outcomes(database, import_id: str) -> list[Outcome]:
    rows = import_store.rows_of(database, import_id, Outcome)
    return [row.outcome for row in sorted(rows, key=lambda row: row.line.number)]


class TestWhole:
    def test_every_line_has_its_result(self, directory, database, begin, job, anne):
        yan = directory.add_user(a_profile("yan@acme.example"), [an_attachment("acme")])
        import_id = begin(
            a_line(2),
            a_line(3, yan.email, affiliation="external"),
            a_line(4, yan.email, company="globex"),
            a_line(5, anne.email, role="administrator"),
            a_line(6, "no", last_name=""),
        )
        assert job(import_id).counts == {}

        do_now(directory, database, import_id)

        found = job(import_id)
        assert (found.state, found.total, found.done, found.left) == (State.DONE, 5, 5, 0)
        assert found.counts == dict.fromkeys(
            (Outcome.CREATE, Outcome.CHANGE, Outcome.ATTACH, Outcome.UNCHANGED, Outcome.REFUSED), 1
        )
        refused, created, changed, *_ = import_store.rows_of(database, import_id, Outcome)
        assert refused.problems == (Problem(Reason.MALFORMED_EMAIL, "email"), Problem(Reason.MISSING, "last_name"))
        assert (created.attachment, created.mail_sent) == (an_attachment("acme"), True)
        assert (changed.before, changed.attachment) == (
            an_attachment("acme"),
            an_attachment("acme", external=True),
        )

    @pytest.mark.slow
    def test_in_the_background(self, directory, database, begin, job):
        import_id = begin(*(a_line(n) for n in range(2, 42)))
        imports_of_ours = ImportWorker()

        imports_of_ours.start(directory, database, import_id)
        imports_of_ours.wait()

        assert job(import_id).counts == {Outcome.CREATE: 40}
        assert len(set(directory.mails)) == len(directory.mails) == 40

    def test_mails_can_be_held_back(self, directory, database, begin, job):
        import_id = begin(a_line(2), mails=False)

        do_now(directory, database, import_id)

        assert (job(import_id).mails, job(import_id).unsent) == (False, 1)
        assert directory.find_by_email("person2@acme.example").status() is ActivationStatus.NOT_SENT

    def test_a_mail_that_was_refused_is_counted(self, directory, database, begin, job):
        directory.mail = "refused"
        import_id = begin(a_line(2))

        do_now(directory, database, import_id)

        assert (job(import_id).mails, job(import_id).unsent) == (True, 1)

    def test_the_journal_tells_each_line_in_the_name_of_its_author(self, directory, database, begin, anne):
        from webapp.records.journal_reading import Search, read

        do_now(directory, database, begin(a_line(2), a_line(3)))

        lines = read(database, ["acme"], Search(), 1).lines
        assert {(line.author.id, line.person.email) for line in lines} == {
            (anne.id, "person2@acme.example"),
            (anne.id, "person3@acme.example"),
        }

    def test_doing_asks_about_strangers_only_where_it_must(self, directory, database, begin):
        """A line without a name may be about somebody who has one: that question counts. New accounts ask none."""
        do_now(directory, database, begin(a_line(2), a_line(3, last_name="")))

        assert [arguments for _, arguments in directory.called("find_by_email")] == [("person3@acme.example",)]
        with database.engine.connect() as connection:
            assert len(connection.execute(select(quota_uses)).all()) == 1


class TestOneAtATime:
    def test_a_second_one_is_refused_while_the_first_goes_on(self, directory, database, begin):
        first = begin(a_line(2))

        with pytest.raises(ImportRunningError) as caught:
            begin(a_line(3))
        assert caught.value.import_id == first

        do_now(directory, database, first)
        begin(a_line(3))

    def test_somebody_else_may_begin_one(self, database, begin, bea):
        begin(a_line(2))

        import_store.begin(database, an_author(bea), [a_line(2)])

    def test_one_that_was_interrupted_is_in_nobodys_way(self, database, begin):
        left_by_the_dead(database, begin(a_line(2)))

        begin(a_line(3))

    def test_an_interrupted_one_waits_for_the_one_that_goes_on(self, database, begin, anne):
        interrupted = begin(a_line(2))
        left_by_the_dead(database, interrupted)
        begin(a_line(3))

        with pytest.raises(ImportRunningError):
            import_store.take_up(database, anne.id, interrupted)


class TestInterrupted:
    def half_done(self, directory, database, import_id) -> None:
        """As a process leaves it that dies while it does the third line: made at Keycloak, not written down."""
        finished = Event()
        recorded = import_store.record

        def record(*arguments):
            recorded(*arguments)
            if len(directory.mails) == 2:
                finished.set()

        import_store.record = record
        try:
            finish(directory, database, import_id, at_once=1, stopping=finished)
        finally:
            import_store.record = recorded
        directory.create_user(a_profile("person4@acme.example"), [an_attachment("acme")])
        left_by_the_dead(database, import_id)

    def test_what_is_done_is_shown_as_done_and_the_rest_as_left(self, directory, database, begin, job):
        import_id = begin(*(a_line(n) for n in range(2, 7)))
        self.half_done(directory, database, import_id)

        found = job(import_id)
        assert (found.state, found.done, found.left) == (State.INTERRUPTED, 2, 3)

    def test_the_next_start_goes_on_and_does_nothing_twice(self, directory, database, begin, job):
        import_id = begin(*(a_line(n) for n in range(2, 7)))
        self.half_done(directory, database, import_id)
        next_one = ImportWorker()

        assert next_one.take_up_interrupted(directory, database) == [import_id]
        next_one.wait()

        assert job(import_id).state is State.DONE
        assert outcomes(database, import_id) == [
            Outcome.CREATE,
            Outcome.CREATE,
            Outcome.UNCHANGED,
            Outcome.CREATE,
            Outcome.CREATE,
        ]
        assert sorted(directory.mails) == [f"person{n}@acme.example" for n in (2, 3, 5, 6)]
        assert len(directory.people()) == 6

    def test_its_author_may_go_on_before(self, directory, database, begin, job, anne):
        import_id = begin(*(a_line(n) for n in range(2, 7)))
        self.half_done(directory, database, import_id)

        assert import_store.take_up(database, anne.id, import_id)
        do_now(directory, database, import_id)

        assert (job(import_id).state, job(import_id).left) == (State.DONE, 0)

    def test_two_starts_at_once_take_it_up_once(self, database, begin):
        import_id = begin(a_line(2))
        left_by_the_dead(database, import_id)

        assert import_store.claim_interrupted(database) == [import_id]
        assert import_store.claim_interrupted(database) == []

    def test_one_that_goes_on_is_left_alone(self, database, begin):
        begin(a_line(2))

        assert import_store.claim_interrupted(database) == []

    @pytest.mark.slow
    def test_a_process_that_is_no_more(self, database, begin, job):
        """Its number may have been given to another process since."""
        child = subprocess.run(
            [sys.executable, "-c", "from webapp.storage.locks import worker; print(worker())"],
            capture_output=True,
            text=True,
            check=True,
        )
        import_id = begin(a_line(2))
        left_by_the_dead(database, import_id, name=child.stdout.strip())

        assert job(import_id).state is State.INTERRUPTED

    @pytest.mark.parametrize(("silence", "state"), [(30.0, State.RUNNING), (3600.0, State.INTERRUPTED)])
    def test_of_a_process_of_another_host_silence_tells(self, database, begin, job, silence, state):
        import_id = begin(a_line(2))
        left_by_the_dead(database, import_id, now() - silence, name="elsewhere:1:1")

        assert job(import_id).state is state

    @pytest.mark.slow
    def test_a_process_that_stops_gives_it_back(self, directory, database, begin, job):
        import_id = begin(*(a_line(n) for n in range(2, 202)))
        directory.latency = 0.005
        ending = ImportWorker()

        ending.start(directory, database, import_id)
        ending.stop()

        found = job(import_id)
        assert found.state is State.INTERRUPTED
        assert found.left > 0
        assert len(directory.mails) == found.counts.get(Outcome.CREATE, 0)

        directory.latency = 0.0
        next_one = ImportWorker()
        next_one.take_up_interrupted(directory, database)
        next_one.wait()
        assert job(import_id).counts == {Outcome.CREATE: 200}
        assert len(set(directory.mails)) == len(directory.mails) == 200

    def test_what_nobody_expected_gives_it_back_too(self, directory, database, begin, job):
        def members(_company):
            raise ZeroDivisionError

        directory.members = members
        import_id = begin(a_line(2))

        with pytest.raises(ZeroDivisionError):
            do_now(directory, database, import_id)

        assert job(import_id).state is State.INTERRUPTED


class TestTrouble:
    def test_when_keycloak_is_down_from_the_start_everything_is_left(self, directory, database, begin, job, anne):
        import_id = begin(a_line(2), a_line(3))
        directory.down = True

        do_now(directory, database, import_id)

        assert (job(import_id).state, job(import_id).left) == (State.DONE, 2)
        assert outcomes(database, import_id) == [Outcome.NOT_TRIED] * 2

        directory.down = False
        assert import_store.take_up(database, anne.id, import_id)
        assert job(import_id).done == 0
        do_now(directory, database, import_id)
        assert job(import_id).counts == {Outcome.CREATE: 2}

    def test_nothing_is_left_of_one_that_is_done(self, directory, database, begin, anne):
        import_id = begin(a_line(2))
        do_now(directory, database, import_id)

        assert not import_store.take_up(database, anne.id, import_id)

    @pytest.mark.parametrize("way", ["disabled", "gone", "no administrator"])
    def test_nothing_is_done_for_somebody_who_lost_his_rights_before_it_began(
        self, directory, database, begin, anne, way
    ):
        import_id = begin(a_line(2))
        match way:
            case "disabled":
                directory.disable(anne.id)
            case "gone":
                del directory._people[anne.id]
            case _:
                for company in ("acme", "globex"):
                    directory.remove_membership(anne.id, f"/{company}/administrators")

        do_now(directory, database, import_id)

        (row,) = import_store.rows_of(database, import_id, Outcome)
        assert (row.outcome, row.problems) == (Outcome.REFUSED, (Problem(Reason.UNKNOWN_COMPANY, "company"),))
        assert directory.mails == []

    def test_a_directory_that_fails_on_the_way_ends_nothing_but_its_line(self, directory, database, begin, job):
        import_id = begin(a_line(2), a_line(3), a_line(4))
        directory.fail("create_user", nth=2, error=UnavailableError("on purpose"))

        do_now(directory, database, import_id)

        assert job(import_id).left == 1


class TestWhose:
    def test_somebody_elses_does_not_exist(self, database, begin, bea):
        import_id = begin(a_line(2))

        for look in (import_store.job, import_store.take_up):
            with pytest.raises(HiddenError):
                look(database, bea.id, import_id)
            with pytest.raises(HiddenError):
                look(database, bea.id, "nothing")
        assert import_store.latest(database, bea.id) == []

    def test_ids_cannot_be_guessed(self, directory, database, begin):
        ids = []
        for _ in range(2):
            ids.append(begin(a_line(2)))
            do_now(directory, database, ids[-1])

        assert [len(bytes.fromhex(one)) for one in ids] == [16, 16]
        assert ids[0] != ids[1]

    def test_the_newest_comes_first(self, directory, database, begin, anne):
        first = begin(a_line(2))
        do_now(directory, database, first)
        second = begin(a_line(2))

        assert [job.id for job in import_store.latest(database, anne.id)] == [second, first]


class TestPurge:
    def test_the_next_import_deletes_what_is_old_with_its_lines(self, directory, database, begin, anne):
        do_now(directory, database, begin(a_line(2)))
        with database.transaction() as connection:
            connection.execute(update(imports).values(created_at=now() - KEPT - 1, beat_at=now() - KEPT - 1))
        young = begin(a_line(3))

        with database.engine.connect() as connection:
            assert {row.import_id for row in connection.execute(select(import_lines))} == {young}
        assert [job.id for job in import_store.latest(database, anne.id)] == [young]

    def test_an_old_one_that_goes_on_is_kept(self, database, begin):
        begin(a_line(2))
        with database.transaction() as connection:
            connection.execute(update(imports).values(created_at=now() - KEPT - 1))

        assert import_store.purge(database) == 0


def test_this_process_is_the_worker(database, begin):
    import_id = begin(a_line(2))
    with database.engine.connect() as connection:
        assert (
            connection.execute(select(imports.c.worker).where(imports.c.id == import_id)).scalar_one() == worker()
        )


def test_one_that_waits_for_its_turn_shows_that_it_lives(directory, database, begin, job, bea, monkeypatch):
    """Or another host would take it for dead, and do it too."""
    monkeypatch.setattr(background, "BEAT", 0.01)
    imports_of_ours, first = ImportWorker(), begin(a_line(2))
    for _ in range(import_worker.IMPORTS_AT_ONCE):
        imports_of_ours._turns.acquire()
    left_by_the_dead(database, first, now() - 3600, name="elsewhere:1:1")

    imports_of_ours.start(directory, database, first)
    until(lambda: job(first).state is State.RUNNING, "it shows that it lives", seconds=60, pause=0.01)
    assert directory.mails == []

    imports_of_ours.stop()
    assert (job(first).state, job(first).left) == (State.INTERRUPTED, 1)
