"""The list of people: filter, sort and cut into pages. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import TypeVar

from directory.model import ActivationStatus, Affiliation, Attachment, CompanyRole, Member
from webapp.text import fold

E = TypeVar("E", CompanyRole, Affiliation, ActivationStatus)
PAGE_SIZE = 50
SORTS = ("last_name", "email", "status")

_STATUS_ORDER = {
    status: place
    for place, status in enumerate(
        (
            ActivationStatus.NOT_SENT,
            ActivationStatus.EXPIRED,
            ActivationStatus.PENDING,
            ActivationStatus.ACTIVE,
            ActivationStatus.DISABLED,
        )
    )
}


@dataclass(frozen=True, slots=True)
class Query:
    """What of the list is asked for; as it stands in the address of the page."""

    q: str = ""
    company: str = ""
    role: CompanyRole | None = None
    affiliation: Affiliation | None = None
    status: ActivationStatus | None = None
    sort: str = "last_name"
    page: int = 1

    @property
    def is_filtered(self) -> bool:
        return any((self.q.strip(), self.company, self.role, self.affiliation, self.status))


def query_of(arguments: Mapping[str, str]) -> Query:
    """What an address asks for; a word it does not know asks for nothing."""
    page, sort = arguments.get("page", ""), arguments.get("sort", "")
    return Query(
        q=arguments.get("q", ""),
        company=arguments.get("company", ""),
        role=_member(CompanyRole, arguments.get("role", "")),
        affiliation=_member(Affiliation, arguments.get("affiliation", "")),
        status=_member(ActivationStatus, arguments.get("status", "")),
        sort=sort if sort.removeprefix("-") in SORTS else "last_name",
        page=int(page) if page.isdecimal() and len(page) < 1000 else 1,
    )


def _member(enumeration: type[E], value: str) -> E | None:
    return enumeration(value) if value in set(enumeration) else None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list; `page` is within `pages`, whatever was asked."""

    members: tuple[Member, ...]
    total: int
    page: int
    pages: int


def select(members: Iterable[Member], query: Query, now: datetime) -> tuple[Member, ...]:
    """The people who match, in the order asked for."""
    words = [fold(word) for word in query.q.split()]
    found = [
        member
        for member in members
        if _matches_text(member, words)
        and (query.status is None or member.user.status(now) is query.status)
        and any(_matches(attachment, query) for attachment in member.attachments)
    ]
    descending = query.sort.startswith("-")
    key = query.sort.removeprefix("-")

    def order(member: Member) -> tuple[object, ...]:
        profile = member.user.profile
        name = (fold(profile.last_name), fold(profile.first_name), profile.email)
        match key:
            case "email":
                return (profile.email, *name)
            case "status":
                return (_STATUS_ORDER[member.user.status(now)], *name)
            case _:
                return name

    return tuple(sorted(found, key=order, reverse=descending))


def cut(members: tuple[Member, ...], page: int, size: int = PAGE_SIZE) -> Page:
    """One page of them."""
    pages = max(1, ceil(len(members) / size))
    page = min(max(page, 1), pages)
    return Page(members[(page - 1) * size : page * size], len(members), page, pages)


def _matches_text(member: Member, words: list[str]) -> bool:
    profile = member.user.profile
    text = fold(f"{profile.last_name} {profile.first_name} {profile.email}")
    return all(word in text for word in words)


def _matches(attachment: Attachment, query: Query) -> bool:
    return (
        (not query.company or attachment.company_id == query.company)
        and (query.role is None or attachment.role is query.role)
        and (query.affiliation is None or attachment.affiliation is query.affiliation)
    )
