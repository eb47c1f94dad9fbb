"""Organizations, their identity providers, and those of their members that the files name."""

from collections.abc import Iterable, Iterator

from provisioner.kinds.definition import Family, KindDefinition, owned_by, refers_to
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import Server, merged, merged_lists
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource

_FIELDS = ("alias", "description", "redirectUrl", "enabled", "attributes", "domains")
_FULL = {"briefRepresentation": "false"}


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the file's organizations, their identity providers and members."""
    if "organizations" in file.content:
        file.contains(Kind.ORGANIZATION)
    for index, organization in enumerate(file.content.get("organizations", ())):
        source = file.source.at("organizations", index)
        name = organization.get("name") or organization.get("alias")
        if not name:
            file.add_error(source, "the key name is missing")
            continue
        yield Resource(Address(Kind.ORGANIZATION, (name,)), _fields(organization), source)
        if organization.get("groups"):
            file.add_error(source.at("groups"), "groups of an organization are not managed by the provisioner")
        if "identityProviders" in organization:
            file.contains(Kind.ORGANIZATION_IDENTITY_PROVIDER, name)
        for position, provider in enumerate(organization.get("identityProviders", ())):
            address = Address(Kind.ORGANIZATION_IDENTITY_PROVIDER, (name, provider["alias"]))
            yield Resource(address, {}, source.at("identityProviders", position))
        for position, member in enumerate(organization.get("members", ())):
            address = Address(Kind.ORGANIZATION_MEMBER, (name, member["username"].lower()))
            yield Resource(address, {}, source.at("members", position))


def _fields(organization: Json) -> Json:
    """Return the fields, with domains in a fixed order and always with `verified`."""
    fields = {key: organization[key] for key in _FIELDS if key in organization}
    if "domains" in fields:
        domains = {each["name"]: bool(each.get("verified")) for each in fields["domains"]}
        fields["domains"] = [{"name": name, "verified": domains[name]} for name in sorted(domains)]
    return fields


def observe(server: Server) -> Iterable[Resource]:
    """Read the organizations, their identity providers and members, if the realm has organizations and the files
    too."""
    to_read = server.to_read(Kind.ORGANIZATION, Kind.ORGANIZATION_IDENTITY_PROVIDER, Kind.ORGANIZATION_MEMBER)
    if not server.realm.get("organizationsEnabled") or not any(to_read):
        return
    named = {resource.address.names[0] for resource in server.desired.of_kind(Kind.ORGANIZATION)}
    for organization in server.api.pages("organizations", _FULL):
        name, alias = organization["name"], organization.get("alias")
        if name not in named and alias in named:
            name = alias  # the files only have the alias
        address = server.remember(Kind.ORGANIZATION, name, id=organization["id"])
        yield Resource(address, {"domains": [], **_fields(organization)})
        yield from _parts(server, name)


def _parts(server: Server, name: str) -> Iterator[Resource]:
    path = _path(server, name)
    if server.must_read(Kind.ORGANIZATION_IDENTITY_PROVIDER, name):
        for provider in server.api.get(f"{path}/identity-providers"):
            yield Resource(Address(Kind.ORGANIZATION_IDENTITY_PROVIDER, (name, provider["alias"])), {})
    wanted = {
        address.names for address in server.to_read(Kind.ORGANIZATION_MEMBER) if address.names[:1] == (name,)
    }
    for member in server.api.pages(f"{path}/members") if wanted else ():
        if (name, member["username"]) in wanted:
            server.remember(Kind.USER, member["username"], id=member["id"])
            yield Resource(Address(Kind.ORGANIZATION_MEMBER, (name, member["username"])), {})


def _path(server: Server, name: str) -> str:
    return f"organizations/{server.id(Kind.ORGANIZATION, name)}"


def id_of(server: Server, name: str) -> str:
    """Return the id of the organization of that name, looking it up if necessary."""
    if server.known_id(Kind.ORGANIZATION, name) is None:
        for organization in server.api.get("organizations", {"search": name, "exact": "true"}):
            server.remember(Kind.ORGANIZATION, organization["name"], id=organization["id"])
    return server.id(Kind.ORGANIZATION, name)


def create(server: Server, change: Change) -> None:
    """Create an organization without members."""
    (name,) = change.address.names
    server.remember(
        Kind.ORGANIZATION, name, id=server.api.post("organizations", {"name": name, **(change.after or {})})
    )


def update(server: Server, change: Change) -> None:
    """Update an organization; Keycloak replaces it as a whole."""
    path = _path(server, change.address.names[0])
    present = server.api.get(path)
    after = dict(change.after or {})
    attributes = merged_lists(present.get("attributes"), after.pop("attributes", {}))
    server.api.put(path, {**merged(present, after), "attributes": attributes})


def delete(server: Server, change: Change) -> None:
    """Delete the organization, with the accounts that it manages."""
    server.api.delete(_path(server, change.address.names[0]))


def add_provider(server: Server, change: Change) -> None:
    """Link the identity provider to the organization."""
    name, alias = change.address.names
    server.api.post(f"{_path(server, name)}/identity-providers", alias)


def remove_provider(server: Server, change: Change) -> None:
    """Remove the link."""
    name, alias = change.address.names
    server.api.delete(f"{_path(server, name)}/identity-providers/{alias}")


def add_member(server: Server, change: Change) -> None:
    """Add an existing user to the organization."""
    name, username = change.address.names
    server.api.post(f"{_path(server, name)}/members", server.user_id(username))


def represent(found: RealmState, to: Json) -> None:
    """Add `organizations` with their identity providers, without members."""
    entries: dict[str, Json] = {}
    for resource in found.of_kind(Kind.ORGANIZATION):
        (name,) = resource.address.names
        entries[name] = {"name": name, **resource.fields}
    for resource in sorted(
        found.of_kind(Kind.ORGANIZATION_IDENTITY_PROVIDER), key=lambda each: each.address.names
    ):
        name, alias = resource.address.names
        entry = entries.setdefault(name, {"name": name})
        entry.setdefault("identityProviders", []).append({"alias": alias})
    if entries:
        to["organizations"] = [entries[name] for name in sorted(entries)]


def _refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    present = observed.resources.get(resource.address)
    wanted, alias = resource.fields.get("alias"), present and present.fields.get("alias")
    if wanted and alias and wanted != alias:
        return f"its alias is {alias}, which Keycloak does not change"
    settings = [
        realm.fields["organizationsEnabled"]
        for state in (desired, observed)
        for realm in state.of_kind(Kind.REALM)
        if "organizationsEnabled" in realm.fields
    ]
    return "" if settings and settings[0] else "the realm's organizationsEnabled is off"


FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.ORGANIZATION,
            rule=Rule(maps=frozenset({"attributes"})),
            create=create,
            update=update,
            delete=delete,
            refusal=_refusal,
        ),
        KindDefinition(
            kind=Kind.ORGANIZATION_IDENTITY_PROVIDER,
            create=add_provider,
            delete=remove_provider,
            owners=owned_by((Kind.ORGANIZATION, 0, 1), (Kind.IDENTITY_PROVIDER, 1, 2)),
            references=refers_to(Kind.IDENTITY_PROVIDER, 1),
        ),
        KindDefinition(
            kind=Kind.ORGANIZATION_MEMBER,
            rule=Rule(shared=True),
            create=add_member,
            owners=owned_by((Kind.ORGANIZATION, 0, 1), (Kind.USER, 1, 2)),
        ),
    ),
    desired=desired,
    observe=observe,
    represent=represent,
)
