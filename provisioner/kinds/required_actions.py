"""Required actions: actions that a user can be required to do at the next sign-in."""

from collections.abc import Iterable
from typing import Any

from provisioner.kinds.definition import Family, KindDefinition
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import Server, merged
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource

_PATH = "authentication/required-actions"
_RENAMED = {"terms_and_conditions": "TERMS_AND_CONDITIONS"}
"""Names before Keycloak 21, which the import of Keycloak converts whatever version the file has."""


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the file's required actions."""
    if "requiredActions" in file.content:
        file.contains(Kind.REQUIRED_ACTION)
    for index, action in enumerate(file.content.get("requiredActions", ())):
        named = {"providerId": action["alias"], **action}
        named |= {key: _RENAMED[named[key]] for key in ("alias", "providerId") if named[key] in _RENAMED}
        yield _resource(named, file.source.at("requiredActions", index))


def _resource(action: Json, source: Any = None) -> Resource:
    fields = {key: value for key, value in action.items() if key != "alias"}
    return Resource(Address(Kind.REQUIRED_ACTION, (action["alias"],)), fields, source)


def observe(server: Server) -> Iterable[Resource]:
    """Read the realm's required actions, and the providers of the server if a file names another one."""
    if not server.desired.mentions(Kind.REQUIRED_ACTION):
        return
    actions = server.api.get(_PATH)
    yield from map(_resource, actions)
    offered = {action["providerId"] for action in actions}
    if not _wanted_providers(server.desired) <= offered:
        offered |= {each["providerId"] for each in server.api.get("authentication/unregistered-required-actions")}
    server.offers[Kind.REQUIRED_ACTION] = frozenset(offered)


def _wanted_providers(desired: RealmState) -> set[str]:
    return {str(resource.fields["providerId"]) for resource in desired.of_kind(Kind.REQUIRED_ACTION)}


def create(server: Server, change: Change) -> None:
    """Register the action under the name of its provider, then write its own name and settings."""
    fields = change.after or {}
    provider = fields["providerId"]
    name = fields.get("name", provider)
    server.api.post("authentication/register-required-action", {"providerId": provider, "name": name})
    _write(server, provider, {"alias": change.address.names[0], **fields})


def update(server: Server, change: Change) -> None:
    """Update an action; Keycloak replaces it as a whole."""
    _write(server, change.address.names[0], change.after or {})


def _write(server: Server, alias: str, changed: Json) -> None:
    path = f"{_PATH}/{alias}"
    server.api.put(path, merged(server.api.get(path), changed))


def delete(server: Server, change: Change) -> None:
    """Unregister the action; it can be registered again."""
    server.api.delete(f"{_PATH}/{change.address.names[0]}")


def represent(found: RealmState, to: Json) -> None:
    """Add `requiredActions`."""
    actions = [
        {"alias": resource.address.names[0], **resource.fields} for resource in found.of_kind(Kind.REQUIRED_ACTION)
    ]
    if actions:
        to["requiredActions"] = sorted(actions, key=lambda action: (action.get("priority", 0), action["alias"]))


def _refusal(action: Resource, _: RealmState, observed: RealmState) -> str:
    offered = observed.offers.get(Kind.REQUIRED_ACTION)
    provider = action.fields["providerId"]
    if offered is None or provider in offered:
        return ""
    return f"the server has no required action {provider}"


FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.REQUIRED_ACTION,
            rule=Rule(fixed=frozenset({"providerId"}), maps=frozenset({"config"})),
            create=create,
            update=update,
            delete=delete,
            refusal=_refusal,
        ),
    ),
    desired=desired,
    observe=observe,
    represent=represent,
)
