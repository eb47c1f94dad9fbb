"""Protocol mappers of client scopes and of clients."""

from collections.abc import Iterable, Mapping

from provisioner.kinds.definition import KindDefinition, owned_by
from provisioner.kinds.kind import Kind
from provisioner.kinds.offers import PROTOCOL_MAPPERS, unknown
from provisioner.kinds.server import Server, merged
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource, Source

_CONSENT = ("consentRequired", "consentText")
_OWNER: Mapping[str, Kind] = {Kind.CLIENT_SCOPE_MAPPER: Kind.CLIENT_SCOPE, Kind.CLIENT_MAPPER: Kind.CLIENT}
_FOLDER = {Kind.CLIENT_SCOPE: "client-scopes", Kind.CLIENT: "clients"}


def desired(kind: Kind, owner: str, representation: Json, source: Source) -> Iterable[Resource]:
    """Return the mappers in the representation of a client or a scope."""
    for index, mapper in enumerate(representation.get("protocolMappers", ())):
        place = source.at("protocolMappers", index)
        yield Resource(Address(kind, (owner, mapper["name"])), _fields(mapper), place)


def observed(server: Server, kind: Kind, owner: str, representation: Json) -> Iterable[Resource]:
    """Return the mappers in a representation of the server, and remember their ids."""
    for mapper in representation.get("protocolMappers", ()):
        yield Resource(server.remember(kind, owner, mapper["name"], id=mapper["id"]), _fields(mapper))


def _fields(mapper: Json) -> Json:
    fields = {key: value for key, value in mapper.items() if key not in ("id", "name")}
    return {"protocol": "openid-connect", **fields}


def represent(found: RealmState, kind: Kind, to: dict[str, Json]) -> None:
    """Add each mapper to the representation of its owner, by the owner's name."""
    for resource in sorted(found.of_kind(kind), key=lambda each: each.address.names):
        owner, name = resource.address.names
        mapper = {"name": name, **resource.fields}
        to.setdefault(owner, {}).setdefault("protocolMappers", []).append(mapper)


def create(server: Server, change: Change) -> None:
    """Create a mapper."""
    _, name = change.address.names
    id = server.api.post(_models(server, change), {"name": name, **(change.after or {})})
    server.remember(change.address.kind, *change.address.names, id=id)


def update(server: Server, change: Change) -> None:
    """Update a mapper; Keycloak replaces it as a whole."""
    path = f"{_models(server, change)}/{server.id(change.address.kind, *change.address.names)}"
    server.api.put(path, merged(server.api.get(path), change.after or {}))


def delete(server: Server, change: Change) -> None:
    """Delete a mapper."""
    server.api.delete(f"{_models(server, change)}/{server.id(change.address.kind, *change.address.names)}")


def _models(server: Server, change: Change) -> str:
    owner = _OWNER[change.address.kind]
    return f"{_FOLDER[owner]}/{server.id(owner, change.address.names[0])}/protocol-mappers/models"


def _accepted(mapper: Resource, _: RealmState, observed: RealmState) -> tuple[Json, tuple[str, ...]]:
    """Since Keycloak 4 people consent to scopes; a mapper keeps nothing about it (measured, 26.7.5)."""
    lost = [key for key in _CONSENT if mapper.fields.get(key)]
    kept = {key: value for key, value in mapper.fields.items() if key not in _CONSENT}
    dropped = f"Keycloak drops {' and '.join(lost)} of a mapper: left out" if lost else ""
    reasons = (dropped, unknown(observed, PROTOCOL_MAPPERS, mapper.fields.get("protocolMapper")))
    return kept, tuple(filter(None, reasons))


def definition(kind: Kind) -> KindDefinition:
    """Return the record of the mappers of a client or of a client scope."""
    return KindDefinition(
        kind=kind,
        rule=Rule(with_owner=True, maps=frozenset({"config"}), named_by=frozenset({"protocolMapper"})),
        create=create,
        update=update,
        delete=delete,
        owners=owned_by((_OWNER[kind], 0, 1)),
        accepted=_accepted,
    )
