"""(desired, observed) -> Plan. Pure: no file, no server, no clock."""

from directory.encoding import places
from directory.model import Attachment, CompanyRole
from provisioner.model.changes import Action, Change, Plan
from provisioner.model.differences import difference
from provisioner.model.rules import PEOPLE, RULES, UNCHANGEABLE, owners
from provisioner.model.secret_digests import known_secrets
from provisioner.model.state import ORDER, Address, Kind, RealmState, Resource
from provisioner.planning import flow_trees, references
from provisioner.planning.deny_lists import with_deny_lists
from provisioner.planning.refusals import refusal


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
    refused = refusal(resource, desired, observed)
    if refused:
        return Change(Action.REFUSED, resource.address, None, resource.fields, refused, resource)
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
