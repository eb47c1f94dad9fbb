"""The groups of companies as they are on the server, in few requests however many companies there are."""

from collections.abc import Iterator
from typing import Any

from directory.encoding import Place, Subgroup
from provisioner.kinds import role_mappings
from provisioner.kinds.server import FULL_GROUPS, Server, child_path
from provisioner.model.rules import PEOPLE
from provisioner.model.state import Json, Kind, Resource

AT_ONCE = 1000
"""Up to so many companies, their subgroups of one name are read in one answer."""
CHUNK = 500

_COUNTED = {**FULL_GROUPS, "subGroupsCount": "true"}


def observed(server: Server, group: Json, with_members: bool) -> Resource:
    """The company that this top-level group is."""
    server.remember(Kind.GROUP, group["path"], id=group["id"])
    address = server.remember(Kind.COMPANY, group["name"], id=group["id"])
    fields = _fields(server, group, with_members)
    if server.may_be_deleted(address):
        fields[PEOPLE] = len(members(server, group))
    return Resource(address, fields)


def _fields(server: Server, group: Json, with_members: bool) -> Json:
    fields: dict[str, Any] = {"attributes": group.get("attributes") or {}}
    if group.get("realmRoles") or group.get("clientRoles"):
        fields["carriesRoles"] = True
        if with_members:
            fields["members"] = members(server, group)
    return fields


def begin(server: Server) -> None:
    """Starts the reads that take longest, where they are made at once."""
    if int(server.api.get("groups/count", {"top": "true"})["count"]) <= AT_ONCE:
        for subgroup in Subgroup:
            server.api.begin("groups", {**_flat(subgroup), **FULL_GROUPS})


def observe_subgroups(server: Server, with_members: bool) -> Iterator[Resource]:
    """The subgroups that every company has: one flat search per name instead of one read per company. Others are
    looked for only when the realm has more groups than were met.

    """
    for subgroup in Subgroup:
        for group in _named(server, subgroup):
            company, _, rest = group["path"].removeprefix("/").partition("/")
            if group["path"] != Place(company, subgroup).path or server.known_id(Kind.COMPANY, company) is None:
                continue
            server.remember(Kind.GROUP, group["path"], id=group["id"])
            address = server.remember(Kind.COMPANY_SUBGROUP, company, rest, id=group["id"])
            yield Resource(address, _fields(server, group, with_members))
            yield from role_mappings.of_group(group["path"], group)
    hidden = int(server.api.get("groups/count")["count"]) - len(server.names(Kind.GROUP))
    if hidden > 0:
        yield from _others(server, with_members)


def _named(server: Server, subgroup: Subgroup) -> Iterator[Json]:
    """All groups of that name, whole.

    Pages cannot be relied on: Keycloak orders by name, all of these have the same, and between two pages the order
    of equals changes (seen on H2 with 600 companies: a dozen were missing, others came twice). One answer can, but
    what a group costs the server in it grows with their number. So of many, one answer says in short which there
    are, pages bring most of them whole, and those that they missed are read one by one.
    """
    if len(server.names(Kind.COMPANY)) <= AT_ONCE:
        yield from server.api.get("groups", {**_flat(subgroup), **FULL_GROUPS})
        return
    listed = server.api.get("groups", {**_flat(subgroup), **FULL_GROUPS, "briefRepresentation": "true"})
    whole: dict[str, Json] = {}
    for first in range(0, len(listed), CHUNK):
        page = {**_flat(subgroup), **FULL_GROUPS, "first": first, "max": CHUNK}
        whole.update((group["id"], group) for group in server.api.get("groups", page))
    for group in listed:
        yield whole.get(group["id"]) or server.api.get(f"groups/{group['id']}")


def _flat(subgroup: Subgroup) -> dict[str, str | int]:
    """Asks for all groups of that name wherever they are, in one answer."""
    return {
        "search": subgroup.value,
        "exact": "true",
        "populateHierarchy": "false",
        "first": 0,
        "max": 2**31 - 1,
    }


def _others(server: Server, with_members: bool) -> Iterator[Resource]:
    """So many subgroups of companies that somebody else made: below companies, then below their subgroups."""
    for company in server.api.pages("groups", _COUNTED):
        if server.known_id(Kind.COMPANY, company["name"]) is not None and company["subGroupCount"] > 0:
            usual = [each for each in Subgroup if server.known_id(Kind.COMPANY_SUBGROUP, company["name"], each)]
            if company["subGroupCount"] > len(usual):
                yield from _children(server, company, f"/{company['name']}", with_members)
    if int(server.api.get("groups/count")["count"]) == len(server.names(Kind.GROUP)):
        return
    for subgroup in Subgroup:
        for group in server.api.get("groups", {**_flat(subgroup), **_COUNTED}):
            if group["subGroupCount"] > 0 and server.known_id(Kind.GROUP, group["path"]) == group["id"]:
                yield from _children(server, group, group["path"], with_members)


def _children(server: Server, group: Json, parent: str, with_members: bool) -> Iterator[Resource]:
    for child in server.api.pages(f"groups/{group['id']}/children", _COUNTED):
        path = child_path(parent, child["name"])
        if server.known_id(Kind.GROUP, path) is None:
            yield Resource(server.remember(Kind.GROUP, path, id=child["id"]), _fields(server, child, with_members))
            yield from role_mappings.of_group(path, child)
            if child["subGroupCount"]:
                yield from _children(server, child, path, with_members)


def members(server: Server, group: Json) -> list[str]:
    """The user names of who is in the group."""
    found = []
    for member in server.api.pages(f"groups/{group['id']}/members", {"briefRepresentation": "true"}):
        server.remember(Kind.USER, member["username"], id=member["id"])
        found.append(member["username"])
    return found
