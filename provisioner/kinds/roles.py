"""Roles of the realm and of clients, and the roles in composite ones.

The container of a role is its client, or `""` for the realm. A composite role and each role in it are separate
resources, so that roles added by hand stay.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from provisioner.kinds.clients import has_feature
from provisioner.kinds.definition import Family, KindDefinition, owned_by
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import Server, merged, merged_lists
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import ANY, Address, Json, RealmState, Remark, Resource, Source

REALM = ""
"""The container of the realm's own roles."""

_FIELDS = ("description", "attributes")
_OF_RESOURCE_SERVERS = "uma_protection"
_REFERRING = (Kind.COMPOSITE, Kind.SCOPE_MAPPING, Kind.ROLE_MAPPING)


def default_role(content: Json, realm: str) -> str:
    """Return the name of the default role, from the file or as Keycloak chooses it."""
    return str(content.get("defaultRole", {}).get("name") or f"default-roles-{realm.lower()}")


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the file's roles, the roles in composite ones, and those in the default role."""
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
    """Yield default roles of a client, in the form before Keycloak 13, and create them if they do not exist."""
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
    """Return the address of one role in a composite one."""
    return Address(Kind.COMPOSITE, (container, role, other_container, other))


def observe(server: Server) -> Iterable[Resource]:
    """Read the roles of containers that the files name or refer to, and the roles in composite ones."""
    referred = {address.names[-2] for address in server.to_read(*_REFERRING) if len(address.names) == 4}
    for container in (REALM, *sorted(server.names(Kind.CLIENT))):
        to_read = container in referred or server.must_read(Kind.ROLE, container)
        if to_read or server.must_read(Kind.COMPOSITE, container):
            yield from _observed(server, container)


def _observed(server: Server, container: str) -> Iterator[Resource]:
    for role in server.api.pages(_folder(server, container), {"briefRepresentation": "false"}):
        yield Resource(server.remember(Kind.ROLE, container, role["name"], id=role["id"]), _fields(role))
        if role.get("composite") and server.must_read(Kind.COMPOSITE, container, role["name"]):
            for other in server.api.get(f"roles-by-id/{role['id']}/composites"):
                owner = container_of(server, other)
                server.remember(Kind.ROLE, owner, other["name"], id=other["id"])
                yield Resource(composite(container, role["name"], owner, other["name"]), {})


def container_of(server: Server, role: Json) -> str:
    """Return the container of a role of the server."""
    client = server.address_of(str(role.get("containerId"))) if role.get("clientRole") else None
    return client.names[0] if client else REALM


def _folder(server: Server, container: str) -> str:
    return f"clients/{server.client_id(container)}/roles" if container else "roles"


def reference(server: Server, container: str, name: str) -> Json:
    """Return the role in the form of requests. It is found in the list of roles, because a name may contain
    slashes."""
    if server.known_id(Kind.ROLE, container, name) is None:
        for role in server.api.pages(_folder(server, container)):
            server.remember(Kind.ROLE, container, role["name"], id=role["id"])
    return {"id": server.id(Kind.ROLE, container, name), "name": name}


def _path(server: Server, address: Address) -> str:
    return f"roles-by-id/{reference(server, *address.names[:2])['id']}"


def create(server: Server, change: Change) -> None:
    """Create a role that is not composite yet."""
    container, name = change.address.names
    server.api.post(_folder(server, container), {"name": name, **(change.after or {})})


def update(server: Server, change: Change) -> None:
    """Update description and attributes; Keycloak replaces a role as a whole."""
    path = _path(server, change.address)
    present = server.api.get(path)
    after = dict(change.after or {})
    attributes = merged_lists(present.get("attributes"), after.pop("attributes", {}))
    server.api.put(path, {**merged(present, after), "attributes": attributes})


def delete(server: Server, change: Change) -> None:
    """Delete the role; its holders lose it."""
    server.api.delete(_path(server, change.address))


def add_composite(server: Server, change: Change) -> None:
    """Add a role to a composite one."""
    server.api.post(f"{_path(server, change.address)}/composites", [reference(server, *change.address.names[2:])])


def remove_composite(server: Server, change: Change) -> None:
    """Remove a role from a composite one."""
    path = f"{_path(server, change.address)}/composites"
    server.api.delete(path, [reference(server, *change.address.names[2:])])


def represent(found: RealmState, to: Json) -> None:
    """Add `roles` with the roles in composite ones."""
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


def _owner(address: Address) -> tuple[Address, ...]:
    container = address.names[0]
    return (Address(Kind.CLIENT, (container,)),) if container else ()


def _client(role: Resource, _: RealmState) -> tuple[Address, ...]:
    return _owner(role.address)


def missing_client(roles: Iterable[Address], desired: RealmState, observed: RealmState) -> str:
    """Return which client of these roles is missing, or an empty text. Nothing is known without a baseline."""
    if not observed.builtin:
        return ""
    for role in roles:
        client = Address(Kind.CLIENT, role.names[:1])
        if role.names[0] and client not in desired.resources and client not in observed.resources:
            return f"{client} is neither in the files nor on the server"
    return ""


def adapted(desired: RealmState, observed: RealmState) -> RealmState:
    """Return the desired state with the roles that are only referred to: an import by Keycloak makes them."""
    if not observed.builtin:
        return desired
    made: dict[Address, Resource] = {}
    remarks = []
    for resource in desired.of_kind(*_REFERRING):
        role = Address(Kind.ROLE, resource.address.names[-2:])
        if _is_defined(role, desired, observed) or role in made:
            continue
        made[role] = Resource(role, {}, resource.source)
        reason = f"named by {_holder(resource.address)}, defined nowhere: made, as an import does"
        remarks.append(Remark(role, reason + _similar(role, desired, observed), resource.source))
    if not made:
        return desired
    return desired.with_resources((*desired.resources.values(), *made.values())).remarked(remarks)


def _is_defined(role: Address, desired: RealmState, observed: RealmState) -> bool:
    client = Address(Kind.CLIENT, role.names[:1])
    states = (desired.resources, observed.resources)
    is_there = any(role in resources for resources in states) or role in observed.builtin
    has_client = not role.names[0] or any(client in resources for resources in states)
    return is_there or not has_client or _is_generated(role, desired, observed)


def _holder(mapping: Address) -> str:
    """The resource that names the role, as a person names it."""
    if mapping.kind == Kind.COMPOSITE:
        return str(Address(Kind.ROLE, mapping.names[:2]))
    return "/".join((mapping.names[0], mapping.names[1].removeprefix("/")))


def _similar(role: Address, desired: RealmState, observed: RealmState) -> str:
    container, name = role.names
    names = {
        each.address.names[1]
        for state in (desired, observed)
        for each in state.of_kind(Kind.ROLE)
        if each.address.names[0] == container
    }
    close = get_close_matches(name, sorted(names), n=1, cutoff=0.75)
    return f" (did you mean {close[0]}?)" if close else ""


def _is_generated(role: Address, desired: RealmState, observed: RealmState) -> bool:
    """Keycloak makes this role when authorization services of its client are switched on."""
    client, name = role.names
    owner = Address(Kind.CLIENT, (client,))
    return name == _OF_RESOURCE_SERVERS and has_feature(owner, "authorizationServicesEnabled", desired, observed)


_roles_of_composite = owned_by((Kind.ROLE, 0, 2), (Kind.ROLE, 2, 4))


def _composite_refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    return missing_client(_roles_of_composite(resource.address), desired, observed)


FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.ROLE,
            rule=Rule(maps=frozenset({"attributes"})),
            create=create,
            update=update,
            delete=delete,
            owners=_owner,
            references=_client,
            is_generated=_is_generated,
        ),
        KindDefinition(
            kind=Kind.COMPOSITE,
            create=add_composite,
            delete=remove_composite,
            owners=_roles_of_composite,
            refusal=_composite_refusal,
        ),
    ),
    desired=desired,
    observe=observe,
    adapt=adapted,
    represent=represent,
)
