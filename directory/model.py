"""The domain: companies, people, and the attachment of one person to one company."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from re import compile as regex
from typing import Self

ACTIVATION_LIFESPAN = timedelta(days=30)
"""How long the link of an activation mail works."""

COMPANIES_NAMED = 5
"""The most companies that an activation mail names; of the others it gives the number."""
NAME_LENGTH = 200
"""Characters of a name in an activation mail; longer names are cut."""

COMPANY_ID = regex(r"[a-z0-9-]{2,63}")
"""The form of a company's id. It is the name of the company's group, so it must not contain a `/`."""


class Title(StrEnum):
    """Civilité."""

    M = "m"
    MME = "mme"


class Locale(StrEnum):
    """A language of the portal and its mails."""

    FR = "fr"
    EN = "en"


class CompanyRole(StrEnum):
    """What a person may do for one company; not a property of the person."""

    ADMINISTRATOR = "administrator"
    USER = "user"


class Affiliation(StrEnum):
    """Whether the person works for the company or for a contractor; informative, per company."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class ActivationStatus(StrEnum):
    """How far the activation of an account is; derived from Keycloak, never stored."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"
    NOT_SENT = "not_sent"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Service:
    """What people read of a service instead of its id: pairs of language and text."""

    id: str
    names: tuple[tuple[str, str], ...] = ()
    descriptions: tuple[tuple[str, str], ...] = ()
    url: str = ""

    def name(self, locale: str) -> str:
        """The name in that language, else in another one, else the id."""
        return _in_language(self.names, locale) or self.id

    def description(self, locale: str) -> str:
        """The description in that language, else in another one; empty when there is none."""
        return _in_language(self.descriptions, locale)


def _in_language(texts: tuple[tuple[str, str], ...], locale: str) -> str:
    return dict(texts).get(locale) or next((text for _, text in texts), "")


@dataclass(frozen=True, slots=True)
class Company:
    """A legal entity whose administrators decide who works for it.

    `key` is the id of the company's group in Keycloak. Verbs that read or change a company's people take a
    `Company`, so a caller can act only on a company that the directory has returned before.
    """

    id: str
    name: str
    services: tuple[str, ...] = ()
    siren: str | None = None
    key: str = field(default="", compare=False)
    described: tuple[Service, ...] = ()
    """Those of the services that have a name, a description or an address for people."""

    @property
    def catalogue(self) -> tuple[Service, ...]:
        """Each service, with what people read of it where there is such a thing."""
        known = {service.id: service for service in self.described}
        return tuple(known.get(service, Service(service)) for service in self.services)


@dataclass(frozen=True, slots=True)
class Attachment:
    """One person at one company; `until` is its last day, by the portal's clock, `None` when it has no end."""

    company_id: str
    role: CompanyRole = CompanyRole.USER
    affiliation: Affiliation = Affiliation.INTERNAL
    until: date | None = None

    @property
    def administers(self) -> bool:
        return self.role is CompanyRole.ADMINISTRATOR

    def has_ended(self, today: date) -> bool:
        """Whether the last day is before today."""
        return self.until is not None and self.until < today


@dataclass(frozen=True, slots=True)
class Profile:
    """A person's address, names, title and language: the fields of a form without the company rows."""

    email: str
    last_name: str
    first_name: str
    title: Title | None
    locale: Locale

    @property
    def full_name(self) -> str:
        """The first name, then the last name."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who invites a person, and to which companies (by name), as the activation mail says it.

    `by` is empty for accounts created by operations. `others` is the number of companies that are not named.
    """

    by: str
    companies: tuple[str, ...]
    others: int = 0

    @classmethod
    def to(cls, companies: Iterable[str], *, by: str = "") -> Self:
        """Return an invitation to all of these companies."""
        names = sorted(set(companies), key=str.casefold)
        named = tuple(name[:NAME_LENGTH] for name in names[:COMPANIES_NAMED])
        return cls(by[:NAME_LENGTH], named, max(0, len(names) - COMPANIES_NAMED))


@dataclass(frozen=True, slots=True)
class User:
    """An account.

    `password_required` is true until the account is activated. `activation_sent_at` (UTC) is when the last
    activation mail was handed to the mail server, `None` when there was none. `invitation` is what the last or
    next activation mail says.
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
        """When the link of the last activation mail expires."""
        return self.activation_sent_at + ACTIVATION_LIFESPAN if self.activation_sent_at else None

    def status(self, now: datetime | None = None) -> ActivationStatus:
        """Return the status at `now` (UTC, by default the present).

        `emailVerified` is not used: Keycloak sets it before the password is chosen (measured, 26.7.3).
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
    """A person with the attachments that were asked for, which need not be all of them."""

    user: User
    attachments: tuple[Attachment, ...]

    def at(self, company_id: str) -> Attachment | None:
        """Return the attachment to that company, if there is one."""
        return next((a for a in self.attachments if a.company_id == company_id), None)

    def administers_now(self, now: datetime | None = None) -> tuple[str, ...]:
        """The ids of the companies that they administer while their account is active: none while it is not."""
        if self.user.status(now) is not ActivationStatus.ACTIVE:
            return ()
        return tuple(a.company_id for a in self.attachments if a.administers)


def administering_now(members: Iterable[Member], company_id: str) -> tuple[User, ...]:
    """Those of these people who administer the company and are active now."""
    return tuple(member.user for member in members if company_id in member.administers_now())


@dataclass(frozen=True, slots=True)
class Dossier:
    """A person with all their attachments, by company name, and what the directory tells of how they sign in.

    `signed_in_at` (UTC) is when the newest of their open sessions began, `None` when no session is open.
    `has_codes` is whether they use the codes of an application as a second factor.
    """

    user: User
    places: tuple[tuple[Company, Attachment], ...]
    signed_in_at: datetime | None = None
    has_codes: bool = False


@dataclass(frozen=True, slots=True)
class AttachmentChange:
    """A change of one person at one company; `before` or `after` is `None` where there is no attachment."""

    company_id: str
    before: Attachment | None
    after: Attachment | None

    def __post_init__(self) -> None:
        if any(end and end.company_id != self.company_id for end in (self.before, self.after)):
            raise ValueError(f"a change at {self.company_id} must not be about another company")

    @property
    def is_attach(self) -> bool:
        return self.before is None and self.after is not None

    @property
    def is_detach(self) -> bool:
        return self.before is not None and self.after is None

    @property
    def takes_administrator(self) -> bool:
        """Whether the company loses an administrator by it."""
        was = self.before is not None and self.before.administers
        return was and not (self.after is not None and self.after.administers)


def difference(before: Iterable[Attachment], after: Iterable[Attachment]) -> tuple[AttachmentChange, ...]:
    """Return the changes that lead from one set of attachments to the other, by company id."""
    old = {a.company_id: a for a in before}
    new = {a.company_id: a for a in after}
    return tuple(
        AttachmentChange(company_id, old.get(company_id), new.get(company_id))
        for company_id in sorted(old.keys() | new.keys())
        if old.get(company_id) != new.get(company_id)
    )
