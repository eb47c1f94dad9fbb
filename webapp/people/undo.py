"""Taking one's own change of attachments back, shortly after it was made.

The journal has what was before and after. Whatever somebody else changed since is not touched, and taking back is
a change like any other: under the same rules, with its own lines and mails.
"""

from directory.model import Attachment, User
from webapp.errors import HiddenError, TooLateError
from webapp.people import attachments
from webapp.people.administration import Administration
from webapp.people.context import Context
from webapp.records import journal_reading
from webapp.records.journal import Values

SHORTLY = 600.0
"""Seconds for which a change can be taken back with one click."""


def take_back(context: Context, mine: Administration, change_id: str) -> User:
    """Bring the person to what they were before one of the author's changes; whom it was about.

    `HiddenError` when it is not theirs, or was at a company that they no longer administer; `TooLateError` after
    `SHORTLY`; `ChangedMeanwhileError` when the person is no longer as the change left them; and what
    `attachments.change` raises.
    """
    lines = journal_reading.changes_of(context.database, context.author.id, change_id)
    company_ids = {line.company_id for line in lines}
    if not lines or not company_ids <= mine.ids:
        raise HiddenError(change_id)
    if min(line.at for line in lines) < context.clock() - SHORTLY:
        raise TooLateError(change_id)
    user = context.directory.user(lines[0].person_id)
    before = {line.company_id: _attachment(line.before, line.company_id) for line in lines}
    after = {line.company_id: _attachment(line.after, line.company_id) for line in lines}
    attachments.change(context, mine.companies, user, before, expected=after)
    return user


def _attachment(values: Values | None, company_id: str) -> Attachment | None:
    return values.attachment(company_id) if values else None
