"""Changes and plans."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from provisioner.model.parts import nested
from provisioner.model.state import Address, Json, Remark, Resource


class Action(StrEnum):
    """The closed set of actions on a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    NO_OP = "no-op"
    REFUSED = "refused"
    UNMANAGED = "unmanaged"

    @property
    def glyph(self) -> str:
        """One printable character for the action."""
        return _GLYPHS[self]

    @property
    def writes(self) -> bool:
        """Whether applying the action changes the server."""
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
    """One change. `before` and `after` hold only the fields that differ, or all fields of a creation.

    `resource` is the whole desired resource, for kinds that Keycloak only accepts as a whole.
    """

    action: Action
    address: Address
    before: Json | None = None
    after: Json | None = None
    reason: str = ""
    resource: Resource | None = field(default=None, compare=False, repr=False)


def steps(change: Change) -> tuple[Change, ...]:
    """A replacement as what it is made of, the deletion of a key as an update of its resource, others as they are.

    In an update, the value None takes a key away.
    """
    if change.address.part:
        after = nested(change.address, None)
        return (replace(change, action=Action.UPDATE, address=change.address.whole, after=after),)
    if change.action is not Action.REPLACE:
        return (change,)
    gone = replace(change, action=Action.DELETE, after=None)
    return gone, replace(change, action=Action.CREATE, before=None)


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that lead from the observed state to the desired one, in the order in which they are made."""

    realm: str
    changes: tuple[Change, ...]
    remarks: tuple[Remark, ...] = field(default=(), compare=False)
    """Warnings: what an apply does not take over exactly."""

    @property
    def writes(self) -> tuple[Change, ...]:
        """All changes of the server, deletions included."""
        return tuple(change for change in self.changes if change.action.writes)

    def to_make(self, prune: bool) -> tuple[Change, ...]:
        """Return the changes that an apply makes; deletions only with `prune`."""
        return tuple(change for change in self.writes if prune or change.action is not Action.DELETE)

    @property
    def deletions(self) -> tuple[Change, ...]:
        """The resources that an earlier apply created and that the files no longer name."""
        return tuple(change for change in self.changes if change.action is Action.DELETE)

    @property
    def unmanaged(self) -> tuple[Change, ...]:
        """The resources that others created and that are kept."""
        return tuple(change for change in self.changes if change.action is Action.UNMANAGED)

    @property
    def refused(self) -> tuple[Change, ...]:
        """The changes that cannot be made. While there are any, no change is made."""
        return tuple(change for change in self.changes if change.action is Action.REFUSED)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)
