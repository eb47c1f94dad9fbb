"""What the modules of this package are given of a realm file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.model.rules import MASK
from provisioner.model.state import Address, Json, Kind, Source

Contains = Callable[[Address], None]
"""Notes that the files contain the list with this address: see `RealmState.contains`."""

Complain = Callable[[Source, str], None]
"""Names a problem at a place in the files; the run goes on to find the others."""


@dataclass(frozen=True, slots=True)
class RealmFile:
    """One document, checked and filled: `content` is a RealmRepresentation of the realm `realm`."""

    realm: str
    content: Json
    source: Source
    complain: Complain
    note: Contains

    def contains(self, kind: Kind, *names: str) -> None:
        """Says that the file contains the list of these: all of that kind whose names begin with `names`."""
        self.note(Address(kind, names))


def said(values: Mapping[str, Any]) -> Json:
    """What is said: a secret that was exported as a mask is not."""
    return {key: value for key, value in values.items() if value not in (MASK, [MASK])}
