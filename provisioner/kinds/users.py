"""Users of the realm file.

Credentials and required actions are said at creation only: afterwards they are the person's, who gets a credential
of a kind he has none of. Of groups and roles a user has at least those in the files.
"""

from collections.abc import Iterable, Iterator

from provisioner.kinds import role_mappings
from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import SERVICE_ACCOUNT, Server, merged_lists, plain
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, Kind, RealmState, Resource, Source
from provisioner.planning.deny_lists import has_deny_list

_OWN_RESOURCES = frozenset({"realmRoles", "clientRoles", "federatedIdentities"})
_MEANINGLESS = frozenset(
    {"id", "username", "self", "origin", "federationLink", "notBefore", "createdTimestamp", "clientConsents"}
)
"""Ids of another server, and what no request can set."""
_OF_SERVICE_ACCOUNTS = ("attributes", "groups")
_FULL = {"briefRepresentation": "false"}
CREDENTIAL_TYPES = "credentialTypes"
"""The field that says which kinds of credentials somebody has: all that the server shows of them."""


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's users; a service account comes with its client, so it only has roles, groups and attributes."""
    for index, user in enumerate(file.content.get("users", ())):
        source = file.source.at("users", index)
        name = _name(user, file)
        if not name:
            file.complain(source, "the key username is missing")
            continue
        if "serviceAccountClientId" in user:
            fields = {key: user[key] for key in _OF_SERVICE_ACCOUNTS if user.get(key)}
        else:
            fields = {key: value for key, value in user.items() if key not in _OWN_RESOURCES | _MEANINGLESS}
        if "groups" in fields:
            fields["groups"] = [plain(path) for path in fields["groups"]]
        if "email" in fields:
            fields["email"] = fields["email"].lower()
        if fields.get("credentials"):
            fields[CREDENTIAL_TYPES] = sorted({each.get("type", "password") for each in fields["credentials"]})
        if fields or "serviceAccountClientId" not in user:
            yield Resource(Address(Kind.USER, (name,)), fields, source)
        yield from _identities(user, name, source)
        yield from role_mappings.desired(file, user, role_mappings.USER, name, source)


def _name(user: Json, file: RealmFile) -> str:
    """Keycloak writes names in small letters, and takes the address for one where the realm says so."""
    if file.content.get("registrationEmailAsUsername") and "serviceAccountClientId" not in user:
        return str(user.get("email") or user.get("username", "")).lower()
    return str(user.get("username", "")).lower()


def _identities(user: Json, name: str, source: Source) -> Iterator[Resource]:
    for index, identity in enumerate(user.get("federatedIdentities", ())):
        address = Address(Kind.FEDERATED_IDENTITY, (name, identity["identityProvider"]))
        yield Resource(address, _identity_fields(identity), source.at("federatedIdentities", index))


def _identity_fields(identity: Json) -> Json:
    return {key: identity[key] for key in ("userId", "userName") if key in identity}


def observe(server: Server) -> Iterable[Resource]:
    """The users that the files name, with their links to identity providers; and all service accounts where
    somebody must be protected."""
    linked = {address.names[0] for address in server.asked(Kind.FEDERATED_IDENTITY) if address.names}
    for resource in server.desired.of_kind(Kind.USER):
        (name,) = resource.address.names
        told = _name_on_server(server, name, resource.fields)
        for user in server.api.get("users", {"username": told, "exact": "true", **_FULL}):
            yield from _observed(server, name, user, resource.fields)
    if has_deny_list(server.desired):
        for name in server.service_accounts():
            if server.desired.get(Kind.USER, name) is None:
                fields = {"serviceAccountClientId": name.removeprefix(SERVICE_ACCOUNT)}
                yield Resource(Address(Kind.USER, (name,)), fields)
    for name in sorted(linked):
        id = server.known_id(Kind.USER, name)
        for identity in server.api.get(f"users/{id}/federated-identity") if id else ():
            address = Address(Kind.FEDERATED_IDENTITY, (name, identity["identityProvider"]))
            yield Resource(address, _identity_fields(identity))


def _name_on_server(server: Server, name: str, wanted: Json) -> str:
    """The realm may say that addresses are names when this file does not."""
    if server.realm.get("registrationEmailAsUsername") and not name.startswith(SERVICE_ACCOUNT):
        return str(wanted.get("email") or name)
    return name


def _observed(server: Server, name: str, user: Json, wanted: Json) -> Iterator[Resource]:
    address = server.remember(Kind.USER, name, id=user["id"])
    fields = {key: value for key, value in user.items() if key not in _MEANINGLESS}
    if user["username"].startswith(SERVICE_ACCOUNT):
        fields["serviceAccountClientId"] = user["username"].removeprefix(SERVICE_ACCOUNT)
    if "groups" in wanted:
        fields["groups"] = [plain(group["path"]) for group in server.api.pages(f"users/{user['id']}/groups")]
    if CREDENTIAL_TYPES in wanted:
        found = server.api.get(f"users/{user['id']}/credentials")
        fields[CREDENTIAL_TYPES] = sorted({each["type"] for each in found})
    yield Resource(address, fields)


def create(server: Server, change: Change) -> None:
    """The account with its groups and credentials, in one write; a service account came with its client."""
    (name,) = change.address.names
    if server.known_user_id(name):
        update(server, change)
        return
    body = {key: value for key, value in (change.after or {}).items() if key != CREDENTIAL_TYPES}
    server.remember(Kind.USER, name, id=server.api.post("users", {"username": name, **body}))


def update(server: Server, change: Change) -> None:
    """What changed, the account sent whole (a name left out would be erased); groups one by one."""
    id = server.user_id(change.address.names[0])
    before = change.before or {}
    after = dict(change.after or {})
    groups = after.pop("groups", ())
    if CREDENTIAL_TYPES in after:
        missing = set(after.pop(CREDENTIAL_TYPES)) - set(before.get(CREDENTIAL_TYPES) or ())
        given = change.resource.fields["credentials"] if change.resource else ()
        after["credentials"] = [each for each in given if each.get("type", "password") in missing]
    if after:
        present = server.api.get(f"users/{id}")
        attributes = merged_lists(present.get("attributes"), after.get("attributes", {}))
        server.api.put(f"users/{id}", {**present, **after, "attributes": attributes})
    for path in groups:
        if path not in (before.get("groups") or ()):
            server.api.put(f"users/{id}/groups/{server.group_id(path)}")


def _identity_path(server: Server, change: Change) -> str:
    name, provider = change.address.names
    return f"users/{server.user_id(name)}/federated-identity/{provider}"


def link(server: Server, change: Change) -> None:
    """The account at the identity provider signs in as this user."""
    body = {"identityProvider": change.address.names[1], **(change.after or {})}
    server.api.post(_identity_path(server, change), body)


def unlink(server: Server, change: Change) -> None:
    """It does so no more."""
    server.api.delete(_identity_path(server, change))


def represent(found: RealmState, to: Json) -> None:
    """`users`: those in the state with their roles and links, and service accounts that have more than usual."""
    roles = role_mappings.represent(found, role_mappings.USER)
    clients = {each.address.names[0].lower(): each.address.names[0] for each in found.of_kind(Kind.CLIENT)}
    entries: dict[str, Json] = {name: {"username": name} for name in roles}
    for resource in found.of_kind(Kind.USER):
        (name,) = resource.address.names
        fields = {key: value for key, value in resource.fields.items() if key != CREDENTIAL_TYPES}
        entries[name] = {"username": name, **fields}
    for name, entry in entries.items():
        if name.startswith(SERVICE_ACCOUNT):
            client = name.removeprefix(SERVICE_ACCOUNT)
            entry["serviceAccountClientId"] = clients.get(client, client)
        entry.update(roles.get(name, {}))
    for resource in sorted(found.of_kind(Kind.FEDERATED_IDENTITY), key=lambda each: each.address.names):
        name, provider = resource.address.names
        links = entries.setdefault(name, {"username": name}).setdefault("federatedIdentities", [])
        links.append({"identityProvider": provider, **resource.fields})
    if entries:
        to["users"] = [entries[name] for name in sorted(entries)]
