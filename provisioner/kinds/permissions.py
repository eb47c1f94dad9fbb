"""Fine-grained admin permissions: policies and permissions of the client `admin-permissions`.

Keycloak names groups and people in them by id; a state names them by path and user name.
"""

import json
from collections.abc import Iterable
from typing import Any

from provisioner.changes import Change
from provisioner.errors import RejectedError
from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server
from provisioner.state import Address, Json, Kind, Resource, Source

ADMIN_PERMISSIONS = "admin-permissions"
_MANY = {"first": 0, "max": 10000}


def desired(file: RealmFile) -> Iterable[Resource]:
    """The policies and permissions of the file's `authorizationSettings`."""
    for index, client in enumerate(file.content.get("clients", ())):
        source = file.source.at("clients", index, "authorizationSettings", "policies")
        policies = client.get("authorizationSettings", {}).get("policies", ())
        if policies and client["clientId"] != ADMIN_PERMISSIONS:
            file.complain(source, f"only those of {ADMIN_PERMISSIONS} are managed by the provisioner")
            continue
        names = _names_by_id(file.content)
        for number, policy in enumerate(policies):
            if policy["type"] not in ("user", "scope"):
                file.complain(source.at(number, "type"), "must be one of user, scope")
                continue
            yield _desired(policy, source.at(number), names, file)


def _names_by_id(content: Json) -> dict[str, str]:
    """Exports name groups and people by the ids they give them; no other id in a file means anything."""
    groups = {group["id"]: f"/{group['name']}" for group in content.get("groups", ()) if "id" in group}
    users = {user["id"]: user["username"] for user in content.get("users", ()) if "id" in user}
    return groups | users


def _desired(policy: Json, source: Source, names: dict[str, str], file: RealmFile) -> Resource:
    def listed(key: str) -> list[str]:
        text = policy.get("config", {}).get(key, "[]")
        try:
            return [str(item) for item in json.loads(text)]
        except ValueError:
            file.complain(source.at("config", key), "must be a list, written as JSON text")
            return []

    fields: Json = {"logic": policy.get("logic", "POSITIVE"), "description": policy.get("description")}
    if policy["type"] == "user":
        fields["users"] = listed("users")
        return Resource(Address(Kind.POLICY, (ADMIN_PERMISSIONS, policy["name"])), fields, source)
    resource_type = policy.get("config", {}).get("defaultResourceType", "")
    fields["resourceType"] = resource_type
    fields["scopes"] = listed("scopes")
    fields["policies"] = listed("applyPolicies")
    fields["resources"] = [names.get(name, name) for name in listed("resources") if name != resource_type]
    return Resource(Address(Kind.PERMISSION, (ADMIN_PERMISSIONS, policy["name"])), fields, source)


def observe(server: Server) -> Iterable[Resource]:
    """The policies and permissions that are wanted and there."""
    wanted = {resource.address for resource in server.desired.of_kind(Kind.POLICY, Kind.PERMISSION)}
    if not wanted or server.known_id(Kind.CLIENT, ADMIN_PERMISSIONS) is None:
        return
    for policy in server.api.get(f"{_base(server)}/policy", {"permission": "false", **_MANY}):
        address = server.remember(Kind.POLICY, ADMIN_PERMISSIONS, policy["name"], id=policy["id"])
        if address in wanted:
            yield Resource(address, _policy_fields(server, policy))
    for permission in server.api.get(f"{_base(server)}/permission", _MANY):
        address = server.remember(Kind.PERMISSION, ADMIN_PERMISSIONS, permission["name"], id=permission["id"])
        if address in wanted:
            yield Resource(address, _permission_fields(server, permission))


def _base(server: Server) -> str:
    return f"clients/{server.client_id(ADMIN_PERMISSIONS)}/authz/resource-server"


def _common_fields(representation: Json) -> Json:
    return {"logic": representation.get("logic"), "description": representation.get("description")}


def _policy_fields(server: Server, policy: Json) -> Json:
    ids = json.loads(policy.get("config", {}).get("users", "[]"))
    return {**_common_fields(policy), "users": [_user_name(server, id) for id in ids]}


def _permission_fields(server: Server, permission: Json) -> Json:
    base = f"{_base(server)}/permission/scope/{permission['id']}"
    return {
        **_common_fields(permission),
        "resourceType": permission.get("resourceType"),
        "scopes": [scope["name"] for scope in server.api.get(f"{base}/scopes")],
        "policies": [policy["name"] for policy in server.api.get(f"{base}/associatedPolicies")],
        "resources": [
            _resource_name(server, resource)
            for resource in server.api.get(f"{base}/resources")
            if resource["name"] != permission.get("resourceType")
        ],
    }


def _resource_name(server: Server, resource: Json) -> str:
    """What the permission is about, in a state's words; an object that is gone keeps its id, so it shows."""
    address = server.address_of(resource["name"])
    if address is None:
        return str(resource.get("displayName") or resource["name"])
    return (
        "/" + "/".join(name.removeprefix("/") for name in address.names)
        if _is_group(address)
        else address.names[0]
    )


def _is_group(address: Address) -> bool:
    return address.kind in (Kind.GROUP, Kind.COMPANY, Kind.COMPANY_SUBGROUP)


def _user_name(server: Server, id: str) -> str:
    address = server.address_of(id)
    if address is not None:
        return address.names[0]
    name = str(server.api.get(f"users/{id}")["username"])
    server.remember(Kind.USER, name, id=id)
    return name


def write_policy(server: Server, change: Change) -> None:
    """Creates the policy, or gives it these people."""
    fields = _whole(change)
    body = {
        "name": change.address.names[1],
        "description": fields["description"],
        "logic": fields["logic"],
        "users": [server.user_id(name) for name in fields["users"]],
    }
    _write(server, change, "policy/user", body)


def write_permission(server: Server, change: Change) -> None:
    """Creates the permission, or makes it what is wanted: Keycloak takes it whole."""
    fields = _whole(change)
    body = {
        "name": change.address.names[1],
        "description": fields["description"],
        "logic": fields["logic"],
        "decisionStrategy": "UNANIMOUS",
        "resourceType": fields["resourceType"],
        "scopes": fields["scopes"],
        "policies": [server.id(Kind.POLICY, ADMIN_PERMISSIONS, name) for name in fields["policies"]],
        "resources": [_resource_id(server, fields["resourceType"], name) for name in fields["resources"]],
    }
    _write(server, change, "permission/scope", body)


def _whole(change: Change) -> dict[str, Any]:
    if change.resource is None:
        raise ValueError(f"{change.address}: the change does not say what is wanted")
    return change.resource.fields


def _resource_id(server: Server, resource_type: str, name: str) -> str:
    match resource_type:
        case "Groups":
            return server.group_id(name)
        case "Users":
            return server.user_id(name)
        case "Clients":
            return server.client_id(name)
        case _:
            raise RejectedError(f"permissions over single {resource_type} are not managed by the provisioner")


def _write(server: Server, change: Change, folder: str, body: Json) -> None:
    known = server.known_id(change.address.kind, *change.address.names)
    if known:
        server.api.put(f"{_base(server)}/{folder}/{known}", {"id": known, **body})
    else:
        server.remember(
            change.address.kind, *change.address.names, id=server.api.post(f"{_base(server)}/{folder}", body)
        )
