"""The domain: companies, people, and the attachment of one person to one company."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from re import compile as regex
from typing import Self

ACTIVATION_LIFESPAN = timedelta(days=30)
"""How long the link of an activation mail works (help page of the origin: « valide pendant 30 jours »)."""

COMPANIES_NAMED = 5
"""Companies that an activation mail names; the rest is a number."""
NAME_LENGTH = 200
"""Of a name in such a mail; longer ones are cut."""

COMPANY_ID = regex(r"[a-z0-9-]{2,63}")
"""What a company's id looks like; it is the name of its group and may never hold a `/`."""


class Title(StrEnum):
    """Civilité."""

    M = "m"
    MME = "mme"


class Locale(StrEnum):
    """A language the portal and its mails speak."""

    FR = "fr"
    EN = "en"


class CompanyRole(StrEnum):
    """What a person may do for one company; never a property of the person."""

    ADMINISTRATOR = "administrator"
    USER = "user"


class Affiliation(StrEnum):
    """Informative mark, per company: spots contractors."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class ActivationStatus(StrEnum):
    """How far a person has come with his account; derived from Keycloak, never stored."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"
    NOT_SENT = "not_sent"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Company:
    """A legal entity whose administrators decide who works for it.

    `key` is the directory's own handle on the company's group. Verbs that read or change a company's people take
    a `Company`, so nobody can act on one that he was not first shown.
    """

    id: str
    name: str
    services: tuple[str, ...] = ()
    siren: str | None = None
    key: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Attachment:
    """One person at one company."""

    company_id: str
    role: CompanyRole = CompanyRole.USER
    affiliation: Affiliation = Affiliation.INTERNAL

    @property
    def administers(self) -> bool:
        return self.role is CompanyRole.ADMINISTRATOR


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person is called and which language he reads: all that a form says about him but the boxes."""

    email: str
    last_name: str
    first_name: str
    title: Title | None
    locale: Locale

    @property
    def full_name(self) -> str:
        """First name and last name, as one speaks of somebody."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an activation mail says of where it comes from: who invites, and to which companies, by their names.

    Nobody invites (`by` is empty) whom operations made. Of many companies the first are named, `others` counts
    the rest.
    """

    by: str
    companies: tuple[str, ...]
    others: int = 0

    @classmethod
    def to(cls, companies: Iterable[str], *, by: str = "") -> Self:
        """An invitation to all of these companies."""
        names = sorted(set(companies), key=str.casefold)
        named = tuple(name[:NAME_LENGTH] for name in names[:COMPANIES_NAMED])
        return cls(by[:NAME_LENGTH], named, max(0, len(names) - COMPANIES_NAMED))


@dataclass(frozen=True, slots=True)
class User:
    """An account.

    `password_required` is true until the activation is finished; `activation_sent_at` (UTC) is when the last
    activation mail was handed to the mail server, none if none was; `invitation` is what that mail says, or the
    next one.
    """

    id: str
    profile: Profile
    enabled: bool = True
    password_required: bool = False
    activation_sent_at: datetime | None = None
    invitation: Invitation | None = None

    @property
    def email(self) -> str:
        return self.profile.email

    @property
    def activation_expires_at(self) -> datetime | None:
        """When the link of the last activation mail stops working."""
        return self.activation_sent_at + ACTIVATION_LIFESPAN if self.activation_sent_at else None

    def status(self, now: datetime | None = None) -> ActivationStatus:
        """How far the account is, at `now` (UTC, default the present).

        `emailVerified` plays no part: Keycloak sets it before the password is chosen (measured, 26.7.3).
        """
        if not self.enabled:
            return ActivationStatus.DISABLED
        if not self.password_required:
            return ActivationStatus.ACTIVE
        expires_at = self.activation_expires_at
        if expires_at is None:
            return ActivationStatus.NOT_SENT
        return ActivationStatus.EXPIRED if (now or datetime.now(UTC)) >= expires_at else ActivationStatus.PENDING


@dataclass(frozen=True, slots=True)
class Member:
    """A person with the attachments that were asked for (never all of them unless said so)."""

    user: User
    attachments: tuple[Attachment, ...]

    def at(self, company_id: str) -> Attachment | None:
        """The attachment to that company, if there is one."""
        return next((a for a in self.attachments if a.company_id == company_id), None)


@dataclass(frozen=True, slots=True)
class AttachmentChange:
    """What happens to one person at one company: `before` and `after`, none where there is no attachment."""

    company_id: str
    before: Attachment | None
    after: Attachment | None

    def __post_init__(self) -> None:
        if any(end and end.company_id != self.company_id for end in (self.before, self.after)):
            raise ValueError(f"a change at {self.company_id} is about no other company")

    @property
    def is_attach(self) -> bool:
        return self.before is None and self.after is not None

    @property
    def is_detach(self) -> bool:
        return self.before is not None and self.after is None

    @property
    def takes_administrator(self) -> bool:
        """Whether the company has one administrator less afterwards."""
        was = self.before is not None and self.before.administers
        return was and not (self.after is not None and self.after.administers)


def difference(before: Iterable[Attachment], after: Iterable[Attachment]) -> tuple[AttachmentChange, ...]:
    """What has to change to get from the one set of attachments to the other, in the order of company ids."""
    old = {a.company_id: a for a in before}
    new = {a.company_id: a for a in after}
    return tuple(
        AttachmentChange(company_id, old.get(company_id), new.get(company_id))
        for company_id in sorted(old.keys() | new.keys())
        if old.get(company_id) != new.get(company_id)
    )
