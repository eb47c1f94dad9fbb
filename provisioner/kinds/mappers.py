"""Protocol mappers, of a client scope or of a client."""

from collections.abc import Iterable

from provisioner.kinds.server import Server, merged
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, Kind, RealmState, Resource, Source

_OWNER = {Kind.CLIENT_SCOPE_MAPPER: Kind.CLIENT_SCOPE, Kind.CLIENT_MAPPER: Kind.CLIENT}
_FOLDER = {Kind.CLIENT_SCOPE: "client-scopes", Kind.CLIENT: "clients"}


def desired(kind: Kind, owner: str, representation: Json, source: Source) -> Iterable[Resource]:
    """The mappers inside a client's or a scope's representation."""
    for index, mapper in enumerate(representation.get("protocolMappers", ())):
        place = source.at("protocolMappers", index)
        yield Resource(Address(kind, (owner, mapper["name"])), _fields(mapper), place)


def observed(server: Server, kind: Kind, owner: str, representation: Json) -> Iterable[Resource]:
    """The same of a representation that the server gave, ids noted."""
    for mapper in representation.get("protocolMappers", ()):
        yield Resource(server.remember(kind, owner, mapper["name"], id=mapper["id"]), _fields(mapper))


def _fields(mapper: Json) -> Json:
    fields = {key: value for key, value in mapper.items() if key not in ("id", "name")}
    return {"protocol": "openid-connect", **fields}


def represent(found: RealmState, kind: Kind, to: dict[str, Json]) -> None:
    """Puts each mapper into the representation of its owner, by the owner's name."""
    for resource in sorted(found.of_kind(kind), key=lambda each: each.address.names):
        owner, name = resource.address.names
        mapper = {"name": name, **resource.fields}
        to.setdefault(owner, {}).setdefault("protocolMappers", []).append(mapper)


def create(server: Server, change: Change) -> None:
    """One more mapper."""
    _, name = change.address.names
    id = server.api.post(_models(server, change), {"name": name, **(change.after or {})})
    server.remember(change.address.kind, *change.address.names, id=id)


def update(server: Server, change: Change) -> None:
    """The mapper with what changed; Keycloak takes it whole."""
    path = f"{_models(server, change)}/{server.id(change.address.kind, *change.address.names)}"
    server.api.put(path, merged(server.api.get(path), change.after or {}))


def delete(server: Server, change: Change) -> None:
    """The mapper."""
    server.api.delete(f"{_models(server, change)}/{server.id(change.address.kind, *change.address.names)}")


def _models(server: Server, change: Change) -> str:
    owner = _OWNER[change.address.kind]
    return f"{_FOLDER[owner]}/{server.id(owner, change.address.names[0])}/protocol-mappers/models"
