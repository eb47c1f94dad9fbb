"""Creating an account, finding one by its address, correcting and cancelling one that was never activated."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from directory.errors import DirectoryError, EmailTakenError, NotFoundError, UnavailableError
from directory.gateway import Directory
from directory.model import Attachment, AttachmentChange, Company, Invitation, Profile, User
from webapp.errors import AlreadyActiveError, SharedAccountError, TooOftenError
from webapp.identity.actor import Author
from webapp.people import activations, attachments
from webapp.people.administration import Administration, everywhere
from webapp.people.policies import may_change_account, may_resend_activation
from webapp.records.journal import Action, Entry, Outcome, Person, attachment_values, person_of
from webapp.records.notice import notice_of
from webapp.records.operations import Kind, Work, act, reason_of, under_way
from webapp.storage import rate_limits
from webapp.storage.database import Database
from webapp.storage.locks import locked

PORTAL_NAME = "Attaché"
"""The author of what the portal does by itself."""


@dataclass(frozen=True, slots=True)
class Creation:
    """A new account; `mail_sent` says whether its activation mail was handed over."""

    user: User
    mail_sent: bool


def create(
    directory: Directory,
    database: Database,
    author: Author,
    profile: Profile,
    wanted: Sequence[Attachment],
    *,
    companies: Iterable[Company] = (),
    mail: bool = True,
    batch: str = "",
) -> Creation:
    """A new account with its attachments and its activation mail (three calls).

    The caller has checked that the author administers these companies. `EmailTakenError` when the address has an
    account; the same form sent many times at once therefore makes one account and one mail. Without `mail` none is
    sent: that is left to the list. It names those of `companies`. The companies' other administrators
    are told, of one `batch` together once it is released.
    """
    invitation = activations.invitation(author, companies, wanted)
    with locked(database, lock_names(profile.email)):
        payload = {
            "profile": asdict(profile),
            "attachments": [asdict(a) for a in wanted],
            "invitation": asdict(invitation) if invitation else None,
            "mail": mail,
            "batch": batch,
        }
        with under_way(database, Kind.CREATE, author, payload) as work:
            return make(directory, database, work, profile, wanted, mail=mail, invitation=invitation)


def lock_names(email: str) -> list[str]:
    """What is locked around a creation, so that one address gets one account and one mail."""
    return [f"email:{email}"]


def make(
    directory: Directory,
    database: Database,
    work: Work,
    profile: Profile,
    wanted: Sequence[Attachment],
    *,
    mail: bool = True,
    invitation: Invitation | None = None,
) -> Creation:
    """Create within an operation, and note it; the caller holds the address's lock."""
    try:
        user = _create_once(directory, profile, wanted, invitation)
    except EmailTakenError:
        raise
    except DirectoryError as error:
        nobody = Person(None, profile.full_name, profile.email)
        work.note(*(_created(a, nobody, Outcome.FAILED, reason_of(error)) for a in wanted))
        raise
    # Noted before the mail: a creation has its lines even if what follows dies of something unforeseen.
    work.note(*(_created(a, person_of(user)) for a in wanted))
    work.notice = _notice(work.operation.author, user, wanted)
    sent = activations.send_first(directory, database, user) if mail else None
    return Creation(sent or user, mail_sent=sent is not None)


def note_if_made(directory: Directory, work: Work, profile: Profile, wanted: Sequence[Attachment]) -> None:
    """The lines of a creation that died after Keycloak had made the account; none when it was somebody else's."""
    user = directory.find_by_email(profile.email)
    if user is None or not user.password_required or user.profile != profile:
        return
    if {attachment for _, attachment in directory.attachments_of(user.id)} == set(wanted):
        work.note(*(_created(a, person_of(user)) for a in wanted))
        work.notice = _notice(work.operation.author, user, wanted)


def _created(attachment: Attachment, person: Person, outcome: Outcome = Outcome.DONE, reason: str = "") -> Entry:
    after = attachment_values(attachment)
    return Entry(Action.CREATE, (attachment.company_id,), person, None, after, outcome, reason)


def _notice(author: Author, user: User, wanted: Sequence[Attachment]) -> dict[str, Any]:
    """The companies go by their id alone: the courier looks up what they are called."""
    changes = [(Company(a.company_id, ""), AttachmentChange(a.company_id, None, a)) for a in wanted]
    return notice_of(author, user, changes, created=True)


def _create_once(
    directory: Directory, profile: Profile, wanted: Sequence[Attachment], invitation: Invitation | None
) -> User:
    """Create; when the answer was lost, look whether it happened. We hold the address's lock: it was us."""
    try:
        return directory.create_user(profile, wanted, invitation)
    except UnavailableError:
        user = directory.find_by_email(profile.email)
        if user is None or not user.password_required or user.activation_sent_at is not None:
            raise
        present = tuple(attachment for _, attachment in directory.attachments_of(user.id))
        if set(present) != set(wanted):
            raise
        return user


def correct_email(
    directory: Directory,
    database: Database,
    author: Author,
    administration: Administration,
    user_id: str,
    email: str,
) -> Creation:
    """Give a never activated account another address and mail it there; the old links stop working.

    `AlreadyActiveError`, `SharedAccountError`, `EmailTakenError`, `TooOftenError` (5 mails a day for one person, a
    typo may be corrected within the minute; 100 a day for one administrator, also those to addresses that turn out
    to be taken: nobody finds out by the thousand who has an account).
    """
    with locked(database, [f"activation:{user_id}"]):
        member = everywhere(directory, administration.ids, user_id)
        mine = tuple(a.company_id for a in administration.mine(member.attachments))
        entry = Entry(
            Action.CORRECT_EMAIL, mine, person_of(member.user), {"email": member.user.email}, {"email": email}
        )
        with act(database, author, entry):
            _refuse_foreign(administration, member.user, member.attachments)
            if member.user.email == email:
                raise EmailTakenError(email)
            if (wait := activations.seconds_to_wait(database, user_id, pause=0)) > 0:
                raise TooOftenError(wait)
            rate_limits.take(database, rate_limits.ACTIVATION_MAILS, author.id)
            said = activations.invitation(author, administration.companies, member.attachments)
            corrected = directory.correct_email(member.user, email, said)
    sent = activations.send_first(directory, database, corrected)
    return Creation(sent or corrected, mail_sent=sent is not None)


def cancel(
    directory: Directory, database: Database, author: Author, administration: Administration, user_id: str
) -> tuple[AttachmentChange, ...]:
    """Cancel an invitation: an account that was never activated and is nobody else's is deleted.

    When it is attached to others' companies too, it is only detached from these. `AlreadyActiveError` once active.
    What was detached.
    """
    with locked(database, [f"activation:{user_id}"]):
        member = everywhere(directory, administration.ids, user_id)
        mine = administration.mine(member.attachments)
        entry = Entry(Action.CANCEL, tuple(a.company_id for a in mine), person_of(member.user))
        if not may_resend_activation(member.user.status()):
            with act(database, author, entry):
                raise AlreadyActiveError(user_id)
        if may_change_account(administration.ids, member.user.status(), member.attachments):
            changes = tuple(AttachmentChange(a.company_id, a, None) for a in mine)
            with act(database, author, entry) as work:
                directory.delete_user(user_id)
                told = [(administration.company(one.company_id), one) for one in changes]
                work.notice = notice_of(author, member.user, told, cancelled=True)
            return changes
    return attachments.change(
        directory,
        database,
        author,
        administration.companies,
        member.user,
        {a.company_id: None for a in mine},
    )


def purge(directory: Directory, database: Database, before: datetime) -> list[str]:
    """Delete the accounts that nobody activated since that instant; the ids of those deleted.

    The portal does so in its own name, with a line in the journal of each company. Who is at no company is not the
    portal's to delete.
    """
    deleted = []
    for user in directory.never_activated(before):
        with locked(database, [f"activation:{user.id}"]), suppress(NotFoundError):
            if _purge_one(directory, database, user.id, before):
                deleted.append(user.id)
    return deleted


def _purge_one(directory: Directory, database: Database, user_id: str, before: datetime) -> bool:
    """Looked at again under the lock: a mail may have left meanwhile, or the person been active."""
    user = directory.user(user_id)
    attachments = directory.attachments_of(user_id)
    mailed_since = user.activation_sent_at is not None and user.activation_sent_at >= before
    if not may_resend_activation(user.status()) or mailed_since or not attachments:
        return False
    author = Author("", PORTAL_NAME, "", uuid4().hex)
    with act(database, author, Entry(Action.CANCEL, tuple(c.id for c, _ in attachments), person_of(user))):
        directory.delete_user(user_id)
    return True


def _refuse_foreign(administration: Administration, user: User, every_attachment: Sequence[Attachment]) -> None:
    if not may_resend_activation(user.status()):
        raise AlreadyActiveError(user.id)
    if not may_change_account(administration.ids, user.status(), every_attachment):
        raise SharedAccountError(user.id)
