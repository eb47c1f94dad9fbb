"""Writing an authentication flow in place, while people may be signing in with it.

New executions are added before surplus ones are removed, so that no intermediate state is weaker than both the old
and the new flow; only executions that block an alias are removed first. Every step is a request of its own. The
flow that a killed run leaves is a difference for the next run, which completes it.
"""

from collections.abc import Callable, Iterator
from urllib.parse import quote

from provisioner.errors import RejectedError
from provisioner.kinds import flow_configs
from provisioner.kinds.flow_executions import executions, nested, type_of
from provisioner.kinds.flow_trees import BINDINGS, OVERRIDES, in_order, interchangeable, is_flow, tree, walk
from provisioner.kinds.kind import Kind
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.state import Json

_FLOWS, _EXECUTIONS, _CONFIG = "authentication/flows", "authentication/executions", "authentication/config"
_STEP = 10
"""The distance between the priorities of two executions, as in Keycloak's own flows."""


def create(server: Server, change: Change) -> None:
    """Create the flow with its executions; never as a built-in one, to which nothing can be added."""
    (alias,) = change.address.names
    fields = change.after or {}
    execution = {key: fields[key] for key in ("description", "providerId") if key in fields}
    id = server.api.post(_FLOWS, {"alias": alias, **execution, "topLevel": True, "builtIn": False})
    server.remember(Kind.FLOW, alias, id=id)
    _Arranged(server, alias).become(fields)


def update(server: Server, change: Change) -> None:
    """Write the description and the executions that are new, different, surplus or in another place."""
    (alias,) = change.address.names
    after = change.after or {}
    if "description" in after:
        path = f"{_FLOWS}/{server.id(Kind.FLOW, alias)}"
        server.api.put(path, {**server.api.get(path), "description": after["description"]})
    if after.keys() & {"executions", "order"} and change.resource:
        _Arranged(server, alias).become(change.resource.fields)


def delete(server: Server, change: Change) -> None:
    """Delete the flow with its sub-flows. Raises `RejectedError`, naming the user of a flow that is in use."""
    (alias,) = change.address.names
    user = next(_users(server, alias), "")
    if user:
        raise RejectedError(f"the flow {alias} is in use: {user}")
    with flow_configs.kept(server, executions(server, alias)):
        server.api.delete(f"{_FLOWS}/{server.id(Kind.FLOW, alias)}")


def _users(server: Server, alias: str) -> Iterator[str]:
    realm = server.api.get("")
    yield from (f"it is the realm's {key}" for key in BINDINGS if realm.get(key) == alias)
    for provider in server.api.pages("identity-provider/instances"):
        if alias in (provider.get("firstBrokerLoginFlowAlias"), provider.get("postBrokerLoginFlowAlias")):
            yield f"the identity provider {provider['alias']} has it"
    for client in server.api.pages("clients"):
        if server.id(Kind.FLOW, alias) in (client.get(OVERRIDES) or {}).values():
            yield f"the client {client['clientId']} has it"


class _Arranged:
    """Changes one flow on the server into the wanted one.

    A sub-flow that is in a flow twice is one object on the server; `_known` has the ids of sub-flows by alias.
    """

    def __init__(self, server: Server, alias: str) -> None:
        self._api = server.api
        self._server = server
        self._alias = alias
        self._known: dict[str, str] = {}

    def become(self, wanted: Json) -> None:
        """Add, update and remove executions until the flow is the wanted one."""
        present = self._read()
        aliases = set(_aliases(wanted))

        def blocks(execution: Json | None, existing: Json) -> bool:
            return bool(execution or aliases.intersection(_aliases(existing)))

        if self._remove(wanted, present, blocks):
            present = self._read()
        self._known = dict(_ids(present))
        id = self._server.known_id(Kind.FLOW, self._alias) or ""  # unknown for a built-in flow that is not listed
        if self._add(wanted, present, id, self._alias):
            present = self._read()
        self._settle(wanted, present)
        self._remove(wanted, present, lambda _, __: True)

    def _read(self) -> Json:
        return _by_name(nested(executions(self._server, self._alias)))

    def _remove(self, wanted: Json, present: Json, goes: Callable[[Json | None, Json], bool]) -> bool:
        """Remove the surplus executions for which `goes` is true; return whether there were any."""
        removed = False
        for name, there in present.items():
            told = (wanted.get("executions") or {}).get(name)
            if told is not None and interchangeable(told, there):
                removed |= self._remove(told, there["executions"], goes)
            elif goes(told, there):
                with flow_configs.kept(self._server, _raws(there)):
                    self._api.delete(f"{_EXECUTIONS}/{there['raw']['id']}")
                removed = True
        return removed

    def _add(self, wanted: Json, present: Json, flow_id: str, alias: str) -> bool:
        """Add the missing executions at their places; return whether there were any."""
        added = False
        for position, (name, execution) in enumerate(in_order(wanted), start=1):
            existing = present.get(name)
            if existing is not None:
                if is_flow(execution):
                    inner, id = existing["executions"], existing["raw"]["flowId"]
                    added |= self._add(execution, inner, id, execution["flow"])
                continue
            added = True
            priority = execution.get("priority", position * _STEP)
            if is_flow(execution) and execution["flow"] not in self._known:
                id = self._add_flow(execution, alias, priority)
                self._add(execution, {}, id, execution["flow"])
            else:
                self._add_execution(execution, flow_id, priority)
        return added

    def _add_flow(self, execution: Json, parent: str, priority: int) -> str:
        body = {"alias": execution["flow"], "type": execution["providerId"], "priority": priority}
        body["description"] = execution.get("description") or ""
        body["provider"] = execution.get("authenticator") or ""
        id = self._api.post(f"{_FLOWS}/{quote(parent, safe='')}/executions/flow", body)
        self._known[execution["flow"]] = id
        return id

    def _add_execution(self, execution: Json, flow_id: str, priority: int) -> None:
        body: Json = {key: execution[key] for key in ("authenticator", "requirement") if key in execution}
        body |= {"parentFlow": flow_id, "priority": priority}
        if is_flow(execution):
            body |= {"flowId": self._known[execution["flow"]], "authenticatorFlow": True}
        config = execution.get("config")
        if config and config["alias"] in self._server.configurations:
            self._api.post(_EXECUTIONS, body | {"authenticatorConfig": config["alias"]})  # linked, not made twice
            return
        id = self._api.post(_EXECUTIONS, body)
        if config:
            self._add_config(id, config)

    def _add_config(self, execution_id: str, config: Json) -> None:
        self._api.post(f"{_EXECUTIONS}/{execution_id}/config", config)
        self._server.configurations.add(config["alias"])

    def _settle(self, wanted: Json, present: Json) -> None:
        """Write requirements, descriptions, configurations and the order of the present executions."""
        names = [name for name, _ in in_order(wanted)]
        is_ordered = names == [name for name in present if name in names]
        for position, (name, execution) in enumerate(in_order(wanted), start=1):
            existing = present[name]
            raw = existing["raw"]
            if is_flow(execution):
                self._settle(execution, existing["executions"])
            else:
                self._configure(execution.get("config"), raw)
            settled = {"requirement": execution["requirement"]}
            if "priority" in execution:
                settled["priority"] = execution["priority"]
            elif not is_ordered:
                settled["priority"] = position * _STEP
            self._put(raw, settled)
            if is_flow(execution) and execution.get("description") is not None:
                self._put({**raw, **settled}, {"description": execution["description"]})

    def _put(self, raw: Json, changed: Json) -> None:
        """Update an execution. Keycloak changes a description only in a request without other changes."""
        if any(value != ("" if raw.get(key) is None else raw[key]) for key, value in changed.items()):
            self._api.put(f"{_FLOWS}/{quote(self._alias, safe='')}/executions", {**raw, **changed})

    def _configure(self, wanted: Json | None, raw: Json) -> None:
        id = raw.get("authenticationConfig")
        if wanted and not id:
            self._add_config(raw["id"], wanted)
        elif id and not wanted:
            with flow_configs.kept(self._server, [raw]):
                self._api.delete(f"{_CONFIG}/{id}")
        elif wanted and id:
            path = f"{_CONFIG}/{id}"
            existing = self._api.get(path)
            filled = {key: value for key, value in wanted["config"].items() if value}
            if (wanted["alias"], filled) != (existing["alias"], existing.get("config") or {}):
                self._api.put(path, {"id": id, **wanted})


def _raws(there: Json) -> Iterator[Json]:
    """The execution and all that are below it, as the server gave them."""
    yield there["raw"]
    for inner in there["executions"].values():
        yield from _raws(inner)


def _by_name(raw: list[Json]) -> Json:
    """Return the executions of the server (`raw`) by their names in a tree."""
    found: Json = tree(_tree_form(each) for each in raw)["executions"]
    return found


def _tree_form(raw: Json) -> Json:
    inner = raw.pop("inner")
    execution: Json = {"raw": raw, "executions": _by_name(inner)}
    if raw.get("providerId"):
        execution["authenticator"] = raw["providerId"]
    if raw.get("authenticationFlow"):
        execution |= {"flow": raw["displayName"], "providerId": type_of(raw)}
    elif raw.get("alias"):
        execution["config"] = {"alias": raw["alias"]}
    return execution


def _aliases(found: Json) -> Iterator[str]:
    """Yield the aliases of sub-flows and configurations in a tree."""
    for execution in (found, *walk(found)):
        if is_flow(execution):
            yield str(execution["flow"])
        elif execution.get("config"):
            yield str(execution["config"]["alias"])


def _ids(present: Json) -> Iterator[tuple[str, str]]:
    """Yield alias and id of the present sub-flows."""
    for existing in present.values():
        if is_flow(existing):
            yield existing["flow"], existing["raw"]["flowId"]
            yield from _ids(existing["executions"])
