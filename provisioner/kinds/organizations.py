"""Organizations, the identity providers they bring, and those of their members that the files name."""

from collections.abc import Iterable, Iterator

from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server, merged, merged_lists
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, Kind, RealmState, Resource

_FIELDS = ("alias", "description", "redirectUrl", "enabled", "attributes", "domains")
_FULL = {"briefRepresentation": "false"}


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's organizations."""
    if "organizations" in file.content:
        file.contains(Kind.ORGANIZATION)
    for index, organization in enumerate(file.content.get("organizations", ())):
        source = file.source.at("organizations", index)
        name = organization.get("name") or organization.get("alias")
        if not name:
            file.complain(source, "the key name is missing")
            continue
        yield Resource(Address(Kind.ORGANIZATION, (name,)), _fields(organization), source)
        if organization.get("groups"):
            file.complain(source.at("groups"), "groups of an organization are not managed by the provisioner")
        if "identityProviders" in organization:
            file.contains(Kind.ORGANIZATION_IDENTITY_PROVIDER, name)
        for position, provider in enumerate(organization.get("identityProviders", ())):
            address = Address(Kind.ORGANIZATION_IDENTITY_PROVIDER, (name, provider["alias"]))
            yield Resource(address, {}, source.at("identityProviders", position))
        for position, member in enumerate(organization.get("members", ())):
            address = Address(Kind.ORGANIZATION_MEMBER, (name, member["username"].lower()))
            yield Resource(address, {}, source.at("members", position))


def _fields(organization: Json) -> Json:
    """Domains in one order and said whole, whether they are verified too."""
    fields = {key: organization[key] for key in _FIELDS if key in organization}
    if "domains" in fields:
        domains = {each["name"]: bool(each.get("verified")) for each in fields["domains"]}
        fields["domains"] = [{"name": name, "verified": domains[name]} for name in sorted(domains)]
    return fields


def observe(server: Server) -> Iterable[Resource]:
    """The organizations, if the files speak of any and the realm has them, and what hangs on those they name."""
    asked = server.asked(Kind.ORGANIZATION, Kind.ORGANIZATION_IDENTITY_PROVIDER, Kind.ORGANIZATION_MEMBER)
    if not server.realm.get("organizationsEnabled") or not any(asked):
        return
    named = {resource.address.names[0] for resource in server.desired.of_kind(Kind.ORGANIZATION)}
    for organization in server.api.pages("organizations", _FULL):
        name, alias = organization["name"], organization.get("alias")
        if name not in named and alias in named:
            name = alias  # the files say the alias alone
        address = server.remember(Kind.ORGANIZATION, name, id=organization["id"])
        yield Resource(address, {"domains": [], **_fields(organization)})
        yield from _parts(server, name)


def _parts(server: Server, name: str) -> Iterator[Resource]:
    path = _path(server, name)
    if server.asks(Kind.ORGANIZATION_IDENTITY_PROVIDER, name):
        for provider in server.api.get(f"{path}/identity-providers"):
            yield Resource(Address(Kind.ORGANIZATION_IDENTITY_PROVIDER, (name, provider["alias"])), {})
    wanted = {address.names for address in server.asked(Kind.ORGANIZATION_MEMBER) if address.names[:1] == (name,)}
    for member in server.api.pages(f"{path}/members") if wanted else ():
        if (name, member["username"]) in wanted:
            server.remember(Kind.USER, member["username"], id=member["id"])
            yield Resource(Address(Kind.ORGANIZATION_MEMBER, (name, member["username"])), {})


def _path(server: Server, name: str) -> str:
    return f"organizations/{server.id(Kind.ORGANIZATION, name)}"


def id_of(server: Server, name: str) -> str:
    """The id of the organization of that name, looked up if it was not met."""
    if server.known_id(Kind.ORGANIZATION, name) is None:
        for organization in server.api.get("organizations", {"search": name, "exact": "true"}):
            server.remember(Kind.ORGANIZATION, organization["name"], id=organization["id"])
    return server.id(Kind.ORGANIZATION, name)


def create(server: Server, change: Change) -> None:
    """An organization without members."""
    (name,) = change.address.names
    server.remember(
        Kind.ORGANIZATION, name, id=server.api.post("organizations", {"name": name, **(change.after or {})})
    )


def update(server: Server, change: Change) -> None:
    """What changed; Keycloak takes an organization whole."""
    path = _path(server, change.address.names[0])
    present = server.api.get(path)
    after = dict(change.after or {})
    attributes = merged_lists(present.get("attributes"), after.pop("attributes", {}))
    server.api.put(path, {**merged(present, after), "attributes": attributes})


def delete(server: Server, change: Change) -> None:
    """The organization; people whom it brought itself go with it."""
    server.api.delete(_path(server, change.address.names[0]))


def add_provider(server: Server, change: Change) -> None:
    """The identity provider is the organization's."""
    name, alias = change.address.names
    server.api.post(f"{_path(server, name)}/identity-providers", alias)


def remove_provider(server: Server, change: Change) -> None:
    """It is so no more."""
    name, alias = change.address.names
    server.api.delete(f"{_path(server, name)}/identity-providers/{alias}")


def add_member(server: Server, change: Change) -> None:
    """One more member, who had his account before."""
    name, username = change.address.names
    server.api.post(f"{_path(server, name)}/members", server.user_id(username))


def represent(found: RealmState, to: Json) -> None:
    """`organizations` with their identity providers; members are people."""
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
