"""Fine-grained admin permissions: policies and permissions of the client `admin-permissions`.

Keycloak names groups, people and the like in them by id; a state names them by path, user name and so on.
"""

from collections.abc import Iterable

from provisioner.errors import RejectedError
from provisioner.kinds import organizations, policies, roles
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.rules import ADMIN_PERMISSIONS
from provisioner.model.state import Address, Json, Kind, Resource

_MANY: dict[str, str | int] = {"first": 0, "max": 10000}
_GROUPS = (Kind.GROUP, Kind.COMPANY, Kind.COMPANY_SUBGROUP)


def observe(server: Server) -> Iterable[Resource]:
    """Its policies and permissions."""
    for policy in server.api.get(f"{_base(server)}/policy", {"permission": "false", **_MANY}):
        yield _observed(server, {**policy, "policies": _made_of(server, policy)})
    for permission in server.api.get(f"{_base(server)}/permission", {"fields": "*", **_MANY}):
        yield _observed(server, {**permission, **_parts(server, permission)})


def _observed(server: Server, policy: Json) -> Resource:
    kind = policies.kind_of(policy)
    address = server.remember(kind, ADMIN_PERMISSIONS, policy["name"], id=policy["id"])
    return Resource(address, policies.fields(policy, lambda key, id: _name(server, key, id)))


def _base(server: Server) -> str:
    return f"clients/{server.client_id(ADMIN_PERMISSIONS)}/authz/resource-server"


def _made_of(server: Server, policy: Json) -> list[str]:
    if policy["type"] not in ("aggregate", "scope"):
        return []
    return [each["name"] for each in server.api.get(f"{_base(server)}/policy/{policy['id']}/associatedPolicies")]


def _parts(server: Server, permission: Json) -> Json:
    """What the permission is about; the resource that stands for all of a type is no part."""
    resource_type = permission.get("resourceType")
    objects = [each for each in permission.get("resourcesData") or () if each["name"] != resource_type]
    if resource_type == "Roles":
        names = [_name(server, "roles", each["name"]) for each in objects]
    elif all(server.address_of(each["name"]) for each in objects):
        names = [_object(server, each) for each in objects]
    else:
        shown = server.api.get(f"{_base(server)}/permission/scope/{permission['id']}/resources")
        names = [_object(server, each) for each in shown if each["name"] != resource_type]
    return {
        "scopes": [scope["name"] for scope in permission.get("scopesData") or ()],
        "resources": names,
        "policies": _made_of(server, permission),
    }


def _object(server: Server, resource: Json) -> str:
    """An object that is gone keeps its id, so that it shows."""
    address = server.address_of(resource["name"])
    return _told(address) if address else str(resource.get("displayName") or resource["name"])


def _told(address: Address) -> str:
    """The object in a state's words."""
    if address.kind in _GROUPS:
        return "/" + "/".join(name.removeprefix("/") for name in address.names)
    return "/".join(name for name in address.names if name)


def _name(server: Server, key: str, id: str) -> str:
    """What is in the list of that key of a policy."""
    address = server.address_of(id)
    if address is not None:
        return _told(address)
    match key:
        case "users":
            name = str(server.api.get(f"users/{id}")["username"])
            server.remember(Kind.USER, name, id=id)
            return name
        case "roles":
            role = server.api.get(f"roles-by-id/{id}")
            return _told(server.remember(Kind.ROLE, roles.container_of(server, role), role["name"], id=id))
        case _:
            return id


def write(server: Server, change: Change) -> None:
    """Creates the policy or permission, or makes it what is wanted: Keycloak takes both whole."""
    if change.resource is None:
        raise ValueError(f"{change.address}: the change does not say what is wanted")
    fields = change.resource.fields
    name = change.address.names[1]
    if change.address.kind is Kind.PERMISSION:
        _write(server, change, "permission/scope", _permission(server, name, fields))
    elif fields["type"] == "aggregate":
        top = policies.native(name, fields)
        del top["config"], top["type"]
        body = {**top, "policies": _ids(server, fields)}
        _write(server, change, "policy/aggregate", body)
    else:
        _write(server, change, "policy", policies.native(name, fields))


def _permission(server: Server, name: str, fields: Json) -> Json:
    return {
        "name": name,
        "description": fields.get("description"),
        "logic": fields["logic"],
        "decisionStrategy": fields.get("decisionStrategy", "UNANIMOUS"),
        "resourceType": fields["resourceType"],
        "scopes": fields["scopes"],
        "policies": _ids(server, fields),
        "resources": [_object_id(server, fields["resourceType"], each) for each in fields["resources"]],
    }


def _ids(server: Server, fields: Json) -> list[str]:
    return [server.id(Kind.POLICY, ADMIN_PERMISSIONS, name) for name in fields["policies"]]


def _object_id(server: Server, resource_type: str, name: str) -> str:
    match resource_type:
        case "Groups":
            return server.group_id(name)
        case "Users":
            return server.user_id(name)
        case "Clients":
            id = server.client_id(name)
            server.api.get(f"clients/{id}")  # unread, 26.7 takes it for one without authorization from now on
            return id
        case "Organizations":
            return organizations.id_of(server, name)
        case "Roles":
            container, _, role = name.partition("/")
            known = role and server.known_id(Kind.CLIENT, container)
            return str(roles.reference(server, *((container, role) if known else (roles.REALM, name)))["id"])
        case _:
            raise RejectedError(f"there are no permissions over {resource_type}")


def _write(server: Server, change: Change, folder: str, body: Json) -> None:
    known = server.known_id(change.address.kind, *change.address.names)
    if known:
        server.api.put(f"{_base(server)}/{folder}/{known}", {"id": known, **body})
    else:
        id = server.api.post(f"{_base(server)}/{folder}", body)
        server.remember(change.address.kind, *change.address.names, id=id)
