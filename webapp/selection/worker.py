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
from webapp.jobs.batch_worker import BatchWorker, Held
from webapp.jobs.state import State
from webapp.people import attachments, undo
from webapp.people.administration import Administration, Rights, person
from webapp.people.context import Context
from webapp.records import journal_reading, outbox
from webapp.records.codec import decode, encode
from webapp.selection.plan import Act, Asked
from webapp.storage.database import Database

AT_ONCE = 4
"""Batches of this process under way at a time, each of another administrator."""
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


class SelectionWorker(BatchWorker):
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
            held = Held(database, author.id, batches.begin(database, author.id, user_ids, kept))
        run = _Run(context, asked, Rights(context.directory, author))
        self.begin(partial(self._do, held, list(user_ids), run))

    def _do(self, held: Held, user_ids: Sequence[str], run: "_Run") -> None:
        try:
            self.go_through(held, user_ids, run.do, run.reason_to_stop)
        finally:
            # What was done is notified in any case: no one takes the rest up.
            outbox.release(held.database, run.context.author.request_id)


def asked_of(batch: batches.Batch) -> tuple[Asked, str] | None:
    """What a batch was asked for, and the request that made its changes; none of activation mails."""
    if batch.asked is None:
        return None
    return decode(batch.asked["asked"], Asked), str(batch.asked["made_by"])


def notify_of_interrupted(database: Database) -> None:
    """What was done before a process died is notified now: no one takes the rest up."""
    for batch in batches.interrupted(database):
        if kept := asked_of(batch):
            outbox.release(database, kept[1])


def is_running(database: Database, actor_id: str) -> bool:
    """Whether a selection of theirs is under way."""
    batch = batches.latest(database, actor_id)
    return batch is not None and batch.asked is not None and batch.state is State.RUNNING


@dataclass(slots=True)
class _Run:
    """A batch under way: what it knows of the author's rights, and when it gives up."""

    context: Context
    asked: Asked
    rights: Rights
    failures: int = 0

    def reason_to_stop(self) -> Done | None:
        """What stops everything to come: the directory does not answer."""
        return Done.NOT_TRIED if self.failures >= GIVE_UP_AFTER else None

    def do(self, user_id: str) -> Done:
        """One person; what became of them."""
        done = self._outcome(user_id)
        self.failures = self.failures + 1 if done is Done.FAILED else 0
        return done

    def _outcome(self, user_id: str) -> Done:
        act = self._take_back if self.asked.act is Act.UNDO else self._change
        try:
            return act(self.rights.now(), user_id)
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
