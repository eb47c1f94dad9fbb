"""(desired, observed) -> Plan. Pure: no file, no server, no clock."""

import json
from collections.abc import Iterable
from typing import Any

from directory.encoding import places
from directory.model import Attachment, CompanyRole
from provisioner import flow_trees, references
from provisioner.changes import Action, Change, Plan
from provisioner.digests import known_secrets
from provisioner.protection import with_deny_lists
from provisioner.rules import ADMIN_PERMISSIONS, MASK, PEOPLE, RULES, UNCHANGEABLE, Rule, owners
from provisioner.state import ORDER, Address, Json, Kind, RealmState, Resource

_NOTHING: tuple[Any, ...] = (None, "", [], {}, False)


def plan(desired: RealmState, observed: RealmState) -> Plan:
    """The changes that make the server what the files say, in the order in which they can be made.

    First what is created and updated, then what is deleted, last what others made, which stays. What already is as
    it should be is not in it.
    """
    wanted = flow_trees.adapted(with_deny_lists(desired, observed), observed)
    found = [change for resource in wanted.resources.values() if (change := _change(resource, wanted, observed))]
    replaced = {change.address for change in found if change.action is Action.REPLACE}
    if replaced:
        gone = {address for address in observed.resources if replaced.intersection(owners(address))}
        found = [change for change in found if change.address not in gone]
        left = observed.with_resources(each for each in observed.resources.values() if each.address not in gone)
        again = (wanted.resources[address] for address in gone if address in wanted.resources)
        found += [change for resource in again if (change := _change(resource, wanted, left))]
    found.sort(key=lambda change: ORDER[change.address.kind])
    deleted = _deletions(wanted, observed)
    return Plan(
        desired.realm, (*found, *deleted, *_unmanaged(wanted, observed, {each.address for each in deleted}))
    )


def _change(resource: Resource, desired: RealmState, observed: RealmState) -> Change | None:
    rule = RULES[resource.address.kind]
    refusal = _refusal(resource, desired, observed)
    if refusal:
        return Change(Action.REFUSED, resource.address, None, resource.fields, refusal, resource)
    present = observed.resources.get(resource.address)
    if present is None:
        if _comes_with_another(resource, desired, observed) or references.is_void(resource, desired, observed):
            return None
        reason = "in the files, not on the server"
        return Change(Action.CREATE, resource.address, None, resource.fields, reason, resource)
    before, after = difference(resource.fields, known_secrets(resource, present, observed.record.digests), rule)
    if not after:
        return None
    if resource.address in UNCHANGEABLE:
        reason = f"{UNCHANGEABLE[resource.address]}; it differs in {', '.join(after)}"
        return Change(Action.REFUSED, resource.address, before, after, reason, resource)
    fixed = sorted(rule.fixed & after.keys())
    if fixed:
        reason = "cannot be changed on the server: " + ", ".join(fixed)
        return Change(Action.REPLACE, resource.address, present.fields, resource.fields, reason, resource)
    reason = "differs from the files: " + ", ".join(after)
    return Change(Action.UPDATE, resource.address, before, after, reason, resource)


def _deletions(desired: RealmState, observed: RealmState) -> list[Change]:
    """What an earlier apply made and the files, containing its kind, no longer name."""
    found = {
        address
        for address, resource in observed.resources.items()
        if address in observed.record.made
        and address not in desired.resources
        and address not in observed.builtin
        and not RULES[address.kind].shared
        and desired.covers(address)
    }
    listed = [address for address in found if not found.intersection(owners(address))]
    listed.sort(key=lambda address: (-ORDER[address.kind], address.names))
    return [
        Change(
            Action.DELETE,
            address,
            observed.resources[address].fields,
            None,
            "made by an earlier apply, no longer in the files" + _detaching(observed.resources[address]),
        )
        for address in listed
    ]


def _detaching(resource: Resource) -> str:
    people = resource.fields.get(PEOPLE)
    if people is None:
        return ""
    return f"; {people} {'person' if people == 1 else 'people'} would be detached"


def _unmanaged(desired: RealmState, observed: RealmState, deleted: set[Address]) -> list[Change]:
    """What neither the files nor an earlier apply nor Keycloak itself made, named at its highest place."""
    foreign = {
        address
        for address in observed.resources
        if address not in desired.resources
        and address not in observed.builtin
        and address not in observed.record.made
        and address not in deleted
        and not RULES[address.kind].shared
    }
    taken = foreign | deleted
    listed = [
        address
        for address in foreign
        if _is_looked_after(address, desired) and not taken.intersection(owners(address))
    ]
    listed.sort(key=lambda address: (ORDER[address.kind], address.names))
    reason = "not in the files and not made by an earlier apply: kept"
    return [
        Change(Action.UNMANAGED, address, observed.resources[address].fields, None, reason) for address in listed
    ]


def _is_looked_after(address: Address, desired: RealmState) -> bool:
    """Whether the files would name it if it were theirs: parts only where they list such parts."""
    if not owners(address) or desired.covers(address):
        return True
    return (
        address.kind is Kind.GROUP
        and Address(Kind.COMPANY, (address.names[0].split("/")[1],)) in desired.resources
    )


def _comes_with_another(resource: Resource, desired: RealmState, observed: RealmState) -> bool:
    """Whether another change creates it: a mapper with its client, an administrator's place with his account."""
    if resource.address.kind is Kind.ADMINISTRATOR:
        company, email = resource.address.names
        if observed.get(Kind.PERSON, email) is not None:
            return False
        user = desired.get(Kind.USER, email)
        if user is None:
            return desired.get(Kind.PERSON, email) is not None
        wanted = places(Attachment(company, CompanyRole.ADMINISTRATOR))
        return {place.path for place in wanted} <= set(user.fields.get("groups", ()))
    if not RULES[resource.address.kind].with_owner:
        return False
    return any(
        owner in desired.resources and owner not in observed.resources for owner in owners(resource.address)[:1]
    )


def _refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """Why the resource cannot be had, or an empty text."""
    match resource.address.kind:
        case Kind.ADMINISTRATOR:
            _, email = resource.address.names
            named = desired.get(Kind.PERSON, email) or desired.get(Kind.USER, email)
            if named is None and observed.get(Kind.PERSON, email) is None:
                return f"{email} is neither in `people` nor on the server"
        case Kind.USER:
            undeclared = _undeclared_attributes(resource, desired, observed)
            if undeclared:
                return f"the user profile does not declare {', '.join(undeclared)}"
            return _missing_group(resource.fields.get("groups", ()), desired, observed)
        case Kind.COMPOSITE | Kind.SCOPE_MAPPING | Kind.ROLE_MAPPING:
            return _missing_role(resource, desired, observed)
        case Kind.POLICY | Kind.PERMISSION:
            return _missing_part(resource, desired, observed)
        case Kind.DEFAULT_GROUP:
            return _missing_group(resource.address.names, desired, observed)
        case Kind.ORGANIZATION:
            return _organization_refusal(resource, desired, observed)
        case Kind.REALM:
            return _other_default_role(resource, observed) or _smtp_refusal(resource, observed)
        case _:
            pass
    return references.refusal(resource, desired, observed)


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


def difference(desired: Json, observed: Json, rule: Rule) -> tuple[Json, Json]:
    """The fields that differ, as they are and as they should be."""
    before: Json = {}
    after: Json = {}
    for name, value in desired.items():
        if name in rule.created_with:
            continue
        old, new = _differing(value, observed.get(name), rule, at_least=name in rule.at_least)
        if new is not _SAME:
            before[name], after[name] = old, new
    return before, after


_SAME = object()


def _differing(desired: Any, observed: Any, rule: Rule, at_least: bool = False) -> tuple[Any, Any]:
    if isinstance(desired, dict) and not rule.whole and isinstance(observed, dict | None):
        return _differing_keys(desired, observed or {}, rule)
    if isinstance(desired, dict) and isinstance(observed, dict):
        return _differing_keys({**dict.fromkeys(observed), **desired}, observed, rule)
    if at_least and isinstance(desired, list):
        missing = [item for item in desired if item not in (observed or [])]
        return (observed or [], [*(observed or []), *missing]) if missing else (_SAME, _SAME)
    return (_SAME, _SAME) if same(desired, observed) else (observed, desired)


def _differing_keys(desired: Json, observed: Json, rule: Rule) -> tuple[Any, Any]:
    before, after = {}, {}
    for key, value in desired.items():
        old, new = _differing(value, observed.get(key), rule)
        if new is not _SAME:
            before[key], after[key] = old, new
    return (before, after) if after else (_SAME, _SAME)


def same(desired: Any, observed: Any) -> bool:
    """Whether two values mean the same to Keycloak: it writes numbers as text here and there, leaves out what is
    empty or false, and gives lists of words in any order."""
    if desired in _NOTHING and observed in _NOTHING:
        return True
    if isinstance(desired, list) and isinstance(observed, list):
        return _canonical_list(desired) == _canonical_list(observed)
    if isinstance(desired, dict) and isinstance(observed, dict):
        return all(same(desired.get(key), observed.get(key)) for key in desired.keys() | observed.keys())
    return _text(desired) == _text(observed)


def _canonical_list(values: list[Any]) -> list[str]:
    texts = [_text(value) for value in values]
    return texts if any(isinstance(value, dict) for value in values) else sorted(texts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
