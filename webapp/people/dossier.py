"""Everything about one person that an administrator may know, for the person's page."""

from dataclasses import dataclass
from datetime import datetime

from directory.errors import NotFoundError
from directory.model import Attachment, Company, Member
from webapp.errors import HiddenError
from webapp.identity.actor import Author
from webapp.people import activations
from webapp.people.administration import Administration
from webapp.people.context import Context
from webapp.people.policies import may_see
from webapp.records import journal_reading
from webapp.records.journal_reading import Found, Joined

LINES = 10
"""Lines of the journal that the page shows; the journal itself has the others."""


@dataclass(frozen=True, slots=True)
class Place:
    """One of the administrator's companies; `joined` is none when the portal did not attach the person itself."""

    company: Company
    attachment: Attachment
    joined: Joined | None


@dataclass(frozen=True, slots=True)
class Activation:
    """How the person was invited, as far as the administrator's companies tell it.

    `by` created the account, `mails` left for it (UTC, the newest first), `wait` is the seconds until the next
    mail is possible.
    """

    by: Author | None
    mails: tuple[datetime, ...]
    wait: float


@dataclass(frozen=True, slots=True)
class Page:
    """A person with their attachments at the administrator's companies, and the latest lines about them there.

    `signed_in_at` (UTC) is none when it is not known.
    """

    member: Member
    places: tuple[Place, ...]
    activation: Activation
    signed_in_at: datetime | None
    has_codes: bool
    lines: Found


def page_of(context: Context, administration: Administration, user_id: str) -> Page:
    """Read a person (one verb of the directory); `HiddenError` when they are not the administrator's."""
    try:
        read = context.directory.dossier(user_id)
    except NotFoundError as error:
        raise HiddenError(user_id) from error
    if not may_see(administration.ids, [attachment for _, attachment in read.places]):
        raise HiddenError(user_id)
    joined = journal_reading.joined_of(context.database, user_id)
    mine = [(company, at) for company, at in read.places if company.id in administration.ids]
    creations = [one for company, _ in mine if (one := joined.get(company.id)) and one.created]
    activation = Activation(
        creations[0].author if creations else None,
        tuple(activations.mails_of(context.database, read.user)),
        activations.seconds_to_wait(context, user_id),
    )
    return Page(
        Member(read.user, tuple(at for _, at in mine)),
        tuple(Place(company, at, joined.get(company.id)) for company, at in mine),
        activation,
        read.signed_in_at,
        read.has_codes,
        journal_reading.about(context.database, administration.ids, user_id, LINES),
    )
