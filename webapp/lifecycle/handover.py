"""Replaced accounts that stayed as a last active administrator: detached once the other account is active."""

from directory.errors import DirectoryError, NotFoundError
from directory.model import ActivationStatus, Attachment, Company, User
from webapp.errors import ChangedMeanwhileError, LastAdministratorError
from webapp.lifecycle.once import REMEMBERED
from webapp.people import attachments
from webapp.people.context import Context
from webapp.records import journal_reading
from webapp.records.journal_reading import Replaced


def hand_over(context: Context) -> bool:
    """Detach the old accounts where the new ones administer by now; false when it is to be tried again.

    Only where nothing has been done to the old one since: somebody who attached it again meant it.
    """
    complete = True
    for replaced in journal_reading.unfinished_replacements(context.database, context.clock() - REMEMBERED):
        try:
            for old, company, attachment in _due(context, replaced):
                _detach(context, old, company, attachment)
        except (NotFoundError, ChangedMeanwhileError, LastAdministratorError):
            continue
        except DirectoryError:
            complete = False
    return complete


def _due(context: Context, replaced: Replaced) -> list[tuple[User, Company, Attachment]]:
    if context.directory.user(replaced.new_id).status() is not ActivationStatus.ACTIVE:
        return []
    administered = {a.company_id for _, a in context.directory.attachments_of(replaced.new_id) if a.administers}
    old = context.directory.user(replaced.old_id)
    return [
        (old, company, attachment)
        for company, attachment in context.directory.attachments_of(old.id)
        if company.id in replaced.company_ids & administered and attachment.administers
    ]


def _detach(context: Context, old: User, company: Company, attachment: Attachment) -> None:
    attachments.change(context, [company], old, {company.id: None}, expected={company.id: attachment})
