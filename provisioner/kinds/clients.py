"""Clients, their mappers and the scopes assigned to them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from provisioner.kinds import flows, mappers
from provisioner.kinds.definition import Family, KindDefinition, owned_by, refers_to
from provisioner.kinds.flow_trees import OVERRIDES
from provisioner.kinds.kind import Kind
from provisioner.kinds.offers import CLIENT_AUTHENTICATORS, PROTOCOLS, lacks, unknown
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import Server, merged
from provisioner.model.changes import Action, Change
from provisioner.model.differences import difference
from provisioner.model.rules import MASK, Rule
from provisioner.model.state import Address, Json, RealmState, Resource, Source

_ASSIGNMENTS = {"default": "defaultClientScopes", "optional": "optionalClientScopes"}
_SERVERS_OWN = "realm_client"
"""The attribute by which Keycloak marks the clients that represent realms."""

_DEFAULT_PROTOCOL = "openid-connect"
_OF_SERVICE_ACCOUNTS = "service_account"
"""The scope that service accounts have since Keycloak 26."""

_PARTS = frozenset({"protocolMappers", *_ASSIGNMENTS.values()})
_OWN_RESOURCES = frozenset({"id", "clientId", "authorizationSettings", "access", "defaultRoles"})


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the file's clients, their mappers and assigned scopes."""
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
    if fields.get(OVERRIDES):
        fields[OVERRIDES] = flows.overrides_by_alias(fields[OVERRIDES], flow_aliases)
    if "attributes" in fields:
        fields["attributes"] = {key: value for key, value in fields["attributes"].items() if key != _SERVERS_OWN}
    if fields.get("authorizationServicesEnabled"):
        fields.setdefault(
            "serviceAccountsEnabled", True
        )  # an import sets it; a request without it fails on the server
    return fields


def _assigned(client: Json, source: Source | None = None) -> Iterable[Resource]:
    for assignment, key in _ASSIGNMENTS.items():
        for name in client.get(key, ()):
            address = Address(Kind.ASSIGNED_SCOPE, (client["clientId"], name))
            yield Resource(address, {"assignment": assignment}, source.at(key) if source else None)


def observe(server: Server) -> Iterable[Resource]:
    """Read all clients."""
    for client in server.api.pages("clients"):
        aliases = flows.aliases_on(server, (client.get(OVERRIDES) or {}).values())
        address = server.remember(Kind.CLIENT, client["clientId"], id=client["id"])
        if client.get("authorizationServicesEnabled"):
            server.resource_servers.add(client["clientId"])
        fields = {key: value for key, value in _fields(client, aliases).items() if key not in _PARTS}
        yield Resource(address, fields)
        yield from mappers.observed(server, Kind.CLIENT_MAPPER, client["clientId"], client)
        yield from _assigned(client)


def represent(found: RealmState, to: Json) -> None:
    """Add `clients` with their mappers and assigned scopes."""
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
    """Create a client with its mappers and scopes, in one request.

    The protocol `openid-connect` is not sent, because it is what a client without one gets, and because with it
    Keycloak applies the defaults of its console over the fields (measured, 26.7.5): a public client without its
    secret, `backchannel.logout.session.required`, and `rootUrl/*` for no `redirectUris`. A client of another
    protocol is read back and corrected at once.
    """
    (name,) = change.address.names
    body = {key: value for key, value in _sent(server, change).items() if value is not None}
    if body.get("protocol") == _DEFAULT_PROTOCOL:
        del body["protocol"]
    server.remember(Kind.CLIENT, name, id=server.api.post("clients", {"clientId": name, **body}))
    if "protocol" in body:
        _correct(server, change)


def _correct(server: Server, change: Change) -> None:
    """Update what Keycloak made different from the fields of a new client."""
    present = server.api.get(f"clients/{server.client_id(change.address.names[0])}")
    aliases = flows.aliases_on(server, (present.get(OVERRIDES) or {}).values())
    before, after = difference(change.after or {}, _fields(present, aliases), _RULE)
    if after:
        update(server, replace(change, action=Action.UPDATE, before=before, after=after))


def _sent(server: Server, change: Change) -> Json:
    """An attribute that is taken away is an empty text: Keycloak keeps one that is left out."""
    fields = dict(change.after or {})
    if "attributes" in fields:
        fields["attributes"] = {key: "" if value is None else value for key, value in fields["attributes"].items()}
    if fields.get(OVERRIDES):
        fields[OVERRIDES] = flows.overrides_by_id(server, fields[OVERRIDES])
    return fields


def update(server: Server, change: Change) -> None:
    """Update the client without its mappers, scopes and authorization settings, which are separate resources."""
    path = f"clients/{server.client_id(change.address.names[0])}"
    body = merged(server.api.get(path), _sent(server, change))
    for key in ("protocolMappers", "authorizationSettings", *_ASSIGNMENTS.values()):
        body.pop(key, None)
    if body.get("secret") == MASK:
        del body["secret"]
    server.api.put(path, body)


def assign_scope(server: Server, change: Change) -> None:
    """Assign the scope to the client, as a default or an optional one."""
    client, scope = change.address.names
    base = f"clients/{server.client_id(client)}"
    id = server.id(Kind.CLIENT_SCOPE, scope)
    if change.before:
        server.api.delete(f"{base}/{change.before['assignment']}-client-scopes/{id}")
    server.api.put(f"{base}/{(change.after or {})['assignment']}-client-scopes/{id}")


def unassign_scope(server: Server, change: Change) -> None:
    """Remove the scope from the client."""
    client, scope = change.address.names
    assignment = (change.before or {})["assignment"]
    id = server.id(Kind.CLIENT_SCOPE, scope)
    server.api.delete(f"clients/{server.client_id(client)}/{assignment}-client-scopes/{id}")


def delete(server: Server, change: Change) -> None:
    """Delete the client with its mappers, roles and service account."""
    server.api.delete(f"clients/{server.client_id(change.address.names[0])}")


def _flows(client: Resource, _: RealmState) -> Iterator[Address]:
    for alias in (client.fields.get(OVERRIDES) or {}).values():
        yield Address(Kind.FLOW, (alias,))


def _unchangeable(address: Address) -> str:
    """Keycloak answers every change of this client and of its parts with 403 (measured, 26.7.5)."""
    return "Keycloak lets no one change realm-management" if address.names == ("realm-management",) else ""


def _omission(assigned: Resource, desired: RealmState, observed: RealmState) -> str:
    """Return why Keycloak ignores the scope: its protocol is not that of the client, as in some exports."""
    client, scope = assigned.address.names
    addresses = (Address(Kind.CLIENT, (client,)), Address(Kind.CLIENT_SCOPE, (scope,)))
    protocols = {_protocol(address, desired, observed) for address in addresses}
    return "the client and the scope have different protocols" if len(protocols) > 1 else ""


def _protocol(address: Address, desired: RealmState, observed: RealmState) -> str:
    said = (state.resources.get(address) for state in (desired, observed))
    found = (resource.fields.get("protocol") for resource in said if resource)
    return next((protocol for protocol in found if protocol), _DEFAULT_PROTOCOL)


def _accepted(client: Resource, desired: RealmState, observed: RealmState) -> tuple[Json, tuple[str, ...]]:
    """A public client has no secret, whatever an import or a request says."""
    warning = unknown(observed, CLIENT_AUTHENTICATORS, client.fields.get("clientAuthenticatorType"))
    reasons = (warning,) if warning else ()
    if not client.fields.get("secret") or not has_feature(client.address, "publicClient", desired, observed):
        return client.fields, reasons
    kept = {key: value for key, value in client.fields.items() if key != "secret"}
    return kept, (*reasons, "a public client has no secret: left out")


def _refusal(client: Resource, _: RealmState, observed: RealmState) -> str:
    protocol = client.fields.get("protocol")
    return f"the server has no protocol {protocol}" if lacks(observed, PROTOCOLS, protocol) else ""


def has_feature(client: Address, key: str, desired: RealmState, observed: RealmState) -> bool:
    """Return whether the client has the feature of that key, by the files, else by the server."""
    states = (state.resources.get(client) for state in (desired, observed))
    found = (resource.fields[key] for resource in states if resource and resource.fields.get(key) is not None)
    return bool(next(found, False))


def _is_generated(assigned: Address, desired: RealmState, observed: RealmState) -> bool:
    """Keycloak assigns this scope to every client that has a service account."""
    client, scope = assigned.names
    is_asked = has_feature(Address(Kind.CLIENT, (client,)), "serviceAccountsEnabled", desired, observed)
    return scope == _OF_SERVICE_ACCOUNTS and is_asked


_RULE = Rule(
    maps=frozenset({"attributes", OVERRIDES}),
    created_with=frozenset({"protocolMappers", "defaultClientScopes", "optionalClientScopes"}),
    secret=frozenset({"secret"}),
)

FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.CLIENT,
            rule=_RULE,
            create=create,
            update=update,
            delete=delete,
            references=_flows,
            unchangeable=_unchangeable,
            accepted=_accepted,
            refusal=_refusal,
        ),
        mappers.definition(Kind.CLIENT_MAPPER),
        KindDefinition(
            kind=Kind.ASSIGNED_SCOPE,
            rule=Rule(with_owner=True),
            create=assign_scope,
            update=assign_scope,
            delete=unassign_scope,
            owners=owned_by((Kind.CLIENT, 0, 1), (Kind.CLIENT_SCOPE, 1, 2)),
            references=refers_to(Kind.CLIENT_SCOPE, 1),
            omission=_omission,
            is_generated=_is_generated,
        ),
    ),
    desired=desired,
    observe=observe,
    represent=represent,
)
