"""Authorization services of clients: settings, scopes, resources, policies and permissions.

Keycloak exports and imports them by name, without ids. The client `admin-permissions` can be neither exported nor
imported: `permissions` reads and writes its policies.
"""

from collections.abc import Iterable, Iterator

from provisioner.kinds import authorization_files, deny_lists, permissions, policies, roles
from provisioner.kinds.authorization_files import KINDS, LISTS, SETTINGS, object_fields
from provisioner.kinds.definition import Family, KindDefinition, owned_by
from provisioner.kinds.kind import Kind
from provisioner.kinds.policies import ADMIN_PERMISSIONS
from provisioner.kinds.server import Server, merged, merged_lists
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource

_FOLDERS = {**LISTS, **dict.fromkeys((Kind.POLICY, Kind.PERMISSION), "policy")}
_FOLDERS |= {Kind.AUTHORIZATION_SCOPE: "scope", Kind.AUTHORIZATION_RESOURCE: "resource"}


def observe(server: Server) -> Iterable[Resource]:
    """Read the settings of the clients in the files, with one request each except for `admin-permissions`."""
    clients = {address.names[0] for address in server.to_read(*KINDS) if address.names}
    if any(server.must_read_all(kind) for kind in KINDS):
        clients |= server.resource_servers
    for client in sorted(clients & server.resource_servers):
        if client == ADMIN_PERMISSIONS:
            yield from permissions.observe(server)
        else:
            yield from _observed(client, server.api.get(f"{_base(server, client)}/settings"))


def _observed(client: str, settings: Json) -> Iterator[Resource]:
    yield Resource(Address(Kind.AUTHORIZATION, (client,)), {key: settings.get(key) for key in SETTINGS})
    for kind in (Kind.AUTHORIZATION_SCOPE, Kind.AUTHORIZATION_RESOURCE):
        for each in settings.get(LISTS[kind]) or ():
            yield Resource(Address(kind, (client, each["name"])), object_fields(each))
    for policy in settings.get("policies") or ():
        fields = policies.fields(policy, lambda _, name: name)
        yield Resource(Address(policies.kind_of(policy), (client, policy["name"])), fields)


def _base(server: Server, client: str) -> str:
    return f"clients/{server.client_id(client)}/authz/resource-server"


def write_settings(server: Server, change: Change) -> None:
    """Write how decisions are made. These settings exist with the client."""
    path = _base(server, change.address.names[0])
    server.api.put(path, {**server.api.get(path), **(change.after or {})})


def write(server: Server, change: Change) -> None:
    """Create or update one object by an import of it alone, which keeps fields that the files do not have."""
    client, name = change.address.names
    if client == ADMIN_PERMISSIONS:
        permissions.write(server, change)
        return
    base = _base(server, client)
    present = server.api.get(f"{base}/settings")
    wanted = change.resource.fields if change.resource else {}
    key = LISTS[Kind(change.address.kind)]
    known = {each.address: each.fields for each in _observed(client, present)}.get(change.address, {})
    if key == "policies":
        _raise_if_missing(server, wanted)
        body = policies.native(name, {**known, **wanted})
    else:
        body = {"name": name, **merged(known, wanted)}
        if "attributes" in body:
            body["attributes"] = merged_lists(known.get("attributes"), wanted.get("attributes", {}))
        if "scopes" in body:
            body["scopes"] = [{"name": scope} for scope in body["scopes"]]
    if (
        change.address.kind == Kind.AUTHORIZATION_RESOURCE and known
    ):  # an import does not update all fields of a resource
        server.api.put(_path(server, change), body)
    else:
        server.api.post(f"{base}/import", {**{each: present[each] for each in SETTINGS}, key: [body]})


def _path(server: Server, change: Change) -> str:
    client, name = change.address.names
    folder = f"{_base(server, client)}/{_FOLDERS[Kind(change.address.kind)]}"
    found = server.api.get(f"{folder}/search", {"name": name})
    return f"{folder}/{found.get('id') or found['_id']}"


def _raise_if_missing(server: Server, wanted: Json) -> None:
    """Raise an error that names the missing object, which the error of Keycloak does not."""
    for role in wanted.get("roles", ()):
        container, _, name = role["id"].partition("/")
        if name and server.known_id(Kind.CLIENT, container):
            roles.reference(server, container, name)
        else:
            roles.reference(server, roles.REALM, role["id"])
    for user in wanted.get("users", ()):
        server.user_id(user)
    for group in wanted.get("groups", ()):
        server.group_id(group["path"])
    for client in wanted.get("clients", ()):
        server.client_id(client)
    for scope in wanted.get("clientScopes", ()):
        server.id(Kind.CLIENT_SCOPE, scope["id"])


def delete(server: Server, change: Change) -> None:
    """Delete the object; Keycloak removes it from everything that refers to it."""
    server.api.delete(_path(server, change))


_PARTS_OF_POLICIES = {
    "policies": Kind.POLICY,
    "scopes": Kind.AUTHORIZATION_SCOPE,
    "resources": Kind.AUTHORIZATION_RESOURCE,
}


def _missing_part(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """Return which part of the policy is missing. Resources and scopes of `admin-permissions` are not listed."""
    client = resource.address.names[0]
    for key, kind in _PARTS_OF_POLICIES.items():
        for name in resource.fields.get(key, ()):
            part = Address(kind, (client, name))
            listed = kind is Kind.POLICY or client != ADMIN_PERMISSIONS
            if listed and part not in desired.resources and part not in observed.resources:
                return f"{part} is neither in the files nor on the server"
    return ""


_owners = owned_by((Kind.CLIENT, 0, 1))

FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.AUTHORIZATION,
            rule=Rule(shared=True),
            create=write_settings,
            update=write_settings,
            owners=_owners,
        ),
        *(
            KindDefinition(kind=kind, create=write, update=write, delete=delete, owners=_owners)
            for kind in (Kind.AUTHORIZATION_SCOPE, Kind.AUTHORIZATION_RESOURCE)
        ),
        *(
            KindDefinition(
                kind=kind,
                rule=Rule(fixed=frozenset({"type"})),
                create=write,
                update=write,
                delete=delete,
                owners=_owners,
                refusal=_missing_part,
            )
            for kind in (Kind.POLICY, Kind.PERMISSION)
        ),
    ),
    desired=authorization_files.desired,
    observe=observe,
    adapt=deny_lists.complete_deny_lists,
    represent=authorization_files.represent,
)
