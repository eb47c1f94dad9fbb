"""What is kept in the realm about earlier applies, in attributes of its own.

They contain names and digests but no secrets, and are left out of comparisons, output and exports.
"""

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from provisioner.kinds.kind import Kind
from provisioner.model.state import Address, Json, Record

PREFIX = "provisioner."
_MADE = f"{PREFIX}made"
_KEYS = f"{PREFIX}keys"
_DIGESTS = f"{PREFIX}digests"
_RUN = f"{PREFIX}run"
_UNFINISHED = " unfinished"


def read(attributes: Mapping[str, str]) -> Record:
    """Return the record in these realm attributes. An unreadable one counts as empty, so nothing is deleted."""
    made = _object(attributes.get(_MADE))
    known = {kind.value for kind in Kind}
    addresses = (
        Address(Kind(kind), tuple(map(str, names)) if isinstance(names, list) else (str(names),))
        for kind, each in made.items()
        if kind in known
        for names in each
    )
    keys = (
        Address(Kind(kind), tuple(names), tuple(part))
        for kind, each in _object(attributes.get(_KEYS)).items()
        if kind in known
        for names, parts in each
        for part in parts
    )
    digests = {key: str(text) for key, text in _object(attributes.get(_DIGESTS)).items()}
    run = attributes.get(_RUN) or ""
    return Record(
        frozenset(addresses),
        digests,
        frozenset(keys),
        run=run.removesuffix(_UNFINISHED),
        unfinished=run.endswith(_UNFINISHED),
    )


def _object(text: str | None) -> Json:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def attributes(record: Record) -> dict[str, str]:
    """Return the realm attributes with the record; a single name means a list of one."""
    made: dict[str, list[Any]] = {}
    for address in sorted(record.made, key=lambda address: (address.kind, address.names)):
        names = address.names[0] if len(address.names) == 1 else list(address.names)
        made.setdefault(address.kind, []).append(names)
    found = {}
    if made:
        found[_MADE] = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    if record.keys:
        found[_KEYS] = json.dumps(_keys(record.keys), ensure_ascii=False, separators=(",", ":"))
    if record.digests:
        found[_DIGESTS] = json.dumps(dict(sorted(record.digests.items())), separators=(",", ":"))
    if record.run:
        found[_RUN] = record.run + (_UNFINISHED if record.unfinished else "")
    return found


def _keys(keys: Iterable[Address]) -> dict[str, list[Any]]:
    """By kind, for each resource its names and the paths of its keys."""
    found: dict[str, list[Any]] = {}
    ordered = sorted(keys, key=lambda address: (address.kind, address.names, address.part))
    for whole, parts in groupby(ordered, key=lambda address: address.whole):
        found.setdefault(whole.kind, []).append([list(whole.names), [list(each.part) for each in parts]])
    return found


def without(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the realm attributes without the record."""
    return {name: value for name, value in attributes.items() if not name.startswith(PREFIX)}
