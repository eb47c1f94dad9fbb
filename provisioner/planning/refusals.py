"""What Keycloak would refuse, or answer with something else than was meant: known before the first write."""

from collections.abc import Callable, Iterable, Mapping

from provisioner.model.differences import difference
from provisioner.model.rules import ADMIN_PERMISSIONS, MASK, RULES, owners
from provisioner.model.state import Address, Kind, RealmState, Resource
from provisioner.planning import references


def refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """Why the resource cannot be had, or an empty text."""
    reason = _REASONS.get(resource.address.kind, references.refusal)
    return reason(resource, desired, observed)


def _nobody(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    _, email = resource.address.names
    if desired.get(Kind.PERSON, email) or desired.get(Kind.USER, email) or observed.get(Kind.PERSON, email):
        return ""
    return f"{email} is neither in `people` nor on the server"


def _user(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    undeclared = _undeclared_attributes(resource, desired, observed)
    if undeclared:
        return f"the user profile does not declare {', '.join(undeclared)}"
    return _missing_group(resource.fields.get("groups", ()), desired, observed)


def _other_group(company: Resource, _: RealmState, observed: RealmState) -> str:
    (id,) = company.address.names
    if company.address in observed.resources or observed.get(Kind.GROUP, f"/{id}") is None:
        return ""
    return f"there is a group {id} that is no company: rename it, or give it the attribute kind=company"


def _undeclared_attributes(resource: Resource, desired: RealmState, observed: RealmState) -> list[str]:
    profile = desired.get(Kind.USER_PROFILE) or observed.get(Kind.USER_PROFILE)
    if profile is None or profile.fields.get("unmanagedAttributePolicy") in ("ENABLED", "ADMIN_EDIT"):
        return []
    declared = {*profile.fields.get("attributes", {}), *_implied_attributes(desired, observed)}
    return sorted(name for name in resource.fields.get("attributes", {}) if name not in declared)


def _implied_attributes(desired: RealmState, observed: RealmState) -> tuple[str, ...]:
    """Those that Keycloak declares itself: in a realm of several languages, which of them a person wants."""
    said = (state.get(Kind.REALM, state.realm) for state in (desired, observed))
    spoken = (realm.fields.get("internationalizationEnabled") for realm in said if realm)
    return ("locale",) if next((each for each in spoken if each is not None), False) else ()


_MADE_BY_KEYCLOAK = "uma_protection"
"""The role that a client gets when its authorization services are switched on."""


def _missing_role(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """A role that is nowhere, if it is known what Keycloak has; those of a client to be made are not known."""
    if not observed.builtin:
        return ""
    for role in owners(resource.address):
        if role.kind is not Kind.ROLE or role in desired.resources or role in observed.resources:
            continue
        container, name = role.names
        client = Address(Kind.CLIENT, (container,))
        on_server = not container or client in observed.resources
        if not on_server and client not in desired.resources:
            return f"{client} is neither in the files nor on the server"
        if on_server and name != _MADE_BY_KEYCLOAK:
            return f"{role} is neither in the files nor on the server"
    return ""


_PARTS_OF_POLICIES = {
    "policies": Kind.POLICY,
    "scopes": Kind.AUTHORIZATION_SCOPE,
    "resources": Kind.AUTHORIZATION_RESOURCE,
}


def _missing_part(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """What a policy or a permission is made of; what `admin-permissions` protects is not listed anywhere."""
    client = resource.address.names[0]
    for key, kind in _PARTS_OF_POLICIES.items():
        for name in resource.fields.get(key, ()):
            part = Address(kind, (client, name))
            listed = kind is Kind.POLICY or client != ADMIN_PERMISSIONS
            if listed and part not in desired.resources and part not in observed.resources:
                return f"{part} is neither in the files nor on the server"
    return ""


def _missing_group(paths: Iterable[str], desired: RealmState, observed: RealmState) -> str:
    """Groups are named here by paths of Keycloak's, in which a slash of a name is not told apart."""
    for path in paths:
        company = Address(Kind.COMPANY, (path.split("/")[1],))
        states = (desired, observed)
        groups = (group.address.names[0] for state in states for group in state.of_kind(Kind.GROUP))
        if any(company in state.resources for state in states):
            continue
        if all(name.replace("~/", "/") != path for name in groups):
            return f"the group {path} is neither in the files nor on the server"
    return ""


def _organization_refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    present = observed.resources.get(resource.address)
    wanted, alias = resource.fields.get("alias"), present and present.fields.get("alias")
    if wanted and alias and wanted != alias:
        return f"its alias is {alias}, which Keycloak does not change"
    said = [
        realm.fields["organizationsEnabled"]
        for state in (desired, observed)
        for realm in state.of_kind(Kind.REALM)
        if "organizationsEnabled" in realm.fields
    ]
    return "" if said and said[0] else "the realm's organizationsEnabled is off"


def _other_default_role(resource: Resource, observed: RealmState) -> str:
    """Which role everybody has is said when the realm is created."""
    present = observed.resources.get(resource.address)
    wanted = resource.fields.get("defaultRole", {}).get("name")
    has = present and present.fields.get("defaultRole", {}).get("name")
    return f"the role that everybody has is {has} on the server" if wanted and has and has != wanted else ""


def _smtp_refusal(resource: Resource, observed: RealmState) -> str:
    """Keycloak takes mail settings whole: without the password they would be kept with a mask or lose it."""
    present = observed.resources.get(resource.address)
    wanted = resource.fields.get("smtpServer")
    if present is None or not wanted:
        return ""
    on_server = present.fields.get("smtpServer") or {}
    _, after = difference({"smtpServer": wanted}, {"smtpServer": on_server}, RULES[Kind.REALM])
    if after and on_server.get("password") == MASK and "password" not in wanted:
        return "the mail settings differ and the server has a mail password that the files do not give"
    return ""


def _realm(resource: Resource, _: RealmState, observed: RealmState) -> str:
    return _other_default_role(resource, observed) or _smtp_refusal(resource, observed)


def _default_group(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    return _missing_group(resource.address.names, desired, observed)


_REASONS: Mapping[Kind, Callable[[Resource, RealmState, RealmState], str]] = {
    Kind.ADMINISTRATOR: _nobody,
    Kind.USER: _user,
    Kind.COMPANY: _other_group,
    Kind.COMPOSITE: _missing_role,
    Kind.SCOPE_MAPPING: _missing_role,
    Kind.ROLE_MAPPING: _missing_role,
    Kind.POLICY: _missing_part,
    Kind.PERMISSION: _missing_part,
    Kind.DEFAULT_GROUP: _default_group,
    Kind.ORGANIZATION: _organization_refusal,
    Kind.REALM: _realm,
}
"""For the others it is enough that what they name is there."""
