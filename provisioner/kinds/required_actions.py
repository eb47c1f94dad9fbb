"""Required actions: what a person can be asked to do at the next sign-in."""

from collections.abc import Iterable
from typing import Any

from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server, merged
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, Kind, RealmState, Resource

_PATH = "authentication/required-actions"
_RENAMED = {"terms_and_conditions": "TERMS_AND_CONDITIONS"}
"""Names of before Keycloak 21: its own import takes them for today's, whatever version the file names."""


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's required actions."""
    if "requiredActions" in file.content:
        file.contains(Kind.REQUIRED_ACTION)
    for index, action in enumerate(file.content.get("requiredActions", ())):
        told = {"providerId": action["alias"], **action}
        told |= {key: _RENAMED[told[key]] for key in ("alias", "providerId") if told[key] in _RENAMED}
        yield _resource(told, file.source.at("requiredActions", index))


def _resource(action: Json, source: Any = None) -> Resource:
    fields = {key: value for key, value in action.items() if key != "alias"}
    return Resource(Address(Kind.REQUIRED_ACTION, (action["alias"],)), fields, source)


def observe(server: Server) -> Iterable[Resource]:
    """The realm's required actions; what else the server offers is read when a file names something else."""
    if not server.desired.speaks_of(Kind.REQUIRED_ACTION):
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
    """Registers the action, under the provider's name; then it is given its own and its settings."""
    fields = change.after or {}
    provider = fields["providerId"]
    name = fields.get("name", provider)
    server.api.post("authentication/register-required-action", {"providerId": provider, "name": name})
    _write(server, provider, {"alias": change.address.names[0], **fields})


def update(server: Server, change: Change) -> None:
    """What changed; Keycloak takes an action whole."""
    _write(server, change.address.names[0], change.after or {})


def _write(server: Server, alias: str, changed: Json) -> None:
    path = f"{_PATH}/{alias}"
    server.api.put(path, merged(server.api.get(path), changed))


def delete(server: Server, change: Change) -> None:
    """The server offers the action no longer; it can be registered again."""
    server.api.delete(f"{_PATH}/{change.address.names[0]}")


def represent(found: RealmState, to: Json) -> None:
    """The actions as `requiredActions`."""
    actions = [
        {"alias": resource.address.names[0], **resource.fields} for resource in found.of_kind(Kind.REQUIRED_ACTION)
    ]
    if actions:
        to["requiredActions"] = sorted(actions, key=lambda action: (action.get("priority", 0), action["alias"]))
