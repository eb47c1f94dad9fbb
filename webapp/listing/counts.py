"""How many people there are of each kind, for the links above the list. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from directory.model import ActivationStatus, Affiliation, CompanyRole, Member
from webapp.listing.query import End, Present, Query
from webapp.people.end_dates import is_soon


@dataclass(frozen=True, slots=True)
class Count:
    """How many people a filter of the list finds; `is_chosen` is whether the list is narrowed by it."""

    field: str
    value: str
    number: int
    is_chosen: bool


KINDS = (
    *(
        ("status", status.value)
        for status in (
            ActivationStatus.ACTIVE,
            ActivationStatus.PENDING,
            ActivationStatus.EXPIRED,
            ActivationStatus.NOT_SENT,
        )
    ),
    ("affiliation", Affiliation.EXTERNAL.value),
    ("role", CompanyRole.ADMINISTRATOR.value),
    ("until", End.SOON.value),
)
"""Pairs of a filter and its value, in the order in which they are shown."""


def counts_of(members: Iterable[Member], query: Query, present: Present) -> tuple[Count, ...]:
    """Count the people of each kind, at the company that the list is narrowed to, or else at all."""
    found: Counter[tuple[str, str]] = Counter()
    for member in members:
        at = [a for a in member.attachments if query.company in {"", a.company_id}]
        if at:
            found["status", member.user.status(present.now).value] += 1
            found["affiliation", Affiliation.EXTERNAL.value] += any(
                a.affiliation is Affiliation.EXTERNAL for a in at
            )
            found["role", CompanyRole.ADMINISTRATOR.value] += any(a.administers for a in at)
            found["until", End.SOON.value] += any(is_soon(a.until, present.today) for a in at)
    return tuple(Count(*kind, found[kind], str(getattr(query, kind[0]) or "") == kind[1]) for kind in KINDS)
