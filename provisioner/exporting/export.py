"""The observed state as files for which a plan finds no difference. Pure: `files` writes them.

Fields that a new realm has by default are left out. Secrets become variables. People and their attachments belong
to the portal and are not exported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.kinds.registry import FAMILIES, FORMATS, KINDS
from provisioner.model.differences import difference
from provisioner.model.rules import MASK
from provisioner.model.state import Address, Json, RealmState, Resource
from provisioner.reading.variables import escape, name_of

EVERYTHING = frozenset(Address(kind, ()) for kind in KINDS)
"""The `contains` of a state whose observation reads everything."""


@dataclass(frozen=True, slots=True)
class Export:
    """A RealmRepresentation, the files of other formats by folder and name, and the names of all variables."""

    realm: Json
    others: Mapping[str, Mapping[str, Json]]
    variables: tuple[str, ...]


def export(observed: RealmState, new_realm: RealmState) -> Export:
    """Return the files that describe the observed realm, without what a new realm has by default."""
    variables: set[str] = set()
    found = [
        Resource(each.address, _as_file(each, variables))
        for each in _own(observed, new_realm)
        if KINDS[each.address.kind].is_exported(each)
    ]
    state = RealmState.of(observed.realm, found)
    realm: Json = {"realm": observed.realm}
    for family in FAMILIES:
        family.represent(state, realm)
    others = {each.folder: each.represent(state) for each in FORMATS}
    return Export(realm, others, tuple(sorted(variables)))


def _own(observed: RealmState, new_realm: RealmState) -> Iterator[Resource]:
    """Yield the resources, with those of their fields that a new realm does not have."""
    for resource in observed.resources.values():
        known = new_realm.resources.get(resource.address)
        if known is None:
            fields = {key: value for key, value in resource.fields.items() if value not in (None, "", {})}
            yield Resource(resource.address, fields)
            continue
        rule = KINDS[resource.address.kind].rule
        _, own = difference(resource.fields, known.fields, rule)
        if own:
            named = {key: value for key, value in resource.fields.items() if key in rule.named_by}
            own = resource.fields if rule.whole else named | own
        if own:
            yield Resource(resource.address, own)


def _as_file(resource: Resource, variables: set[str]) -> Json:
    found: Json = _written(resource.fields, resource.address, "", variables)
    return found


def _written(value: Any, address: Address, field: str, variables: set[str]) -> Any:
    """Return the value for a file: secrets become variables, texts that look like variables are escaped."""
    match value:
        case dict():
            return {key: _written(inner, address, key, variables) for key, inner in sorted(value.items())}
        case list():
            return [_written(inner, address, field, variables) for inner in value]
        case str() if value == MASK or (value and field in KINDS[address.kind].rule.secret):
            name = name_of(*KINDS[address.kind].variable(address), field)
            variables.add(name)
            return f"${{{name}}}"
        case str():
            return escape(value)
        case _:
            return value
