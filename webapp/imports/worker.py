"""Bringing an import to its end: in the request when it is small, in the background when it is not.

A process that ends gives its imports back and leaves a line only when it is done; one that dies is noticed. Either
way another process takes them up, and their author may do so before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from threading import Event

from directory.errors import UnavailableError
from directory.gateway import Directory
from webapp.errors import NotAdministratorError
from webapp.imports import store
from webapp.imports.apply import Manner, apply
from webapp.imports.dry_run import Questions, prepared
from webapp.imports.plan import TO_DO, Outcome, Problem, Reason, Row
from webapp.jobs.background import Background
from webapp.people.administration import administration_now
from webapp.people.context import Context
from webapp.records import outbox
from webapp.storage.database import Database

AT_ONCE = 8
"""Rows of one import under way at a time. More make Keycloak no faster (`make bench-portal`)."""
IMPORTS_AT_ONCE = 2


class ImportWorker(Background):
    """The imports that this process does in the background, a few at a time."""

    def __init__(self) -> None:
        super().__init__(IMPORTS_AT_ONCE)

    def start(self, directory: Directory, database: Database, import_id: str, today: date = date.min) -> None:
        """Do what is left of an import that is ours, and return at once; last days before `today` are refused."""
        self.begin(partial(self._run, directory, database, import_id, today))

    def take_up_interrupted(self, directory: Directory, database: Database) -> list[str]:
        """Go on with what dead processes left behind; the ids of these imports. What is old is deleted."""
        store.purge(database)
        ids = store.claim_interrupted(database)
        for import_id in ids:
            self.start(directory, database, import_id)
        return ids

    def _run(self, directory: Directory, database: Database, import_id: str, today: date) -> None:
        beat = partial(store.beat, database, import_id)
        with _ours(database, import_id, self.stopping), self.turn(beat) as began:
            if began:
                stopping = self.stopping
                finish(directory, database, import_id, at_once=AT_ONCE, stopping=stopping, today=today)


def do_now(directory: Directory, database: Database, import_id: str, today: date = date.min) -> None:
    """Do what is left of a small import, one row after the other."""
    stopping = Event()
    with _ours(database, import_id, stopping):
        finish(directory, database, import_id, at_once=1, stopping=stopping, today=today)


def finish(
    directory: Directory,
    database: Database,
    import_id: str,
    *,
    at_once: int,
    stopping: Event,
    today: date = date.min,
) -> None:
    """Do every line that has no outcome yet, and write down what became of it, until `stopping` is set."""
    author, mails, lines = store.work_of(database, import_id)
    record = partial(store.record, database, import_id)
    context = Context(directory, database, author)
    try:
        administration = administration_now(directory, author)
        rows = prepared(directory, administration, lines, Questions(context, administration), today)
    except NotAdministratorError:
        record(Row(line, Outcome.REFUSED, (Problem(Reason.UNKNOWN_COMPANY, "company"),)) for line in lines)
        return
    except UnavailableError:
        record(Row(line, Outcome.NOT_TRIED, (Problem(Reason.DIRECTORY_UNAVAILABLE),)) for line in lines)
        return
    record(row for row in rows if row.outcome not in TO_DO)
    to_do = [row for row in rows if row.outcome in TO_DO]
    apply(context, administration, to_do, Manner(mails, import_id, at_once, record, stopping))


@contextmanager
def _ours(database: Database, import_id: str, stopping: Event) -> Iterator[None]:
    """The block in which this process is at work on an import; one left early can be taken up by another."""
    complete = False
    try:
        yield
        complete = not stopping.is_set()
    finally:
        if complete:
            store.finish(database, import_id)
            outbox.release(database, import_id)
        else:
            store.give_back(database, import_id)
