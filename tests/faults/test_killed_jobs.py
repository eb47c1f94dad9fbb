"""R14: the portal killed at every call of a selection, an import and a replacement; then finished."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import count
from typing import TypeVar

import pytest
from sqlalchemy import select

from directory.model import Attachment, Company, Member, User
from tests.builders import a_company, a_context, a_profile, an_attachment, an_author
from tests.faults.conftest import empty
from tests.faults.mortal import DEAD, Mortal, killed_at, leases_end, running
from webapp.errors import HiddenError
from webapp.imports import store
from webapp.imports.csv_format import Line
from webapp.imports.worker import ImportWorker, do_now
from webapp.jobs import batches
from webapp.jobs import state as jobs
from webapp.people import replacement
from webapp.people.administration import administration_now, person
from webapp.people.recovery import resume
from webapp.records.operations import State
from webapp.selection.plan import Act, Asked
from webapp.selection.worker import Done, SelectionWorker, notify_of_interrupted
from webapp.storage.database import Database, journal, journal_companies, notices, now

ACME, GLOBEX = a_company("acme"), a_company("globex")
NEW = "new@acme.example"
Held = Mapping[str, Attachment]
World = tuple[int, Mortal, User]
Worker = TypeVar("Worker", SelectionWorker, ImportWorker)


@pytest.fixture
def worlds(database: Database) -> Iterator[World]:
    """For each moment a new world: the directory, and who acts."""

    def made() -> Iterator[World]:
        for moment in count(1):
            empty(database)
            directory = Mortal(ACME, GLOBEX)
            everywhere = [an_attachment(company, administrator=True) for company in (ACME, GLOBEX)]
            yield moment, directory, directory.add_user(a_profile(), everywhere)

    return made()


def held(directory: Mortal, user: User) -> dict[str, Attachment]:
    return {at.company_id: at for _, at in directory.attachments_of(user.id)}


def no_more_than_before(directory: Mortal, before: Mapping[User, Held]) -> None:
    """While people lose what they have, each holds what they had, nothing, or a part of it."""
    for user, had in before.items():
        for company_id, at in held(directory, user).items():
            assert at.company_id in had
            assert had[company_id].administers or not at.administers
            assert f"/{company_id}" in directory.groups_of(user.id), "nobody is in a subgroup alone"


def finish(directory: Mortal, database: Database) -> None:
    """The next process begins: what was under way ends, and is done."""
    assert {state for _, state in resume(directory, database)} <= {State.DONE}
    assert running(database) == []
    leases_end(database)


def told(database: Database) -> list[tuple[str, str, str]]:
    """Who was given or lost something, at which company, as the lines of the journal that are done say."""
    query = (
        select(journal.c.person_email, journal_companies.c.company_id, journal.c.action)
        .join(journal_companies, journal_companies.c.line_id == journal.c.id)
        .where(journal.c.outcome == "done", journal.c.action != "replace")
    )
    with database.engine.connect() as connection:
        return sorted((row.person_email, row.company_id, row.action) for row in connection.execute(query))


def no_notice_waits(database: Database) -> bool:
    """Whoever was given or lost something hears of it now."""
    with database.engine.connect() as connection:
        return not connection.execute(select(notices.c.id).where(notices.c.due_at > now())).all()


def in_this_thread(worker: Worker) -> Worker:
    """Its work is done before `start` returns."""
    worker.begin = lambda act: act()  # type: ignore[method-assign]
    return worker


def test_a_selection(worlds: Iterator[World], database: Database):
    """Its page says that it was interrupted; the same once more does what is left, and each is told once."""
    for moment, directory, actor in worlds:
        people = [
            directory.add_user(a_profile(), [an_attachment(ACME, administrator=True), an_attachment(GLOBEX)]),
            directory.add_user(a_profile(), [an_attachment(ACME, external=True)]),
            directory.add_user(a_profile(), [an_attachment(GLOBEX, administrator=True, external=True)]),
        ]
        before = {user: held(directory, user) for user in people}

        def detach(directory: Mortal = directory, actor: User = actor, people: list[User] = people) -> None:
            asked = Asked(Act.DETACH)
            ids = [user.id for user in people]
            in_this_thread(SelectionWorker()).start(a_context(directory, database, actor), asked, ids)

        died = killed_at(moment, directory, detach)
        no_more_than_before(directory, before)
        finish(directory, database)
        notify_of_interrupted(database)
        assert no_notice_waits(database)
        batch = batches.latest(database, actor.id)
        if batch is not None:
            assert batch.state is (jobs.State.INTERRUPTED if died else jobs.State.DONE)
            for user_id, outcome in batch.results:
                assert outcome != Done.DONE or directory.attachments_of(user_id) == ()
        if died:
            detach()
        assert [held(directory, user) for user in people] == [{}, {}, {}]
        assert told(database) == sorted((u.email, name, "detach") for u, had in before.items() for name in had)
        if not died:
            assert moment > 20, "it was killed at every one of them"
            return


def test_an_import(worlds: Iterator[World], database: Database):
    """The next process takes it up: one account, one mail at most, each line done and told once."""
    for moment, directory, actor in worlds:
        known = directory.add_user(a_profile(), [an_attachment(ACME)])
        lines = [
            a_line(2, NEW, ACME, role="administrator"),
            a_line(3, NEW, GLOBEX, affiliation="external"),
            a_line(4, known.email, ACME, role="administrator"),
            a_line(5, known.email, GLOBEX),
        ]
        import_id = begun_by_the_dead(database, actor, lines)
        died = killed_at(moment, directory, lambda d=directory, i=import_id: do_now(d, database, i))
        finish(directory, database)
        taken_up = in_this_thread(ImportWorker()).take_up_interrupted(directory, database)
        assert taken_up == ([import_id] if died else [])
        job = store.job(database, actor.id, import_id)
        assert (job.state, job.left, job.done) == (jobs.State.DONE, 0, 4)
        (made,) = [user for user in directory.people() if user.email == NEW]
        assert held(directory, made) == {
            "acme": an_attachment(ACME, administrator=True),
            "globex": an_attachment(GLOBEX, external=True),
        }
        assert held(directory, known) == {
            "acme": an_attachment(ACME, administrator=True),
            "globex": an_attachment(GLOBEX),
        }
        assert directory.mails in ([], [NEW])
        assert bool(made.activation_sent_at) <= bool(directory.mails), "no mail is claimed that did not leave"
        assert told(database) == sorted(
            [
                (NEW, "acme", "create"),
                (NEW, "globex", "create"),
                (known.email, "acme", "change"),
                (known.email, "globex", "attach"),
            ]
        )
        if not died:
            assert directory.mails == [NEW]
            assert moment > 20, "it was killed at every one of them"
            return


def begun_by_the_dead(database: Database, actor: User, lines: list[Line]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "worker", lambda: DEAD)
        return store.begin(database, an_author(actor), lines)


def a_line(number: int, email: str, company: Company, **cells: str) -> Line:
    usual = {"last_name": "Martin", "first_name": "Zoé", "title": "mme", "locale": "fr"}
    at = {"company": company.id, "role": "user", "affiliation": "internal"}
    return Line(number, {"email": email, **usual, **at, **cells})


def test_a_replacement(worlds: Iterator[World], database: Database):
    """The same address once more ends it: one new account with all attachments, and the old one has none."""
    for moment, directory, actor in worlds:
        had = [an_attachment(ACME, administrator=True), an_attachment(GLOBEX, external=True)]
        old = directory.add_user(a_profile(), had)
        before = {old: held(directory, old)}

        def replace(directory: Mortal = directory, actor: User = actor, old: User = old) -> None:
            context = a_context(directory, database, actor)
            mine = administration_now(directory, context.author)
            known = directory.find_by_email(NEW)
            there = Member(known, tuple(held(directory, known).values())) if known else None
            found = replacement.replacement_of(context, mine, person(directory, mine, old.id), there)
            if known:
                replacement.replace_by_known(context, mine, found, known)
            else:
                replacement.replace_by_new(context, mine, found, NEW)

        died = killed_at(moment, directory, replace)
        no_more_than_before(directory, before)
        made = directory.find_by_email(NEW)
        assert made is None or set(held(directory, made).values()) == set(had), "an account is made whole"
        assert made is not None or held(directory, old) == before[old], "nothing is taken before it is given"
        finish(directory, database)
        if died:
            with suppress(HiddenError):  # the old one is at none of my companies any more: it has been done
                replace()
        (made,) = [user for user in directory.people() if user.email == NEW]
        assert set(held(directory, made).values()) == set(had)
        assert held(directory, old) == {}
        assert directory.mails in ([], [NEW])
        expected = [
            (who, at.company_id, act) for who, act in ((NEW, "create"), (old.email, "detach")) for at in had
        ]
        assert told(database) == sorted(expected)
        if not died:
            assert directory.mails == [NEW]
            assert moment > 20, "it was killed at every one of them"
            return
