"""Roles of users and groups, and the roles in the scope of clients and client scopes: one resource per role.

Both are written in the same way. The names in an address are the type and the name of the holder, the container
and the name of the role.
"""

from collections.abc import Iterable, Iterator, Mapping

from provisioner.kinds import roles
from provisioner.kinds.definition import Family, KindDefinition
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.state import ANY, Address, Json, RealmState, Resource, Source

USER, GROUP, CLIENT, SCOPE = "user", "group", "client", "client-scope"

_OWNER = {USER: Kind.USER, GROUP: Kind.GROUP, CLIENT: Kind.CLIENT, SCOPE: Kind.CLIENT_SCOPE}
_FOLDER = {CLIENT: "clients", SCOPE: "client-scopes"}
_LIST: Mapping[str, str] = {Kind.ROLE_MAPPING: "role-mappings", Kind.SCOPE_MAPPING: "scope-mappings"}


def desired(file: RealmFile, holder: Json, kind: str, name: str, source: Source) -> Iterator[Resource]:
    """Yield the roles in the representation of a group or a user."""
    if "realmRoles" in holder:
        file.contains(Kind.ROLE_MAPPING, kind, name, roles.REALM)
    if "clientRoles" in holder:
        file.contains(Kind.ROLE_MAPPING, kind, name, ANY)
    for index, role in enumerate(holder.get("realmRoles", ())):
        address = Address(Kind.ROLE_MAPPING, (kind, name, roles.REALM, role))
        yield Resource(address, {}, source.at("realmRoles", index))
    for container, each in holder.get("clientRoles", {}).items():
        for index, role in enumerate(each):
            address = Address(Kind.ROLE_MAPPING, (kind, name, container, role))
            yield Resource(address, {}, source.at("clientRoles", container, index))


def observe(server: Server) -> Iterable[Resource]:
    """Read the roles of the users with roles in the files; those of groups are read with the groups.

    Every user has the default role, so it is only returned if the files name it.
    """
    names = {address.names[1] for address in server.to_read(Kind.ROLE_MAPPING) if address.names[:1] == (USER,)}
    if server.must_read_all(Kind.ROLE_MAPPING):
        names.update(server.service_accounts())
    for name in sorted(names):
        id = server.known_user_id(name)
        if id:
            yield from observed(server, Kind.ROLE_MAPPING, USER, name, f"users/{id}")


def observed(server: Server, kind: Kind, holder_kind: str, holder: str, path: str) -> Iterator[Resource]:
    """Read all roles of one holder, in one request."""
    default = (server.realm.get("defaultRole") or {}).get("name")
    found = server.api.get(f"{path}/{_LIST[kind]}")
    containers = {roles.REALM: found.get("realmMappings") or ()}
    for container, mapping in (found.get("clientMappings") or {}).items():
        containers[container] = mapping.get("mappings") or ()
    for container, each in containers.items():
        for role in each:
            names = (holder_kind, holder, container, role["name"])
            server.remember(Kind.ROLE, container, role["name"], id=role["id"])
            given = container == roles.REALM and role["name"] == default
            if not given or Address(kind, names) in server.desired.resources:
                yield Resource(Address(kind, names), {})


def of_group(path: str, group: Json) -> Iterator[Resource]:
    """Yield the roles in the full representation of a group."""
    containers = {roles.REALM: group.get("realmRoles") or (), **(group.get("clientRoles") or {})}
    for container, each in containers.items():
        for role in each:
            yield Resource(Address(Kind.ROLE_MAPPING, (GROUP, path, container, role)), {})


def _path(server: Server, address: Address) -> str:
    kind, holder, container, _ = address.names
    match kind:
        case "user":
            path = f"users/{server.user_id(holder)}"
        case "group":
            path = f"groups/{server.group_id(holder)}"
        case _:
            path = f"{_FOLDER[kind]}/{server.id(_OWNER[kind], holder)}"
    target = f"clients/{server.client_id(container)}" if container else "realm"
    return f"{path}/{_LIST[address.kind]}/{target}"


def add(server: Server, change: Change) -> None:
    """Add the role."""
    server.api.post(_path(server, change.address), [roles.reference(server, *change.address.names[2:])])


def remove(server: Server, change: Change) -> None:
    """Remove the role."""
    server.api.delete(_path(server, change.address), [roles.reference(server, *change.address.names[2:])])


def represent(found: RealmState, kind: str) -> dict[str, Json]:
    """Return `realmRoles` and `clientRoles` of each holder of that type, by its name."""
    holders: dict[str, Json] = {}
    for resource in sorted(found.of_kind(Kind.ROLE_MAPPING), key=lambda each: each.address.names):
        holder_kind, holder, container, role = resource.address.names
        if holder_kind == kind:
            entry = holders.setdefault(holder, {})
            place = entry.setdefault("clientRoles", {}) if container else entry
            place.setdefault(container or "realmRoles", []).append(role)
    return holders


def _owners(address: Address) -> tuple[Address, ...]:
    holder, name, *role = address.names
    return Address(_OWNER[holder], (name,)), Address(Kind.ROLE, tuple(role))


def _refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    return roles.missing_client(_owners(resource.address)[1:], desired, observed)


def definition(kind: Kind) -> KindDefinition:
    """Return the record of role mappings or of scope mappings."""
    return KindDefinition(kind=kind, create=add, delete=remove, owners=_owners, refusal=_refusal)


FAMILY = Family(kinds=(definition(Kind.ROLE_MAPPING),), observe=observe)
