"""Authentication flows with their sub-flows, executions and configurations, and the flow of each purpose."""

from collections.abc import Iterable, Iterator, Mapping

from provisioner.errors import NotFoundError
from provisioner.kinds import flow_files, flow_trees, flow_writes, realm
from provisioner.kinds.definition import Family, KindDefinition
from provisioner.kinds.flow_executions import BASIC, FLOWS, executions, nested, type_of
from provisioner.kinds.flow_trees import (
    AUTHENTICATORS,
    BINDINGS,
    EXPORTED_BY,
    FORM,
    HIDDEN,
    OVERRIDES,
    authenticators,
    configurations,
    tree,
)
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource

_PROVIDERS = {
    BASIC: "authenticator-providers",
    "client-flow": "client-authenticator-providers",
    "form-flow": "form-action-providers",
    FORM: "form-providers",
}
"""The paths that list the providers for each type of flow."""


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the file's flows, and the flow of each purpose."""
    if "authenticationFlows" in file.content:
        file.contains(Kind.FLOW)
    yield from flow_files.FlowFile(file).resources()
    for key in BINDINGS:
        if key in file.content:
            address = Address(Kind.REALM_BINDING, (key,))
            yield Resource(address, {"alias": file.content[key]}, file.source.at(key))


def observe(server: Server) -> Iterable[Resource]:
    """Read the flow of each purpose, and the flows: those in the files with their executions."""
    if server.desired.mentions(Kind.REALM_BINDING):
        for key in BINDINGS:
            if key in server.realm:
                yield Resource(Address(Kind.REALM_BINDING, (key,)), {"alias": server.realm[key]})
    if not _mentions_flows(server.desired):
        return
    found = [_observed(server, flow) for flow in server.api.get(FLOWS)]
    found += _hidden(server)
    yield from found
    wanted = {name for flow in server.desired.of_kind(Kind.FLOW) for name in authenticators(flow.fields)}
    if not wanted <= {name for flow in found for name in authenticators(flow.fields)}:
        server.offers[AUTHENTICATORS] = frozenset(
            f"{place}/{provider['id']}"
            for place, path in _PROVIDERS.items()
            for provider in server.api.get(f"authentication/{path}")
        )


def _mentions_flows(desired: RealmState) -> bool:
    return desired.mentions(Kind.FLOW, Kind.REALM_BINDING, Kind.IDENTITY_PROVIDER) or any(
        OVERRIDES in client.fields for client in desired.of_kind(Kind.CLIENT)
    )


def _observed(server: Server, flow: Json) -> Resource:
    address = server.remember(Kind.FLOW, flow["alias"], id=flow["id"])
    fields = {key: flow.get(key) for key in ("description", "providerId", "builtIn")}
    if _is_read_whole(server.desired, address):
        fields |= _named(server, nested(executions(server, flow["alias"])))
    return Resource(address, fields)


def _hidden(server: Server) -> Iterator[Resource]:
    """Return the one flow that Keycloak exports but does not list, with its fields as wanted where they are not
    shown."""
    wanted = server.desired.get(Kind.FLOW, HIDDEN)
    if wanted is None:
        return
    try:
        found = nested(executions(server, HIDDEN))
    except NotFoundError:
        return  # it does not exist
    yield Resource(wanted.address, {**wanted.fields, "builtIn": True, **_named(server, found)})


def _is_read_whole(desired: RealmState, address: Address) -> bool:
    """Those that files name; all of them when files only say that there are some, or name configurations, which
    may be those of other flows."""
    named = {resource.address: resource for resource in desired.of_kind(Kind.FLOW)}
    if address in named or not named:
        return address in named or desired.mentions(Kind.FLOW)
    return any(any(configurations(flow.fields)) for flow in named.values())


def _named(server: Server, raw: Iterable[Json]) -> Json:
    return tree(_execution(server, each) for each in raw)


def _execution(server: Server, raw: Json) -> Json:
    fields: Json = {"requirement": raw["requirement"], "priority": raw.get("priority", 0)}
    if raw.get("providerId"):
        fields["authenticator"] = raw["providerId"]
    if raw.get("authenticationFlow"):
        named = {"flow": raw["displayName"], "providerId": type_of(raw), "description": raw.get("description")}
        return fields | named | _named(server, raw["inner"])
    if raw.get("authenticationConfig"):
        config = server.api.get(f"authentication/config/{raw['authenticationConfig']}")
        server.configurations.add(config["alias"])
        fields["config"] = {"alias": config["alias"], "config": config.get("config") or {}}
    return fields


def bind(server: Server, change: Change) -> None:
    """Use the flow for that purpose."""
    realm.write(server, {change.address.names[0]: (change.after or {})["alias"]})


def overrides_by_alias(overrides: Mapping[str, str], aliases: Mapping[str, str]) -> dict[str, str]:
    """Return a client's own flows by alias; files may refer to flows of the same file by id."""
    return {purpose: aliases.get(flow, flow) for purpose, flow in overrides.items()}


def aliases_in(file: RealmFile) -> dict[str, str]:
    """Return the aliases of the file's flows by their ids."""
    return {flow["id"]: flow["alias"] for flow in file.content.get("authenticationFlows", ()) if "id" in flow}


def aliases_on(server: Server, ids: Iterable[str]) -> dict[str, str]:
    """Return the aliases of these flows by their ids, as far as they were read."""
    found = {id: server.address_of(id) for id in ids}
    return {id: address.names[0] for id, address in found.items() if address and address.kind == Kind.FLOW}


def overrides_by_id(server: Server, overrides: Mapping[str, str]) -> dict[str, str]:
    """Return a client's own flows by id; an empty text removes one."""
    return {purpose: server.id(Kind.FLOW, alias) if alias else "" for purpose, alias in overrides.items()}


def _bound_flow(binding: Resource, _: RealmState) -> tuple[Address, ...]:
    return (Address(Kind.FLOW, (binding.fields["alias"],)),)


FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.FLOW,
            rule=Rule(
                created_with=frozenset({"builtIn", EXPORTED_BY}),
                whole=True,
                fixed=frozenset({"providerId"}),
                secret=frozenset({"secret", "secret.key", "site.secret"}),
                masks=True,
                masked_in=frozenset({"config"}),
            ),
            create=flow_writes.create,
            update=flow_writes.update,
            delete=flow_writes.delete,
            refusal=flow_trees.refusal,
        ),
        KindDefinition(
            kind=Kind.REALM_BINDING,
            rule=Rule(shared=True),
            create=bind,
            update=bind,
            references=_bound_flow,
        ),
    ),
    desired=desired,
    observe=observe,
    adapt=flow_trees.adapted,
    represent=flow_files.represent,
)
