"""Authorization services of clients in realm files: `authorizationSettings`."""

from collections.abc import Iterable, Iterator

from provisioner.kinds import policies, roles
from provisioner.kinds.kind import Kind
from provisioner.kinds.policies import ADMIN_PERMISSIONS
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import child_path
from provisioner.model.state import Address, Json, RealmState, Resource, Source

KINDS = (
    Kind.AUTHORIZATION,
    Kind.AUTHORIZATION_SCOPE,
    Kind.AUTHORIZATION_RESOURCE,
    Kind.POLICY,
    Kind.PERMISSION,
)
SETTINGS = ("allowRemoteResourceManagement", "policyEnforcementMode", "decisionStrategy")
_NOT_FIELDS = frozenset({"name", "id", "_id", "owner", "uri"})
LISTS = {
    Kind.AUTHORIZATION_SCOPE: "scopes",
    Kind.AUTHORIZATION_RESOURCE: "resources",
    Kind.POLICY: "policies",
    Kind.PERMISSION: "policies",
}


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the resources of `authorizationSettings` of the file's clients."""
    names = _names_by_id(file.content)
    for index, client in enumerate(file.content.get("clients", ())):
        settings = client.get("authorizationSettings")
        if settings is not None:
            source = file.source.at("clients", index, "authorizationSettings")
            yield from _desired(file, client["clientId"], settings, source, names)


def _names_by_id(content: Json) -> dict[str, str]:
    """Return the names of the file's objects by their ids, to which policies in exports refer.

    An entry without a name is skipped here and reported by its own kind.
    """
    found = dict(_called(content.get("clients", ()), "clientId"))
    found |= {id: name.lower() for id, name in _called(content.get("users", ()), "username")}
    found |= dict(_called(content.get("clientScopes", ()), "name"))
    found |= dict(_called(content.get("organizations", ()), "name", "alias"))
    for container, each in {roles.REALM: [], **_role_lists(content)}.items():
        prefix = f"{container}/" if container else ""
        found |= {role["id"]: f"{prefix}{role['name']}" for role in each if "id" in role}
    return found | dict(_group_paths(content.get("groups", ()), ""))


def _called(entries: Iterable[Json], *keys: str) -> Iterator[tuple[str, str]]:
    """Yield id and name of each entry that has both; the name is the first of these keys that it has."""
    for each in entries:
        name = next((each[key] for key in keys if each.get(key)), None)
        if name and "id" in each:
            yield each["id"], name


def _role_lists(content: Json) -> dict[str, list[Json]]:
    given = content.get("roles", {})
    return {roles.REALM: given.get("realm", []), **given.get("client", {})}


def _group_paths(groups: Iterable[Json], parent: str) -> Iterator[tuple[str, str]]:
    for group in groups:
        path = child_path(parent, group["name"])
        if "id" in group:
            yield group["id"], path
        yield from _group_paths(group.get("subGroups", ()), path)


def _desired(
    file: RealmFile, client: str, settings: Json, source: Source, names: dict[str, str]
) -> Iterator[Resource]:
    given = {key: settings[key] for key in SETTINGS if key in settings}
    if given and client != ADMIN_PERMISSIONS:
        yield Resource(Address(Kind.AUTHORIZATION, (client,)), given, source)
    for kind, key in LISTS.items():
        if key in settings and (key == "policies" or client != ADMIN_PERMISSIONS):
            file.contains(kind, client)
    if client != ADMIN_PERMISSIONS:  # the server itself defines what it protects
        yield from _protected(client, settings, source)
    yield from _policies(file, client, settings, source, names)


def _protected(client: str, settings: Json, source: Source) -> Iterator[Resource]:
    for kind in (Kind.AUTHORIZATION_SCOPE, Kind.AUTHORIZATION_RESOURCE):
        key = LISTS[kind]
        for index, each in enumerate(settings.get(key, ())):
            yield Resource(Address(kind, (client, each["name"])), object_fields(each), source.at(key, index))


def _policies(
    file: RealmFile, client: str, settings: Json, source: Source, names: dict[str, str]
) -> Iterator[Resource]:
    def named(key: str, name: str) -> str:
        return names.get(name, name.lower() if key == "users" else name)

    for index, policy in policies.in_order(settings.get("policies", ())):
        place = source.at("policies", index)
        try:
            fields = policies.fields(policy, named)
        except ValueError as error:
            file.add_error(place.at("config", str(error)), "must be a list, written as JSON text")
            continue
        if client == ADMIN_PERMISSIONS and "resources" in fields:
            fields["resources"] = [each for each in fields["resources"] if each != fields["resourceType"]]
        yield Resource(Address(policies.kind_of(policy), (client, policy["name"])), fields, place)


def object_fields(representation: Json) -> Json:
    """Return the fields of a scope or a resource."""
    fields = {key: value for key, value in representation.items() if key not in _NOT_FIELDS}
    if "scopes" in fields:
        fields["scopes"] = sorted(scope["name"] for scope in fields["scopes"])
    if "uri" in representation:
        fields.setdefault("uris", [representation["uri"]])
    return fields


def represent(found: RealmState, to: Json) -> None:
    """Add `authorizationSettings` to the `clients`."""
    settings: dict[str, Json] = {}
    for resource in found.of_kind(*KINDS):
        entry = settings.setdefault(resource.address.names[0], {})
        kind = Kind(resource.address.kind)
        if kind is Kind.AUTHORIZATION:
            entry.update(resource.fields)
        elif kind in (Kind.POLICY, Kind.PERMISSION):
            entry.setdefault("policies", []).append(policies.native(resource.address.names[1], resource.fields))
        else:
            body = {"name": resource.address.names[1], **resource.fields}
            if "scopes" in body:
                body["scopes"] = [{"name": scope} for scope in body["scopes"]]
            entry.setdefault(LISTS[kind], []).append(body)
    clients = {client["clientId"]: client for client in to.get("clients", ())}
    for name, entry in sorted(settings.items()):
        for each in ("scopes", "resources"):
            entry.get(each, []).sort(key=lambda item: item["name"])
        if "policies" in entry:
            entry["policies"].sort(key=lambda item: item["name"])
            entry["policies"] = [policy for _, policy in policies.in_order(entry["policies"])]
        if name not in clients:
            clients[name] = {"clientId": name}
        clients[name]["authorizationSettings"] = entry
    if clients:
        to["clients"] = [clients[name] for name in sorted(clients)]
