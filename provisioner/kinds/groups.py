"""Groups of realm files, and default groups.

The address of a group is its path, in which a slash inside a name is written `~/`. Files and Keycloak refer to
groups by paths without that escape, so such references are compared without it (`plain`). Groups of companies are
declared in company files, unless a realm file names them as groups.
"""

from collections.abc import Iterable, Iterator

from directory.encoding import is_company
from provisioner.kinds import company_groups, role_mappings
from provisioner.kinds.definition import Family, KindDefinition, owned_by
from provisioner.kinds.deny_lists import has_deny_list
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import FULL_GROUPS, Server, child_path, merged_lists, plain
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource, Source

_FIELDS = ("attributes", "description")
_COUNTED = {**FULL_GROUPS, "subGroupsCount": "true"}


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the file's groups, their subgroups and roles, and the default groups."""
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
            file.add_error(place.at("path"), f"the path of this group is {path}")
        fields: Json = {key: group[key] for key in _FIELDS if key in group}
        yield Resource(Address(Kind.GROUP, (path,)), fields, place)
        yield from role_mappings.desired(file, group, role_mappings.GROUP, path, place)
        yield from _desired(group.get("subGroups", ()), path, place.at("subGroups"), file)


def prefetch(server: Server) -> None:
    """Start the reads of companies' subgroups, which take longest."""
    if _has_companies(server):
        company_groups.prefetch(server)


def observe(server: Server) -> Iterable[Resource]:
    """Read groups that are no company with their roles, companies with their subgroups, and default groups.

    Members are only read where deny lists need them.
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
    if any(server.to_read(Kind.DEFAULT_GROUP)):
        for group in server.api.get("default-groups"):
            yield Resource(Address(Kind.DEFAULT_GROUP, (plain(group["path"]),)), {})


def _is_company(server: Server, group: Json) -> bool:
    """Return whether it is a company, or was one when an apply created it."""
    return is_company(group) or Address(Kind.COMPANY, (group["name"],)) in server.record.made


def _has_companies(server: Server) -> bool:
    return any(True for _ in server.desired.of_kind(Kind.COMPANY))


def _companies_named_as_groups(server: Server) -> set[str]:
    """Return the paths of top-level groups that realm files name, or named when an apply created them."""
    to_read = {address for address in server.to_read(Kind.GROUP) if address.names}
    tops = {f"/{address.names[0].split('/')[1]}" for address in to_read if "~/" not in address.names[0]}
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
    """Create a group at its path; its parent exists."""
    (path,) = change.address.names
    parent, name = _split(path)
    folder = f"groups/{server.group_id(parent)}/children" if parent else "groups"
    id = server.api.post(folder, {"name": name, **(change.after or {})})
    server.remember(Kind.GROUP, path, id=id)


def _split(path: str) -> tuple[str, str]:
    """Return the path of the parent, and the name."""
    parent, _, name = path.replace("~/", "\0").rpartition("/")
    return parent.replace("\0", "~/"), name.replace("\0", "/")


def update(server: Server, change: Change) -> None:
    """Update the attributes that differ; other attributes, ids and members stay."""
    write_attributes(server, server.group_id(change.address.names[0]), change.after or {})


def delete(server: Server, change: Change) -> None:
    """Delete the group with its subgroups; its people are removed from it."""
    server.api.delete(f"groups/{server.group_id(change.address.names[0])}")


def write_attributes(server: Server, id: str, after: Json) -> None:
    """Write these attributes and the present ones, as Keycloak replaces all of them."""
    path = f"groups/{id}"
    present = server.api.get(path)
    body = {**present, **after, "attributes": merged_lists(present.get("attributes"), after.get("attributes", {}))}
    server.api.put(path, body)


def make_default(server: Server, change: Change) -> None:
    """Make it a group that new users join."""
    server.api.put(f"default-groups/{server.group_id(change.address.names[0])}")


def make_no_default(server: Server, change: Change) -> None:
    """Stop new users from joining the group; its members stay."""
    server.api.delete(f"default-groups/{server.group_id(change.address.names[0])}")


def represent(found: RealmState, to: Json) -> None:
    """Add `groups`, as a tree with roles, and `defaultGroups`, without companies, which have their own files."""
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


def missing_group(paths: Iterable[str], desired: RealmState, observed: RealmState) -> str:
    """Return which of these groups is missing, or an empty text.

    Paths are in the form of Keycloak, in which a slash in a name is not escaped.
    """
    for path in paths:
        company = Address(Kind.COMPANY, (path.split("/")[1],))
        states = (desired, observed)
        groups = (group.address.names[0] for state in states for group in state.of_kind(Kind.GROUP))
        if any(company in state.resources for state in states):
            continue
        if all(name.replace("~/", "/") != path for name in groups):
            return f"the group {path} is neither in the files nor on the server"
    return ""


def _default_group_refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    return missing_group(resource.address.names, desired, observed)


def _owners(address: Address) -> tuple[Address, ...]:
    parent, _ = _split(address.names[0])
    return (Address(Kind.GROUP, (parent,)),) if parent else ()


def _company_above(address: Address) -> tuple[Address, ...]:
    return (Address(Kind.COMPANY, (address.names[0].split("/")[1],)),)


FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.GROUP,
            rule=Rule(maps=frozenset({"attributes"})),
            create=create,
            update=update,
            delete=delete,
            owners=_owners,
            listed_with=_company_above,
            consequence=company_groups.consequence,
        ),
        KindDefinition(
            kind=Kind.DEFAULT_GROUP,
            create=make_default,
            delete=make_no_default,
            owners=owned_by((Kind.GROUP, 0, 1)),
            refusal=_default_group_refusal,
        ),
    ),
    desired=desired,
    prefetch=prefetch,
    observe=observe,
    represent=represent,
)
