"""Clients, their mappers and the scopes assigned to them."""

from collections.abc import Iterable, Mapping

from provisioner.kinds import flows, mappers
from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server, merged
from provisioner.model.changes import Change
from provisioner.model.rules import MASK
from provisioner.model.state import Address, Json, Kind, RealmState, Resource, Source

_ASSIGNMENTS = {"default": "defaultClientScopes", "optional": "optionalClientScopes"}
_SERVERS_OWN = "realm_client"
"""The attribute by which Keycloak marks the clients that stand for realms."""

_PARTS = frozenset({"protocolMappers", *_ASSIGNMENTS.values()})
_OWN_RESOURCES = frozenset({"id", "clientId", "authorizationSettings", "access", "defaultRoles"})


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's clients with all that hangs on them."""
    if "clients" in file.content:
        file.contains(Kind.CLIENT)
    aliases = flows.aliases_in(file)
    for index, client in enumerate(file.content.get("clients", ())):
        if "protocolMappers" in client:
            file.contains(Kind.CLIENT_MAPPER, client["clientId"])
        if client.keys() & set(_ASSIGNMENTS.values()):
            file.contains(Kind.ASSIGNED_SCOPE, client["clientId"])
        source = file.source.at("clients", index)
        yield Resource(Address(Kind.CLIENT, (client["clientId"],)), _fields(client, aliases), source)
        yield from mappers.desired(Kind.CLIENT_MAPPER, client["clientId"], client, source)
        yield from _assigned(client, source)


def _fields(client: Json, flow_aliases: Mapping[str, str]) -> Json:
    fields = {key: value for key, value in client.items() if key not in _OWN_RESOURCES}
    if fields.get(flows.OVERRIDES):
        fields[flows.OVERRIDES] = flows.overrides_by_alias(fields[flows.OVERRIDES], flow_aliases)
    if "attributes" in fields:
        fields["attributes"] = {key: value for key, value in fields["attributes"].items() if key != _SERVERS_OWN}
    if fields.get("authorizationServicesEnabled"):
        fields.setdefault("serviceAccountsEnabled", True)  # an import does it, a request without it fails inside
    return fields


def _assigned(client: Json, source: Source | None = None) -> Iterable[Resource]:
    for assignment, key in _ASSIGNMENTS.items():
        for name in client.get(key, ()):
            address = Address(Kind.ASSIGNED_SCOPE, (client["clientId"], name))
            yield Resource(address, {"assignment": assignment}, source.at(key) if source else None)


def observe(server: Server) -> Iterable[Resource]:
    """All clients."""
    for client in server.api.pages("clients"):
        aliases = flows.aliases_on(server, (client.get(flows.OVERRIDES) or {}).values())
        address = server.remember(Kind.CLIENT, client["clientId"], id=client["id"])
        if client.get("authorizationServicesEnabled"):
            server.resource_servers.add(client["clientId"])
        fields = {key: value for key, value in _fields(client, aliases).items() if key not in _PARTS}
        yield Resource(address, fields)
        yield from mappers.observed(server, Kind.CLIENT_MAPPER, client["clientId"], client)
        yield from _assigned(client)


def represent(found: RealmState, to: Json) -> None:
    """Clients with their mappers and the scopes assigned to them."""
    clients: dict[str, Json] = {
        each.address.names[0]: dict(each.fields)
        for each in sorted(found.of_kind(Kind.CLIENT), key=lambda each: each.address.names)
    }
    mappers.represent(found, Kind.CLIENT_MAPPER, clients)
    for each in sorted(found.of_kind(Kind.ASSIGNED_SCOPE), key=lambda each: each.address.names):
        client, scope = each.address.names
        key = _ASSIGNMENTS[each.fields["assignment"]]
        clients.setdefault(client, {}).setdefault(key, []).append(scope)
    if clients:
        to["clients"] = [{"clientId": name, **fields} for name, fields in clients.items()]


def create(server: Server, change: Change) -> None:
    """A client with its mappers and scopes, in one write."""
    (name,) = change.address.names
    body = {key: value for key, value in _sent(server, change).items() if value is not None}
    server.remember(Kind.CLIENT, name, id=server.api.post("clients", {"clientId": name, **body}))


def _sent(server: Server, change: Change) -> Json:
    fields = dict(change.after or {})
    if fields.get(flows.OVERRIDES):
        fields[flows.OVERRIDES] = flows.overrides_by_id(server, fields[flows.OVERRIDES])
    return fields


def update(server: Server, change: Change) -> None:
    """The client's own fields; what are resources of their own is left out of the request."""
    path = f"clients/{server.client_id(change.address.names[0])}"
    body = merged(server.api.get(path), _sent(server, change))
    for key in ("protocolMappers", "authorizationSettings", *_ASSIGNMENTS.values()):
        body.pop(key, None)
    if body.get("secret") == MASK:
        del body["secret"]
    server.api.put(path, body)


def assign_scope(server: Server, change: Change) -> None:
    """Gives the client the scope, by default or on request."""
    client, scope = change.address.names
    base = f"clients/{server.client_id(client)}"
    id = server.id(Kind.CLIENT_SCOPE, scope)
    if change.before:
        server.api.delete(f"{base}/{change.before['assignment']}-client-scopes/{id}")
    server.api.put(f"{base}/{(change.after or {})['assignment']}-client-scopes/{id}")


def unassign_scope(server: Server, change: Change) -> None:
    """The client no longer has the scope."""
    client, scope = change.address.names
    assignment = (change.before or {})["assignment"]
    id = server.id(Kind.CLIENT_SCOPE, scope)
    server.api.delete(f"clients/{server.client_id(client)}/{assignment}-client-scopes/{id}")


def delete(server: Server, change: Change) -> None:
    """The client, with its mappers, roles and service account."""
    server.api.delete(f"clients/{server.client_id(change.address.names[0])}")
