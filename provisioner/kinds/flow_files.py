"""Authentication flows in realm files.

Files have them in the form of Keycloak's exports: sub-flows and configurations are separate entries, referred to
by alias.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.kinds.flow_executions import BASIC
from provisioner.kinds.flow_trees import EXPORTED_BY, in_order, is_flow, tree
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.model.state import Address, Json, RealmState, Resource, Source

_STRUCTURE_OF = (26, 7)
"""The version of the built-in flows of the server."""


class FlowFile:
    """The flows and configurations of one file, by alias."""

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
        """Yield one resource for each flow that is no sub-flow."""
        for alias, (flow, source) in self._flows.items():
            if flow.get("topLevel"):
                yield Resource(Address(Kind.FLOW, (alias,)), self._fields(flow, source), source)
        for alias, (flow, source) in self._flows.items():
            if "topLevel" not in flow and alias not in self._used:
                self._file.add_error(source, "neither topLevel nor a sub-flow of a top-level flow")

    def _fields(self, flow: Json, source: Source) -> Json:
        fields: Json = {"providerId": flow.get("providerId", BASIC)}
        fields |= {key: flow[key] for key in ("description", "builtIn") if key in flow}
        if self._older and flow.get("builtIn"):
            fields[EXPORTED_BY] = self._older
        if "authenticationExecutions" in flow:
            fields |= self._tree(flow, source, (flow["alias"],))
        return fields

    def _tree(self, flow: Json, source: Source, above: tuple[str, ...]) -> Json:
        executions = flow.get("authenticationExecutions", ())
        has_priorities = any("priority" in execution for execution in executions)
        place = source.at("authenticationExecutions")
        found = []
        for index, execution in enumerate(executions):
            told = self._execution(execution, place.at(index), above)
            if told and has_priorities:
                told["priority"] = execution.get("priority", 0)  # as an import reads it
            found.append(told)
        return tree(execution for execution in found if execution)

    def _execution(self, execution: Json, source: Source, above: tuple[str, ...]) -> Json:
        if "requirement" not in execution:
            self._file.add_error(source, "the key requirement is missing")
        fields: Json = {"requirement": execution.get("requirement")}
        if "authenticator" in execution:
            fields["authenticator"] = execution["authenticator"]
        if "flowAlias" in execution:
            return fields | self._sub_flow(execution["flowAlias"], source.at("flowAlias"), above)
        if "authenticator" not in execution:
            self._file.add_error(source, "has neither an authenticator nor a flowAlias")
            return {}
        if "authenticatorConfig" in execution:
            fields["config"] = self._config(execution["authenticatorConfig"], source.at("authenticatorConfig"))
        return fields

    def _sub_flow(self, alias: str, source: Source, above: tuple[str, ...]) -> Json:
        flow, place = self._flows.get(alias, (None, source))
        if flow is None:
            self._file.add_error(source, f"no flow {alias} in this file")
            return {"flow": alias}
        if alias in above:
            self._file.add_error(source, f"the flow {alias} contains itself")
            return {"flow": alias}
        self._used.add(alias)
        fields = {"flow": alias, "providerId": flow.get("providerId", BASIC)}
        fields |= {"description": flow["description"]} if "description" in flow else {}
        return fields | self._tree(flow, place, (*above, alias))

    def _config(self, alias: str, source: Source) -> Json:
        if alias not in self._configs:
            self._file.add_error(source, f"no authenticatorConfig {alias} in this file")
        return {"alias": alias, "config": self._configs.get(alias, {}).get("config", {})}


def _older_version(text: str) -> str:
    numbers = [part for part in text.split(".")[:2] if part.isdecimal()]
    return text if numbers and tuple(map(int, numbers)) < _STRUCTURE_OF else ""


def represent(found: RealmState, to: Json) -> None:
    """Add flows and configurations as separate lists, and bindings as keys of the realm."""
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
    executions: list[Json] = []
    for position, (_, execution) in enumerate(in_order(fields), start=1):
        priority = execution.get("priority", position * 10)
        each: Json = {"requirement": execution["requirement"], "priority": priority}
        if execution.get("authenticator"):
            each["authenticator"] = execution["authenticator"]
        each["authenticatorFlow"] = is_flow(execution)
        if is_flow(execution):
            each["flowAlias"] = name = execution["flow"]
            flows[name] = _represented(name, execution, built_in, flows, configs) | {"topLevel": False}
        if execution.get("config"):
            each["authenticatorConfig"] = execution["config"]["alias"]
            configs[execution["config"]["alias"]] = execution["config"]
        executions.append(each)
    known: dict[str, Any] = {key: fields[key] for key in ("description", "providerId") if fields.get(key)}
    return {"alias": alias, **known, "builtIn": built_in, "authenticationExecutions": executions}
