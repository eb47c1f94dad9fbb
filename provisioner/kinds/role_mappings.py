"""Which roles somebody has (users, groups), or may show in tokens (clients, client scopes): one resource per role.

Both are written alike. The names of such a resource: the holder's kind, the holder, the role's container and name.
"""

from collections.abc import Iterable, Iterator

from provisioner.kinds import roles
from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.state import ANY, Address, Json, Kind, RealmState, Resource, Source

USER, GROUP, CLIENT, SCOPE = "user", "group", "client", "client-scope"

_OWNER = {CLIENT: Kind.CLIENT, SCOPE: Kind.CLIENT_SCOPE}
_FOLDER = {CLIENT: "clients", SCOPE: "client-scopes"}
_LIST = {Kind.ROLE_MAPPING: "role-mappings", Kind.SCOPE_MAPPING: "scope-mappings"}


def desired(file: RealmFile, holder: Json, kind: str, name: str, source: Source) -> Iterator[Resource]:
    """The roles inside a group's or a user's representation."""
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
    """The roles of the users that the files give any; those of groups come with the groups.

    The role that everybody has is nobody's doing, so it is shown only where the files name it.
    """
    names = {address.names[1] for address in server.asked(Kind.ROLE_MAPPING) if address.names[:1] == (USER,)}
    if server.asks_all(Kind.ROLE_MAPPING):
        names.update(server.service_accounts())
    for name in sorted(names):
        id = server.known_user_id(name)
        if id:
            yield from observed(server, Kind.ROLE_MAPPING, USER, name, f"users/{id}")


def observed(server: Server, kind: Kind, holder_kind: str, holder: str, path: str) -> Iterator[Resource]:
    """All the roles of one holder, in one request."""
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
    """The roles of a group, out of its full representation."""
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
    """One more role."""
    server.api.post(_path(server, change.address), [roles.reference(server, *change.address.names[2:])])


def remove(server: Server, change: Change) -> None:
    """One role less."""
    server.api.delete(_path(server, change.address), [roles.reference(server, *change.address.names[2:])])


def represent(found: RealmState, kind: str) -> dict[str, Json]:
    """`realmRoles` and `clientRoles` of each holder of that kind, by its name."""
    holders: dict[str, Json] = {}
    for resource in sorted(found.of_kind(Kind.ROLE_MAPPING), key=lambda each: each.address.names):
        holder_kind, holder, container, role = resource.address.names
        if holder_kind == kind:
            entry = holders.setdefault(holder, {})
            place = entry.setdefault("clientRoles", {}) if container else entry
            place.setdefault(container or "realmRoles", []).append(role)
    return holders
