"""Client scopes, their mappers, and which of them new clients get."""

from collections.abc import Iterable

from provisioner.kinds import mappers
from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server, merged
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, Kind, RealmState, Resource

_DEFAULTS = {"default": "default-default-client-scopes", "optional": "default-optional-client-scopes"}
_DEFAULT_KEYS = {"default": "defaultDefaultClientScopes", "optional": "defaultOptionalClientScopes"}


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's scopes and what it says about new clients."""
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
    """The realm's scopes, their mappers and the assignments to new clients."""
    for scope in server.api.get("client-scopes"):
        address = server.remember(Kind.CLIENT_SCOPE, scope["name"], id=scope["id"])
        yield Resource(address, {key: value for key, value in _fields(scope).items() if key != "protocolMappers"})
        yield from mappers.observed(server, Kind.CLIENT_SCOPE_MAPPER, scope["name"], scope)
    for assignment, path in _DEFAULTS.items():
        for scope in server.api.get(path):
            yield Resource(Address(Kind.REALM_DEFAULT_SCOPE, (scope["name"],)), {"assignment": assignment})


def represent(found: RealmState, to: Json) -> None:
    """Scopes with their mappers, and what new clients get."""
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
    """A scope with its mappers, in one write."""
    (name,) = change.address.names
    server.remember(
        Kind.CLIENT_SCOPE, name, id=server.api.post("client-scopes", {"name": name, **(change.after or {})})
    )


def update(server: Server, change: Change) -> None:
    """The scope's own fields; its mappers are resources of their own."""
    path = f"client-scopes/{server.id(Kind.CLIENT_SCOPE, *change.address.names)}"
    body = merged(server.api.get(path), change.after or {})
    body.pop("protocolMappers", None)
    server.api.put(path, body)


def delete(server: Server, change: Change) -> None:
    """The scope, from every client that has it too."""
    server.api.delete(f"client-scopes/{server.id(Kind.CLIENT_SCOPE, *change.address.names)}")


def assign_to_new_clients(server: Server, change: Change) -> None:
    """Makes the scope one that new clients get, by default or on request."""
    id = server.id(Kind.CLIENT_SCOPE, *change.address.names)
    if change.before:
        server.api.delete(f"{_DEFAULTS[change.before['assignment']]}/{id}")
    assignment = (change.after or {})["assignment"]
    server.api.put(f"{_DEFAULTS[assignment]}/{id}")


def unassign_from_new_clients(server: Server, change: Change) -> None:
    """New clients no longer get the scope; those that have it keep it."""
    id = server.id(Kind.CLIENT_SCOPE, *change.address.names)
    server.api.delete(f"{_DEFAULTS[(change.before or {})['assignment']]}/{id}")
