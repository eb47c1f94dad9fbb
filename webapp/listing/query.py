"""The list of people: filter, sort and cut into pages. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from math import ceil

from directory.model import ActivationStatus, Affiliation, Attachment, CompanyRole, Member
from directory.person_data import email_spellings
from webapp.people.end_dates import is_soon
from webapp.text import fold

PAGE_SIZE = 50
MOST_CHARACTERS = 200
"""Of a search; what comes after them is ignored."""
SORTS = ("last_name", "email", "status", "company")

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


class End(StrEnum):
    """A planned end of an attachment; `SOON` is within 30 days, or past."""

    SOON = "soon"


class Ignored(StrEnum):
    """A part of an address that is not followed, or not as written."""

    Q = "q"
    COMPANY = "company"
    ROLE = "role"
    AFFILIATION = "affiliation"
    STATUS = "status"
    UNTIL = "until"
    SORT = "sort"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Query:
    """What of the list is asked for; `ignored` is what the address asked for besides, and no one understands."""

    q: str = ""
    company: str = ""
    role: CompanyRole | None = None
    affiliation: Affiliation | None = None
    status: ActivationStatus | None = None
    until: End | None = None
    sort: str = SORTS[0]
    page: int = 1
    ignored: tuple[Ignored, ...] = ()

    @property
    def is_filtered(self) -> bool:
        return any((self.q.strip(), self.company, self.role, self.affiliation, self.status, self.until))

    @property
    def arguments(self) -> dict[str, str]:
        """The address of the same list, but for its page: only what narrows or orders it."""
        said = {
            "q": self.q,
            "company": self.company,
            "role": self.role or "",
            "affiliation": self.affiliation or "",
            "status": self.status or "",
            "until": self.until or "",
            "sort": self.sort if self.sort != SORTS[0] else "",
        }
        return {name: str(value) for name, value in said.items() if value}


def query_of(arguments: Mapping[str, str], company_ids: Collection[str] | None = None) -> Query:
    """What an address asks for; a word it does not know asks for nothing, and is named.

    With `company_ids`, a company that is none of them is such a word, whether it exists or not.
    """
    said = {name: arguments.get(name, "") for name in Ignored}
    known = {
        Ignored.Q: len(said[Ignored.Q]) <= MOST_CHARACTERS,
        Ignored.COMPANY: company_ids is None or said[Ignored.COMPANY] in company_ids,
        Ignored.ROLE: said[Ignored.ROLE] in set(CompanyRole),
        Ignored.AFFILIATION: said[Ignored.AFFILIATION] in set(Affiliation),
        Ignored.STATUS: said[Ignored.STATUS] in set(ActivationStatus),
        Ignored.UNTIL: said[Ignored.UNTIL] in set(End),
        Ignored.SORT: said[Ignored.SORT].removeprefix("-") in SORTS,
        Ignored.PAGE: _page(said[Ignored.PAGE]) > 0,
    }
    kept = {name: said[name] if known[name] else "" for name in Ignored}
    return Query(
        q=said[Ignored.Q][:MOST_CHARACTERS],
        company=kept[Ignored.COMPANY],
        role=CompanyRole(kept[Ignored.ROLE]) if kept[Ignored.ROLE] else None,
        affiliation=Affiliation(kept[Ignored.AFFILIATION]) if kept[Ignored.AFFILIATION] else None,
        status=ActivationStatus(kept[Ignored.STATUS]) if kept[Ignored.STATUS] else None,
        until=End(kept[Ignored.UNTIL]) if kept[Ignored.UNTIL] else None,
        sort=kept[Ignored.SORT] or SORTS[0],
        page=_page(kept[Ignored.PAGE]) or 1,
        ignored=tuple(name for name in Ignored if said[name] and not known[name]),
    )


def _page(text: str) -> int:
    """A page's number; 0 for what is none."""
    return int(text) if text.isdecimal() and len(text) < 1000 else 0


@dataclass(frozen=True, slots=True)
class Present:
    """What people are compared with: the instant, its day by the portal's clock, the companies' names by id."""

    now: datetime
    today: date
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list; `page` is within `pages`, whatever was asked."""

    members: tuple[Member, ...]
    total: int
    page: int
    pages: int


def select(members: Iterable[Member], query: Query, present: Present) -> tuple[Member, ...]:
    """The people who match, in the order asked for."""
    words = [fold(word) for word in query.q.split()]
    at_any = not (query.company or query.role or query.affiliation or query.until)
    found = [
        member
        for member in members
        if _matches_text(member, words)
        and (query.status is None or member.user.status(present.now) is query.status)
        and (at_any or any(_matches(attachment, query, present.today) for attachment in member.attachments))
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
                return (_STATUS_ORDER[member.user.status(present.now)], *name)
            case "company":
                return (_companies(member, query, present), *name)
            case _:
                return name

    return tuple(sorted(found, key=order, reverse=descending))


def _companies(member: Member, query: Query, present: Present) -> tuple[str, ...]:
    """The names of the companies where the person matches, from A to Z, to be compared."""
    ids = (one.company_id for one in member.attachments if _matches(one, query, present.today))
    return tuple(sorted(fold(present.names.get(each, each)) for each in ids))


def cut(members: tuple[Member, ...], page: int, size: int = PAGE_SIZE) -> Page:
    """One page of them."""
    pages = max(1, ceil(len(members) / size))
    page = min(max(page, 1), pages)
    return Page(members[(page - 1) * size : page * size], len(members), page, pages)


def _matches_text(member: Member, words: list[str]) -> bool:
    if not words:
        return True
    profile = member.user.profile
    addresses = map(fold, email_spellings(profile.email))
    text = " ".join((fold(profile.last_name), fold(profile.first_name), *addresses))
    return all(word in text for word in words)


def _matches(attachment: Attachment, query: Query, today: date) -> bool:
    return (
        (not query.company or attachment.company_id == query.company)
        and (query.role is None or attachment.role is query.role)
        and (query.affiliation is None or attachment.affiliation is query.affiliation)
        and (query.until is None or is_soon(attachment.until, today))
    )
