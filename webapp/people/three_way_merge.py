"""What somebody wants, and what somebody else did meanwhile: brought together, never overwritten. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from directory.model import Attachment

State = Mapping[str, Attachment | None]
"""What a person is at companies; none where they are not attached."""


@dataclass(frozen=True, slots=True)
class Merge:
    """What to bring the person to, company by company.

    `theirs` are companies that somebody else changed and that the typist left as they were: the change stays.
    `conflicts` are those that both changed, differently: nothing may be saved before they are looked at.
    """

    wanted: dict[str, Attachment | None]
    theirs: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def merge(present: State, typed: State, seen: State) -> Merge:
    """Three states: as it is now, as it was typed, and as it was when the form was shown.

    A company that `seen` does not name was not shown with a state: what was typed counts.
    """
    wanted: dict[str, Attachment | None] = {}
    theirs: list[str] = []
    conflicts: list[str] = []
    for company_id, mine in typed.items():
        now = present.get(company_id)
        before = seen.get(company_id, now)
        moved = now != before
        if moved and mine == before:
            wanted[company_id] = now
            theirs.append(company_id)
        elif moved and mine != now:
            wanted[company_id] = now
            conflicts.append(company_id)
        else:
            wanted[company_id] = mine
    return Merge(wanted, tuple(theirs), tuple(conflicts))
