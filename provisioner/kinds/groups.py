"""Groups of the realm file, and the groups that everybody new joins.

A group is named by its path. A slash inside a name is written `~/` there, so that a path has one meaning only.
Where files and Keycloak name a group by a path of their own, it is told apart no further than they do (`plain`).
Companies' groups belong to the company files, unless a realm file names them as groups.
"""

from collections.abc import Iterable, Iterator

from directory.encoding import is_company
from provisioner.kinds import company_groups, role_mappings
from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import FULL_GROUPS, Server, child_path, merged_lists, plain
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, Kind, RealmState, Resource, Source
from provisioner.planning.deny_lists import has_deny_list

_FIELDS = ("attributes", "description")
_COUNTED = {**FULL_GROUPS, "subGroupsCount": "true"}


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's groups and their subgroups, their roles, and the groups that everybody new joins."""
    if "groups" in file.content:
        file.contains(Kind.GROUP)
    yield from _desired(file.content.get("groups", ()), "", file.source.at("groups"), file)
    if "defaultGroups" in file.content:
        file.contains(Kind.DEFAULT_GROUP)
    for index, path in enumerate(file.content.get("defaultGroups", ())):
        yield Resource(Address(Kind.DEFAULT_GROUP, (plain(path),)), {}, file.source.at("defaultGroups", index))


def _desired(groups: Iterable[Json], parent: str, source: Source, file: RealmFile) -> Iterator[Resource]:
    for index, group in enumerate(groups):
        place = source.at(index)
        path = child_path(parent, group["name"])
        if plain(group.get("path", path)) != plain(path):
            file.complain(place.at("path"), f"the path of this group is {path}")
        fields: Json = {key: group[key] for key in _FIELDS if key in group}
        yield Resource(Address(Kind.GROUP, (path,)), fields, place)
        yield from role_mappings.desired(file, group, role_mappings.GROUP, path, place)
        yield from _desired(group.get("subGroups", ()), path, place.at("subGroups"), file)


def begin(server: Server) -> None:
    """Starts the reads that take longest, beside all others."""
    if _has_companies(server):
        company_groups.begin(server)


def observe(server: Server) -> Iterable[Resource]:
    """Every group that is no company, with its roles; every company with its subgroups; the default groups.

    Who is in a group is read where somebody must be protected from the portal's service account.
    """
    with_members = has_deny_list(server.desired)
    native = _companies_named_as_groups(server)
    for group in server.api.pages("groups", FULL_GROUPS):
        path = child_path("", group["name"])
        if not _is_company(server, group):
            yield from _observed(server, group, path, with_members)
            continue
        if path in native:
            yield from _observed(server, group, path, with_members, in_company=True)
        if path not in native or server.desired.get(Kind.COMPANY, group["name"]):
            yield company_groups.observed(server, group, with_members)
        yield from role_mappings.of_group(path, group)
    if _has_companies(server):
        yield from company_groups.observe_subgroups(server, with_members)
    if any(server.asked(Kind.DEFAULT_GROUP)):
        for group in server.api.get("default-groups"):
            yield Resource(Address(Kind.DEFAULT_GROUP, (plain(group["path"]),)), {})


def _is_company(server: Server, group: Json) -> bool:
    """Also the group of a company that an apply made, when somebody took the mark of a company from it."""
    return is_company(group) or Address(Kind.COMPANY, (group["name"],)) in server.record.made


def _has_companies(server: Server) -> bool:
    return any(True for _ in server.desired.of_kind(Kind.COMPANY))


def _companies_named_as_groups(server: Server) -> set[str]:
    """The paths of top-level groups that realm files name, or named when an apply made them."""
    asked = {address for address in server.asked(Kind.GROUP) if address.names}
    tops = {f"/{address.names[0].split('/')[1]}" for address in asked if "~/" not in address.names[0]}
    made_only = {top for top in tops if not server.desired.get(Kind.GROUP, top)}
    return {top for top in tops if top not in made_only or not server.desired.get(Kind.COMPANY, top[1:])}


def _observed(
    server: Server, group: Json, path: str, with_members: bool, in_company: bool = False
) -> Iterator[Resource]:
    fields: Json = {"attributes": group.get("attributes") or {}, "description": group.get("description")}
    if group.get("realmRoles") or group.get("clientRoles"):
        fields["carriesRoles"] = True
    if with_members and (fields.get("carriesRoles") or not in_company):
        fields["members"] = company_groups.members(server, group)
    yield Resource(server.remember(Kind.GROUP, path, id=group["id"]), fields)
    yield from role_mappings.of_group(path, group)
    if group.get("subGroupCount", 1):
        for child in server.api.pages(f"groups/{group['id']}/children", _COUNTED):
            yield from _observed(server, child, child_path(path, child["name"]), with_members, in_company)


def create(server: Server, change: Change) -> None:
    """A group at its path; its parent is there already."""
    (path,) = change.address.names
    parent, name = _split(path)
    folder = f"groups/{server.group_id(parent)}/children" if parent else "groups"
    id = server.api.post(folder, {"name": name, **(change.after or {})})
    server.remember(Kind.GROUP, path, id=id)


def _split(path: str) -> tuple[str, str]:
    """The path of the parent and the name."""
    parent, _, name = path.replace("~/", "\0").rpartition("/")
    return parent.replace("\0", "~/"), name.replace("\0", "/")


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


def make_default(server: Server, change: Change) -> None:
    """Everybody new joins the group."""
    server.api.put(f"default-groups/{server.group_id(change.address.names[0])}")


def make_no_default(server: Server, change: Change) -> None:
    """Nobody joins it by himself any more; who is in it stays."""
    server.api.delete(f"default-groups/{server.group_id(change.address.names[0])}")


def represent(found: RealmState, to: Json) -> None:
    """`groups`, a tree with their roles, and `defaultGroups`. Companies go to files of their own."""
    roles = role_mappings.represent(found, role_mappings.GROUP)
    tree: dict[str, Json] = {}
    tops: list[Json] = []
    for resource in sorted(found.of_kind(Kind.GROUP), key=lambda each: each.address.names):
        path = resource.address.names[0]
        parent, name = _split(path)
        own = {key: resource.fields[key] for key in _FIELDS if resource.fields.get(key)}
        entry = tree[path] = {"name": name, "path": plain(path), **own, **roles.get(path, {})}
        (tree[parent].setdefault("subGroups", []) if parent in tree else tops).append(entry)
    if tops:
        to["groups"] = tops
    defaults = sorted(resource.address.names[0] for resource in found.of_kind(Kind.DEFAULT_GROUP))
    if defaults:
        to["defaultGroups"] = defaults
