"""Creating an account, finding one by its address, correcting and cancelling one that was never activated."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from directory.errors import EmailTakenError, UnavailableError
from directory.gateway import Directory
from directory.model import Attachment, AttachmentChange, Profile, User
from webapp.database import Database
from webapp.errors import AlreadyActiveError, SharedAccountError, TooOftenError
from webapp.locks import locked
from webapp.policies import may_change_account, may_resend_activation
from webapp.services import activations, attachments
from webapp.services.administration import Administration, everywhere
from webapp.services.operations import Kind, under_way


@dataclass(frozen=True, slots=True)
class Creation:
    """A new account; `mail_sent` says whether its activation mail was handed over."""

    user: User
    mail_sent: bool


def create(
    directory: Directory,
    database: Database,
    actor_id: str,
    profile: Profile,
    wanted: Sequence[Attachment],
) -> Creation:
    """A new account with its attachments and its activation mail (three calls).

    The caller has checked that the actor administers these companies. `EmailTakenError` when the address has an
    account; the same form sent many times at once therefore makes one account and one mail.
    """
    with locked(database, [f"email:{profile.email}"]):
        payload = {"profile": asdict(profile), "attachments": [asdict(a) for a in wanted]}
        with under_way(database, Kind.CREATE, actor_id, payload):
            user = _create_once(directory, profile, wanted)
            sent = activations.send_first(directory, database, user)
    return Creation(sent or user, mail_sent=sent is not None)


def _create_once(directory: Directory, profile: Profile, wanted: Sequence[Attachment]) -> User:
    """Create; when the answer was lost, look whether it happened. We hold the address's lock: it was us."""
    try:
        return directory.create_user(profile, wanted)
    except UnavailableError:
        user = directory.find_by_email(profile.email)
        if user is None or not user.password_required or user.activation_sent_at is not None:
            raise
        present = tuple(attachment for _, attachment in directory.attachments_of(user.id))
        if set(present) != set(wanted):
            raise
        return user


def correct_email(
    directory: Directory, database: Database, administration: Administration, user_id: str, email: str
) -> Creation:
    """Give a never activated account another address and mail it there; the old links stop working.

    `AlreadyActiveError`, `SharedAccountError`, `EmailTakenError`, `TooOftenError` (5 mails a day for one person; a
    typo may be corrected within the minute).
    """
    with locked(database, [f"activation:{user_id}"]):
        member = everywhere(directory, administration.ids, user_id)
        _refuse_foreign(administration, member.user, member.attachments)
        if member.user.email == email:
            raise EmailTakenError(email)
        if (wait := activations.seconds_to_wait(database, user_id, pause=0)) > 0:
            raise TooOftenError(wait)
        corrected = directory.correct_email(member.user, email)
    sent = activations.send_first(directory, database, corrected)
    return Creation(sent or corrected, mail_sent=sent is not None)


def cancel(
    directory: Directory, database: Database, administration: Administration, user_id: str
) -> tuple[AttachmentChange, ...]:
    """Cancel an invitation: an account that was never activated and is nobody else's is deleted.

    When it is attached to others' companies too, it is only detached from these. `AlreadyActiveError` once active.
    What was detached.
    """
    with locked(database, [f"activation:{user_id}"]):
        member = everywhere(directory, administration.ids, user_id)
        if not may_resend_activation(member.user.status()):
            raise AlreadyActiveError(user_id)
        mine = administration.mine(member.attachments)
        if may_change_account(administration.ids, member.user.status(), member.attachments):
            directory.delete_user(user_id)
            return tuple(AttachmentChange(a.company_id, a, None) for a in mine)
    return attachments.change(
        directory,
        database,
        administration.actor.id,
        administration.companies,
        member.user,
        {a.company_id: None for a in mine},
    )


def _refuse_foreign(administration: Administration, user: User, every_attachment: Sequence[Attachment]) -> None:
    if not may_resend_activation(user.status()):
        raise AlreadyActiveError(user.id)
    if not may_change_account(administration.ids, user.status(), every_attachment):
        raise SharedAccountError(user.id)
