"""What a resource refers to and must therefore be there: on the server, or in the files."""

from collections.abc import Iterator

from provisioner.model.state import Address, Kind, RealmState, Resource
from provisioner.planning import flow_trees

_NAMED = {
    Kind.IDENTITY_PROVIDER_MAPPER: (Kind.IDENTITY_PROVIDER, 0, "identity provider"),
    Kind.FEDERATED_IDENTITY: (Kind.IDENTITY_PROVIDER, 1, "identity provider"),
    Kind.ORGANIZATION_IDENTITY_PROVIDER: (Kind.IDENTITY_PROVIDER, 1, "identity provider"),
    Kind.ROLE: (Kind.CLIENT, 0, "client"),
    Kind.REALM_DEFAULT_SCOPE: (Kind.CLIENT_SCOPE, 0, "client scope"),
    Kind.ASSIGNED_SCOPE: (Kind.CLIENT_SCOPE, 1, "client scope"),
}
"""Whose name is part of an address, and where in it."""


def refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """Why the resource cannot be had, or an empty text. What a new realm will have is known by its baseline."""
    if not observed.exists and not observed.builtin:
        return ""
    sides = (desired.resources, observed.resources, observed.builtin)
    for kind, name, what in _needed(resource, observed):
        named = Address(kind, (name,))
        if name and not any(named in side for side in sides) and name not in observed.offers.get(kind, ()):
            return f"the {what} {name} is neither in the files nor on the server"
    match resource.address.kind:
        case Kind.REQUIRED_ACTION:
            return _not_offered(resource, observed)
        case Kind.FLOW:
            return flow_trees.refusal(resource, desired, observed)
        case _:
            return ""


def is_void(resource: Resource, desired: RealmState, observed: RealmState) -> bool:
    """Whether Keycloak takes and forgets it: a client gets no scope of another protocol, though exports say so."""
    if resource.address.kind is not Kind.ASSIGNED_SCOPE:
        return False
    client, scope = resource.address.names
    protocols = {
        _protocol(Address(kind, (name,)), desired, observed)
        for kind, name in ((Kind.CLIENT, client), (Kind.CLIENT_SCOPE, scope))
    }
    return len(protocols) > 1


def _protocol(address: Address, desired: RealmState, observed: RealmState) -> str:
    said = (state.resources.get(address) for state in (desired, observed))
    found = (resource.fields.get("protocol") for resource in said if resource)
    return next((protocol for protocol in found if protocol), "openid-connect")


def _needed(resource: Resource, observed: RealmState) -> Iterator[tuple[Kind, str, str]]:
    fields = resource.fields
    match resource.address.kind:
        case Kind.REALM_BINDING:
            yield Kind.FLOW, fields["alias"], "flow"
        case Kind.IDENTITY_PROVIDER:
            for key in ("firstBrokerLoginFlowAlias", "postBrokerLoginFlowAlias"):
                yield Kind.FLOW, fields.get(key, ""), "flow"
        case Kind.CLIENT_POLICY if Kind.CLIENT_PROFILE in observed.offers:
            for name in fields.get("profiles", ()):
                yield Kind.CLIENT_PROFILE, name, "client profile"
        case Kind.CLIENT:
            for alias in (fields.get("authenticationFlowBindingOverrides") or {}).values():
                yield Kind.FLOW, alias, "flow"
        case kind if kind in _NAMED:
            owner, position, what = _NAMED[kind]
            yield owner, resource.address.names[position], what
        case _:
            pass


def _not_offered(action: Resource, observed: RealmState) -> str:
    offered = observed.offers.get(Kind.REQUIRED_ACTION)
    provider = action.fields["providerId"]
    if offered is None or provider in offered:
        return ""
    return f"the server has no required action {provider}"
