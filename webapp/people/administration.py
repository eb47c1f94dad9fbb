"""An administrator with their companies: where every read and every change of the portal starts."""

from collections.abc import Iterable
from dataclasses import dataclass

from directory.errors import NotFoundError
from directory.gateway import Directory
from directory.model import Attachment, Company, Member
from webapp.errors import HiddenError, NotAdministratorError
from webapp.identity.actor import Actor, Author
from webapp.parallel import read_all
from webapp.people.policies import may_administer, may_see


@dataclass(frozen=True, slots=True)
class Administration:
    """The companies that the actor administers, by name; what is not in here does not exist for them."""

    actor: Actor
    companies: tuple[Company, ...]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(company.id for company in self.companies)

    def company(self, company_id: str) -> Company:
        """The company, or `HiddenError`."""
        for company in self.companies:
            if company.id == company_id:
                return company
        raise HiddenError(company_id)

    def mine(self, attachments: Iterable[Attachment]) -> tuple[Attachment, ...]:
        """Those of the attachments that are at their companies."""
        return tuple(a for a in attachments if may_administer(self.ids, a.company_id))


def administration_of(directory: Directory, actor: Actor) -> Administration:
    """Return the actor's companies, read now (one call); `NotAdministratorError` when there are none.

    Neither are there any for somebody whom the directory hides, whatever their token says.
    """
    try:
        found = directory.attachments_of(actor.id, ends=False)
    except NotFoundError as error:
        raise NotAdministratorError(actor.id) from error
    companies = tuple(
        company for company, attachment in found if attachment.administers and company.id in actor.administered_ids
    )
    if not companies:
        raise NotAdministratorError(actor.id)
    return Administration(actor, companies)


def administration_now(directory: Directory, author: Author) -> Administration:
    """The author's companies now; `NotAdministratorError` also when they are gone, or disabled."""
    try:
        user = directory.user(author.id)
        if not user.enabled:
            raise NotAdministratorError(author.id)
        present = tuple(attachment for _, attachment in directory.attachments_of(author.id))
        return administration_of(directory, Actor(user.id, user.profile, present))
    except NotFoundError as error:
        raise NotAdministratorError(author.id) from error


RIGHTS_EVERY = 10
"""People after which a batch reads its author's rights again: it lasts, and a right can end meanwhile."""


@dataclass(slots=True)
class Rights:
    """The companies of the author of a batch, as they were at most `RIGHTS_EVERY` people ago."""

    directory: Directory
    author: Author
    _read: Administration | None = None
    _since: int = 0

    def now(self) -> Administration:
        """Return them, for one person more; `NotAdministratorError`."""
        if self._read is None or self._since >= RIGHTS_EVERY:
            self._read = administration_now(self.directory, self.author)
            self._since = 0
        self._since += 1
        return self._read


def people(directory: Directory, administration: Administration) -> tuple[Member, ...]:
    """Everybody at the administrator's companies, each once, with their attachments there; read now.

    Three calls a company.
    """
    return each_once(read_all(directory.members, administration.companies))


def each_once(lists: Iterable[Iterable[Member]]) -> tuple[Member, ...]:
    """The members of several companies, each person once with all of these attachments."""
    found: dict[str, Member] = {}
    for members in lists:
        for member in members:
            known = found.get(member.user.id)
            found[member.user.id] = (
                Member(member.user, (*known.attachments, *member.attachments)) if known else member
            )
    return tuple(found.values())


def everywhere(directory: Directory, administered_ids: frozenset[str], user_id: str) -> Member:
    """A person with *all* their attachments, others' too: to decide on, never to show (two calls).

    `HiddenError` unless at least one of them is at a company administered.
    """
    return with_companies(directory, administered_ids, user_id)[0]


def with_companies(
    directory: Directory, administered_ids: frozenset[str], user_id: str
) -> tuple[Member, tuple[Company, ...]]:
    """The same, and the companies of these attachments."""
    try:
        found = directory.attachments_of(user_id)
        attachments = tuple(attachment for _, attachment in found)
        if not may_see(administered_ids, attachments):
            raise HiddenError(user_id)
        return Member(directory.user(user_id), attachments), tuple(company for company, _ in found)
    except NotFoundError as error:
        raise HiddenError(user_id) from error


def as_seen(administered_ids: frozenset[str], member: Member) -> Member:
    """The person with those of their attachments that are at the companies administered."""
    return Member(
        member.user, tuple(a for a in member.attachments if may_administer(administered_ids, a.company_id))
    )


def person(directory: Directory, administration: Administration, user_id: str) -> Member:
    """A person as this administrator sees them: their attachments at these companies; else `HiddenError`."""
    return as_seen(administration.ids, everywhere(directory, administration.ids, user_id))
