"""What no one looks after, over all companies: for operations, as lists and as numbers.

Reads the people of every company and every account, so it is for a night or for somebody who waits.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from directory.errors import NotFoundError
from directory.gateway import Directory
from directory.model import ActivationStatus, Company, Member, User
from webapp.lifecycle.endings import Ending
from webapp.records import journal_reading
from webapp.storage.database import Database

A_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found, by id, by address or by day.

    `orphans` have no active administrator; those of `nowhere` have been attached to no company for a year.
    """

    orphans: tuple[Company, ...]
    never_activated: tuple[User, ...]
    past_end: tuple[Ending, ...]
    nowhere: tuple[User, ...]

    @property
    def numbers(self) -> dict[str, float]:
        """How many there are of each, as facts."""
        return {
            "companies_without_administrator": float(len(self.orphans)),
            "accounts_never_activated": float(len(self.never_activated)),
            "attachments_past_end": float(len(self.past_end)),
            "accounts_attached_nowhere": float(len(self.nowhere)),
        }


def survey(directory: Directory, database: Database, now: datetime, today: date) -> Survey:
    """Look at every company and every account, one after the other."""
    orphans: list[Company] = []
    past_end: list[Ending] = []
    attached: set[str] = set()
    for company in sorted(directory.companies(), key=lambda one: one.id):
        try:
            members = directory.members(company)
        except NotFoundError:
            continue  # deleted meanwhile
        attached.update(member.user.id for member in members)
        if not any(_is_in_charge(member, now) for member in members):
            orphans.append(company)
        ends = [Ending(one.user, company, attachment) for one in members for attachment in one.attachments]
        past_end += [ending for ending in ends if ending.attachment.has_ended(today)]
    return Survey(
        tuple(orphans),
        tuple(sorted(directory.never_activated(now), key=lambda user: user.email)),
        tuple(sorted(past_end, key=lambda one: (one.until, one.user.email, one.company.id))),
        _nowhere(directory, database, now, attached),
    )


def _is_in_charge(member: Member, now: datetime) -> bool:
    return any(a.administers for a in member.attachments) and member.user.status(now) is ActivationStatus.ACTIVE


def _nowhere(directory: Directory, database: Database, now: datetime, attached: set[str]) -> tuple[User, ...]:
    """Who was created more than a year ago and is at no company, nor was in that year as the journal knows."""
    known = attached | journal_reading.moved_since(database, (now - A_YEAR).timestamp())
    alone = [user for user in directory.made_before(now - A_YEAR) if user.id not in known]
    return tuple(sorted(alone, key=lambda user: user.email))
