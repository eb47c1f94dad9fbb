"""What no file says and operations should know. Decided here from what was read; reading is `inspection`'s."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
"""What a run of the provisioner needs of `realm-management`. Keycloak lets nobody give a right that he has not."""


class FindingKind(StrEnum):
    """All that a check looks for; closed."""

    NO_ACTIVE_ADMINISTRATOR = "no-active-administrator"
    NEVER_ACTIVATED = "never-activated"
    SUBGROUP_WITHOUT_COMPANY = "subgroup-without-company"
    FOREIGN_RIGHT = "foreign-right"
    RIGHT_TOO_MANY = "right-too-many"
    RIGHT_MISSING = "right-missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """One of them: about whom or what, and in words."""

    kind: FindingKind
    about: str
    message: str


@dataclass(frozen=True, slots=True)
class CompanyPeople:
    """Who is in a company's group and in its subgroups, by user id; subgroups by name."""

    id: str
    people: frozenset[str]
    subgroups: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a check looks at.

    `directory_rights` are those of the portal's directory account, none when the realm has no such account;
    `own_rights` those of the account that looks, none when its token does not tell. `holders` are people and
    groups that hold roles of `realm-management` directly, with the roles.
    """

    users: Mapping[str, User]
    companies: tuple[CompanyPeople, ...]
    directory_rights: frozenset[str] | None
    own_rights: frozenset[str] | None
    holders: Mapping[str, tuple[str, ...]]


def check(found: Inspected, now: datetime | None = None) -> tuple[Finding, ...]:
    """Everything worth telling, by kind."""
    moment = now or datetime.now(UTC)
    findings = [
        *_orphans(found, moment),
        *_never_activated(found.users.values(), moment),
        *_strays(found),
        *_rights(found),
    ]
    order = {kind: position for position, kind in enumerate(FindingKind)}
    return tuple(sorted(findings, key=lambda finding: (order[finding.kind], finding.about)))


def _orphans(found: Inspected, now: datetime) -> Iterator[Finding]:
    for company in found.companies:
        named = company.subgroups.get("administrators", frozenset()) & company.people
        states = [found.users[id].status(now) for id in named if id in found.users]
        if ActivationStatus.ACTIVE not in states:
            message = _in_words(states)
            yield Finding(FindingKind.NO_ACTIVE_ADMINISTRATOR, company.id, message)


def _in_words(states: list[ActivationStatus]) -> str:
    if not states:
        return "nobody administers this company"
    disabled = sum(state is ActivationStatus.DISABLED for state in states)
    waiting = len(states) - disabled
    told = [f"{waiting} never activated"] * bool(waiting) + [f"{disabled} disabled"] * bool(disabled)
    return f"none of its administrators is active: {', '.join(told)}"


_WAITING: Mapping[ActivationStatus, str] = {
    ActivationStatus.PENDING: "the link works until {until}",
    ActivationStatus.EXPIRED: "the link stopped working on {until}",
    ActivationStatus.NOT_SENT: "no activation mail has left",
}


def _never_activated(users: Iterable[User], now: datetime) -> Iterator[Finding]:
    for user in users:
        words = _WAITING.get(user.status(now))
        if words:
            until = user.activation_expires_at
            message = words.format(until=until.date().isoformat() if until else "")
            yield Finding(FindingKind.NEVER_ACTIVATED, user.profile.email, message)


def _strays(found: Inspected) -> Iterator[Finding]:
    for company in found.companies:
        for subgroup, people in sorted(company.subgroups.items()):
            for id in people - company.people:
                who = found.users[id].profile.email if id in found.users else id
                message = f"in {company.id}/{subgroup}, but not attached to {company.id}"
                yield Finding(FindingKind.SUBGROUP_WITHOUT_COMPANY, who, message)


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
