"""Another account for a person whose address has changed: the address is the identifier, so it cannot change.

The new account gets the names, the title, the language and the attachments at the author's companies; the old one
is detached from these. What the person has elsewhere stays on the old account.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from directory.errors import DirectoryError
from directory.model import Attachment, AttachmentChange, Company, Member, Profile, User
from webapp.errors import PortalError
from webapp.people import accounts, attachments
from webapp.people.administration import Administration
from webapp.people.context import Context
from webapp.people.policies import would_be_last_administrator
from webapp.records import journal
from webapp.records.journal import Action, Entry, Values, person_of
from webapp.records.payloads import NewAccount


@dataclass(frozen=True, slots=True)
class Replacement:
    """What replacing an account would do.

    `gained` are attachments of the other account, `left` those that the old one loses. At the companies of `kept`
    the old one is the last active administrator: it stays there until the other account is active
    (`lifecycle.handover`).
    """

    old: Member
    gained: tuple[AttachmentChange, ...]
    left: tuple[AttachmentChange, ...]
    kept: tuple[Company, ...]


@dataclass(frozen=True, slots=True)
class Replaced:
    """What was done: the other account, whether its activation mail left, and whether the old one was detached."""

    user: User
    mail_sent: bool
    is_detached: bool


def replacement_of(
    context: Context, administration: Administration, old: Member, known: Member | None
) -> Replacement:
    """What replacing `old` by the account `known`, or by a new one, would do now."""
    there = {a.company_id for a in known.attachments} if known else set()
    gained = tuple(AttachmentChange(a.company_id, None, a) for a in old.attachments if a.company_id not in there)
    left, kept = [], []
    for attachment in old.attachments:
        company = administration.company(attachment.company_id)
        change = AttachmentChange(company.id, attachment, None)
        if _must_stay(context, company, old.user, change):
            kept.append(company)
        else:
            left.append(change)
    return Replacement(old, gained, tuple(left), tuple(kept))


def _must_stay(context: Context, company: Company, user: User, change: AttachmentChange) -> bool:
    if not change.takes_administrator:
        return False
    return would_be_last_administrator(context.directory.administrators(company), user, change)


def replace_by_new(context: Context, administration: Administration, found: Replacement, email: str) -> Replaced:
    """Create the account and detach the old one; `EmailTakenError` when the address has an account meanwhile."""
    old = found.old.user.profile
    profile = Profile(email, old.last_name, old.first_name, old.title, old.locale)
    wanted = tuple(change.after for change in found.gained if change.after)
    made = accounts.create(context, NewAccount(profile, wanted), administration.companies)
    return Replaced(made.user, made.mail_sent, _detach(context, administration, found, made.user))


def replace_by_known(context: Context, administration: Administration, found: Replacement, user: User) -> Replaced:
    """Attach the account that has the address, then detach the old one."""
    wanted: dict[str, Attachment | None] = {change.company_id: change.after for change in found.gained}
    attachments.change(context, administration.companies, user, wanted)
    return Replaced(user, mail_sent=False, is_detached=_detach(context, administration, found, user))


def _detach(context: Context, administration: Administration, found: Replacement, user: User) -> bool:
    """Whether the old account lost all it had to lose; what is wrong with that undoes nothing of the new one."""
    old = found.old.user
    ids = tuple(change.company_id for change in (*found.gained, *found.left))
    line = Entry(
        Action.REPLACE, tuple(sorted(set(ids))), person_of(old), Values(email=old.email), Values(email=user.email)
    )
    journal.write(context.database, context.author, [line])
    wanted: dict[str, Attachment | None] = {change.company_id: None for change in found.left}
    expected = {change.company_id: change.before for change in found.left}
    try:
        attachments.change(context, _companies(administration, wanted), old, wanted, expected=expected)
    except (DirectoryError, PortalError):
        return False
    return True


def _companies(administration: Administration, ids: Iterable[str]) -> list[Company]:
    wanted = set(ids)
    return [company for company in administration.companies if company.id in wanted]
