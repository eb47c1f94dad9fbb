"""Observed state -> files that a plan finds no difference with. Pure: what to write where is decided elsewhere.

What a new realm has anyway is left out, field by field. Secrets become variables. People and their attachments are
the portal's and in no file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.kinds import companies
from provisioner.kinds.registry import REPRESENTERS
from provisioner.model.differences import difference
from provisioner.model.rules import MASK, RULES
from provisioner.model.state import Address, Json, Kind, RealmState, Resource
from provisioner.reading.variables import escape, name_of

EVERYTHING = frozenset(Address(kind, ()) for kind in Kind)
"""What a state contains whose observation is to read all there is."""

_PEOPLE = frozenset({Kind.PERSON, Kind.ADMINISTRATOR, Kind.ACTIVATION_MAIL, Kind.FEDERATED_IDENTITY})
_WORDS: Mapping[Kind, str] = {Kind.REALM: "", Kind.IDENTITY_PROVIDER: "idp"}
"""What begins the name of a variable, where that is not the kind's own name."""


@dataclass(frozen=True, slots=True)
class Export:
    """A RealmRepresentation, the companies' entries by id, and the names of the variables in both."""

    realm: Json
    companies: Mapping[str, Json]
    variables: tuple[str, ...]


def export(observed: RealmState, new_realm: RealmState) -> Export:
    """The files that describe the observed realm, given what a new one is like."""
    variables: set[str] = set()
    found = [
        Resource(each.address, _as_file(each, variables))
        for each in _own(observed, new_realm)
        if _is_exported(each)
    ]
    state = RealmState.of(observed.realm, found)
    realm: Json = {"realm": observed.realm}
    for represent in REPRESENTERS:
        represent(state, realm)
    entries = {each.address.names[0]: companies.company_file(each) for each in state.of_kind(Kind.COMPANY)}
    return Export(realm, dict(sorted(entries.items())), tuple(sorted(variables)))


def _is_exported(resource: Resource) -> bool:
    return resource.address.kind not in _PEOPLE and (
        resource.address.kind is not Kind.USER or "serviceAccountClientId" in resource.fields
    )


def _own(observed: RealmState, new_realm: RealmState) -> Iterator[Resource]:
    """The resources, and of each the fields, that a new realm does not have."""
    for resource in observed.resources.values():
        known = new_realm.resources.get(resource.address)
        if known is None:
            fields = {key: value for key, value in resource.fields.items() if value not in (None, "", {})}
            yield Resource(resource.address, fields)
            continue
        rule = RULES[resource.address.kind]
        _, own = difference(resource.fields, known.fields, rule)
        if own:
            named = {key: value for key, value in resource.fields.items() if key in rule.named_by}
            own = resource.fields if rule.whole else named | own
        if resource.address.kind is Kind.REALM:
            own["enabled"] = resource.fields["enabled"]  # a realm made from a file without it is not
        if own:
            yield Resource(resource.address, own)


def _as_file(resource: Resource, variables: set[str]) -> Json:
    found: Json = _written(resource.fields, resource.address, "", variables)
    return found


def _written(value: Any, address: Address, field: str, variables: set[str]) -> Any:
    """The value as a file has it: secrets as variables, what looks like a variable escaped."""
    match value:
        case dict():
            return {key: _written(inner, address, key, variables) for key, inner in sorted(value.items())}
        case list():
            return [_written(inner, address, field, variables) for inner in value]
        case str() if value == MASK or (value and field in RULES[address.kind].secret):
            name = _variable(address, field)
            variables.add(name)
            return f"${{{name}}}"
        case str():
            return escape(value)
        case _:
            return value


def _variable(address: Address, field: str) -> str:
    if address.kind is Kind.REALM:
        return name_of("smtp", field)
    return name_of(_WORDS.get(address.kind, address.kind.value), *address.names, field)
