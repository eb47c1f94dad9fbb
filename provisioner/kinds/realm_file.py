"""A realm file in the form that the kinds read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.kinds.kind import Kind
from provisioner.model.rules import MASK
from provisioner.model.state import Address, Json, Source

Contains = Callable[[Address], None]
"""Called with the address of a list that the files contain: see `RealmState.contains`."""

AddError = Callable[[Source, str], None]
"""Called with the position and the message of an error; the run continues and finds others."""


@dataclass(frozen=True, slots=True)
class RealmFile:
    """One checked document with variables filled in: `content` is a RealmRepresentation of the realm `realm`."""

    realm: str
    content: Json
    source: Source
    add_error: AddError
    note: Contains

    def contains(self, kind: Kind, *names: str) -> None:
        """Record that the file has a list of all resources of that kind whose names begin with `names`."""
        self.note(Address(kind, names))


def without_masks(values: Mapping[str, Any]) -> Json:
    """Return the values without exported masks."""
    return {key: value for key, value in values.items() if value not in (MASK, [MASK])}
