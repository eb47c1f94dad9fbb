"""« Renvoyer tous » in the background: one mail after the other, until all have left or something stops them all.

A process that ends gives its batches back between two mails; one that dies is noticed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from directory.errors import DirectoryError, NotFoundError
from directory.model import Member
from webapp.errors import AlreadyActiveError, BatchRunningError, HiddenError, NotAdministratorError, TooOftenError
from webapp.jobs import batches
from webapp.jobs.batch_worker import BatchWorker, Held
from webapp.people import activations
from webapp.people.administration import Administration, Rights, people
from webapp.people.context import Context
from webapp.people.policies import may_see
from webapp.resend_all import store
from webapp.resend_all.store import Resent
from webapp.storage import rate_limits

AT_ONCE = 4
"""Batches of this process under way at a time, each of another administrator."""
GIVE_UP_AFTER = 3
"""Mails refused in a row after which the rest of a batch is not tried: the mail server is down."""


class ResendingWorker(BatchWorker):
    """The batches of activation mails that this process sends."""

    def __init__(self) -> None:
        super().__init__(AT_ONCE)

    def start(
        self, context: Context, administration: Administration, chosen: Sequence[Member] | None = None
    ) -> None:
        """Begin to send again to the chosen people, or to everybody at these companies whose mail expired.

        Nothing is begun while a batch of mails of the author's is running, nor when no mail expired: the results
        of the last batch are kept. `BatchRunningError` while another one of theirs is running, and with `chosen`.
        """
        database, author = context.database, context.author
        with batches.alone(database, author.id):
            if chosen is None and store.is_running(database, author.id):
                return
            if batches.is_running(database, author.id):
                raise BatchRunningError(author.id)
            members = chosen
            if members is None:
                members = activations.expired(people(context.directory, administration))
            if not members:
                return
            ids = [member.user.id for member in members]
            held = Held(database, author.id, batches.begin(database, author.id, ids))
        run = _Run(context, Rights(context.directory, author), {member.user.id: member for member in members})
        self.begin(partial(self.go_through, held, ids, run.send, run.reason_to_stop))


@dataclass(slots=True)
class _Run:
    """A batch under way: what it knows of the author's rights, and when it gives up."""

    context: Context
    rights: Rights
    members: Mapping[str, Member]
    refused: int = 0
    may_no_more: bool = False

    def reason_to_stop(self) -> Resent | None:
        """What stops every mail to come: no mail server, the administrator's quota, or they are none any more."""
        if self.refused >= GIVE_UP_AFTER:
            return Resent.NOT_TRIED
        database, author_id = self.context.database, self.context.author.id
        if rate_limits.seconds_to_wait(database, rate_limits.ACTIVATION_MAILS, author_id) > 0:
            return Resent.NOT_TODAY
        return Resent.NOT_YOURS if self.may_no_more else None

    def send(self, user_id: str) -> Resent:
        """One mail; what became of it."""
        resent = self._try(self.members[user_id])
        if resent in (Resent.SENT, Resent.MAIL_REFUSED):
            self.refused = 0 if resent is Resent.SENT else self.refused + 1
        return resent

    def _try(self, member: Member) -> Resent:
        try:
            self._send(self.rights.now().ids, member)
        except NotAdministratorError:
            self.may_no_more = True
            return Resent.NOT_YOURS
        except AlreadyActiveError:
            return Resent.ALREADY_ACTIVE
        except TooOftenError:
            return Resent.TOO_OFTEN
        except (HiddenError, NotFoundError):
            return Resent.NOT_YOURS
        except DirectoryError:
            return Resent.MAIL_REFUSED
        return Resent.SENT

    def _send(self, ids: frozenset[str], member: Member) -> None:
        """Send to the person as the author sees them now: earlier rights and attachments do not count."""
        attached = self.context.directory.attachments_of(member.user.id)
        found = [(company, at) for company, at in attached if at.company_id in ids]
        if not may_see(ids, [at for _, at in found]):
            raise HiddenError(member.user.id)
        seen = Member(member.user, tuple(at for _, at in found))
        activations.resend(self.context, seen, [company for company, _ in found])
