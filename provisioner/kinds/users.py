"""Users of realm files.

Credentials and required actions are only set at creation, because they belong to the person afterwards. A user
without any credential of a type gets that of the file. A user has at least the groups and roles in the files.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from provisioner.kinds import groups, role_mappings
from provisioner.kinds.definition import Family, KindDefinition, owned_by, refers_to
from provisioner.kinds.deny_lists import has_deny_list
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import SERVICE_ACCOUNT, Server, merged_lists, plain
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Remark, Resource, Source

_OWN_RESOURCES = frozenset({"realmRoles", "clientRoles", "federatedIdentities"})
_MEANINGLESS = frozenset(
    {"id", "username", "self", "origin", "federationLink", "notBefore", "createdTimestamp", "clientConsents"}
)
"""Ids of another server, and keys that no request can set."""
_OF_SERVICE_ACCOUNTS = ("attributes", "groups")
_FULL = {"briefRepresentation": "false"}
_NAME = "username"
"""The field of somebody who has the e-mail address on the server, and another user name."""
CREDENTIAL_TYPES = "credentialTypes"
"""The field with the types of a user's credentials, which is all that the server shows of them."""


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the file's users. A service account is created with its client and only has attributes, groups and
    roles."""
    for index, user in enumerate(file.content.get("users", ())):
        source = file.source.at("users", index)
        name = _name(user, file)
        if not name:
            file.add_error(source, "the key username is missing")
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
    """Keycloak writes names in small letters, and takes the address for one where the realm says so.

    A service account is the client's, whatever the file calls it.
    """
    if user.get("serviceAccountClientId"):
        return f"{SERVICE_ACCOUNT}{user['serviceAccountClientId']}".lower()
    if file.content.get("registrationEmailAsUsername"):
        return str(user.get("email") or user.get("username", "")).lower()
    return str(user.get("username", "")).lower()


def _identities(user: Json, name: str, source: Source) -> Iterator[Resource]:
    for index, identity in enumerate(user.get("federatedIdentities", ())):
        address = Address(Kind.FEDERATED_IDENTITY, (name, identity["identityProvider"]))
        yield Resource(address, _identity_fields(identity), source.at("federatedIdentities", index))


def _identity_fields(identity: Json) -> Json:
    return {key: identity[key] for key in ("userId", "userName") if key in identity}


def observe(server: Server) -> Iterable[Resource]:
    """Read the users in the files with their links to identity providers, and service accounts for deny lists."""
    linked = {address.names[0] for address in server.to_read(Kind.FEDERATED_IDENTITY) if address.names}
    for resource in server.desired.of_kind(Kind.USER):
        (name,) = resource.address.names
        for user in _found(server, name, resource.fields):
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


def _found(server: Server, name: str, wanted: Json) -> list[Json]:
    """Who has the name; else the client's service account of another name, else who has the e-mail address."""
    told = _name_on_server(server, name, wanted)
    found: list[Json] = server.api.get("users", {"username": told, "exact": "true", **_FULL})
    if found:
        return found
    if name.startswith(SERVICE_ACCOUNT):
        id = server.known_user_id(name)
        return [server.api.get(f"users/{id}")] if id else []
    if wanted.get("email") and not server.realm.get("duplicateEmailsAllowed"):
        found = server.api.get("users", {"email": wanted["email"], "exact": "true", **_FULL})
    return found


def _name_on_server(server: Server, name: str, wanted: Json) -> str:
    """Return the user name on the server, whose realm may require addresses as names when this file does not."""
    if server.realm.get("registrationEmailAsUsername") and not name.startswith(SERVICE_ACCOUNT):
        return str(wanted.get("email") or name)
    return name


def _observed(server: Server, name: str, user: Json, wanted: Json) -> Iterator[Resource]:
    address = server.remember(Kind.USER, name, id=user["id"])
    fields = {key: value for key, value in user.items() if key not in _MEANINGLESS}
    if name.startswith(SERVICE_ACCOUNT):
        fields["serviceAccountClientId"] = name.removeprefix(SERVICE_ACCOUNT)
    elif user["username"] != _name_on_server(server, name, wanted):
        fields[_NAME] = user["username"]
    if "groups" in wanted:
        fields["groups"] = [plain(group["path"]) for group in server.api.pages(f"users/{user['id']}/groups")]
    if CREDENTIAL_TYPES in wanted:
        found = server.api.get(f"users/{user['id']}/credentials")
        fields[CREDENTIAL_TYPES] = sorted({each["type"] for each in found})
    yield Resource(address, fields)


def create(server: Server, change: Change) -> None:
    """Create the account with its groups and credentials, in one request; update a service account."""
    (name,) = change.address.names
    if server.known_user_id(name):
        update(server, change)
        return
    body = {key: value for key, value in (change.after or {}).items() if key != CREDENTIAL_TYPES}
    server.remember(Kind.USER, name, id=server.api.post("users", {"username": name, **body}))


def update(server: Server, change: Change) -> None:
    """Update the account as a whole, because Keycloak erases names that are omitted; add groups one by one."""
    id = server.user_id(change.address.names[0])
    before = change.before or {}
    after = dict(change.after or {})
    joined = after.pop("groups", ())
    if CREDENTIAL_TYPES in after:
        missing = set(after.pop(CREDENTIAL_TYPES)) - set(before.get(CREDENTIAL_TYPES) or ())
        given = change.resource.fields["credentials"] if change.resource else ()
        after["credentials"] = [each for each in given if each.get("type", "password") in missing]
    if after:
        present = server.api.get(f"users/{id}")
        attributes = merged_lists(present.get("attributes"), after.get("attributes", {}))
        server.api.put(f"users/{id}", {**present, **after, "attributes": attributes})
    for path in joined:
        if path not in (before.get("groups") or ()):
            server.api.put(f"users/{id}/groups/{server.group_id(path)}")


def _identity_path(server: Server, change: Change) -> str:
    name, provider = change.address.names
    return f"users/{server.user_id(name)}/federated-identity/{provider}"


def link(server: Server, change: Change) -> None:
    """Link the user to an account of an identity provider."""
    body = {"identityProvider": change.address.names[1], **(change.after or {})}
    server.api.post(_identity_path(server, change), body)


def unlink(server: Server, change: Change) -> None:
    """Remove the link."""
    server.api.delete(_identity_path(server, change))


def represent(found: RealmState, to: Json) -> None:
    """Add `users` with their roles and links, and service accounts with more than the defaults."""
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


def adapted(desired: RealmState, observed: RealmState) -> RealmState:
    """Return the desired users without the attributes that Keycloak drops, with one remark for each attribute."""
    kept: list[Resource] = []
    undeclared: dict[str, list[Resource]] = {}
    for resource in desired.resources.values():
        lost = _undeclared_attributes(resource, desired, observed)
        for name in lost:
            undeclared.setdefault(name, []).append(resource)
        kept.append(_without_attributes(resource, lost))
    return desired.with_resources(kept).remarked(_undeclared(*each) for each in sorted(undeclared.items()))


def _undeclared(attribute: str, people: list[Resource]) -> Remark:
    others = f" (and of {len(people) - 1} more)" if len(people) > 1 else ""
    reason = f"the user profile does not declare the attribute {attribute}{others}: Keycloak drops it"
    return Remark(people[0].address, reason, people[0].source)


def _without_attributes(user: Resource, names: Collection[str]) -> Resource:
    if not names or user.address.kind != Kind.USER:
        return user
    attributes = {name: value for name, value in user.fields["attributes"].items() if name not in names}
    return replace(user, fields={**user.fields, "attributes": attributes})


def _accepted(user: Resource, _: RealmState, observed: RealmState) -> tuple[Json, tuple[str, ...]]:
    """Somebody with the e-mail address and another user name is renamed."""
    present = observed.resources.get(user.address)
    if present is None or _NAME not in present.fields:
        return user.fields, ()
    return {**user.fields, _NAME: user.address.names[0]}, ()


def _refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    present = observed.resources.get(resource.address)
    other = present.fields.get(_NAME) if present else None
    if other and not has_setting("editUsernameAllowed", desired, observed):
        address = resource.fields.get("email")
        return f"the user {other} has the address {address}, and the realm's editUsernameAllowed is off"
    return groups.missing_group(resource.fields.get("groups", ()), desired, observed)


def _undeclared_attributes(resource: Resource, desired: RealmState, observed: RealmState) -> list[str]:
    names = _attributes(resource, observed)
    if not names:
        return []
    said = (state.get(Kind.USER_PROFILE) for state in (observed, desired))
    profile: Json = {}
    for each in said:
        profile |= each.fields if each else {}
    if "attributes" not in profile or profile.get("unmanagedAttributePolicy") in ("ENABLED", "ADMIN_EDIT"):
        return []
    declared = {*profile["attributes"], *_implied_attributes(desired, observed)}
    return sorted(name for name in names if name not in declared)


def _attributes(resource: Resource, observed: RealmState) -> Collection[str]:
    """The attributes that a file gives to somebody; people of company files get theirs with the account."""
    match resource.address.kind:
        case Kind.USER:
            return resource.fields.get("attributes") or ()
        case Kind.PERSON if resource.address not in observed.resources:
            return [name for name in ("title", "locale") if name in resource.fields]
        case _:
            return ()


def _implied_attributes(desired: RealmState, observed: RealmState) -> tuple[str, ...]:
    """Keycloak itself declares the attribute `locale` in a realm of several languages."""
    return ("locale",) if has_setting("internationalizationEnabled", desired, observed) else ()


def has_setting(key: str, desired: RealmState, observed: RealmState) -> bool:
    """Return whether the realm has the setting, by the files, else by the server."""
    states = (state.get(Kind.REALM, state.realm) for state in (desired, observed))
    found = (realm.fields.get(key) for realm in states if realm)
    return bool(next((each for each in found if each is not None), False))


FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.USER,
            rule=Rule(
                created_with=frozenset({"credentials", "requiredActions"}),
                at_least=frozenset({"groups", CREDENTIAL_TYPES}),
                secret=frozenset({"value", "secretData", "credentialData"}),
                shared=True,
            ),
            create=create,
            update=update,
            refusal=_refusal,
            accepted=_accepted,
            is_exported=lambda user: "serviceAccountClientId" in user.fields,
        ),
        KindDefinition(
            kind=Kind.FEDERATED_IDENTITY,
            rule=Rule(fixed=frozenset({"userId", "userName"}), shared=True),
            create=link,
            delete=unlink,
            owners=owned_by((Kind.USER, 0, 1)),
            references=refers_to(Kind.IDENTITY_PROVIDER, 1),
            is_exported=lambda _: False,
        ),
    ),
    desired=desired,
    observe=observe,
    adapt=adapted,
    represent=represent,
)
