"""Groups of the realm file: those that are no company. Reading them finds the companies' groups, too."""

from collections.abc import Iterable, Iterator
from typing import Any

from directory.encoding import Place, Subgroup, is_company
from provisioner.changes import Change
from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server, merged_lists
from provisioner.protection import has_deny_list
from provisioner.state import Address, Json, Kind, Resource, Source

_ALL: dict[str, str | int] = {"first": 0, "max": 2**31 - 1}
_FULL = {"briefRepresentation": "false", "subGroupsCount": "false"}


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's groups and their subgroups, by path."""
    if "groups" in file.content:
        file.contains(Kind.GROUP)
    yield from _desired(file.content.get("groups", ()), "", file.source.at("groups"), file)


def _desired(groups: Iterable[Json], parent: str, source: Source, file: RealmFile) -> Iterator[Resource]:
    for index, group in enumerate(groups):
        place = source.at(index)
        path = f"{parent}/{group['name']}"
        if group.get("path", path) != path:
            file.complain(place.at("path"), f"the path of this group is {path}")
        fields: Json = {key: group[key] for key in ("attributes", "description") if key in group}
        yield Resource(Address(Kind.GROUP, (path,)), fields, place)
        yield from roles_of(group, "group", path, place)
        yield from _desired(group.get("subGroups", ()), path, place.at("subGroups"), file)


def roles_of(holder: Json, kind: str, name: str, source: Source) -> Iterator[Resource]:
    """The role mappings inside a group's or a user's representation; the container of realm roles is `""`."""
    if holder.get("realmRoles"):
        address = Address(Kind.ROLE_MAPPING, (kind, name, ""))
        yield Resource(address, {"roles": holder["realmRoles"]}, source.at("realmRoles"))
    for container, roles in holder.get("clientRoles", {}).items():
        address = Address(Kind.ROLE_MAPPING, (kind, name, container))
        yield Resource(address, {"roles": roles}, source.at("clientRoles", container))


def observe(server: Server) -> Iterable[Resource]:
    """Every group that is no company, and every company with its two subgroups.

    Who is in a group is read where somebody must be protected from the portal's service account.
    """
    with_members = has_deny_list(server.desired)
    for group in server.api.pages("groups", _FULL):
        if is_company(group):
            yield _observed_company(server, group, with_members)
        else:
            yield from _observed(server, group, with_members)
    if any(True for _ in server.desired.of_kind(Kind.COMPANY)):
        yield from _observed_subgroups(server, with_members)


def _observed(server: Server, group: Json, with_members: bool) -> Iterator[Resource]:
    path = group["path"]
    fields = {"attributes": group.get("attributes") or {}, "description": group.get("description")}
    if with_members:
        fields["members"] = _members(server, group)
    yield Resource(server.remember(Kind.GROUP, path, id=group["id"]), fields)
    for child in server.api.pages(f"groups/{group['id']}/children", _FULL):
        yield from _observed(server, child, with_members)


def _observed_company(server: Server, group: Json, with_members: bool) -> Resource:
    server.remember(Kind.GROUP, group["path"], id=group["id"])
    address = server.remember(Kind.COMPANY, group["name"], id=group["id"])
    return Resource(address, _company_fields(server, group, with_members))


def _company_fields(server: Server, group: Json, with_members: bool) -> Json:
    fields: dict[str, Any] = {"attributes": group.get("attributes") or {}}
    if group.get("realmRoles") or group.get("clientRoles"):
        fields["carriesRoles"] = True
        if with_members:
            fields["members"] = _members(server, group)
    return fields


def _observed_subgroups(server: Server, with_members: bool) -> Iterator[Resource]:
    """One flat search per name instead of one read per company.

    Never in pages: Keycloak orders by name, all of these have the same, and between two pages the order of equals
    changes (seen on H2 with 600 companies: a dozen were missing, others came twice).
    """
    for subgroup in Subgroup:
        query = {"search": subgroup.value, "exact": "true", "populateHierarchy": "false", **_FULL, **_ALL}
        for group in server.api.get("groups", query):
            company, _, rest = group["path"].removeprefix("/").partition("/")
            if group["path"] != Place(company, subgroup).path or server.known_id(Kind.COMPANY, company) is None:
                continue
            server.remember(Kind.GROUP, group["path"], id=group["id"])
            address = server.remember(Kind.COMPANY_SUBGROUP, company, rest, id=group["id"])
            yield Resource(address, _company_fields(server, group, with_members))


def _members(server: Server, group: Json) -> list[str]:
    found = []
    for member in server.api.pages(f"groups/{group['id']}/members", {"briefRepresentation": "true"}):
        server.remember(Kind.USER, member["username"], id=member["id"])
        found.append(member["username"])
    return found


def create(server: Server, change: Change) -> None:
    """A group at its path; its parent is there already."""
    (path,) = change.address.names
    parent, _, name = path.rpartition("/")
    folder = f"groups/{server.group_id(parent)}/children" if parent else "groups"
    id = server.api.post(folder, {"name": name, **(change.after or {})})
    server.remember(Kind.GROUP, path, id=id)


def update(server: Server, change: Change) -> None:
    """The attributes that changed, the others kept; ids and members are untouched."""
    write_attributes(server, server.group_id(change.address.names[0]), change.after or {})


def delete(server: Server, change: Change) -> None:
    """The group with its subgroups; people leave it."""
    server.api.delete(f"groups/{server.group_id(change.address.names[0])}")


def write_attributes(server: Server, id: str, after: Json) -> None:
    """Keycloak takes a group's attributes whole."""
    path = f"groups/{id}"
    present = server.api.get(path)
    body = {**present, **after, "attributes": merged_lists(present.get("attributes"), after.get("attributes", {}))}
    server.api.put(path, body)
