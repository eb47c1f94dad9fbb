"""Writing an authentication flow in place: it may be the one that people sign in with at this moment.

What is new is added before what is surplus is taken away, so that no step in between asks less of a person than
the flow before and the flow after do; only what is in the way by its alias goes first. Every step is a request of
its own: a run that is killed leaves a flow that the next run finds different and finishes.
"""

from collections.abc import Callable, Iterator
from urllib.parse import quote

from provisioner.errors import RejectedError
from provisioner.kinds.flows import BINDINGS, OVERRIDES, executions, nested, type_of
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.state import Json, Kind
from provisioner.planning.flow_trees import in_order, interchangeable, is_flow, tree, walk

_FLOWS, _EXECUTIONS, _CONFIG = "authentication/flows", "authentication/executions", "authentication/config"
_STEP = 10
"""Between the priorities of two executions, as Keycloak itself spaces them."""


def create(server: Server, change: Change) -> None:
    """The flow with all that is in it; never as built-in, which nobody could fill."""
    (alias,) = change.address.names
    fields = change.after or {}
    told = {key: fields[key] for key in ("description", "providerId") if key in fields}
    id = server.api.post(_FLOWS, {"alias": alias, **told, "topLevel": True, "builtIn": False})
    server.remember(Kind.FLOW, alias, id=id)
    _Arranged(server, alias).become(fields)


def update(server: Server, change: Change) -> None:
    """What differs: the description, and the executions that are other, new, surplus or in another place."""
    (alias,) = change.address.names
    after = change.after or {}
    if "description" in after:
        path = f"{_FLOWS}/{server.id(Kind.FLOW, alias)}"
        server.api.put(path, {**server.api.get(path), "description": after["description"]})
    if after.keys() & {"executions", "order"} and change.resource:
        _Arranged(server, alias).become(change.resource.fields)


def delete(server: Server, change: Change) -> None:
    """The flow with its sub-flows; Keycloak gives no reason when it is in use, so that is asked before."""
    (alias,) = change.address.names
    user = next(_users(server, alias), "")
    if user:
        raise RejectedError(f"the flow {alias} is in use: {user}")
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
    """One flow on the server, on its way to what is wanted.

    A sub-flow that stands in a flow twice is one on the server: `_known` has their ids by alias.
    """

    def __init__(self, server: Server, alias: str) -> None:
        self._api = server.api
        self._server = server
        self._alias = alias
        self._known: dict[str, str] = {}

    def become(self, wanted: Json) -> None:
        """Adds, settles, takes away."""
        present = self._read()
        aliases = set(_aliases(wanted))
        if self._remove(wanted, present, lambda told, there: bool(told or aliases.intersection(_aliases(there)))):
            present = self._read()
        self._known = dict(_ids(present))
        id = self._server.known_id(Kind.FLOW, self._alias) or ""  # none for a built-in one that is not listed
        if self._add(wanted, present, id, self._alias):
            present = self._read()
        self._settle(wanted, present)
        self._remove(wanted, present, lambda told, there: True)

    def _read(self) -> Json:
        return _by_name(nested(executions(self._server, self._alias)))

    def _remove(self, wanted: Json, present: Json, goes: Callable[[Json | None, Json], bool]) -> bool:
        """Takes away what is surplus and `goes` now; whether there was any."""
        removed = False
        for name, there in present.items():
            told = (wanted.get("executions") or {}).get(name)
            if told is not None and interchangeable(told, there):
                removed |= self._remove(told, there["executions"], goes)
            elif goes(told, there):
                self._api.delete(f"{_EXECUTIONS}/{there['raw']['id']}")
                removed = True
        return removed

    def _add(self, wanted: Json, present: Json, flow_id: str, alias: str) -> bool:
        """Adds what is missing, each at its place; whether there was any."""
        added = False
        for position, (name, told) in enumerate(in_order(wanted), start=1):
            there = present.get(name)
            if there is not None:
                inner = there["executions"]
                added |= is_flow(told) and self._add(told, inner, there["raw"]["flowId"], told["flow"])
                continue
            added = True
            if is_flow(told) and told["flow"] not in self._known:
                id = self._add_flow(told, alias, position * _STEP)
                self._add(told, {}, id, told["flow"])
            else:
                self._add_execution(told, flow_id, position * _STEP)
        return added

    def _add_flow(self, told: Json, parent: str, priority: int) -> str:
        body = {"alias": told["flow"], "type": told["providerId"], "priority": priority}
        body["description"] = told.get("description") or ""
        body["provider"] = told.get("authenticator") or ""
        id = self._api.post(f"{_FLOWS}/{quote(parent, safe='')}/executions/flow", body)
        self._known[told["flow"]] = id
        return id

    def _add_execution(self, told: Json, flow_id: str, priority: int) -> None:
        body: Json = {key: told[key] for key in ("authenticator", "requirement") if key in told}
        body |= {"parentFlow": flow_id, "priority": priority}
        if is_flow(told):
            body |= {"flowId": self._known[told["flow"]], "authenticatorFlow": True}
        id = self._api.post(_EXECUTIONS, body)
        if told.get("config"):
            self._api.post(f"{_EXECUTIONS}/{id}/config", told["config"])

    def _settle(self, wanted: Json, present: Json) -> None:
        """Requirements, descriptions, configurations and order of what is there now."""
        names = [name for name, _ in in_order(wanted)]
        is_ordered = names == [name for name in present if name in names]
        for position, (name, told) in enumerate(in_order(wanted), start=1):
            there = present[name]
            raw = there["raw"]
            if is_flow(told):
                self._settle(told, there["executions"])
            else:
                self._configure(told.get("config"), raw)
            settled = {"requirement": told["requirement"]}
            settled |= {} if is_ordered else {"priority": position * _STEP}
            self._put(raw, settled)
            if is_flow(told) and told.get("description") is not None:
                self._put({**raw, **settled}, {"description": told["description"]})

    def _put(self, raw: Json, changed: Json) -> None:
        """Keycloak changes a description only in a request that changes nothing else."""
        if any(value != (raw.get(key) or "") for key, value in changed.items()):
            self._api.put(f"{_FLOWS}/{quote(self._alias, safe='')}/executions", {**raw, **changed})

    def _configure(self, wanted: Json | None, raw: Json) -> None:
        id = raw.get("authenticationConfig")
        if wanted and not id:
            self._api.post(f"{_EXECUTIONS}/{raw['id']}/config", wanted)
        elif id and not wanted:
            self._api.delete(f"{_CONFIG}/{id}")
        elif wanted and id:
            path = f"{_CONFIG}/{id}"
            there = self._api.get(path)
            filled = {key: value for key, value in wanted["config"].items() if value}
            if (wanted["alias"], filled) != (there["alias"], there.get("config") or {}):
                self._api.put(path, {"id": id, **wanted})


def _by_name(raw: list[Json]) -> Json:
    """The executions as the server gave them (`raw`), by the names they have in a tree."""
    found: Json = tree(_as_told(each) for each in raw)["executions"]
    return found


def _as_told(raw: Json) -> Json:
    inner = raw.pop("inner")
    told: Json = {"raw": raw, "executions": _by_name(inner)}
    if raw.get("providerId"):
        told["authenticator"] = raw["providerId"]
    if raw.get("authenticationFlow"):
        told |= {"flow": raw["displayName"], "providerId": type_of(raw)}
    elif raw.get("alias"):
        told["config"] = {"alias": raw["alias"]}
    return told


def _aliases(found: Json) -> Iterator[str]:
    """Those of the sub-flows and configurations in a tree."""
    for execution in (found, *walk(found)):
        if is_flow(execution):
            yield str(execution["flow"])
        elif execution.get("config"):
            yield str(execution["config"]["alias"])


def _ids(present: Json) -> Iterator[tuple[str, str]]:
    """The ids of the sub-flows that are there, by alias."""
    for there in present.values():
        if is_flow(there):
            yield there["flow"], there["raw"]["flowId"]
            yield from _ids(there["executions"])
