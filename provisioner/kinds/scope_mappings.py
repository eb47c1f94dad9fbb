"""The roles that tokens may carry for a client or a client scope that is not allowed all of them."""

from collections.abc import Iterable, Iterator

from provisioner.kinds import role_mappings, roles
from provisioner.kinds.files import RealmFile
from provisioner.kinds.role_mappings import CLIENT, SCOPE
from provisioner.kinds.server import Server
from provisioner.model.state import ANY, Address, Json, Kind, RealmState, Resource, Source

_KEYS = {"client": CLIENT, "clientScope": SCOPE}
_HOLDERS = {CLIENT: (Kind.CLIENT, "clients"), SCOPE: (Kind.CLIENT_SCOPE, "client-scopes")}


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's `scopeMappings` (roles of the realm) and `clientScopeMappings` (roles of clients)."""
    if "scopeMappings" in file.content:
        file.contains(Kind.SCOPE_MAPPING, ANY, ANY, roles.REALM)
    mappings = file.content.get("scopeMappings", ())
    yield from _desired(file, roles.REALM, mappings, file.source.at("scopeMappings"))
    if "clientScopeMappings" in file.content:
        file.contains(Kind.SCOPE_MAPPING, ANY, ANY, ANY)
    for container, mappings in file.content.get("clientScopeMappings", {}).items():
        yield from _desired(file, container, mappings, file.source.at("clientScopeMappings", container))


def _desired(file: RealmFile, container: str, mappings: Iterable[Json], source: Source) -> Iterator[Resource]:
    for index, mapping in enumerate(mappings):
        place = source.at(index)
        holders = [(_KEYS[key], mapping[key]) for key in _KEYS if key in mapping]
        if len(holders) != 1:
            file.complain(place, "names either a client or a clientScope")
            continue
        for position, role in enumerate(mapping.get("roles", ())):
            address = Address(Kind.SCOPE_MAPPING, (*holders[0], container, role))
            yield Resource(address, {}, place.at("roles", position))


def observe(server: Server) -> Iterable[Resource]:
    """The roles of the holders that the files name, in one request each."""
    holders = {address.names[:2] for address in server.asked(Kind.SCOPE_MAPPING) if ANY not in address.names[:1]}
    if server.asks_all(Kind.SCOPE_MAPPING):
        holders.update((name, each) for name, (kind, _) in _HOLDERS.items() for each in server.names(kind))
    for holder in sorted(holder for holder in holders if holder):
        kind, folder = _HOLDERS[holder[0]]
        id = server.known_id(kind, holder[1])
        if id:
            yield from role_mappings.observed(server, Kind.SCOPE_MAPPING, holder[0], holder[1], f"{folder}/{id}")


def represent(found: RealmState, to: Json) -> None:
    """`scopeMappings` and `clientScopeMappings`: an entry per holder."""
    entries: dict[str, dict[tuple[str, str], list[str]]] = {}
    for resource in sorted(found.of_kind(Kind.SCOPE_MAPPING), key=lambda each: each.address.names):
        kind, holder, container, role = resource.address.names
        entries.setdefault(container, {}).setdefault((kind, holder), []).append(role)
    keys = {kind: key for key, kind in _KEYS.items()}
    told = {
        container: [{keys[kind]: holder, "roles": each} for (kind, holder), each in holders.items()]
        for container, holders in sorted(entries.items())
    }
    if roles.REALM in told:
        to["scopeMappings"] = told.pop(roles.REALM)
    if told:
        to["clientScopeMappings"] = told
