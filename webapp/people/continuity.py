"""Warn a company that has only one active administrator left; `webapp.people.policies` keeps that one."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from directory.model import Company, Member


@dataclass(frozen=True, slots=True)
class Shortage:
    """Companies without an active administrator, and those with a single one."""

    without: tuple[Company, ...]
    single: tuple[Company, ...]


def shortage(companies: Iterable[Company], members: Iterable[Member], now: datetime) -> Shortage:
    """Which of the companies lack active administrators; `members` is everybody there. Pure."""
    companies = tuple(companies)
    active = Counter(company_id for member in members for company_id in member.administers_now(now))
    return Shortage(
        tuple(company for company in companies if active[company.id] == 0),
        tuple(company for company in companies if active[company.id] == 1),
    )
