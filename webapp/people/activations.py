"""Activation mails: sending, sending again, and how often."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import insert, select

from directory.errors import DirectoryError
from directory.model import ActivationStatus, Attachment, Company, Invitation, Member, User
from webapp.errors import AlreadyActiveError, TooOftenError
from webapp.identity.actor import Author
from webapp.people.context import Context
from webapp.people.policies import may_resend_activation
from webapp.records.journal import Action, Entry, person_of
from webapp.records.operations import act
from webapp.storage import rate_limits
from webapp.storage.database import Database, activation_mails
from webapp.text import fold

MINUTE = 60.0
DAY = 86_400.0
MAILS_A_DAY = 5


def send_first(context: Context, user: User) -> User | None:
    """Send the mail of a new account; none when the mail server did not take it, for whatever reason.

    The account exists already, so this is no error: the list says « Mail non envoyé » and offers to send it.
    """
    try:
        with context.locked(lock_names(user.id)) as held:
            return _send(held, user)
    except DirectoryError:
        return None


def invitation(
    author: Author, companies: Iterable[Company], attachments: Iterable[Attachment]
) -> Invitation | None:
    """What a mail says of who invites, and to which of these companies; none when there is none to name."""
    ids = {attachment.company_id for attachment in attachments}
    names = [company.name for company in companies if company.id in ids]
    return Invitation.to(names, by=author.name) if names else None


def resend(context: Context, member: Member, companies: Iterable[Company]) -> User:
    """Send a new mail that is valid for 30 days to a person as the author sees them; it names these companies.

    `AlreadyActiveError`, `TooOftenError` (1 a minute and 5 a day for one person, 100 a day for one administrator;
    a mail that could not be handed over does not count for the person), `MailRefusedError`.
    """
    user_id = member.user.id
    entry = Entry(Action.RESEND, tuple(a.company_id for a in member.attachments), person_of(member.user))
    with context.locked(lock_names(user_id)) as held, act(held.database, held.author, entry):
        user = held.directory.user(user_id)
        if not may_resend_activation(user.status()):
            raise AlreadyActiveError(user_id)
        if (wait := seconds_to_wait(held, user_id)) > 0:
            raise TooOftenError(wait, rate_limits.ACTIVATION_MAILS.name)
        rate_limits.take(held.database, rate_limits.ACTIVATION_MAILS, held.author.id)
        now_said = invitation(held.author, companies, member.attachments)
        if now_said and now_said != user.invitation:
            user = held.directory.record_invitation(user, now_said)
        return _send(held, user)


def lock_names(user_id: str) -> list[str]:
    """The lock around everything that writes one account: its mails, its address, its ends, its deletion."""
    return [f"person:{user_id}"]


def expired(members: Iterable[Member]) -> list[Member]:
    """Those whose activation mail expired, by name."""
    found = [member for member in members if member.user.status() is ActivationStatus.EXPIRED]
    return sorted(found, key=lambda member: (fold(member.user.profile.last_name), member.user.email))


def seconds_to_wait(context: Context, user_id: str, pause: float = MINUTE) -> float:
    """Seconds until the next mail to this person is possible; 0 when it is now. `pause` is that after a mail."""
    now = context.clock()
    return _wait(_sent_lately(context.database, now, [user_id]).get(user_id, []), now, pause)


def waits(context: Context, user_ids: Iterable[str]) -> dict[str, float]:
    """Of these people those who can be mailed no more for now, each with the seconds to wait (one query)."""
    now = context.clock()
    sent_lately = _sent_lately(context.database, now, user_ids)
    found = {user_id: _wait(sent, now, MINUTE) for user_id, sent in sent_lately.items()}
    return {user_id: wait for user_id, wait in found.items() if wait > 0}


def mails_of(database: Database, user: User) -> list[datetime]:
    """When activation mails were handed over for the person (UTC), the newest first."""
    query = select(activation_mails.c.sent_at).where(activation_mails.c.user_id == user.id)
    with database.engine.connect() as connection:
        found = {datetime.fromtimestamp(int(at), UTC) for at in connection.execute(query).scalars()}
    if user.activation_sent_at:  # may have been sent by another portal's database, or by operations
        found.add(user.activation_sent_at)
    return sorted(found, reverse=True)


def _sent_lately(database: Database, now: float, user_ids: Iterable[str]) -> dict[str, list[float]]:
    """When mails left for these people in the last 24 hours, the newest first."""
    query = (
        select(activation_mails.c.user_id, activation_mails.c.sent_at)
        .where(activation_mails.c.user_id.in_(list(user_ids)), activation_mails.c.sent_at > now - DAY)
        .order_by(activation_mails.c.sent_at.desc())
    )
    found: dict[str, list[float]] = {}
    with database.engine.connect() as connection:
        for user_id, sent_at in connection.execute(query):
            found.setdefault(user_id, []).append(sent_at)
    return found


def _wait(sent: list[float], now: float, pause: float) -> float:
    waits = [0.0]
    if sent:
        waits.append(sent[0] + pause - now)
    if len(sent) >= MAILS_A_DAY:
        waits.append(sent[MAILS_A_DAY - 1] + DAY - now)
    return max(waits)


def _send(context: Context, user: User) -> User:
    context.directory.send_activation(user.id)
    sent_at = context.clock()
    with context.database.transaction() as connection:
        connection.execute(insert(activation_mails).values(user_id=user.id, sent_at=sent_at))
    return context.directory.record_activation_sent(user, datetime.fromtimestamp(sent_at, UTC))
