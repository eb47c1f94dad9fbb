"""Users of the realm file, and the roles of users and groups.

Credentials and required actions are said at creation only: afterwards they are the person's. Of groups and roles a
user has at least those in the files.
"""

from collections.abc import Iterable, Iterator

from provisioner.changes import Change
from provisioner.kinds.files import RealmFile
from provisioner.kinds.groups import roles_of
from provisioner.kinds.server import Server, merged_lists
from provisioner.protection import has_deny_list
from provisioner.state import Address, Json, Kind, Resource

_OWN_RESOURCES = frozenset({"id", "username", "realmRoles", "clientRoles"})
_FULL = {"briefRepresentation": "false"}
_SERVICE_ACCOUNTS = "service-account-"


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's users; a service account comes with its client, so only its roles are said."""
    for index, user in enumerate(file.content.get("users", ())):
        source = file.source.at("users", index)
        name = user["username"].lower()
        if "serviceAccountClientId" not in user:
            fields = {key: value for key, value in user.items() if key not in _OWN_RESOURCES}
            yield Resource(Address(Kind.USER, (name,)), fields, source)
        yield from roles_of(user, "user", name, source)


def observe(server: Server) -> Iterable[Resource]:
    """The users that the files name, all service accounts where somebody must be protected, and wanted roles."""
    for resource in server.desired.of_kind(Kind.USER):
        (name,) = resource.address.names
        query = {"username": name, "exact": "true", **_FULL}
        for user in server.api.get("users", query):
            yield from _observed(server, user, with_groups="groups" in resource.fields)
    if has_deny_list(server.desired):
        for user in server.api.pages("users", {"username": _SERVICE_ACCOUNTS, "exact": "false"}):
            if user["username"].startswith(_SERVICE_ACCOUNTS):
                address = server.remember(Kind.USER, user["username"], id=user["id"])
                yield Resource(
                    address, {"serviceAccountClientId": user["username"].removeprefix(_SERVICE_ACCOUNTS)}
                )
    yield from _observed_roles(server)


def _observed(server: Server, user: Json, with_groups: bool) -> Iterator[Resource]:
    address = server.remember(Kind.USER, user["username"], id=user["id"])
    fields = {key: value for key, value in user.items() if key not in _OWN_RESOURCES}
    if with_groups:
        fields["groups"] = [group["path"] for group in server.api.pages(f"users/{user['id']}/groups")]
    yield Resource(address, fields)


def _observed_roles(server: Server) -> Iterator[Resource]:
    holders = {resource.address.names[:2] for resource in server.desired.of_kind(Kind.ROLE_MAPPING)}
    for kind, name in sorted(holders):
        path = _holder(server, kind, name, must_exist=False)
        if not path:
            continue
        found = server.api.get(f"{path}/role-mappings")
        containers = {"": found.get("realmMappings") or ()}
        for container, mapping in (found.get("clientMappings") or {}).items():
            containers[container] = mapping["mappings"]
        for container, roles in containers.items():
            if roles:
                address = Address(Kind.ROLE_MAPPING, (kind, name, container))
                yield Resource(address, {"roles": [role["name"] for role in roles]})


def _holder(server: Server, kind: str, name: str, must_exist: bool = True) -> str:
    """The path of the group or user; an empty text when it is not there and need not be."""
    if kind == "group":
        known = server.group_id(name) if must_exist else server.known_id(Kind.GROUP, name)
        return f"groups/{known}" if known else ""
    known = server.known_id(Kind.USER, name)
    if known is None and not must_exist:
        found = server.api.get("users", {"username": name, "exact": "true"})
        known = found[0]["id"] if found else None
        if known:
            server.remember(Kind.USER, name, id=known)
    return f"users/{known or server.user_id(name)}" if known or must_exist else ""


def create(server: Server, change: Change) -> None:
    """The account with its groups and credentials, in one write."""
    (name,) = change.address.names
    server.remember(Kind.USER, name, id=server.api.post("users", {"username": name, **(change.after or {})}))


def update(server: Server, change: Change) -> None:
    """What changed, the account sent whole (a name left out would be erased); groups one by one."""
    id = server.user_id(change.address.names[0])
    after = dict(change.after or {})
    groups = after.pop("groups", ())
    had = (change.before or {}).get("groups", ())
    if after:
        present = server.api.get(f"users/{id}")
        attributes = merged_lists(present.get("attributes"), after.get("attributes", {}))
        server.api.put(f"users/{id}", {**present, **after, "attributes": attributes})
    for path in groups:
        if path not in had:
            server.api.put(f"users/{id}/groups/{server.group_id(path)}")


def map_roles(server: Server, change: Change) -> None:
    """Gives the roles that are missing, of one container in one write."""
    kind, name, container = change.address.names
    had = (change.before or {}).get("roles", ())
    wanted = [role for role in (change.after or {})["roles"] if role not in had]
    client = server.client_id(container) if container else ""
    source = f"clients/{client}/roles" if client else "roles"
    roles = [server.api.get(f"{source}/{role}") for role in wanted]
    target = f"clients/{client}" if client else "realm"
    server.api.post(f"{_holder(server, kind, name)}/role-mappings/{target}", roles)
