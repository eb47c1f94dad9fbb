"""Companies: a top-level group with two subgroups each.

They are declared in company files and read together with all other groups (`groups`, `company_groups`).
"""

from collections.abc import Iterable, Mapping, Sequence

from directory.encoding import SERVICES_ATTRIBUTE, Place, Subgroup, company_group
from directory.model import Company, Service
from provisioner.kinds import company_groups, groups
from provisioner.kinds.definition import Family, KindDefinition, owned_by
from provisioner.kinds.kind import Kind
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource, Source

BATCH = 25
"""Companies created in one request. Measured, ms per company: 8.1 by 5, 5.0 by 25, 6.1 by 50, 7.7 by 100; two
requests at the same time take as long as one after the other."""


def resources(entry: Json, described: Mapping[str, Service], source: Source) -> Iterable[Resource]:
    """Return the company of an entry of a company file, with its subgroups, and what is said of its services."""
    id = entry["id"]
    services = tuple(entry.get("services", ()))
    texts = tuple(described[service] for service in services if service in described)
    group = company_group(Company(id, entry["name"], services, entry.get("siren"), described=texts))
    attributes = dict(group["attributes"])
    if entry.get("services") == []:
        attributes[SERVICES_ATTRIBUTE] = []
    fields = {"attributes": attributes, "subGroups": group["subGroups"]}
    yield Resource(Address(Kind.COMPANY, (id,)), fields, source)
    for subgroup in group["subGroups"]:
        address = Address(Kind.COMPANY_SUBGROUP, (id, subgroup["name"]))
        yield Resource(address, {"attributes": subgroup["attributes"]}, source)


def create(server: Server, changes: Sequence[Change]) -> None:
    """Create all these companies in one request, or none of them."""
    body = {"ifResourceExists": "SKIP", "groups": [_body(change) for change in changes]}
    server.api.post("partialImport", body)


def _body(change: Change) -> Json:
    (id,) = change.address.names
    return {"name": id, "path": Place(id).path, **(change.after or {})}


def update(server: Server, change: Change) -> None:
    """Write the attributes that differ; the group keeps its id and its members."""
    groups.write_attributes(server, server.id(Kind.COMPANY, *change.address.names), change.after or {})


def delete(server: Server, change: Change) -> None:
    """Delete the groups of the company; its people are detached and keep their accounts."""
    server.api.delete(f"groups/{server.id(Kind.COMPANY, *change.address.names)}")


def create_subgroup(server: Server, change: Change) -> None:
    """Create a subgroup that the company no longer has."""
    company, name = change.address.names
    folder = f"groups/{server.id(Kind.COMPANY, company)}/children"
    id = server.api.post(folder, {"name": name, **(change.after or {})})
    server.remember(Kind.COMPANY_SUBGROUP, company, name, id=id)
    server.remember(Kind.GROUP, Place(company, Subgroup(name)).path, id=id)


def update_subgroup(server: Server, change: Change) -> None:
    """Write the attributes that differ."""
    groups.write_attributes(server, server.id(Kind.COMPANY_SUBGROUP, *change.address.names), change.after or {})


def _refusal(company: Resource, _: RealmState, observed: RealmState) -> str:
    (id,) = company.address.names
    if company.address in observed.resources or observed.get(Kind.GROUP, f"/{id}") is None:
        return ""
    return f"there is a group {id} that is no company: rename it, or give it the attribute kind=company"


FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.COMPANY,
            rule=Rule(created_with=frozenset({"subGroups"})),
            create_many=create,
            batch=BATCH,
            update=update,
            delete=delete,
            refusal=_refusal,
            consequence=company_groups.consequence,
        ),
        KindDefinition(
            kind=Kind.COMPANY_SUBGROUP,
            rule=Rule(with_owner=True, recorded=False),
            create=create_subgroup,
            update=update_subgroup,
            owners=owned_by((Kind.COMPANY, 0, 1)),
        ),
    ),
)
