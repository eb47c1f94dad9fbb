"""What the modules of this package are given of a realm file."""

from collections.abc import Callable
from dataclasses import dataclass

from provisioner.state import Json, Source

Complain = Callable[[Source, str], None]
"""Names a problem at a place in the files; the run goes on to find the others."""


@dataclass(frozen=True, slots=True)
class RealmFile:
    """One document, checked and filled: `content` is a RealmRepresentation of the realm `realm`."""

    realm: str
    content: Json
    source: Source
    complain: Complain
