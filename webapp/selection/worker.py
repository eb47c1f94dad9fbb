"""What was asked for several people, done in the background: one person after the other, each with a result.

A process that ends gives its batches back between two people; one that dies is noticed. A person of the batch gets
a line of the journal and a mail of their own; the administrators of a company get one mail for all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from directory.errors import DirectoryError, NotFoundError
from directory.model import Attachment, Company, User
from webapp.errors import (
    BatchRunningError,
    ChangedMeanwhileError,
    HiddenError,
    LastAdministratorError,
    NotAdministratorError,
    PartlyDoneError,
)
from webapp.jobs import batches
from webapp.jobs.background import Background
from webapp.jobs.state import State
from webapp.people import attachments, undo
from webapp.people.administration import Administration, administration_now, person
from webapp.people.context import Context
from webapp.records import journal_reading, outbox
from webapp.records.codec import decode, encode
from webapp.selection.plan import Act, Asked
from webapp.storage.database import Database

AT_ONCE = 4
"""Batches of this process under way at a time, each of another administrator."""
RIGHTS_EVERY = 10
"""People after which the author's rights are read again: a batch lasts, and a right can end meanwhile."""
GIVE_UP_AFTER = 3
"""Failures in a row after which the rest is not tried: the directory does not answer."""


class Done(StrEnum):
    """What became of one person of a batch."""

    DONE = "done"
    UNCHANGED = "unchanged"
    LAST_ADMINISTRATOR = "last_administrator"
    CHANGED_MEANWHILE = "changed_meanwhile"
    NOT_YOURS = "not_yours"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


class SelectionWorker(Background):
    """The batches of changes that this process makes."""

    def __init__(self) -> None:
        super().__init__(AT_ONCE)

    def start(self, context: Context, asked: Asked, user_ids: Sequence[str]) -> None:
        """Begin to do it to these people, in order; `BatchRunningError` while a batch of the author's runs."""
        database, author = context.database, context.author
        with batches.alone(database, author.id):
            if batches.is_running(database, author.id):
                raise BatchRunningError(author.id)
            kept = encode({"asked": asked, "made_by": author.request_id})
            mark = batches.begin(database, author.id, user_ids, kept)
        self.begin(partial(self._run, _Run(context, asked, mark), list(user_ids)))

    def _run(self, run: "_Run", user_ids: Sequence[str]) -> None:
        ended = False
        try:
            with self.turn(run.beat) as began:
                ended = began and self._do(run, user_ids)
        finally:
            # What was done is notified in any case: no one takes the rest up.
            outbox.release(run.context.database, run.context.author.request_id)
            if not ended:
                run.give_back()

    def _do(self, run: "_Run", user_ids: Sequence[str]) -> bool:
        """Whether all was done that there is to do."""
        for number, user_id in enumerate(user_ids):
            if self.stopping.is_set():
                return False
            if run.failures >= GIVE_UP_AFTER:
                return run.record(user_ids[number:], Done.NOT_TRIED)
            if not run.record([user_id], run.do(user_id)):
                return False
        return True


def asked_of(batch: batches.Batch) -> tuple[Asked, str] | None:
    """What a batch was asked for, and the request that made its changes; none of activation mails."""
    if batch.asked is None:
        return None
    return decode(batch.asked["asked"], Asked), str(batch.asked["made_by"])


def is_running(database: Database, actor_id: str) -> bool:
    """Whether a selection of theirs is under way."""
    batch = batches.latest(database, actor_id)
    return batch is not None and batch.asked is not None and batch.state is State.RUNNING


@dataclass(slots=True)
class _Run:
    """A batch that this process is at: what it knows of the author's rights, and when it gives up."""

    context: Context
    asked: Asked
    mark: float
    mine: Administration | None = None
    since: int = 0
    failures: int = 0

    def beat(self) -> None:
        batches.beat(self.context.database, self.context.author.id, self.mark)

    def give_back(self) -> None:
        batches.give_back(self.context.database, self.context.author.id, self.mark)

    def record(self, user_ids: Sequence[str], done: Done) -> bool:
        """False when the batch is kept no more: its author was erased."""
        outcomes = dict.fromkeys(user_ids, done.value)
        return batches.record(self.context.database, self.context.author.id, self.mark, outcomes)

    def do(self, user_id: str) -> Done:
        """One person; what became of them."""
        done = self._outcome(user_id)
        self.failures = self.failures + 1 if done is Done.FAILED else 0
        return done

    def _outcome(self, user_id: str) -> Done:
        act = self._take_back if self.asked.act is Act.UNDO else self._change
        try:
            return act(self._rights(), user_id)
        except ChangedMeanwhileError:
            return Done.CHANGED_MEANWHILE
        except LastAdministratorError:
            return Done.LAST_ADMINISTRATOR
        except (HiddenError, NotFoundError, NotAdministratorError):
            return Done.NOT_YOURS
        except (DirectoryError, PartlyDoneError):
            return Done.FAILED

    def _change(self, mine: Administration, user_id: str) -> Done:
        """Change the person as they are now; at a company whose last administrator they are they stay."""
        member = person(self.context.directory, mine, user_id)
        wanted = self.asked.wanted(member)
        present = {company_id: member.at(company_id) for company_id in wanted}
        refused = False
        while True:
            try:
                made = self._bring(mine, member.user, wanted, present)
                break
            except LastAdministratorError as error:
                refused = True
                del wanted[error.company.id]
        if refused:
            return Done.LAST_ADMINISTRATOR
        return Done.DONE if made else Done.UNCHANGED

    def _bring(
        self,
        mine: Administration,
        user: User,
        wanted: Mapping[str, Attachment | None],
        present: Mapping[str, Attachment | None],
    ) -> bool:
        batch = self.context.author.request_id
        companies: Sequence[Company] = mine.companies
        return bool(attachments.change(self.context, companies, user, wanted, expected=present, batch=batch))

    def _take_back(self, mine: Administration, user_id: str) -> Done:
        database, author = self.context.database, self.context.author
        lines = journal_reading.changes_by_request(database, author.id, self.asked.request, user_id)
        if not lines:
            return Done.UNCHANGED
        return Done.DONE if undo.restore(self.context, mine, lines, batch=author.request_id) else Done.UNCHANGED

    def _rights(self) -> Administration:
        """The author's companies, read again every so many people."""
        if self.mine is None or self.since >= RIGHTS_EVERY:
            self.mine = administration_now(self.context.directory, self.context.author)
            self.since = 0
        self.since += 1
        return self.mine
