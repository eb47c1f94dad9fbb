"""Client scopes, their mappers, and the scopes of new clients."""

import re
from collections.abc import Iterable

from provisioner.kinds import mappers
from provisioner.kinds.definition import Family, KindDefinition, owned_by, refers_to
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import Server, merged, nulls
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource

_DEFAULTS = {"default": "default-default-client-scopes", "optional": "default-optional-client-scopes"}
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
_DEFAULT_KEYS = {"default": "defaultDefaultClientScopes", "optional": "defaultOptionalClientScopes"}


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the file's scopes, their mappers, and the scopes of new clients."""
    if "clientScopes" in file.content:
        file.contains(Kind.CLIENT_SCOPE)
    for index, scope in enumerate(file.content.get("clientScopes", ())):
        source = file.source.at("clientScopes", index)
        if "protocolMappers" in scope:
            file.contains(Kind.CLIENT_SCOPE_MAPPER, scope["name"])
        yield Resource(Address(Kind.CLIENT_SCOPE, (scope["name"],)), _fields(scope), source)
        yield from mappers.desired(Kind.CLIENT_SCOPE_MAPPER, scope["name"], scope, source)
    for assignment, key in _DEFAULT_KEYS.items():
        if key in file.content:
            file.contains(Kind.REALM_DEFAULT_SCOPE)
        for index, name in enumerate(file.content.get(key, ())):
            address = Address(Kind.REALM_DEFAULT_SCOPE, (name,))
            yield Resource(address, {"assignment": assignment}, file.source.at(key, index))


def _fields(scope: Json) -> Json:
    return {
        "protocol": "openid-connect",
        **{key: value for key, value in scope.items() if key not in ("id", "name")},
    }


def observe(server: Server) -> Iterable[Resource]:
    """Read the realm's scopes, their mappers, and the scopes of new clients."""
    for scope in server.api.get("client-scopes"):
        address = server.remember(Kind.CLIENT_SCOPE, scope["name"], id=scope["id"])
        yield Resource(address, {key: value for key, value in _fields(scope).items() if key != "protocolMappers"})
        yield from mappers.observed(server, Kind.CLIENT_SCOPE_MAPPER, scope["name"], scope)
    for assignment, path in _DEFAULTS.items():
        for scope in server.api.get(path):
            yield Resource(Address(Kind.REALM_DEFAULT_SCOPE, (scope["name"],)), {"assignment": assignment})


def represent(found: RealmState, to: Json) -> None:
    """Add `clientScopes` with their mappers, and the scopes of new clients."""
    scopes: dict[str, Json] = {
        each.address.names[0]: dict(each.fields)
        for each in sorted(found.of_kind(Kind.CLIENT_SCOPE), key=lambda each: each.address.names)
    }
    mappers.represent(found, Kind.CLIENT_SCOPE_MAPPER, scopes)
    if scopes:
        to["clientScopes"] = [{"name": name, **fields} for name, fields in scopes.items()]
    for assignment, key in _DEFAULT_KEYS.items():
        names = (
            each.address.names[0]
            for each in found.of_kind(Kind.REALM_DEFAULT_SCOPE)
            if each.fields["assignment"] == assignment
        )
        if listed := sorted(names):
            to[key] = listed


def create(server: Server, change: Change) -> None:
    """Create a scope with its mappers, in one request."""
    (name,) = change.address.names
    server.remember(
        Kind.CLIENT_SCOPE, name, id=server.api.post("client-scopes", {"name": name, **(change.after or {})})
    )


def update(server: Server, change: Change) -> None:
    """Update the scope without its mappers, which are separate resources."""
    path = f"client-scopes/{server.id(Kind.CLIENT_SCOPE, *change.address.names)}"
    body = merged(server.api.get(path), change.after or {})
    body["attributes"] = (body.get("attributes") or {}) | nulls(change.after or {}, "attributes")
    body.pop("protocolMappers", None)
    server.api.put(path, body)


def delete(server: Server, change: Change) -> None:
    """Delete the scope; its clients lose it."""
    server.api.delete(f"client-scopes/{server.id(Kind.CLIENT_SCOPE, *change.address.names)}")


def assign_to_new_clients(server: Server, change: Change) -> None:
    """Assign the scope to new clients, as a default or an optional one."""
    id = server.id(Kind.CLIENT_SCOPE, *change.address.names)
    if change.before:
        server.api.delete(f"{_DEFAULTS[change.before['assignment']]}/{id}")
    assignment = (change.after or {})["assignment"]
    server.api.put(f"{_DEFAULTS[assignment]}/{id}")


def unassign_from_new_clients(server: Server, change: Change) -> None:
    """Stop assigning the scope to new clients; present clients keep it."""
    id = server.id(Kind.CLIENT_SCOPE, *change.address.names)
    server.api.delete(f"{_DEFAULTS[(change.before or {})['assignment']]}/{id}")


def _refusal(scope: Resource, _: RealmState, observed: RealmState) -> str:
    """Keycloak's import takes any name; its API those that RFC 6749, section 3.3, allows."""
    (name,) = scope.address.names
    if scope.address in observed.resources or _SCOPE_TOKEN.fullmatch(name):
        return ""
    return "Keycloak takes only printable ASCII without space, quotation mark and backslash as the name of a scope"


FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.CLIENT_SCOPE,
            rule=Rule(created_with=frozenset({"protocolMappers"}), maps=frozenset({"attributes"})),
            create=create,
            update=update,
            delete=delete,
            refusal=_refusal,
        ),
        mappers.definition(Kind.CLIENT_SCOPE_MAPPER),
        KindDefinition(
            kind=Kind.REALM_DEFAULT_SCOPE,
            create=assign_to_new_clients,
            update=assign_to_new_clients,
            delete=unassign_from_new_clients,
            owners=owned_by((Kind.CLIENT_SCOPE, 0, 1)),
            references=refers_to(Kind.CLIENT_SCOPE, 0),
        ),
    ),
    desired=desired,
    observe=observe,
    represent=represent,
)
