"""What a plan is made of: changes, each with what was, what will be, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from provisioner.model.state import Address, Json, Resource


class Action(StrEnum):
    """All that can happen to a resource; closed."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    NO_OP = "no-op"
    REFUSED = "refused"
    UNMANAGED = "unmanaged"

    @property
    def glyph(self) -> str:
        """One printable character for it."""
        return _GLYPHS[self]

    @property
    def writes(self) -> bool:
        """Whether applying it changes the server."""
        return self in _WRITING


_GLYPHS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "±",
    Action.DELETE: "-",
    Action.NO_OP: "=",
    Action.REFUSED: "!",
    Action.UNMANAGED: "?",
}
_WRITING = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE})


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `before` and `after` hold only the fields that differ (all of them for a create).

    `resource` is the whole desired resource, for kinds that Keycloak only takes whole.
    """

    action: Action
    address: Address
    before: Json | None = None
    after: Json | None = None
    reason: str = ""
    resource: Resource | None = field(default=None, compare=False, repr=False)


def steps(change: Change) -> tuple[Change, ...]:
    """A replacement as what it is made of, anything else as itself."""
    if change.action is not Action.REPLACE:
        return (change,)
    gone = replace(change, action=Action.DELETE, after=None)
    return gone, replace(change, action=Action.CREATE, before=None)


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that lead from the observed state to the desired one, in the order in which they are made."""

    realm: str
    changes: tuple[Change, ...]

    @property
    def writes(self) -> tuple[Change, ...]:
        """What differs: all that an apply would change, deletions included."""
        return tuple(change for change in self.changes if change.action.writes)

    def to_make(self, prune: bool) -> tuple[Change, ...]:
        """The changes that an apply makes: deletions only when they are asked for."""
        return tuple(change for change in self.writes if prune or change.action is not Action.DELETE)

    @property
    def deletions(self) -> tuple[Change, ...]:
        """What an earlier apply made and the files no longer name."""
        return tuple(change for change in self.changes if change.action is Action.DELETE)

    @property
    def unmanaged(self) -> tuple[Change, ...]:
        """What others made: kept."""
        return tuple(change for change in self.changes if change.action is Action.UNMANAGED)

    @property
    def refused(self) -> tuple[Change, ...]:
        """What cannot be done; as long as there is one, nothing is."""
        return tuple(change for change in self.changes if change.action is Action.REFUSED)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)
