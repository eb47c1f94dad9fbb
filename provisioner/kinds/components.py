"""Components: key providers, user federations with their mappers, policies of client registration.

Their names are not unique on the server. The address contains the subtype where there is one, and further
components of the same name are numbered.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from provisioner.kinds.definition import Family, KindDefinition
from provisioner.kinds.kind import Kind
from provisioner.kinds.offers import COMPONENTS, lacks
from provisioner.kinds.profile import PROVIDER as USER_PROFILE
from provisioner.kinds.realm_file import RealmFile, without_masks
from provisioner.kinds.server import Server
from provisioner.model import secret_digests
from provisioner.model.changes import Change
from provisioner.model.rules import MASK, Rule
from provisioner.model.state import Address, Json, RealmState, Resource, Source

_PATH = "components"
_PLAIN_FIELDS = ("providerId", "subType")
_NAME = "name"
"""The field for a name that differs from the last one in the address."""
_FILLED_BY_KEYCLOAK = "org.keycloak.storage.UserStorageProvider"
"""The type whose components get children from Keycloak at creation."""


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the file's components with those below them, without the user profile, which has its own kind."""
    for type, components in file.content.get("components", {}).items():
        if type != USER_PROFILE:
            file.contains(Kind.COMPONENT, type)
            yield from _desired(components, (type,), file.source.at("components", type))


def _desired(components: list[Json], above: tuple[str, ...], source: Source) -> Iterator[Resource]:
    for index, (name, component) in enumerate(_named(components)):
        names = (*above, name)
        yield Resource(Address(Kind.COMPONENT, names), _fields(name, component), source.at(index))
        for type, inner in component.get("subComponents", {}).items():
            yield from _desired(inner, (*names, type), source.at(index, "subComponents", type))


def _named(components: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    """Yield each component with the last name of its address."""
    count: dict[str, int] = {}
    for component in components:
        name = component.get("name") or component["providerId"]
        name += f" ({component['subType']})" if component.get("subType") else ""
        count[name] = count.get(name, 0) + 1
        yield (name if count[name] == 1 else f"{name} ({count[name]})"), component


def _fields(name: str, component: Json) -> Json:
    fields = {key: component[key] for key in _PLAIN_FIELDS if key in component}
    own = component.get("name")
    if own and own != name:
        fields[_NAME] = own
    if "config" in component:
        fields["config"] = {key: _values(values) for key, values in without_masks(component["config"]).items()}
    return fields


def _values(values: Iterable[str]) -> list[str]:
    """Return the values without empty ones, which Keycloak does not store."""
    return [value for value in values if value]


def observe(server: Server) -> Iterable[Resource]:
    """Read all components of the realm in one request."""
    if not server.desired.mentions(Kind.COMPONENT):
        return
    below: dict[str, list[Json]] = {}
    for component in server.api.get(_PATH):
        below.setdefault(component.get("parentId", ""), []).append(component)
    yield from _observed(server, below, server.realm["id"], ())


def _observed(
    server: Server, below: Mapping[str, list[Json]], parent: str, above: tuple[str, ...]
) -> Iterator[Resource]:
    by_type: dict[str, list[Json]] = {}
    for component in sorted(below.get(parent, ()), key=lambda each: (each["providerId"], each["id"])):
        by_type.setdefault(component["providerType"], []).append(component)
    for type, components in by_type.items():
        if type == USER_PROFILE:
            continue
        for name, component in _named(components):
            address = server.remember(Kind.COMPONENT, *above, type, name, id=component["id"])
            fields = _fields(name, component)
            fields["config"] = {key: sorted(values) for key, values in component.get("config", {}).items()}
            yield Resource(address, fields)
            yield from _observed(server, below, component["id"], address.names)


def create(server: Server, change: Change) -> None:
    """Create a component below the realm or another one; update it if Keycloak created it with its parent."""
    names = change.address.names
    known = server.known_id(Kind.COMPONENT, *names)
    if known and len(names) > 2:
        _put(server, known, change)
        return
    parent = server.id(Kind.COMPONENT, *names[:-2]) if len(names) > 2 else server.realm.get("id")
    body = {_NAME: names[-1], "providerType": names[-2], "parentId": parent, **(change.after or {})}
    id = server.api.post(_PATH, body)
    server.remember(Kind.COMPONENT, *names, id=id)
    _note_hidden(server, id, change)
    if names[-2] == _FILLED_BY_KEYCLOAK:
        _take_over(server, id, names)


def _take_over(server: Server, id: str, names: tuple[str, ...]) -> None:
    """Register the children that Keycloak created; delete those that are missing in files that list children."""
    for resource in _observed(server, {id: server.api.get(_PATH, {"parent": id})}, id, names):
        address = resource.address
        if address not in server.desired.resources and _tells_what_is_below(server.desired, names):
            server.api.delete(f"{_PATH}/{server.id(Kind.COMPONENT, *address.names)}")


def _tells_what_is_below(desired: RealmState, names: tuple[str, ...]) -> bool:
    inner = (address.names for address in desired.resources if address.kind == Kind.COMPONENT)
    return any(each[: len(names)] == names and len(each) > len(names) for each in inner)


def update(server: Server, change: Change) -> None:
    """Update the component. Keycloak only changes the configuration keys that are sent, so masks are left out."""
    _put(server, server.id(Kind.COMPONENT, *change.address.names), change)


def _put(server: Server, id: str, change: Change) -> None:
    after = change.after or {}
    path = f"{_PATH}/{id}"
    present = server.api.get(path)
    config = {key: [] if values is None else values for key, values in after.get("config", {}).items()}
    server.api.put(path, {**present, **after, "config": config})
    _note_hidden(server, id, change)


def _note_hidden(server: Server, id: str, change: Change) -> None:
    """Some configuration the server takes and does not show: known again by a digest, like a secret."""
    sent = {key: values for key, values in (change.after or {}).get("config", {}).items() if values}
    if not sent:
        return
    shown = server.api.get(f"{_PATH}/{id}").get("config", {})
    for key, values in sent.items():
        name = secret_digests.key(change.address, ("config", key))
        if len(values) == 1 and key not in shown:
            server.hidden[name + secret_digests.NOT_SHOWN] = secret_digests.digest(values[0])
        elif len(values) == 1 and shown[key] == [MASK] and key not in _RULE.secret:
            server.hidden[name] = secret_digests.digest(values[0])


def delete(server: Server, change: Change) -> None:
    """Delete the component with those below it."""
    server.api.delete(f"{_PATH}/{server.id(Kind.COMPONENT, *change.address.names)}")


def represent(found: RealmState, to: Json) -> None:
    """Add `components`, by type."""
    made: dict[tuple[str, ...], Json] = {}
    for resource in sorted(found.of_kind(Kind.COMPONENT), key=lambda each: each.address.names):
        names = resource.address.names
        component: dict[str, Any] = {_NAME: names[-1], **resource.fields}
        made[names] = component
        above = made.setdefault(names[:-2], {}) if len(names) > 2 else to
        key = "subComponents" if len(names) > 2 else "components"
        above.setdefault(key, {}).setdefault(names[-2], []).append(component)


def _owners(address: Address) -> tuple[Address, ...]:
    return (Address(Kind.COMPONENT, address.names[:2]),) if len(address.names) > 2 else ()


def _refusal(component: Resource, _: RealmState, observed: RealmState) -> str:
    type, id = component.address.names[-2], component.fields.get("providerId")
    is_known = any(each.startswith(f"{type}/") for each in observed.offers.get(COMPONENTS, ()))
    return f"the server has no {id} of {type}" if is_known and lacks(observed, COMPONENTS, f"{type}/{id}") else ""


_RULE = Rule(
    maps=frozenset({"config"}),
    secret=frozenset({"bindCredential", "privateKey", "keystorePassword", "keyPassword", "secret", "password"}),
    masks=True,
    named_by=frozenset({"name", "providerId", "subType"}),
)

FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.COMPONENT,
            rule=_RULE,
            create=create,
            update=update,
            delete=delete,
            owners=_owners,
            refusal=_refusal,
        ),
    ),
    desired=desired,
    observe=observe,
    represent=represent,
)
