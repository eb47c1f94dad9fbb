"""Authorization services of clients: what they protect, by which policies, with which permissions.

Keycloak exports and imports them by name, so nothing here knows an id. The client `admin-permissions` can neither
be exported nor imported: `permissions` reads and writes its policies.
"""

from collections.abc import Iterable, Iterator

from provisioner.kinds import permissions, policies, roles
from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server, child_path, merged, merged_lists
from provisioner.model.changes import Change
from provisioner.model.rules import ADMIN_PERMISSIONS
from provisioner.model.state import Address, Json, Kind, RealmState, Resource, Source

_KINDS = (
    Kind.AUTHORIZATION,
    Kind.AUTHORIZATION_SCOPE,
    Kind.AUTHORIZATION_RESOURCE,
    Kind.POLICY,
    Kind.PERMISSION,
)
_SETTINGS = ("allowRemoteResourceManagement", "policyEnforcementMode", "decisionStrategy")
_NOT_FIELDS = frozenset({"name", "id", "_id", "owner", "uri"})
_LISTS = {
    Kind.AUTHORIZATION_SCOPE: "scopes",
    Kind.AUTHORIZATION_RESOURCE: "resources",
    Kind.POLICY: "policies",
    Kind.PERMISSION: "policies",
}
_FOLDERS = {**_LISTS, **dict.fromkeys((Kind.POLICY, Kind.PERMISSION), "policy")}
_FOLDERS |= {Kind.AUTHORIZATION_SCOPE: "scope", Kind.AUTHORIZATION_RESOURCE: "resource"}


def desired(file: RealmFile) -> Iterable[Resource]:
    """The `authorizationSettings` of the file's clients."""
    names = _names_by_id(file.content)
    for index, client in enumerate(file.content.get("clients", ())):
        settings = client.get("authorizationSettings")
        if settings is not None:
            source = file.source.at("clients", index, "authorizationSettings")
            yield from _desired(file, client["clientId"], settings, source, names)


def _names_by_id(content: Json) -> dict[str, str]:
    """Exports name here and there by the ids they give; no other id in a file means anything.

    What has no name is complained of where it is understood itself.
    """
    found = dict(_called(content.get("clients", ()), "clientId"))
    found |= {id: name.lower() for id, name in _called(content.get("users", ()), "username")}
    found |= dict(_called(content.get("clientScopes", ()), "name"))
    found |= dict(_called(content.get("organizations", ()), "name", "alias"))
    for container, each in {roles.REALM: [], **_role_lists(content)}.items():
        prefix = f"{container}/" if container else ""
        found |= {role["id"]: f"{prefix}{role['name']}" for role in each if "id" in role}
    return found | dict(_group_paths(content.get("groups", ()), ""))


def _called(entries: Iterable[Json], *keys: str) -> Iterator[tuple[str, str]]:
    """The id and the name of each entry that has both; the first of these keys that it has is its name."""
    for each in entries:
        name = next((each[key] for key in keys if each.get(key)), None)
        if name and "id" in each:
            yield each["id"], name


def _role_lists(content: Json) -> dict[str, list[Json]]:
    told = content.get("roles", {})
    return {roles.REALM: told.get("realm", []), **told.get("client", {})}


def _group_paths(groups: Iterable[Json], parent: str) -> Iterator[tuple[str, str]]:
    for group in groups:
        path = child_path(parent, group["name"])
        if "id" in group:
            yield group["id"], path
        yield from _group_paths(group.get("subGroups", ()), path)


def _desired(
    file: RealmFile, client: str, settings: Json, source: Source, names: dict[str, str]
) -> Iterator[Resource]:
    told = {key: settings[key] for key in _SETTINGS if key in settings}
    if told and client != ADMIN_PERMISSIONS:
        yield Resource(Address(Kind.AUTHORIZATION, (client,)), told, source)
    for kind, key in _LISTS.items():
        if key in settings and (key == "policies" or client != ADMIN_PERMISSIONS):
            file.contains(kind, client)
    if client != ADMIN_PERMISSIONS:  # what that one protects is the server's own
        yield from _protected(client, settings, source)
    yield from _policies(file, client, settings, source, names)


def _protected(client: str, settings: Json, source: Source) -> Iterator[Resource]:
    for kind in (Kind.AUTHORIZATION_SCOPE, Kind.AUTHORIZATION_RESOURCE):
        key = _LISTS[kind]
        for index, each in enumerate(settings.get(key, ())):
            yield Resource(Address(kind, (client, each["name"])), _fields(each), source.at(key, index))


def _policies(
    file: RealmFile, client: str, settings: Json, source: Source, names: dict[str, str]
) -> Iterator[Resource]:
    def named(key: str, name: str) -> str:
        return names.get(name, name.lower() if key == "users" else name)

    for index, policy in policies.in_order(settings.get("policies", ())):
        place = source.at("policies", index)
        try:
            fields = policies.fields(policy, named)
        except ValueError as error:
            file.complain(place.at("config", str(error)), "must be a list, written as JSON text")
            continue
        if client == ADMIN_PERMISSIONS and "resources" in fields:
            fields["resources"] = [each for each in fields["resources"] if each != fields["resourceType"]]
        yield Resource(Address(policies.kind_of(policy), (client, policy["name"])), fields, place)


def _fields(representation: Json) -> Json:
    """Of a scope or a resource."""
    ours = {key: value for key, value in representation.items() if key not in _NOT_FIELDS}
    if "scopes" in ours:
        ours["scopes"] = sorted(scope["name"] for scope in ours["scopes"])
    if "uri" in representation:
        ours.setdefault("uris", [representation["uri"]])
    return ours


def observe(server: Server) -> Iterable[Resource]:
    """The settings of the clients that the files name: one request each, but for `admin-permissions`."""
    clients = {address.names[0] for address in server.asked(*_KINDS) if address.names}
    if any(server.asks_all(kind) for kind in _KINDS):
        clients |= server.resource_servers
    for client in sorted(clients & server.resource_servers):
        if client == ADMIN_PERMISSIONS:
            yield from permissions.observe(server)
        else:
            yield from _observed(client, server.api.get(f"{_base(server, client)}/settings"))


def _observed(client: str, settings: Json) -> Iterator[Resource]:
    yield Resource(Address(Kind.AUTHORIZATION, (client,)), {key: settings.get(key) for key in _SETTINGS})
    for kind in (Kind.AUTHORIZATION_SCOPE, Kind.AUTHORIZATION_RESOURCE):
        for each in settings.get(_LISTS[kind]) or ():
            yield Resource(Address(kind, (client, each["name"])), _fields(each))
    for policy in settings.get("policies") or ():
        fields = policies.fields(policy, lambda _, name: name)
        yield Resource(Address(policies.kind_of(policy), (client, policy["name"])), fields)


def _base(server: Server, client: str) -> str:
    return f"clients/{server.client_id(client)}/authz/resource-server"


def write_settings(server: Server, change: Change) -> None:
    """How decisions are made. They are there with the client."""
    path = _base(server, change.address.names[0])
    server.api.put(path, {**server.api.get(path), **(change.after or {})})


def write(server: Server, change: Change) -> None:
    """Creates the thing, or makes it what is wanted and leaves what is not said: an import of this one thing."""
    client, name = change.address.names
    if client == ADMIN_PERMISSIONS:
        permissions.write(server, change)
        return
    base = _base(server, client)
    present = server.api.get(f"{base}/settings")
    wanted = change.resource.fields if change.resource else {}
    key = _LISTS[change.address.kind]
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
    if change.address.kind is Kind.AUTHORIZATION_RESOURCE and known:  # of these an import leaves some as they are
        server.api.put(_path(server, change), body)
    else:
        server.api.post(f"{base}/import", {**{each: present[each] for each in _SETTINGS}, key: [body]})


def _path(server: Server, change: Change) -> str:
    client, name = change.address.names
    folder = f"{_base(server, client)}/{_FOLDERS[change.address.kind]}"
    found = server.api.get(f"{folder}/search", {"name": name})
    return f"{folder}/{found.get('id') or found['_id']}"


def _raise_if_missing(server: Server, wanted: Json) -> None:
    """Keycloak does not tell what it misses; this names it."""
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
    """The thing, from everything that refers to it."""
    server.api.delete(_path(server, change))


def represent(found: RealmState, to: Json) -> None:
    """`authorizationSettings` inside the `clients`."""
    settings: dict[str, Json] = {}
    for resource in found.of_kind(*_KINDS):
        entry = settings.setdefault(resource.address.names[0], {})
        kind = resource.address.kind
        if kind is Kind.AUTHORIZATION:
            entry.update(resource.fields)
        elif kind in (Kind.POLICY, Kind.PERMISSION):
            entry.setdefault("policies", []).append(policies.native(resource.address.names[1], resource.fields))
        else:
            body = {"name": resource.address.names[1], **resource.fields}
            if "scopes" in body:
                body["scopes"] = [{"name": scope} for scope in body["scopes"]]
            entry.setdefault(_LISTS[kind], []).append(body)
    clients = {client["clientId"]: client for client in to.get("clients", ())}
    for name, entry in sorted(settings.items()):
        for each in ("scopes", "resources"):
            entry.get(each, []).sort(key=lambda item: item["name"])
        if "policies" in entry:
            entry["policies"].sort(key=lambda item: item["name"])
            entry["policies"] = [policy for _, policy in policies.in_order(entry["policies"])]
        if name not in clients:
            clients[name] = {"clientId": name}
        clients[name]["authorizationSettings"] = entry
    if clients:
        to["clients"] = [clients[name] for name in sorted(clients)]
