"""Client profiles and client policies: what is demanded of which clients.

Keycloak takes each of the two lists whole, so a change sends the list as it is with one member changed. The
profiles that are built into Keycloak are in neither.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server, merged
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, Kind, RealmState, Resource


@dataclass(frozen=True, slots=True)
class _List:
    """One of the two: its key in a realm, its address on the wire, its own key, and the list in its members."""

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
_OF: Mapping[Kind, _List] = {each.kind: each for each in _LISTS}


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's profiles and policies."""
    for each in _LISTS:
        told = file.content.get(each.key, {})
        if each.members in told:
            file.contains(each.kind)
        for index, member in enumerate(told.get(each.members, ())):
            source = file.source.at(each.key, each.members, index)
            yield Resource(Address(each.kind, (member["name"],)), _fields(each, member), source)


def _fields(kind: _List, member: Json) -> Json:
    """The parts by name, so that only what the files say of a part is compared; `order` shows surplus ones."""
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
        told = {"configuration": {}, **part}
        yield (name if count[name] == 1 else f"{name} ({count[name]})"), told


def observe(server: Server) -> Iterable[Resource]:
    """The realm's profiles and policies."""
    if not server.desired.speaks_of(Kind.CLIENT_PROFILE, Kind.CLIENT_POLICY):
        return
    for each in _LISTS:
        found = server.api.get(each.path, {"include-global-profiles": "true"})
        for member in found.get(each.members) or ():
            yield Resource(Address(each.kind, (member["name"],)), _fields(each, member))
        built_in = found.get("globalProfiles") or ()
        server.offers.setdefault(each.kind, frozenset(profile["name"] for profile in built_in))


def write(server: Server, change: Change) -> None:
    """One member, new or changed; what the server has in it besides stays."""
    kind = _OF[change.address.kind]
    (name,) = change.address.names
    wanted = change.resource.fields if change.resource else {}
    members = _members(server, kind)
    present = next((member for member in members if member["name"] == name), None)
    told = {"name": name, **_sent(kind, merged(_fields(kind, present or {}), wanted))}
    others = [member for member in members if member is not present]
    position = members.index(present) if present else len(members)
    server.api.put(kind.path, {kind.members: [*others[:position], told, *others[position:]]})


def _sent(kind: _List, fields: Json) -> Json:
    """As Keycloak takes it: the parts that are wanted, in their order (that of an object's keys says nothing)."""
    body = {key: value for key, value in fields.items() if key not in (kind.parts, "order")}
    parts: Json = fields.get(kind.parts, {})
    names = str(fields.get("order", "")).split(", ")
    return {**body, kind.parts: [parts[name] for name in names if name in parts]}


def delete(server: Server, change: Change) -> None:
    """One member less."""
    kind = _OF[change.address.kind]
    kept = [member for member in _members(server, kind) if member["name"] != change.address.names[0]]
    server.api.put(kind.path, {kind.members: kept})


def _members(server: Server, kind: _List) -> list[Json]:
    found: list[Json] = server.api.get(kind.path).get(kind.members) or []
    return found


def represent(found: RealmState, to: Json) -> None:
    """As `clientProfiles` and `clientPolicies`."""
    for each in _LISTS:
        members = [
            {"name": resource.address.names[0], **_sent(each, resource.fields)}
            for resource in found.of_kind(each.kind)
        ]
        if members:
            to[each.key] = {each.members: sorted(members, key=lambda member: str(member["name"]))}
