"""Finishing what a process left behind when it died in the middle of an operation, or what was left half done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from directory.errors import DirectoryError, EmailTakenError, NotFoundError, UnavailableError
from directory.gateway import Directory
from directory.model import Attachment, AttachmentChange, Company, User
from webapp.errors import HiddenError, LastAdministratorError, PortalError
from webapp.people import accounts, attachments
from webapp.people.attachments import LAST_ADMINISTRATOR
from webapp.people.context import Context
from webapp.records.journal import Outcome, entry_of, person_of
from webapp.records.notice import notice_of
from webapp.records.operations import (
    Operation,
    State,
    Work,
    claim_interrupted,
    finishing,
    release,
    take_partial,
)
from webapp.records.payloads import Act, AttachmentChanges, NewAccount
from webapp.storage.database import Database

INTERRUPTED = "interrupted"


def resume(directory: Directory, database: Database) -> list[tuple[Operation, State]]:
    """Finish every interrupted operation; each with how it ended (`RUNNING`: not now, try again).

    A creation that never reached Keycloak is made now, with its mail. One that did is left as it is: whether its
    mail left cannot be known, a second one is for a person to send, and the list says « Mail non envoyé ». Neither
    is a mail, a correction or a cancellation repeated: the journal says that it was interrupted.
    """
    return [(operation, _finish(directory, database, operation)) for operation in claim_interrupted(database)]


def complete(context: Context, operation_id: str) -> None:
    """Do now what was left of one of the author's changes.

    `HiddenError` when it is another's; `PartlyDoneError`, `LastAdministratorError` and what the directory raises
    when it cannot be finished now either.
    """
    operation = take_partial(context.database, context.author.id, operation_id, State.RUNNING)
    if operation is None:
        raise HiddenError(operation_id)
    with finishing(context.database, operation) as work:
        try:
            _do(replace(context, author=operation.author), work)
        except UnavailableError:
            work.stop_on_the_way(operation.payload)
            raise


def dismiss(database: Database, author_id: str, operation_id: str) -> None:
    """Leave a half-done change as it is, and speak of it no more; `HiddenError` when it is not theirs."""
    if take_partial(database, author_id, operation_id, State.FAILED) is None:
        raise HiddenError(operation_id)


def _finish(directory: Directory, database: Database, operation: Operation) -> State:
    try:
        with finishing(database, operation) as work:
            try:
                _do(Context(directory, database, operation.author), work)
            except (DirectoryError, PortalError) as error:
                if any(isinstance(one, UnavailableError) for one in (error, error.__cause__)):
                    # No one was notified; Keycloak or a lock is only late: the next call tries again.
                    work.state = State.RUNNING
                raise
    except (DirectoryError, PortalError):
        if work.state is State.RUNNING:
            release(database, operation.id)
    return work.state


def _do(context: Context, work: Work) -> None:
    match work.operation.payload:
        case NewAccount() as account:
            _create(context, work, account)
        case AttachmentChanges() as changes:
            _change(context, work, changes)
        case Act(entry):
            work.state = State.FAILED
            work.note(replace(entry, outcome=Outcome.FAILED, reason=INTERRUPTED))


def _create(context: Context, work: Work, account: NewAccount) -> None:
    actor_id = context.author.id
    if not _still_administers(context.directory, actor_id, (a.company_id for a in account.attachments)):
        raise NotFoundError(actor_id)
    with context.locked(accounts.lock_names(account.profile.email)) as held:
        try:
            accounts.make(held, work, account)
        except EmailTakenError:
            accounts.note_if_made(held.directory, work, account)


def _change(context: Context, work: Work, asked: AttachmentChanges) -> None:
    """Do what the author may still do; `NotFoundError` when something had to be left."""
    directory, actor_id = context.directory, context.author.id
    wanted = {one.company_id: one.after for one in asked.changes}
    user = directory.user(asked.user_id)
    allowed = {
        company.id: company
        for company, at in _attachments_of_author(directory, actor_id)
        if company.id in wanted and (at.administers or (actor_id == user.id and wanted[company.id] is None))
    }
    with context.locked(attachments.lock_names(allowed, user.id)) as held:
        present = attachments.present_at(directory, user, wanted)
        # Done before the process died, or without its answer having reached us.
        done = [one for one in asked.changes if present.get(one.company_id) == one.after]
        work.note(*(entry_of(one, person_of(user)) for one in done))
        left = attachments.to_do(present, {company_id: wanted[company_id] for company_id in allowed})
        _refuse_last_administrators(directory, work, allowed, user, left)
        attachments.make(held.directory, work, allowed, user, left)
        made = [(allowed[one.company_id], one) for one in (*done, *left) if one.company_id in allowed]
        work.notice = notice_of(work.operation.author, user, made) if made else None
    if any(present.get(o.company_id) != o.after and o.company_id not in allowed for o in asked.changes):
        raise NotFoundError("the actor administers these companies no more")


def _refuse_last_administrators(
    directory: Directory,
    work: Work,
    companies: Mapping[str, Company],
    user: User,
    changes: Sequence[AttachmentChange],
) -> None:
    for one in changes:
        try:
            attachments.refuse_last_administrator(directory, companies[one.company_id], user, one)
        except LastAdministratorError:
            work.note(entry_of(one, person_of(user), Outcome.REFUSED, LAST_ADMINISTRATOR))
            raise


def _still_administers(directory: Directory, actor_id: str, company_ids: Iterable[str]) -> bool:
    administered = {company.id for company, at in _attachments_of_author(directory, actor_id) if at.administers}
    return set(company_ids) <= administered


def _attachments_of_author(directory: Directory, actor_id: str) -> tuple[tuple[Company, Attachment], ...]:
    """What the author of an interrupted change is attached to now; nothing once their account is disabled."""
    return directory.attachments_of(actor_id) if directory.user(actor_id).enabled else ()
