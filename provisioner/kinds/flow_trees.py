"""Authentication flows as trees of executions: names, comparison with built-in flows, refusals.

A tree is `executions` (name -> execution) and `order` (the names as they come). An execution has `authenticator`,
`requirement`, `priority` where it is known, and perhaps `config`; a sub-flow has `flow` (its alias), `providerId`,
`requirement`, `priority`, `description` and a tree of its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from provisioner.kinds.kind import Kind
from provisioner.model.differences import same
from provisioner.model.rules import MASK
from provisioner.model.state import Json, RealmState, Remark, Resource

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
"""The key of a client that names its own flows."""
EXPORTED_BY = "exportedBy"
"""The field of a built-in flow in an export of an older Keycloak, whose built-in flows are different."""
FORM = "form"
"""The type of the executions that show the page of a form flow."""
AUTHENTICATORS = "authenticators"
"""The key of authenticators in `RealmState.offers`."""


def tree(executions: Iterable[Json]) -> Json:
    """The executions of one level by name: a second one of the same name is `<name> (2)`.

    Keycloak runs those of the same priority in any order, so here they are in that of their names.
    """
    named: Json = {}
    for execution in _sorted(executions):
        name = base = _name(execution)
        count = 1
        while name in named:
            count += 1
            name = f"{base} ({count})"
        named[name] = execution
    return {"executions": named, "order": ", ".join(named)}


def _name(execution: Json) -> str:
    return str(execution.get("flow") or execution["authenticator"])


def _sorted(executions: Iterable[Json]) -> list[Json]:
    listed = list(executions)
    if all("priority" in each for each in listed):
        listed.sort(key=lambda each: (each["priority"], _name(each)))
    return listed


def in_order(found: Json) -> list[tuple[str, Json]]:
    """Return name and execution of one level of a tree, in order."""
    named: Json = found.get("executions") or {}
    position = {name: index for index, name in enumerate(str(found.get("order", "")).split(", "))}
    return sorted(named.items(), key=lambda item: position.get(item[0], len(position)))


def is_flow(execution: Json) -> bool:
    """Return whether the execution is a sub-flow."""
    return "flow" in execution


def interchangeable(one: Json, other: Json) -> bool:
    """Return whether one execution can be changed into the other: same authenticator, or same sub-flow."""
    keys = ("flow", "authenticator", "providerId") if is_flow(one) else ("flow", "authenticator")
    return all(one.get(key) == other.get(key) for key in keys)


def walk(found: Json) -> Iterator[Json]:
    """Yield all executions of a tree."""
    for execution in (found.get("executions") or {}).values():
        yield execution
        if is_flow(execution):
            yield from walk(execution)


def authenticators(flow: Json) -> frozenset[str]:
    """Return the providers that the flow needs, each after the type of its flow: `basic-flow/auth-cookie`."""
    return frozenset(_authenticators(flow))


def _authenticators(flow: Json) -> Iterator[str]:
    for execution in (flow.get("executions") or {}).values():
        place = FORM if is_flow(execution) else flow.get("providerId")
        if execution.get("authenticator"):
            yield f"{place}/{execution['authenticator']}"
        yield from _authenticators(execution)


def adapted(desired: RealmState, observed: RealmState) -> RealmState:
    """Return the desired flows as this server can have them.

    A description or priority that no file gives is the one that is there. No one can change what a built-in flow
    is made of: in an export of an older version, and where a file names less than there is, only the requirements
    and configurations of what both have count. A built-in flow that Keycloak has dropped is left out; a flow that
    is only marked as built-in is made as an own one.
    """
    flows = [(each, _adapted(each, observed.resources.get(each.address))) for each in desired.of_kind(Kind.FLOW)]
    marked = [flow for flow, _ in flows if _is_only_marked(flow, observed)]
    remarks = [
        Remark(flow.address, _not_built_in(flow), flow.source)
        for flow in marked
        if flow.address.names[0] != HIDDEN
    ]
    others = [flow for flow, there in flows if _structure(flow.fields, "") != _structure(there.fields, "")]
    if others:
        remarks.append(_other_structure(others))
    left_out = {flow.address for flow in marked if flow.address.names[0] in (HIDDEN, *_DROPPED)}
    resources = {**desired.resources, **{flow.address: flow for _, flow in flows}}
    kept = (resource for address, resource in resources.items() if address not in left_out)
    return desired.with_resources(kept).remarked(remarks)


HIDDEN = "saml ecp"
"""The flow that Keycloak exports and does not list: every realm has it."""
_DROPPED = frozenset({"http challenge"})
"""The top-level flows that were built into an older Keycloak and are gone."""


def _is_only_marked(flow: Resource, observed: RealmState) -> bool:
    """Whether a file says that the flow is built-in, and Keycloak has no such flow."""
    is_there = flow.address in observed.resources or flow.address in observed.builtin
    return bool(flow.fields.get("builtIn")) and not is_there


def _not_built_in(flow: Resource) -> str:
    if flow.address.names[0] in _DROPPED:
        return "no longer built into Keycloak, like the authenticators in it: left out"
    return "marked as built-in, but Keycloak has no such flow: made as an own flow"


def _other_structure(flows: list[Resource]) -> Remark:
    names = ", ".join(flow.address.names[0] for flow in flows)
    reason = f"built-in flows are made of other executions in this Keycloak, which stay as they are: {names}"
    return Remark(flows[0].address, reason, flows[0].source)


def _adapted(resource: Resource, present: Resource | None) -> Resource:
    if present is None:
        return replace(resource, fields=_described(resource.fields, {}))
    fields = _described(resource.fields, present.fields)
    is_older = EXPORTED_BY in resource.fields
    if present.fields.get("builtIn") and (is_older or _names_less(fields, present.fields)):
        fields = {**fields, **_restricted(fields, present.fields)}
    return replace(resource, fields=fields)


def _names_less(wanted: Json, present: Json) -> bool:
    """Return whether the file has some but not all of the present executions: written for another version."""
    return "executions" in wanted and _structure(wanted, "") < _structure(present, "")


def _described(wanted: Json, present: Json) -> Json:
    found = dict(wanted)
    if "description" not in wanted and "flow" in wanted:
        found["description"] = present.get("description")
    if "requirement" in wanted and "priority" not in wanted and "priority" in present:
        found["priority"] = present["priority"]
    if wanted.get("config"):
        found["config"] = _unmasked(wanted["config"], present.get("config") or {})
    if "executions" in wanted:
        existing = present.get("executions") or {}
        found["executions"] = {
            name: _described(each, existing.get(name, {})) for name, each in wanted["executions"].items()
        }
    return found


def _unmasked(wanted: Json, present: Json) -> Json:
    """Return the configuration with present values in place of masks."""
    existing = present.get("config") or {}
    execution = ((key, existing.get(key) if value == MASK else value) for key, value in wanted["config"].items())
    return {**wanted, "config": {key: value for key, value in execution if value is not None}}


def _restricted(wanted: Json, present: Json) -> Json:
    """Return the present tree with the wanted requirements and configurations."""
    executions = {}
    for name, existing in (present.get("executions") or {}).items():
        execution = (wanted.get("executions") or {}).get(name)
        if execution is None or not interchangeable(execution, existing):
            executions[name] = existing
        elif is_flow(existing):
            inner = _restricted(execution, existing)
            executions[name] = {**existing, "requirement": execution["requirement"], **inner}
        else:
            executions[name] = {**execution, "priority": existing.get("priority")}
    return {"executions": executions, "order": present.get("order", "")}


def refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """Return why the flow cannot be created or changed, or an empty text."""
    offered = observed.offers.get(AUTHENTICATORS)
    unknown = authenticators(resource.fields) - offered if offered is not None else set()
    if unknown:
        place, _, name = min(unknown).partition("/")
        return f"the server has no authenticator {name} for a {place}"
    present = observed.resources.get(resource.address)
    other = _other_configuration(resource, observed)
    if other:
        return other
    if present is not None and present.fields.get("builtIn"):
        return _built_in_refusal(resource.fields, present.fields)
    return _alias_refusal(resource, desired, observed)


def _other_configuration(flow: Resource, observed: RealmState) -> str:
    """A configuration is found by its alias: that of another flow cannot have other values for this one."""
    present = observed.resources.get(flow.address)
    own = {each["alias"] for each in configurations(present.fields)} if present else set()
    wanted = {each["alias"]: each for each in configurations(flow.fields) if each["alias"] not in own}
    for other in observed.of_kind(Kind.FLOW):
        if other.address == flow.address:
            continue
        for config in configurations(other.fields):
            mine = wanted.get(config["alias"])
            if mine and not same(mine["config"], config["config"]):
                return (
                    f"the configuration {config['alias']} is that of the flow {other.address.names[0]},"
                    " with other values: give it another alias"
                )
    return ""


def configurations(flow: Json) -> Iterator[Json]:
    """The configurations in a tree."""
    return (each["config"] for each in walk(flow) if each.get("config"))


def _built_in_refusal(wanted: Json, present: Json) -> str:
    missing = sorted(_structure(wanted, "") - _structure(present, ""))
    if not missing:
        return ""
    return (
        f"it is built into Keycloak, which does not allow new executions: {'; '.join(missing)}; use a copy of it"
    )


def _structure(found: Json, path: str) -> set[str]:
    names = set()
    for name, execution in (found.get("executions") or {}).items():
        names.add(f"{path}{name}")
        names |= _structure(execution, f"{path}{name} > ")
    return names


def _alias_refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """Return which alias is taken: aliases are unique in a realm, and a sub-flow belongs to one flow."""
    own = {each["flow"] for each in walk(resource.fields) if is_flow(each)}
    for other in (*desired.of_kind(Kind.FLOW), *observed.of_kind(Kind.FLOW)):
        if other.address == resource.address or EXPORTED_BY in other.fields:
            continue
        names = {other.address.names[0], *_sub_flows(desired.resources.get(other.address, other))}
        if own & names:
            return f"the sub-flow {min(own & names)} belongs to the flow {other.address.names[0]}"
    return ""


def _sub_flows(flow: Resource) -> set[str]:
    return {str(each["flow"]) for each in walk(flow.fields) if is_flow(each)}
