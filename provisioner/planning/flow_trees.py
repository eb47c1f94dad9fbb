"""Authentication flows as trees of executions: how they are named, what becomes of those built into Keycloak.

A tree is `executions` (name -> execution) and `order` (the names as they come). An execution has `authenticator`,
`requirement` and perhaps `config`; a sub-flow has `flow` (its alias), `requirement`, `description`, `providerId`
and a tree of its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from provisioner.model.rules import EXPORTED_BY, MASK
from provisioner.model.state import Json, Kind, RealmState, Resource

FORM = "form"
"""In the place of a kind of flow: what shows the page of a form flow."""
AUTHENTICATORS = "authenticators"
"""The key of the authenticators among what a server offers."""


def tree(executions: Iterable[Json]) -> Json:
    """The executions of one level by name: a second one of the same name is `<name> (2)`."""
    named: Json = {}
    for execution in executions:
        name = base = execution.get("flow") or execution["authenticator"]
        count = 1
        while name in named:
            count += 1
            name = f"{base} ({count})"
        named[name] = execution
    return {"executions": named, "order": ", ".join(named)}


def in_order(found: Json) -> list[tuple[str, Json]]:
    """The (name, execution) of one level of a tree, as they come."""
    named: Json = found.get("executions") or {}
    position = {name: index for index, name in enumerate(str(found.get("order", "")).split(", "))}
    return sorted(named.items(), key=lambda item: position.get(item[0], len(position)))


def is_flow(execution: Json) -> bool:
    """Whether the execution is a sub-flow."""
    return "flow" in execution


def interchangeable(one: Json, other: Json) -> bool:
    """Whether one execution can become the other in place: same authenticator, or same kind of sub-flow."""
    keys = ("flow", "authenticator", "providerId") if is_flow(one) else ("flow", "authenticator")
    return all(one.get(key) == other.get(key) for key in keys)


def walk(found: Json) -> Iterator[Json]:
    """All executions of a tree."""
    for execution in (found.get("executions") or {}).values():
        yield execution
        if is_flow(execution):
            yield from walk(execution)


def authenticators(flow: Json) -> frozenset[str]:
    """The providers that the flow needs, each with the kind of flow it stands in: `basic-flow/auth-cookie`."""
    return frozenset(_authenticators(flow))


def _authenticators(flow: Json) -> Iterator[str]:
    for execution in (flow.get("executions") or {}).values():
        place = FORM if is_flow(execution) else flow.get("providerId")
        if execution.get("authenticator"):
            yield f"{place}/{execution['authenticator']}"
        yield from _authenticators(execution)


def adapted(desired: RealmState, observed: RealmState) -> RealmState:
    """The desired flows as far as this server can have them.

    A description that no file gives is the one that is there. Keycloak does not let anybody change what a built-in
    flow is made of: in an export of an older version, and where a file names less than there is, only the
    requirements and configurations of what both have count, and a built-in flow that is gone is nothing to make.
    """
    return desired.with_resources(
        found
        for resource in desired.resources.values()
        if (found := _adapted(resource, observed) if resource.address.kind is Kind.FLOW else resource)
    )


def _adapted(resource: Resource, observed: RealmState) -> Resource | None:
    present = observed.resources.get(resource.address)
    is_older = EXPORTED_BY in resource.fields
    if present is None and is_older and observed.exists:
        return None
    if present is None:
        return replace(resource, fields=_described(resource.fields, {}))
    fields = _described(resource.fields, present.fields)
    if present.fields.get("builtIn") and (is_older or _names_less(fields, present.fields)):
        fields = {**fields, **_restricted(fields, present.fields)}
    return replace(resource, fields=fields)


def _names_less(wanted: Json, present: Json) -> bool:
    """Whether the file knows nothing that is not there, but not all that is: written for another version."""
    return "executions" in wanted and _structure(wanted, "") < _structure(present, "")


def _described(wanted: Json, present: Json) -> Json:
    found = dict(wanted)
    if "description" not in wanted and "flow" in wanted:
        found["description"] = present.get("description")
    if wanted.get("config"):
        found["config"] = _unmasked(wanted["config"], present.get("config") or {})
    if "executions" in wanted:
        there = present.get("executions") or {}
        found["executions"] = {
            name: _described(each, there.get(name, {})) for name, each in wanted["executions"].items()
        }
    return found


def _unmasked(wanted: Json, present: Json) -> Json:
    """A mask in a file is a secret that is not said: what is there stays."""
    there = present.get("config") or {}
    told = ((key, there.get(key) if value == MASK else value) for key, value in wanted["config"].items())
    return {**wanted, "config": {key: value for key, value in told if value is not None}}


def _restricted(wanted: Json, present: Json) -> Json:
    """What is present, with the requirements and configurations that are wanted."""
    executions = {}
    for name, there in (present.get("executions") or {}).items():
        told = (wanted.get("executions") or {}).get(name)
        if told is None or not interchangeable(told, there):
            executions[name] = there
        elif is_flow(there):
            executions[name] = {**there, "requirement": told["requirement"], **_restricted(told, there)}
        else:
            executions[name] = told
    return {"executions": executions, "order": present.get("order", "")}


def refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """Why the flow cannot be had, or an empty text."""
    offered = observed.offers.get(AUTHENTICATORS)
    unknown = authenticators(resource.fields) - offered if offered is not None else set()
    if unknown:
        place, _, name = min(unknown).partition("/")
        return f"the server has no authenticator {name} for a {place}"
    present = observed.resources.get(resource.address)
    known = _configurations(present.fields if present else {})
    told = _configurations(resource.fields)
    shared = sorted(alias for alias, count in told.items() if 1 < count > known[alias])
    if shared:
        return f"several executions have the configuration {shared[0]}, which only an import can make"
    if present is not None and present.fields.get("builtIn"):
        return _built_in_refusal(resource.fields, present.fields)
    return _alias_refusal(resource, desired, observed)


def _configurations(flow: Json) -> Counter[str]:
    """How many executions have the configuration of that alias."""
    return Counter(each["config"]["alias"] for each in walk(flow) if each.get("config"))


def _built_in_refusal(wanted: Json, present: Json) -> str:
    missing = sorted(_structure(wanted, "") - _structure(present, ""))
    if not missing:
        return ""
    return f"it is built into Keycloak, which lets nobody add executions: {'; '.join(missing)}; copy it"


def _structure(found: Json, path: str) -> set[str]:
    names = set()
    for name, execution in (found.get("executions") or {}).items():
        names.add(f"{path}{name}")
        names |= _structure(execution, f"{path}{name} > ")
    return names


def _alias_refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """No two flows of a realm have the same alias, and a sub-flow belongs to one flow."""
    own = {each["flow"] for each in walk(resource.fields) if is_flow(each)}
    for other in (*desired.of_kind(Kind.FLOW), *observed.of_kind(Kind.FLOW)):
        if other.address == resource.address or EXPORTED_BY in other.fields:
            continue
        names = {other.address.names[0], *_sub_flows(desired.resources.get(other.address, other))}
        if own & names:
            return f"the sub-flow {min(own & names)} is one of the flow {other.address.names[0]}"
    return ""


def _sub_flows(flow: Resource) -> set[str]:
    return {str(each["flow"]) for each in walk(flow.fields) if is_flow(each)}
