"""Attaching, changing and detaching a person at the companies of one administrator."""

from collections.abc import Iterable, Mapping, Sequence

from directory.errors import DirectoryError, NotFoundError
from directory.gateway import Directory
from directory.model import (
    Attachment,
    AttachmentChange,
    Company,
    User,
    difference,
)
from webapp.errors import ChangedMeanwhileError, LastAdministratorError, PartlyDoneError
from webapp.identity.actor import Author
from webapp.people import activations
from webapp.people.context import Context
from webapp.people.policies import would_be_last_administrator
from webapp.records import journal
from webapp.records.journal import Action, Entry, Outcome, entry_of, person_of
from webapp.records.notice import notice_of
from webapp.records.operations import Work, under_way
from webapp.records.payloads import AttachmentChanges

LAST_ADMINISTRATOR = "last_administrator"
NOT_ANSWERED = "not_answered"
GONE = "gone"


def change(
    context: Context,
    companies: Iterable[Company],
    user: User,
    wanted: Mapping[str, Attachment | None],
    *,
    expected: Mapping[str, Attachment | None] | None = None,
    batch: str = "",
) -> tuple[AttachmentChange, ...]:
    """Bring a person's attachments at these companies to what is wanted; what was changed.

    Companies that `wanted` does not name stay as they are. Acts on the present state, so it may be repeated; where
    `expected` names a company that has changed since, `ChangedMeanwhileError`. `LastAdministratorError` before
    anything is written; `PartlyDoneError` when it stopped on the way. The people
    concerned are notified, those of one `batch` together once it is released.
    """
    by_id = {company.id: company for company in companies if company.id in wanted}
    with context.locked(lock_names(by_id, user.id)) as held:
        present = present_at(held.directory, user, by_id)
        changes = to_do(present, {company_id: wanted[company_id] for company_id in by_id})
        _refuse_changed_meanwhile(present, expected or {}, changes)
        try:
            for one in changes:
                refuse_last_administrator(held.directory, by_id[one.company_id], user, one)
        except LastAdministratorError as error:
            refused = next(one for one in changes if one.company_id == error.company.id)
            line = _entry(held.author, refused, user, Outcome.REFUSED, LAST_ADMINISTRATOR)
            journal.write(held.database, held.author, [line])
            raise
        if not changes:
            return ()
        with under_way(held.database, held.author, payload_of(user, changes, batch=batch)) as work:
            make(held.directory, work, by_id, user, changes)
    return changes


def lock_names(company_ids: Iterable[str], user_id: str) -> list[str]:
    """What is locked around changes at these companies: two portals never take the last two administrators.

    The person too: the ends of all their attachments are one value of their account.
    """
    return [*(f"company:{company_id}" for company_id in company_ids), *activations.lock_names(user_id)]


def present_at(directory: Directory, user: User, company_ids: Iterable[str]) -> dict[str, Attachment]:
    """What the person is at these companies, read now."""
    wanted = set(company_ids)
    return {a.company_id: a for _, a in directory.attachments_of(user.id) if a.company_id in wanted}


def to_do(
    present: Mapping[str, Attachment], wanted: Mapping[str, Attachment | None]
) -> tuple[AttachmentChange, ...]:
    """What has to change at the companies that `wanted` names."""
    before = [attachment for company_id, attachment in present.items() if company_id in wanted]
    return difference(before, [attachment for attachment in wanted.values() if attachment])


def refuse_last_administrator(directory: Directory, company: Company, user: User, one: AttachmentChange) -> None:
    """`LastAdministratorError` when the change would leave the company without an active administrator.

    Reads the company's administrators afresh; the caller holds the company's lock, or two could leave at once.
    """
    if one.takes_administrator and would_be_last_administrator(directory.administrators(company), user, one):
        raise LastAdministratorError(company)


def make(
    directory: Directory,
    work: Work,
    companies: Mapping[str, Company],
    user: User,
    changes: Sequence[AttachmentChange],
) -> None:
    """Make the changes one after the other, and note each; the caller holds the companies' locks."""
    author = work.operation.author
    for index, one in enumerate(changes):
        try:
            directory.change_attachment(user.id, companies[one.company_id], one)
        except DirectoryError as error:
            # A company (or the person) that vanished between reading and writing leaves nothing to attach to.
            gone = isinstance(error, NotFoundError)
            reason = GONE if gone else NOT_ANSWERED
            work.note(*(_entry(author, left, user, Outcome.FAILED, reason) for left in changes[index:]))
            if index == 0 or gone:
                raise
            work.stop_on_the_way(payload_of(user, changes[index:], batch=work.operation.payload.batch))
            raise PartlyDoneError(work.operation.id, changes[:index], changes[index:]) from error
        work.note(_entry(author, one, user))
        work.notice = notice_of(author, user, [(companies[c.company_id], c) for c in changes[: index + 1]])


def payload_of(user: User, changes: Iterable[AttachmentChange], *, batch: str = "") -> AttachmentChanges:
    """Changes of one person's attachments, as an operation keeps them."""
    return AttachmentChanges(user.id, tuple(changes), user.profile.full_name, batch)


def _refuse_changed_meanwhile(
    present: Mapping[str, Attachment],
    expected: Mapping[str, Attachment | None],
    changes: Iterable[AttachmentChange],
) -> None:
    moved = [
        one
        for one in changes
        if one.company_id in expected and present.get(one.company_id) != expected[one.company_id]
    ]
    if moved:
        raise ChangedMeanwhileError([one.company_id for one in moved])


def _entry(
    author: Author, one: AttachmentChange, user: User, outcome: Outcome = Outcome.DONE, reason: str = ""
) -> Entry:
    entry = entry_of(one, person_of(user), outcome, reason)
    if entry.action is Action.DETACH and author.id == user.id:
        return journal.renamed(entry, Action.LEAVE)
    if entry.action is Action.DETACH and not author.id and one.before and one.before.until:
        return journal.renamed(entry, Action.END)
    return entry
