"""Findings of a check, from what `inspection` has read. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from directory.model import ActivationStatus, User
from directory.rights import DIRECTORY_RIGHTS

NEEDED_RIGHTS = frozenset(
    {
        "manage-realm",
        "manage-clients",
        "manage-users",
        "manage-identity-providers",
        "manage-authorization",
        *DIRECTORY_RIGHTS,
    }
)
"""The roles of `realm-management` that a run needs. In Keycloak only a holder of a role can assign it."""


class FindingKind(StrEnum):
    """The closed set of findings."""

    NO_ACTIVE_ADMINISTRATOR = "no-active-administrator"
    NEVER_ACTIVATED = "never-activated"
    SUBGROUP_WITHOUT_COMPANY = "subgroup-without-company"
    PAST_END = "past-end"
    FOREIGN_RIGHT = "foreign-right"
    RIGHT_TOO_MANY = "right-too-many"
    RIGHT_MISSING = "right-missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its kind, the person or object concerned, and a message."""

    kind: FindingKind
    about: str
    message: str


@dataclass(frozen=True, slots=True)
class CompanyPeople:
    """The user ids of a company's group and, by name, of its subgroups."""

    id: str
    people: frozenset[str]
    subgroups: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Inspected:
    """The data of a check.

    `directory_rights` are the rights of the portal's service account, or None if the realm has none. `own_rights`
    are those of the account that runs the check, or None if its token does not contain them. `holders` are people
    and groups that hold roles of `realm-management` directly, with these roles.
    """

    users: Mapping[str, User]
    companies: tuple[CompanyPeople, ...]
    directory_rights: frozenset[str] | None
    own_rights: frozenset[str] | None
    holders: Mapping[str, tuple[str, ...]]
    ends: Mapping[str, Mapping[str, date]] = field(default_factory=dict)
    """The last days of attachments, by user id and company id."""


def check(found: Inspected, now: datetime | None = None) -> tuple[Finding, ...]:
    """Return all findings, by kind."""
    moment = now or datetime.now(UTC)
    findings = [
        *_orphans(found, moment),
        *_never_activated(found.users.values(), moment),
        *_subgroups_without_company(found),
        *_past_ends(found, moment.date()),
        *_rights(found),
    ]
    order = {kind: position for position, kind in enumerate(FindingKind)}
    return tuple(sorted(findings, key=lambda finding: (order[finding.kind], finding.about)))


def _orphans(found: Inspected, now: datetime) -> Iterator[Finding]:
    for company in found.companies:
        named = company.subgroups.get("administrators", frozenset()) & company.people
        states = [found.users[id].status(now) for id in named if id in found.users]
        if ActivationStatus.ACTIVE not in states:
            message = _reason(states)
            yield Finding(FindingKind.NO_ACTIVE_ADMINISTRATOR, company.id, message)


def _reason(states: list[ActivationStatus]) -> str:
    if not states:
        return "the company has no administrator"
    disabled = sum(state is ActivationStatus.DISABLED for state in states)
    waiting = len(states) - disabled
    counts = [f"{waiting} never activated"] * bool(waiting) + [f"{disabled} disabled"] * bool(disabled)
    return f"none of its administrators is active: {', '.join(counts)}"


_WAITING: Mapping[ActivationStatus, str] = {
    ActivationStatus.PENDING: "the link works until {until}",
    ActivationStatus.EXPIRED: "the link stopped working on {until}",
    ActivationStatus.NOT_SENT: "no activation mail was sent",
}


def _never_activated(users: Iterable[User], now: datetime) -> Iterator[Finding]:
    for user in users:
        words = _WAITING.get(user.status(now))
        if words:
            until = user.activation_expires_at
            message = words.format(until=until.date().isoformat() if until else "")
            yield Finding(FindingKind.NEVER_ACTIVATED, user.profile.email, message)


def _subgroups_without_company(found: Inspected) -> Iterator[Finding]:
    for company in found.companies:
        for subgroup, people in sorted(company.subgroups.items()):
            for id in people - company.people:
                who = found.users[id].profile.email if id in found.users else id
                message = f"in {company.id}/{subgroup}, but not attached to {company.id}"
                yield Finding(FindingKind.SUBGROUP_WITHOUT_COMPANY, who, message)


def _past_ends(found: Inspected, today: date) -> Iterator[Finding]:
    """The portal detaches on the day after the last; by its own clock, so one day is left to it."""
    for company in found.companies:
        for id in company.people:
            until = found.ends.get(id, {}).get(company.id)
            if until is not None and until < today - timedelta(days=1):
                who = found.users[id].profile.email if id in found.users else id
                message = f"attached to {company.id}, although the last day was {until.isoformat()}"
                yield Finding(FindingKind.PAST_END, who, message)


def _rights(found: Inspected) -> Iterator[Finding]:
    for holder, roles in found.holders.items():
        yield Finding(FindingKind.FOREIGN_RIGHT, holder, f"holds {', '.join(roles)} of realm-management directly")
    if found.directory_rights is not None:
        account = "the portal's directory account"
        for role in found.directory_rights - DIRECTORY_RIGHTS:
            yield Finding(FindingKind.RIGHT_TOO_MANY, account, f"holds {role}")
        for role in DIRECTORY_RIGHTS - found.directory_rights:
            yield Finding(FindingKind.RIGHT_MISSING, account, f"lacks {role}")
    if found.own_rights is not None and "realm-admin" not in found.own_rights:
        for role in NEEDED_RIGHTS - found.own_rights:
            yield Finding(FindingKind.RIGHT_MISSING, "the account of this run", f"lacks {role}")
