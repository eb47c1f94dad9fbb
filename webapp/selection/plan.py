"""Several people at once: what is asked for all of them, and what it would do to each. Pure."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from directory.model import Affiliation, Attachment, AttachmentChange, CompanyRole, Member, difference
from webapp.people.policies import would_be_last_administrator
from webapp.text import fold

MOST = 200
"""People of one selection."""


class Act(StrEnum):
    """What can be done with several people; `UNDO` is for taking one of these back."""

    DETACH = "detach"
    ROLE = "role"
    AFFILIATION = "affiliation"
    UNTIL = "until"
    RESEND = "resend"
    EXPORT = "export"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for all of them, at one company or (empty) at each of the author's where they are attached.

    `request` is the request whose changes are taken back, or the one that made these.
    """

    act: Act
    company: str = ""
    role: CompanyRole | None = None
    affiliation: Affiliation | None = None
    until: date | None = None
    request: str = ""

    def at(self, member: Member) -> tuple[Attachment, ...]:
        """The attachments that this is about."""
        return tuple(a for a in member.attachments if self.company in ("", a.company_id))

    def wanted(self, member: Member) -> dict[str, Attachment | None]:
        """What the person is to be at these companies; no one is attached by it."""
        return {a.company_id: self._after(a) for a in self.at(member)}

    def changes(self, member: Member) -> tuple[AttachmentChange, ...]:
        """What that changes."""
        return difference(self.at(member), [a for a in self.wanted(member).values() if a])

    def _after(self, before: Attachment) -> Attachment | None:
        match self.act:
            case Act.DETACH:
                return None
            case Act.ROLE if self.role:
                return replace(before, role=self.role)
            case Act.AFFILIATION if self.affiliation:
                return replace(before, affiliation=self.affiliation)
            case Act.UNTIL:
                return replace(before, until=self.until)
            case _:
                return before


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that would take a company's last active administrator."""

    member: Member
    change: AttachmentChange


@dataclass(frozen=True, slots=True)
class Group:
    """The same change at the same company, and whom it is for."""

    change: AttachmentChange
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen: equal changes together, what is refused, and who stays as they are."""

    groups: tuple[Group, ...]
    refused: tuple[Refused, ...]
    unchanged: tuple[Member, ...]

    @property
    def people(self) -> int:
        """How many people are changed."""
        return len({member.user.id for group in self.groups for member in group.members})

    @property
    def marks(self) -> frozenset[str]:
        """A short mark for each change: the page that shows a plan brings them along, to notice another one."""
        return frozenset(_mark(member, group.change) for group in self.groups for member in group.members)


def in_order(members: Iterable[Member], last: str = "") -> list[Member]:
    """By name; `last` at the end: who acts must not lose their rights before the others are done."""
    return sorted(
        members,
        key=lambda m: (
            m.user.id == last,
            fold(m.user.profile.last_name),
            fold(m.user.profile.first_name),
            m.user.id,
        ),
    )


def plan(members: Sequence[Member], asked: Asked, administrators: Mapping[str, Collection[Member]]) -> Plan:
    """What is asked, done to one after the other; `administrators` are those of each company, read now."""
    present = {company_id: list(found) for company_id, found in administrators.items()}
    groups: dict[tuple[str, Attachment | None, Attachment | None], list[Member]] = {}
    refused, unchanged = [], []
    for member in members:
        changes = asked.changes(member)
        if not changes:
            unchanged.append(member)
        for change in changes:
            there = present.get(change.company_id, [])
            if would_be_last_administrator(there, member.user, change):
                refused.append(Refused(member, change))
                continue
            if change.takes_administrator:
                present[change.company_id] = [one for one in there if one.user.id != member.user.id]
            groups.setdefault((change.company_id, change.before, change.after), []).append(member)
    made = (Group(AttachmentChange(*key), tuple(found)) for key, found in groups.items())
    return Plan(tuple(made), tuple(refused), tuple(unchanged))


def _mark(member: Member, change: AttachmentChange) -> str:
    said = f"{member.user.id} {change.company_id} {change.before} {change.after}"
    return hashlib.sha256(said.encode()).hexdigest()[:12]
