"""Identity providers and their mappers."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from provisioner.kinds.files import RealmFile, said
from provisioner.kinds.server import Server, merged
from provisioner.model.changes import Change
from provisioner.model.rules import MASK
from provisioner.model.state import Address, Json, Kind, RealmState, Resource

_PATH = "identity-provider/instances"
_OF_THE_SERVER = frozenset({"alias", "internalId", "types", "organizationId", "updateProfileFirstLoginMode"})
"""The name, what the server finds out, and what organisations say of it."""
_HIDDEN_BEFORE_26 = "hideOnLoginPage"

_REFERRING = (Kind.IDENTITY_PROVIDER, Kind.FEDERATED_IDENTITY, Kind.ORGANIZATION_IDENTITY_PROVIDER)
"""The kinds that cannot be had without these."""


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's identity providers and their mappers."""
    if "identityProviders" in file.content:
        file.contains(Kind.IDENTITY_PROVIDER)
    for index, provider in enumerate(file.content.get("identityProviders", ())):
        address = Address(Kind.IDENTITY_PROVIDER, (provider["alias"],))
        yield Resource(address, _told(provider), file.source.at("identityProviders", index))
    if "identityProviderMappers" in file.content:
        file.contains(Kind.IDENTITY_PROVIDER_MAPPER)
    for index, mapper in enumerate(file.content.get("identityProviderMappers", ())):
        yield _mapper(mapper, file.source.at("identityProviderMappers", index))


def _told(provider: Json) -> Json:
    """Without masks; what Keycloak 26 moved out of the configuration is at its new place."""
    fields = _fields(provider)
    if "config" in fields:
        fields["config"] = said(fields["config"])
        hidden = fields["config"].pop(_HIDDEN_BEFORE_26, None)
        if hidden is not None:
            fields.setdefault("hideOnLogin", hidden == "true")
    return fields


def _fields(provider: Json) -> Json:
    return {key: value for key, value in provider.items() if key not in _OF_THE_SERVER}


def _mapper(mapper: Json, source: Any = None) -> Resource:
    address = Address(Kind.IDENTITY_PROVIDER_MAPPER, (mapper["identityProviderAlias"], mapper["name"]))
    fields: Json = {key: mapper[key] for key in ("identityProviderMapper", "config") if key in mapper}
    return Resource(address, fields, source)


def observe(server: Server) -> Iterable[Resource]:
    """The realm's identity providers, and the mappers of those of which files speak."""
    of_mappers = server.desired.speaks_of(Kind.IDENTITY_PROVIDER_MAPPER)
    if not of_mappers and not server.desired.speaks_of(*_REFERRING):
        return
    spoken_of = _spoken_of(server)
    for provider in server.api.pages(_PATH):
        alias = provider["alias"]
        address = server.remember(Kind.IDENTITY_PROVIDER, alias, id=provider.get("internalId", ""))
        yield Resource(address, _fields(provider))
        if of_mappers and (alias in spoken_of or not spoken_of):
            yield from _observed_mappers(server, alias)


def _spoken_of(server: Server) -> set[str]:
    kinds = (Kind.IDENTITY_PROVIDER, Kind.IDENTITY_PROVIDER_MAPPER)
    made = (address.names[0] for address in server.record.made if address.kind in kinds)
    return {*(resource.address.names[0] for resource in server.desired.of_kind(*kinds)), *made}


def _observed_mappers(server: Server, alias: str) -> Iterator[Resource]:
    for mapper in server.api.get(f"{_path(alias)}/mappers"):
        server.remember(Kind.IDENTITY_PROVIDER_MAPPER, alias, mapper["name"], id=mapper["id"])
        yield _mapper(mapper)


def _path(alias: str) -> str:
    return f"{_PATH}/{quote(alias, safe='')}"


def create(server: Server, change: Change) -> None:
    """A new provider; its mappers are resources of their own."""
    (alias,) = change.address.names
    server.api.post(_PATH, {"alias": alias, **(change.after or {})})


def update(server: Server, change: Change) -> None:
    """What changed; Keycloak takes a provider whole.

    The secret goes along when a file has it. Otherwise the mask that the server gave goes back: for an identity
    provider that is Keycloak's own way to say that the secret stays, and leaving it out would take it away.
    """
    path = _path(change.address.names[0])
    body = merged(server.api.get(path), change.after or {})
    known = (change.resource.fields if change.resource else {}).get("config", {})
    masked = {key: known[key] for key, value in body.get("config", {}).items() if value == MASK and key in known}
    server.api.put(path, merged(body, {"config": masked}))


def delete(server: Server, change: Change) -> None:
    """The provider with its mappers; people lose their link to it."""
    server.api.delete(_path(change.address.names[0]))


def create_mapper(server: Server, change: Change) -> None:
    """One more mapper."""
    alias, name = change.address.names
    body = {"name": name, "identityProviderAlias": alias, **(change.after or {})}
    server.remember(change.address.kind, alias, name, id=server.api.post(f"{_path(alias)}/mappers", body))


def update_mapper(server: Server, change: Change) -> None:
    """The mapper with what changed; Keycloak takes it whole."""
    path = _mapper_path(server, change)
    server.api.put(path, merged(server.api.get(path), change.after or {}))


def delete_mapper(server: Server, change: Change) -> None:
    """The mapper."""
    server.api.delete(_mapper_path(server, change))


def _mapper_path(server: Server, change: Change) -> str:
    return f"{_path(change.address.names[0])}/mappers/{server.id(change.address.kind, *change.address.names)}"


def represent(found: RealmState, to: Json) -> None:
    """As `identityProviders` and `identityProviderMappers`."""
    providers = sorted(found.of_kind(Kind.IDENTITY_PROVIDER), key=lambda each: each.address.names)
    if providers:
        to["identityProviders"] = [{"alias": each.address.names[0], **each.fields} for each in providers]
    mappers = sorted(found.of_kind(Kind.IDENTITY_PROVIDER_MAPPER), key=lambda each: each.address.names)
    if mappers:
        to["identityProviderMappers"] = [
            {"identityProviderAlias": each.address.names[0], "name": each.address.names[1], **each.fields}
            for each in mappers
        ]
