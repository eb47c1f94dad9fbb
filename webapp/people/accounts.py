"""Creating an account, finding one by its address, correcting and cancelling one that was never activated."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from directory.errors import DirectoryError, EmailTakenError, NotFoundError, UnavailableError
from directory.gateway import Directory
from directory.model import Attachment, AttachmentChange, Company, User
from webapp.errors import AlreadyActiveError, SharedAccountError, TooOftenError
from webapp.identity.actor import Author
from webapp.people import activations, attachments
from webapp.people.administration import Administration, everywhere
from webapp.people.context import Context
from webapp.people.policies import may_change_account, may_resend_activation
from webapp.records.journal import Action, Entry, Outcome, Person, Values, person_of, values_of
from webapp.records.notice import OperationNotice, notice_of
from webapp.records.operations import Work, act, reason_of, under_way
from webapp.records.payloads import NewAccount
from webapp.storage import rate_limits
from webapp.storage.database import Database
from webapp.storage.locks import LockLostError

PORTAL_NAME = "Attaché"
"""The author of what the portal does by itself."""


@dataclass(frozen=True, slots=True)
class Creation:
    """A new account; `mail_sent` says whether its activation mail was handed over."""

    user: User
    mail_sent: bool


def create(context: Context, account: NewAccount, companies: Iterable[Company] = ()) -> Creation:
    """Create an account with its attachments and send its activation mail (three calls).

    The caller has checked that the author administers the companies of the attachments. `EmailTakenError` when the
    address has an account; the same form sent many times at once therefore makes one account and one mail. The
    mail names those of `companies`. The other administrators of the companies are notified.
    """
    invitation = activations.invitation(context.author, companies, account.attachments)
    account = replace(account, invitation=invitation)
    with context.locked(lock_names(account.profile.email)) as held:
        with under_way(held.database, held.author, account) as work:
            return make(held, work, account)


def lock_names(email: str) -> list[str]:
    """The locks around a creation, so that one address gets one account and one mail."""
    return [f"email:{email}"]


def make(context: Context, work: Work, account: NewAccount) -> Creation:
    """Create within an operation, and note it; the caller holds the lock of the address."""
    profile = account.profile
    try:
        user = _create_once(context.directory, account)
    except EmailTakenError:
        raise
    except DirectoryError as error:
        unknown = Person(None, profile.full_name, profile.email)
        work.note(*(_created(a, unknown, Outcome.FAILED, reason_of(error)) for a in account.attachments))
        raise
    # Noted before the mail: the lines are written even if something unforeseen happens after this.
    work.note(*(_created(a, person_of(user)) for a in account.attachments))
    work.notice = _notice(work.operation.author, user, account.attachments)
    sent = activations.send_first(context, user) if account.mail else None
    return Creation(sent or user, mail_sent=sent is not None)


def note_if_made(directory: Directory, work: Work, account: NewAccount) -> None:
    """Note a creation that was interrupted after Keycloak had made the account; not one that is another's."""
    user = directory.find_by_email(account.profile.email)
    if user is None or not user.password_required or user.profile != account.profile:
        return
    if {attachment for _, attachment in directory.attachments_of(user.id)} == set(account.attachments):
        work.note(*(_created(a, person_of(user)) for a in account.attachments))
        work.notice = _notice(work.operation.author, user, account.attachments)


def _created(attachment: Attachment, person: Person, outcome: Outcome = Outcome.DONE, reason: str = "") -> Entry:
    return Entry(Action.CREATE, (attachment.company_id,), person, None, values_of(attachment), outcome, reason)


def _notice(author: Author, user: User, wanted: Sequence[Attachment]) -> OperationNotice:
    """The companies have their id alone: the courier looks up their names."""
    changes = [(Company(a.company_id, ""), AttachmentChange(a.company_id, None, a)) for a in wanted]
    return notice_of(author, user, changes, created=True)


def _create_once(directory: Directory, account: NewAccount) -> User:
    """Create; when the answer was lost, look whether it happened: while the address is locked, only we create."""
    try:
        return directory.create_user(account.profile, account.attachments, account.invitation)
    except LockLostError:
        raise
    except UnavailableError:
        user = directory.find_by_email(account.profile.email)
        if user is None or not user.password_required or user.activation_sent_at is not None:
            raise
        present = tuple(attachment for _, attachment in directory.attachments_of(user.id))
        if set(present) != set(account.attachments):
            raise
        return user


def correct_email(context: Context, administration: Administration, user_id: str, email: str) -> Creation:
    """Give an account that was never activated another address and mail it there; the old links stop working.

    `AlreadyActiveError`, `SharedAccountError`, `EmailTakenError`, `TooOftenError` (5 mails a day for one person, a
    typing error may be corrected within the minute; 100 a day for one administrator, also those to addresses that
    turn out to be taken, so that accounts cannot be found out by trying addresses).
    """
    with context.locked(activations.lock_names(user_id)) as held:
        member = everywhere(held.directory, administration.ids, user_id)
        mine = tuple(a.company_id for a in administration.mine(member.attachments))
        before, after = Values(email=member.user.email), Values(email=email)
        entry = Entry(Action.CORRECT_EMAIL, mine, person_of(member.user), before, after)
        with act(held.database, held.author, entry):
            _refuse_foreign(administration, member.user, member.attachments)
            if member.user.email == email:
                raise EmailTakenError(email)
            if (wait := activations.seconds_to_wait(held, user_id, pause=0)) > 0:
                raise TooOftenError(wait, rate_limits.ACTIVATION_MAILS.name)
            rate_limits.take(held.database, rate_limits.ACTIVATION_MAILS, held.author.id)
            said = activations.invitation(held.author, administration.companies, member.attachments)
            corrected = held.directory.correct_email(member.user, email, said)
    sent = activations.send_first(context, corrected)
    return Creation(sent or corrected, mail_sent=sent is not None)


def cancel(context: Context, administration: Administration, user_id: str) -> tuple[AttachmentChange, ...]:
    """Cancel an invitation: delete an account that was never activated and is attached to no other company.

    An account that is attached to companies of others too is only detached from these. `AlreadyActiveError` once
    it is active. Return what was detached.
    """
    with context.locked(activations.lock_names(user_id)) as held:
        member = everywhere(held.directory, administration.ids, user_id)
        mine = administration.mine(member.attachments)
        entry = Entry(Action.CANCEL, tuple(a.company_id for a in mine), person_of(member.user))
        if not may_resend_activation(member.user.status()):
            with act(held.database, held.author, entry):
                raise AlreadyActiveError(user_id)
        if may_change_account(administration.ids, member.user.status(), member.attachments):
            changes = tuple(AttachmentChange(a.company_id, a, None) for a in mine)
            with act(held.database, held.author, entry) as work:
                held.directory.delete_user(user_id)
                told = [(administration.company(one.company_id), one) for one in changes]
                work.notice = notice_of(held.author, member.user, told, cancelled=True)
            return changes
    # Outside the block: a change takes the lock of the person itself.
    nothing = {a.company_id: None for a in mine}
    return attachments.change(context, administration.companies, member.user, nothing)


def purge(directory: Directory, database: Database, before: datetime) -> list[str]:
    """Delete the accounts that were not activated since that instant; return the ids of those deleted.

    The author is the portal itself, with a line in the journal of each company. An account that is at no company
    is left alone.
    """
    deleted = []
    for user in directory.never_activated(before):
        context = Context(directory, database, Author("", PORTAL_NAME, "", uuid4().hex))
        with context.locked(activations.lock_names(user.id)) as held, suppress(NotFoundError):
            if _purge_one(held, user.id, before):
                deleted.append(user.id)
    return deleted


def _purge_one(context: Context, user_id: str, before: datetime) -> bool:
    """Read again under the lock: a mail may have been sent meanwhile, or the account activated."""
    user = context.directory.user(user_id)
    companies = tuple(company.id for company, _ in context.directory.attachments_of(user_id))
    mailed_since = user.activation_sent_at is not None and user.activation_sent_at >= before
    if not may_resend_activation(user.status()) or mailed_since or not companies:
        return False
    with act(context.database, context.author, Entry(Action.CANCEL, companies, person_of(user))):
        context.directory.delete_user(user_id)
    return True


def _refuse_foreign(administration: Administration, user: User, every_attachment: Sequence[Attachment]) -> None:
    if not may_resend_activation(user.status()):
        raise AlreadyActiveError(user.id)
    if not may_change_account(administration.ids, user.status(), every_attachment):
        raise SharedAccountError(user.id)
