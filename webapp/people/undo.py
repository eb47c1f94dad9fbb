"""Taking one's own change of attachments, or replacement of an account, back, shortly after it was made.

The journal has what was before and after. Whatever somebody else changed since is not touched, and taking back is
a change like any other: under the same rules, with its own lines and mails.
"""

from collections.abc import Sequence
from contextlib import suppress

from directory.errors import NotFoundError
from directory.model import Attachment, AttachmentChange, User
from webapp.errors import AlreadyActiveError, HiddenError, TooLateError
from webapp.people import accounts, attachments
from webapp.people.administration import Administration
from webapp.people.context import Context
from webapp.people.policies import may_resend_activation
from webapp.records import journal_reading
from webapp.records.journal import Values
from webapp.records.journal_reading import Changed, Replaced

SHORTLY = 600.0
"""Seconds for which a change can be taken back with one click."""


def take_back(context: Context, mine: Administration, change_id: str) -> User:
    """Bring the person to what they were before one of the author's changes; whom it was about.

    `HiddenError` when it is not theirs, or was at a company that they no longer administer; `TooLateError` after
    `SHORTLY`; `ChangedMeanwhileError` when the person is no longer as the change left them; and what
    `attachments.change` raises. A replacement is named by the creation of the new account: `AlreadyActiveError`
    once that one is activated.
    """
    if replaced := journal_reading.replacement_made(context.database, context.author.id, change_id):
        return _take_replacement_back(context, mine, replaced)
    lines = journal_reading.changes_of(context.database, context.author.id, change_id)
    if not lines or not {line.company_id for line in lines} <= mine.ids:
        raise HiddenError(change_id)
    if min(line.at for line in lines) < context.clock() - SHORTLY:
        raise TooLateError(change_id)
    restore(context, mine, lines)
    return context.directory.user(lines[0].person_id)


def _take_replacement_back(context: Context, mine: Administration, replaced: Replaced) -> User:
    """Attach the old account as before, then cancel the new one; whom it was about."""
    if not replaced.company_ids <= mine.ids:
        raise HiddenError(replaced.old_id)
    if replaced.at < context.clock() - SHORTLY:
        raise TooLateError(replaced.new_id)
    with suppress(NotFoundError):  # cancelled already
        if not may_resend_activation(context.directory.user(replaced.new_id).status()):
            raise AlreadyActiveError(replaced.new_id)
    lines = journal_reading.changes_by_request(
        context.database, context.author.id, replaced.request_id, replaced.old_id
    )
    if lines:  # none where the old one was the last administrator everywhere, or could not be detached
        restore(context, mine, lines)
    with suppress(NotFoundError, HiddenError):
        accounts.cancel(context, mine, replaced.new_id)
    return context.directory.user(replaced.old_id)


def restore(
    context: Context, mine: Administration, lines: Sequence[Changed], *, batch: str = ""
) -> tuple[AttachmentChange, ...]:
    """Bring the person of these lines to what they were before them; what was changed.

    `HiddenError` when a company is no longer administered; `ChangedMeanwhileError`, and as `attachments.change`.
    """
    if not {line.company_id for line in lines} <= mine.ids:
        raise HiddenError(lines[0].person_id)
    user = context.directory.user(lines[0].person_id)
    before = {line.company_id: _attachment(line.before, line.company_id) for line in lines}
    after = {line.company_id: _attachment(line.after, line.company_id) for line in lines}
    return attachments.change(context, mine.companies, user, before, expected=after, batch=batch)


def _attachment(values: Values | None, company_id: str) -> Attachment | None:
    return values.attachment(company_id) if values else None
