"""Components: key providers, user federations with their mappers, policies of client registration.

Names are not unique on the server: a component with a sub-type has it in its address, and further ones of the same
name are numbered.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from provisioner.kinds.files import RealmFile, said
from provisioner.kinds.profile import PROVIDER as USER_PROFILE
from provisioner.kinds.server import Server
from provisioner.model import secret_digests
from provisioner.model.changes import Change
from provisioner.model.rules import MASK, RULES
from provisioner.model.state import Address, Json, Kind, RealmState, Resource, Source

_PATH = "components"
_FIELDS = ("providerId", "subType")
_NAME = "name"
"""The field for a name that is not the last one of the address."""
_FILLED_BY_KEYCLOAK = "org.keycloak.storage.UserStorageProvider"
"""Components of this type get children from Keycloak as soon as they are made."""


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's components with what is below them; the user profile is a kind of its own."""
    for type, told in file.content.get("components", {}).items():
        if type != USER_PROFILE:
            file.contains(Kind.COMPONENT, type)
            yield from _desired(told, (type,), file.source.at("components", type))


def _desired(told: list[Json], above: tuple[str, ...], source: Source) -> Iterator[Resource]:
    for index, (name, component) in enumerate(_named(told)):
        names = (*above, name)
        yield Resource(Address(Kind.COMPONENT, names), _told(name, component), source.at(index))
        for type, inner in component.get("subComponents", {}).items():
            yield from _desired(inner, (*names, type), source.at(index, "subComponents", type))


def _named(components: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    """Each with the last name of its address."""
    count: dict[str, int] = {}
    for component in components:
        name = component.get("name") or component["providerId"]
        name += f" ({component['subType']})" if component.get("subType") else ""
        count[name] = count.get(name, 0) + 1
        yield (name if count[name] == 1 else f"{name} ({count[name]})"), component


def _told(name: str, component: Json) -> Json:
    fields = {key: component[key] for key in _FIELDS if key in component}
    own = component.get("name")
    if own and own != name:
        fields[_NAME] = own
    if "config" in component:
        fields["config"] = {key: _values(values) for key, values in said(component["config"]).items()}
    return fields


def _values(values: Iterable[str]) -> list[str]:
    """Keycloak keeps no empty ones."""
    return [value for value in values if value]


def observe(server: Server) -> Iterable[Resource]:
    """The realm's components, all of them in one request."""
    if not server.desired.speaks_of(Kind.COMPONENT):
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
            fields = _told(name, component)
            fields["config"] = {key: sorted(values) for key, values in component.get("config", {}).items()}
            yield Resource(address, fields)
            yield from _observed(server, below, component["id"], address.names)


def create(server: Server, change: Change) -> None:
    """A component below the realm or below another one, unless Keycloak has made it with that."""
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
    """What Keycloak put below a new component: files that tell what is below are to be right."""
    for resource in _observed(server, {id: server.api.get(_PATH, {"parent": id})}, id, names):
        address = resource.address
        if address not in server.desired.resources and _tells_what_is_below(server.desired, names):
            server.api.delete(f"{_PATH}/{server.id(Kind.COMPONENT, *address.names)}")


def _tells_what_is_below(desired: RealmState, names: tuple[str, ...]) -> bool:
    inner = (address.names for address in desired.resources if address.kind is Kind.COMPONENT)
    return any(each[: len(names)] == names and len(each) > len(names) for each in inner)


def update(server: Server, change: Change) -> None:
    """What changed; of the configuration Keycloak changes only what is sent, so a mask never is."""
    _put(server, server.id(Kind.COMPONENT, *change.address.names), change)


def _put(server: Server, id: str, change: Change) -> None:
    after = change.after or {}
    path = f"{_PATH}/{id}"
    present = server.api.get(path)
    server.api.put(path, {**present, **after, "config": after.get("config", {})})
    _note_hidden(server, id, change)


def _note_hidden(server: Server, id: str, change: Change) -> None:
    """Some configuration the server takes and does not show: known again by a digest, like a secret."""
    sent = (change.after or {}).get("config", {})
    if not sent:
        return
    shown = server.api.get(f"{_PATH}/{id}").get("config", {})
    for key, values in sent.items():
        name = secret_digests.key(change.address, ("config", key))
        if len(values) == 1 and key not in shown:
            server.hidden[name + secret_digests.NOT_SHOWN] = secret_digests.digest(values[0])
        elif len(values) == 1 and shown[key] == [MASK] and key not in RULES[Kind.COMPONENT].secret:
            server.hidden[name] = secret_digests.digest(values[0])


def delete(server: Server, change: Change) -> None:
    """The component with what is below it."""
    server.api.delete(f"{_PATH}/{server.id(Kind.COMPONENT, *change.address.names)}")


def represent(found: RealmState, to: Json) -> None:
    """As `components`, by type."""
    made: dict[tuple[str, ...], Json] = {}
    for resource in sorted(found.of_kind(Kind.COMPONENT), key=lambda each: each.address.names):
        names = resource.address.names
        component: dict[str, Any] = {_NAME: names[-1], **resource.fields}
        made[names] = component
        above = made.setdefault(names[:-2], {}) if len(names) > 2 else to
        key = "subComponents" if len(names) > 2 else "components"
        above.setdefault(key, {}).setdefault(names[-2], []).append(component)
