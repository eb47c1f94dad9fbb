"""Authentication flows, each with its sub-flows, executions and their configurations; and which flow is for what.

Files have them as Keycloak exports them: sub-flows and configurations stand apart, referred to by alias.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from provisioner.errors import NotFoundError
from provisioner.kinds import realm
from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.rules import EXPORTED_BY
from provisioner.model.state import Address, Json, Kind, RealmState, Resource, Source
from provisioner.planning.flow_trees import AUTHENTICATORS, FORM, authenticators, in_order, is_flow, tree

BINDINGS = (
    "browserFlow",
    "registrationFlow",
    "directGrantFlow",
    "resetCredentialsFlow",
    "clientAuthenticationFlow",
    "dockerAuthenticationFlow",
    "firstBrokerLoginFlow",
)
"""The keys of a realm that name a flow."""
OVERRIDES = "authenticationFlowBindingOverrides"
"""The key of a client that names flows of its own."""
_PATH = "authentication/flows"
_BASIC = "basic-flow"
_HIDDEN = "saml ecp"
_PROVIDERS = {
    _BASIC: "authenticator-providers",
    "client-flow": "client-authenticator-providers",
    "form-flow": "form-action-providers",
    FORM: "form-providers",
}
"""Where the server tells what can stand in a flow of that kind."""
_STRUCTURE_OF = (26, 7)
"""The version whose built-in flows this server has."""


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's flows, and which of them are for what."""
    if "authenticationFlows" in file.content:
        file.contains(Kind.FLOW)
    yield from _Flows(file).resources()
    for key in BINDINGS:
        if key in file.content:
            address = Address(Kind.REALM_BINDING, (key,))
            yield Resource(address, {"alias": file.content[key]}, file.source.at(key))


class _Flows:
    """The flows and configurations of one file, found by alias."""

    def __init__(self, file: RealmFile) -> None:
        self._file = file
        self._flows: Mapping[str, tuple[Json, Source]] = {
            flow["alias"]: (flow, file.source.at("authenticationFlows", index))
            for index, flow in enumerate(file.content.get("authenticationFlows", ()))
        }
        self._configs = {config["alias"]: config for config in file.content.get("authenticatorConfig", ())}
        self._older = _older_version(file.content.get("keycloakVersion", ""))
        self._used: set[str] = set()

    def resources(self) -> Iterator[Resource]:
        """One resource per flow that is no sub-flow."""
        for alias, (flow, source) in self._flows.items():
            if flow.get("topLevel"):
                yield Resource(Address(Kind.FLOW, (alias,)), self._fields(flow, source), source)
        for alias, (flow, source) in self._flows.items():
            if "topLevel" not in flow and alias not in self._used:
                self._file.complain(source, "neither topLevel nor a sub-flow of one that is")

    def _fields(self, flow: Json, source: Source) -> Json:
        fields: Json = {"providerId": flow.get("providerId", _BASIC)}
        fields |= {key: flow[key] for key in ("description", "builtIn") if key in flow}
        if self._older and flow.get("builtIn"):
            fields[EXPORTED_BY] = self._older
        if "authenticationExecutions" in flow:
            fields |= self._tree(flow, source, (flow["alias"],))
        return fields

    def _tree(self, flow: Json, source: Source, above: tuple[str, ...]) -> Json:
        executions = list(enumerate(flow.get("authenticationExecutions", ())))
        executions.sort(key=lambda item: item[1].get("priority", 0))
        place = source.at("authenticationExecutions")
        found = (self._execution(execution, place.at(index), above) for index, execution in executions)
        return tree(execution for execution in found if execution)

    def _execution(self, execution: Json, source: Source, above: tuple[str, ...]) -> Json:
        if "requirement" not in execution:
            self._file.complain(source, "the key requirement is missing")
        told: Json = {"requirement": execution.get("requirement")}
        if "authenticator" in execution:
            told["authenticator"] = execution["authenticator"]
        if "flowAlias" in execution:
            return told | self._sub_flow(execution["flowAlias"], source.at("flowAlias"), above)
        if "authenticator" not in execution:
            self._file.complain(source, "names neither an authenticator nor a flowAlias")
            return {}
        if "authenticatorConfig" in execution:
            told["config"] = self._config(execution["authenticatorConfig"], source.at("authenticatorConfig"))
        return told

    def _sub_flow(self, alias: str, source: Source, above: tuple[str, ...]) -> Json:
        flow, place = self._flows.get(alias, (None, source))
        if flow is None:
            self._file.complain(source, f"no flow {alias} in this file")
            return {"flow": alias}
        if alias in above:
            self._file.complain(source, f"the flow {alias} is inside itself")
            return {"flow": alias}
        self._used.add(alias)
        told = {"flow": alias, "providerId": flow.get("providerId", _BASIC)}
        told |= {"description": flow["description"]} if "description" in flow else {}
        return told | self._tree(flow, place, (*above, alias))

    def _config(self, alias: str, source: Source) -> Json:
        if alias not in self._configs:
            self._file.complain(source, f"no authenticatorConfig {alias} in this file")
        return {"alias": alias, "config": self._configs.get(alias, {}).get("config", {})}


def _older_version(text: str) -> str:
    numbers = [part for part in text.split(".")[:2] if part.isdecimal()]
    return text if numbers and tuple(map(int, numbers)) < _STRUCTURE_OF else ""


def observe(server: Server) -> Iterable[Resource]:
    """The realm's flows, whole where files speak of them, and which of them are for what."""
    if server.desired.speaks_of(Kind.REALM_BINDING):
        for key in BINDINGS:
            if key in server.realm:
                yield Resource(Address(Kind.REALM_BINDING, (key,)), {"alias": server.realm[key]})
    if not _is_spoken_of(server.desired):
        return
    found = [_observed(server, flow) for flow in server.api.get(_PATH)]
    found += _hidden(server)
    yield from found
    wanted = {name for flow in server.desired.of_kind(Kind.FLOW) for name in authenticators(flow.fields)}
    if not wanted <= {name for flow in found for name in authenticators(flow.fields)}:
        server.offers[AUTHENTICATORS] = frozenset(
            f"{place}/{provider['id']}"
            for place, path in _PROVIDERS.items()
            for provider in server.api.get(f"authentication/{path}")
        )


def _is_spoken_of(desired: RealmState) -> bool:
    return desired.speaks_of(Kind.FLOW, Kind.REALM_BINDING, Kind.IDENTITY_PROVIDER) or any(
        OVERRIDES in client.fields for client in desired.of_kind(Kind.CLIENT)
    )


def _observed(server: Server, flow: Json) -> Resource:
    address = server.remember(Kind.FLOW, flow["alias"], id=flow["id"])
    fields = {key: flow.get(key) for key in ("description", "providerId", "builtIn")}
    if _is_read_whole(server.desired, address):
        fields |= _named(server, nested(executions(server, flow["alias"])))
    return Resource(address, fields)


def _hidden(server: Server) -> Iterator[Resource]:
    """The one flow that Keycloak exports but does not list: what cannot be seen of it counts as it is wanted."""
    wanted = server.desired.get(Kind.FLOW, _HIDDEN)
    if wanted is None:
        return
    try:
        found = nested(executions(server, _HIDDEN))
    except NotFoundError:
        return  # it is not there
    yield Resource(wanted.address, {**wanted.fields, "builtIn": True, **_named(server, found)})


def _is_read_whole(desired: RealmState, address: Address) -> bool:
    """Those that files name; all of them when files only say that there are some."""
    named = {resource.address for resource in desired.of_kind(Kind.FLOW)}
    return address in named or (not named and desired.speaks_of(Kind.FLOW))


def executions(server: Server, alias: str) -> list[Json]:
    """The executions of the flow and of its sub-flows, one after the other, as Keycloak gives them."""
    found: list[Json] = server.api.get(f"{_PATH}/{quote(alias, safe='')}/executions")
    return found


def nested(flat: Iterable[Json]) -> list[Json]:
    """The same as they stand in each other: a sub-flow has its own in `inner`."""
    levels: list[list[Json]] = [[]]
    for execution in flat:
        del levels[execution["level"] + 1 :]
        inner: list[Json] = []
        levels[-1].append({**execution, "inner": inner})
        levels.append(inner)
    return levels[0]


def _named(server: Server, raw: Iterable[Json]) -> Json:
    return tree(_execution(server, each) for each in raw)


def _execution(server: Server, raw: Json) -> Json:
    told: Json = {"requirement": raw["requirement"]}
    if raw.get("providerId"):
        told["authenticator"] = raw["providerId"]
    if raw.get("authenticationFlow"):
        named = {"flow": raw["displayName"], "providerId": type_of(raw), "description": raw.get("description")}
        return told | named | _named(server, raw["inner"])
    if raw.get("authenticationConfig"):
        config = server.api.get(f"authentication/config/{raw['authenticationConfig']}")
        told["config"] = {"alias": config["alias"], "config": config.get("config") or {}}
    return told


def type_of(raw: Json) -> str:
    """What kind of sub-flow it is: Keycloak tells it only by which requirements it could have."""
    choices = raw.get("requirementChoices", ())
    if "CONDITIONAL" in choices:
        return _BASIC
    return "client-flow" if "ALTERNATIVE" in choices else "form-flow"


def bind(server: Server, change: Change) -> None:
    """Makes the flow the one for that purpose."""
    realm.write(server, {change.address.names[0]: (change.after or {})["alias"]})


def overrides_by_alias(overrides: Mapping[str, str], aliases: Mapping[str, str]) -> dict[str, str]:
    """A client's own flows by alias; in files, they may be named by an id that means a flow of the same file."""
    return {purpose: aliases.get(flow, flow) for purpose, flow in overrides.items()}


def aliases_in(file: RealmFile) -> dict[str, str]:
    """The aliases of the file's flows by their ids."""
    return {flow["id"]: flow["alias"] for flow in file.content.get("authenticationFlows", ()) if "id" in flow}


def aliases_on(server: Server, ids: Iterable[str]) -> dict[str, str]:
    """The aliases of those flows that were met."""
    found = {id: server.address_of(id) for id in ids}
    return {id: address.names[0] for id, address in found.items() if address and address.kind is Kind.FLOW}


def overrides_by_id(server: Server, overrides: Mapping[str, str]) -> dict[str, str]:
    """A client's own flows as Keycloak takes them; an empty text takes one away."""
    return {purpose: server.id(Kind.FLOW, alias) if alias else "" for purpose, alias in overrides.items()}


def represent(found: RealmState, to: Json) -> None:
    """The flows and configurations apart from each other, and the bindings as keys of the realm."""
    flows: dict[str, Json] = {}
    configs: dict[str, Json] = {}
    for resource in found.of_kind(Kind.FLOW):
        alias = resource.address.names[0]
        built_in = bool(resource.fields.get("builtIn"))
        flows[alias] = _represented(alias, resource.fields, built_in, flows, configs) | {"topLevel": True}
    if flows:
        to["authenticationFlows"] = [flows[alias] for alias in sorted(flows)]
    if configs:
        to["authenticatorConfig"] = [configs[alias] for alias in sorted(configs)]
    for resource in found.of_kind(Kind.REALM_BINDING):
        to[resource.address.names[0]] = resource.fields["alias"]


def _represented(
    alias: str, fields: Json, built_in: bool, flows: dict[str, Json], configs: dict[str, Json]
) -> Json:
    told: list[Json] = []
    for position, (_, execution) in enumerate(in_order(fields), start=1):
        each: Json = {"requirement": execution["requirement"], "priority": position * 10}
        if execution.get("authenticator"):
            each["authenticator"] = execution["authenticator"]
        each["authenticatorFlow"] = is_flow(execution)
        if is_flow(execution):
            each["flowAlias"] = name = execution["flow"]
            flows[name] = _represented(name, execution, built_in, flows, configs) | {"topLevel": False}
        if execution.get("config"):
            each["authenticatorConfig"] = execution["config"]["alias"]
            configs[execution["config"]["alias"]] = execution["config"]
        told.append(each)
    known: dict[str, Any] = {key: fields[key] for key in ("description", "providerId") if fields.get(key)}
    return {"alias": alias, **known, "builtIn": built_in, "authenticationExecutions": told}
