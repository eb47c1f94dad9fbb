"""Roles of the realm and of clients, and what composite ones are made of.

The container of a role is the client it belongs to, `""` for the realm's own. A composite role and each role in it
are resources of their own, so that what somebody adds by hand stays.
"""

from collections.abc import Iterable, Iterator

from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server, merged, merged_lists
from provisioner.model.changes import Change
from provisioner.model.state import ANY, Address, Json, Kind, RealmState, Resource, Source

REALM = ""
"""The container of the realm's own roles."""

_FIELDS = ("description", "attributes")
_REFERRING = (Kind.COMPOSITE, Kind.SCOPE_MAPPING, Kind.ROLE_MAPPING)


def default_role(content: Json, realm: str) -> str:
    """The name of the role that everybody has, as the file names it or as Keycloak does."""
    return str(content.get("defaultRole", {}).get("name") or f"default-roles-{realm.lower()}")


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's roles, what they are made of, and the roles that everybody has."""
    for container, roles, place in _lists(file):
        for index, role in enumerate(roles):
            yield from _desired(file, container, role, place.at(index))
    name = default_role(file.content, file.realm)
    if "defaultRole" in file.content:
        role = {"name": name, **file.content["defaultRole"]}
        yield from _desired(file, REALM, role, file.source.at("defaultRole"))
    if "defaultRoles" in file.content:
        file.contains(Kind.COMPOSITE, REALM, name, REALM)
    for index, each in enumerate(file.content.get("defaultRoles", ())):
        yield Resource(composite(REALM, name, REALM, each), {}, file.source.at("defaultRoles", index))
    for index, client in enumerate(file.content.get("clients", ())):
        yield from _default_roles_of(client, name, file.source.at("clients", index, "defaultRoles"))


def _default_roles_of(client: Json, everybodys: str, source: Source) -> Iterator[Resource]:
    """The form of before Keycloak 13: roles of the client that everybody has, made if they are not there."""
    for index, role in enumerate(client.get("defaultRoles", ())):
        yield Resource(Address(Kind.ROLE, (client["clientId"], role)), {}, source.at(index))
        yield Resource(composite(REALM, everybodys, client["clientId"], role), {}, source.at(index))


def _lists(file: RealmFile) -> Iterator[tuple[str, list[Json], Source]]:
    roles = file.content.get("roles", {})
    source = file.source.at("roles")
    if "realm" in roles:
        file.contains(Kind.ROLE, REALM)
        yield REALM, roles["realm"], source.at("realm")
    if "client" in roles:
        file.contains(Kind.ROLE, ANY)
    for client, each in roles.get("client", {}).items():
        file.contains(Kind.ROLE, client)
        yield client, each, source.at("client", client)


def _desired(file: RealmFile, container: str, role: Json, source: Source) -> Iterator[Resource]:
    name = role["name"]
    yield Resource(Address(Kind.ROLE, (container, name)), _fields(role), source)
    composites = role.get("composites", {})
    place = source.at("composites")
    if "realm" in composites:
        file.contains(Kind.COMPOSITE, container, name, REALM)
    for index, each in enumerate(composites.get("realm", ())):
        yield Resource(composite(container, name, REALM, each), {}, place.at("realm", index))
    if "client" in composites:
        file.contains(Kind.COMPOSITE, container, name, ANY)
    for client, roles in composites.get("client", {}).items():
        for index, each in enumerate(roles):
            yield Resource(composite(container, name, client, each), {}, place.at("client", client, index))


def _fields(role: Json) -> Json:
    return {key: role[key] for key in _FIELDS if key in role}


def composite(container: str, role: str, other_container: str, other: str) -> Address:
    """The address of one role in a composite one."""
    return Address(Kind.COMPOSITE, (container, role, other_container, other))


def observe(server: Server) -> Iterable[Resource]:
    """The roles of the containers that the files name or refer to, and what their composite roles are made of."""
    referred = {address.names[-2] for address in server.asked(*_REFERRING) if len(address.names) == 4}
    for container in (REALM, *sorted(server.names(Kind.CLIENT))):
        asked = container in referred or server.asks(Kind.ROLE, container)
        if asked or server.asks(Kind.COMPOSITE, container):
            yield from _observed(server, container)


def _observed(server: Server, container: str) -> Iterator[Resource]:
    for role in server.api.pages(_folder(server, container), {"briefRepresentation": "false"}):
        yield Resource(server.remember(Kind.ROLE, container, role["name"], id=role["id"]), _fields(role))
        if role.get("composite") and server.asks(Kind.COMPOSITE, container, role["name"]):
            for other in server.api.get(f"roles-by-id/{role['id']}/composites"):
                owner = container_of(server, other)
                server.remember(Kind.ROLE, owner, other["name"], id=other["id"])
                yield Resource(composite(container, role["name"], owner, other["name"]), {})


def container_of(server: Server, role: Json) -> str:
    """The container of a role as the server gives it."""
    client = server.address_of(str(role.get("containerId"))) if role.get("clientRole") else None
    return client.names[0] if client else REALM


def _folder(server: Server, container: str) -> str:
    return f"clients/{server.client_id(container)}/roles" if container else "roles"


def reference(server: Server, container: str, name: str) -> Json:
    """The role as requests name it. Roles are listed, not asked for by name: a name may have slashes."""
    if server.known_id(Kind.ROLE, container, name) is None:
        for role in server.api.pages(_folder(server, container)):
            server.remember(Kind.ROLE, container, role["name"], id=role["id"])
    return {"id": server.id(Kind.ROLE, container, name), "name": name}


def _path(server: Server, address: Address) -> str:
    return f"roles-by-id/{reference(server, *address.names[:2])['id']}"


def create(server: Server, change: Change) -> None:
    """A role, not composite yet."""
    container, name = change.address.names
    server.api.post(_folder(server, container), {"name": name, **(change.after or {})})


def update(server: Server, change: Change) -> None:
    """The description and the attributes that changed; Keycloak takes a role whole."""
    path = _path(server, change.address)
    present = server.api.get(path)
    after = dict(change.after or {})
    attributes = merged_lists(present.get("attributes"), after.pop("attributes", {}))
    server.api.put(path, {**merged(present, after), "attributes": attributes})


def delete(server: Server, change: Change) -> None:
    """The role, wherever it was given."""
    server.api.delete(_path(server, change.address))


def add_composite(server: Server, change: Change) -> None:
    """One more role in a composite one."""
    server.api.post(f"{_path(server, change.address)}/composites", [reference(server, *change.address.names[2:])])


def remove_composite(server: Server, change: Change) -> None:
    """One role less in a composite one."""
    path = f"{_path(server, change.address)}/composites"
    server.api.delete(path, [reference(server, *change.address.names[2:])])


def represent(found: RealmState, to: Json) -> None:
    """`roles`: each with its own fields and what it is made of."""
    entries: dict[str, dict[str, Json]] = {}
    for resource in found.of_kind(Kind.ROLE):
        container, name = resource.address.names
        entries.setdefault(container, {})[name] = {"name": name, **resource.fields}
    for resource in found.of_kind(Kind.COMPOSITE):
        container, name, other_container, other = resource.address.names
        role = entries.setdefault(container, {}).setdefault(name, {"name": name})
        composites = role.setdefault("composites", {})
        place = composites.setdefault("client", {}) if other_container else composites
        place.setdefault(other_container or "realm", []).append(other)
    if not entries:
        return
    roles = {container: [each[name] for name in sorted(each)] for container, each in sorted(entries.items())}
    to["roles"] = {"realm": roles.pop(REALM)} if REALM in roles else {}
    if roles:
        to["roles"]["client"] = roles
