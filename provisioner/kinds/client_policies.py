"""Client profiles and client policies.

Keycloak replaces each of the two lists as a whole, so a change sends the present list with one member changed.
Built-in profiles are in neither list.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from provisioner.kinds.definition import Family, KindDefinition
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import Server, merged
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, RealmState, Resource


@dataclass(frozen=True, slots=True)
class _List:
    """One of the two lists: its key in a realm, its API path, and the keys of its members and their parts."""

    kind: Kind
    key: str
    path: str
    members: str
    parts: str
    part: str


_LISTS = (
    _List(Kind.CLIENT_PROFILE, "clientProfiles", "client-policies/profiles", "profiles", "executors", "executor"),
    _List(Kind.CLIENT_POLICY, "clientPolicies", "client-policies/policies", "policies", "conditions", "condition"),
)
_OF: Mapping[str, _List] = {each.kind: each for each in _LISTS}


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the file's profiles and policies."""
    for each in _LISTS:
        given = file.content.get(each.key, {})
        if each.members in given:
            file.contains(each.kind)
        for index, member in enumerate(given.get(each.members, ())):
            source = file.source.at(each.key, each.members, index)
            yield Resource(Address(each.kind, (member["name"],)), _fields(each, member), source)


def _fields(kind: _List, member: Json) -> Json:
    """Return the fields with parts by name, so that only their given fields are compared; `order` shows extra
    parts."""
    fields = {key: value for key, value in member.items() if key not in ("name", kind.parts)}
    if kind.parts in member:
        named = dict(_named(kind, member[kind.parts]))
        fields |= {kind.parts: named, "order": ", ".join(named)}
    return fields


def _named(kind: _List, parts: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    count: dict[str, int] = {}
    for part in parts:
        name = part[kind.part]
        count[name] = count.get(name, 0) + 1
        given = {"configuration": {}, **part}
        yield (name if count[name] == 1 else f"{name} ({count[name]})"), given


def observe(server: Server) -> Iterable[Resource]:
    """Read the realm's profiles and policies."""
    if not server.desired.mentions(Kind.CLIENT_PROFILE, Kind.CLIENT_POLICY):
        return
    for each in _LISTS:
        found = server.api.get(each.path, {"include-global-profiles": "true"})
        for member in found.get(each.members) or ():
            yield Resource(Address(each.kind, (member["name"],)), _fields(each, member))
        built_in = found.get("globalProfiles") or ()
        server.offers.setdefault(each.kind, frozenset(profile["name"] for profile in built_in))


def write(server: Server, change: Change) -> None:
    """Create or update one member; its other fields on the server stay."""
    kind = _OF[change.address.kind]
    (name,) = change.address.names
    wanted = change.resource.fields if change.resource else {}
    members = _members(server, kind)
    present = next((member for member in members if member["name"] == name), None)
    given = {"name": name, **_sent(kind, merged(_fields(kind, present or {}), wanted))}
    others = [member for member in members if member is not present]
    position = members.index(present) if present else len(members)
    server.api.put(kind.path, {kind.members: [*others[:position], given, *others[position:]]})


def _sent(kind: _List, fields: Json) -> Json:
    """Return the representation for Keycloak, with the parts in their order."""
    body = {key: value for key, value in fields.items() if key not in (kind.parts, "order")}
    parts: Json = fields.get(kind.parts, {})
    names = str(fields.get("order", "")).split(", ")
    return {**body, kind.parts: [parts[name] for name in names if name in parts]}


def delete(server: Server, change: Change) -> None:
    """Remove one member."""
    kind = _OF[change.address.kind]
    kept = [member for member in _members(server, kind) if member["name"] != change.address.names[0]]
    server.api.put(kind.path, {kind.members: kept})


def _members(server: Server, kind: _List) -> list[Json]:
    found: list[Json] = server.api.get(kind.path).get(kind.members) or []
    return found


def represent(found: RealmState, to: Json) -> None:
    """Add `clientProfiles` and `clientPolicies`."""
    for each in _LISTS:
        members = [
            {"name": resource.address.names[0], **_sent(each, resource.fields)}
            for resource in found.of_kind(each.kind)
        ]
        if members:
            to[each.key] = {each.members: sorted(members, key=lambda member: str(member["name"]))}


def _profiles(policy: Resource, observed: RealmState) -> Iterator[Address]:
    """Yield the profiles of the policy, if the built-in ones are known."""
    if Kind.CLIENT_PROFILE in observed.offers:
        for name in policy.fields.get("profiles", ()):
            yield Address(Kind.CLIENT_PROFILE, (name,))


FAMILY = Family(
    kinds=(
        KindDefinition(kind=Kind.CLIENT_PROFILE, create=write, update=write, delete=delete),
        KindDefinition(kind=Kind.CLIENT_POLICY, create=write, update=write, delete=delete, references=_profiles),
    ),
    desired=desired,
    observe=observe,
    represent=represent,
)
