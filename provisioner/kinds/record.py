"""What is kept in the realm about earlier applies, as two of its attributes.

They hold names and digests only, no secret, and are left out of everything that is compared, shown and exported.
"""

import json
from collections.abc import Mapping
from typing import Any

from provisioner.model.state import Address, Json, Kind, Record

PREFIX = "provisioner."
_MADE = f"{PREFIX}made"
_DIGESTS = f"{PREFIX}digests"


def read(attributes: Mapping[str, str]) -> Record:
    """The record in these realm attributes; what cannot be read counts as nothing made, so nothing is deleted."""
    made = _object(attributes.get(_MADE))
    known = {kind.value for kind in Kind}
    addresses = (
        Address(Kind(kind), tuple(map(str, names)) if isinstance(names, list) else (str(names),))
        for kind, each in made.items()
        if kind in known
        for names in each
    )
    return Record(
        frozenset(addresses), {key: str(text) for key, text in _object(attributes.get(_DIGESTS)).items()}
    )


def _object(text: str | None) -> Json:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def attributes(record: Record) -> dict[str, str]:
    """The realm attributes that hold the record; a name alone stands for a list of one."""
    made: dict[str, list[Any]] = {}
    for address in sorted(record.made, key=lambda address: (address.kind, address.names)):
        names = address.names[0] if len(address.names) == 1 else list(address.names)
        made.setdefault(address.kind.value, []).append(names)
    found = {}
    if made:
        found[_MADE] = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    if record.digests:
        found[_DIGESTS] = json.dumps(dict(sorted(record.digests.items())), separators=(",", ":"))
    return found


def without(attributes: Mapping[str, str]) -> dict[str, str]:
    """The realm attributes that are not ours."""
    return {name: value for name, value in attributes.items() if not name.startswith(PREFIX)}
