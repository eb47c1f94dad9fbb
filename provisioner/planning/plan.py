"""The plan from the observed to the desired state. Pure: no file, no server, no clock."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from provisioner.kinds.kind import ORDER
from provisioner.kinds.registry import KINDS, adapted, owners, unchangeable
from provisioner.model.changes import Action, Change, Plan
from provisioner.model.differences import difference
from provisioner.model.parts import nested, object_of, value_of
from provisioner.model.secret_digests import known_secrets
from provisioner.model.state import Address, RealmState, Remark, Resource
from provisioner.planning.refusals import refusal


def plan(desired: RealmState, observed: RealmState) -> Plan:
    """Return the changes that bring the server to the state of the files, in the order in which they can be made.

    Resources to create and update come first, then those to delete, then those that others made and that stay.
    Resources without a difference are not in the plan.
    """
    wanted = adapted(desired, observed)
    judged = [each for resource in wanted.resources.values() for each in _judged(resource, wanted, observed)]
    changes = [each for each in judged if isinstance(each, Change)]
    remarks = (each for each in judged if isinstance(each, Remark))
    found = _with_parts_of_replaced(changes, wanted, observed)
    found.sort(key=lambda change: ORDER[change.address.kind])
    deleted = [*_deletions_of_keys(wanted, observed, changes), *_deletions(wanted, observed)]
    unmanaged = _unmanaged(wanted, observed, {each.address for each in deleted})
    return Plan(desired.realm, (*found, *deleted, *unmanaged), (*wanted.remarks, *remarks))


def _judged(resource: Resource, wanted: RealmState, observed: RealmState) -> Iterator[Change | Remark]:
    """Return the change that the resource needs, and what the server does not take over of it."""
    fields, reasons = KINDS[resource.address.kind].accepted(resource, wanted, observed)
    yield from (Remark(resource.address, reason, resource.source) for reason in reasons)
    change = _change(replace(resource, fields=fields), wanted, observed)
    if change is not None:
        yield change


def _with_parts_of_replaced(found: list[Change], wanted: RealmState, observed: RealmState) -> list[Change]:
    """Return the changes, with new creations for what is deleted together with a replaced resource."""
    replaced = {change.address for change in found if change.action is Action.REPLACE}
    if not replaced:
        return found
    gone = {address for address in observed.resources if replaced.intersection(owners(address))}
    left = observed.with_resources(each for each in observed.resources.values() if each.address not in gone)
    again = (wanted.resources[address] for address in gone if address in wanted.resources)
    kept = [change for change in found if change.address not in gone]
    made = (each for resource in again for each in _judged(resource, wanted, left))
    return kept + [each for each in made if isinstance(each, Change)]


def _change(resource: Resource, desired: RealmState, observed: RealmState) -> Change | Remark | None:
    refused = "" if unchangeable(resource.address) else refusal(resource, desired, observed)
    if refused:
        return Change(Action.REFUSED, resource.address, None, resource.fields, refused, resource)
    present = observed.resources.get(resource.address)
    if present is None:
        return _creation(resource, desired, observed)
    return _update(resource, present, observed)


def _creation(resource: Resource, desired: RealmState, observed: RealmState) -> Change | Remark | None:
    if _comes_with_another(resource, desired, observed):
        return None
    ignored = KINDS[resource.address.kind].omission(resource, desired, observed) or unchangeable(resource.address)
    if ignored:
        return Remark(resource.address, f"{ignored}: left out", resource.source)
    reason = "in the files, not on the server"
    return Change(Action.CREATE, resource.address, None, resource.fields, reason, resource)


def _update(resource: Resource, present: Resource, observed: RealmState) -> Change | Remark | None:
    """Return an update; a replacement where a field cannot be changed, a remark where nothing can be."""
    definition = KINDS[resource.address.kind]
    known = known_secrets(resource, present, observed.record.digests)
    before, after = difference(resource.fields, known, definition.rule)
    if not after:
        return None
    if reason := unchangeable(resource.address):
        return Remark(
            resource.address, f"{reason}: left out, though it differs in {', '.join(after)}", resource.source
        )
    fixed = sorted(definition.rule.fixed & after.keys())
    if fixed:
        reason = "cannot be changed on the server: " + ", ".join(fixed)
        return Change(Action.REPLACE, resource.address, present.fields, resource.fields, reason, resource)
    reason = "differs from the files: " + ", ".join(after)
    return Change(Action.UPDATE, resource.address, before, after, reason, resource)


def _comes_with_another(resource: Resource, desired: RealmState, observed: RealmState) -> bool:
    """Whether another change creates it, as the creation of a client creates its mappers."""
    definition = KINDS[resource.address.kind]
    states = (desired, observed)
    if definition.is_generated(resource.address, *states) and not definition.is_generated(
        resource.address, observed, observed
    ):
        return True
    if definition.comes_with is not None:
        return definition.comes_with(resource, desired, observed)
    return definition.rule.with_owner and any(
        owner in desired.resources and owner not in observed.resources
        for owner in definition.owners(resource.address)[:1]
    )


def _deletions(desired: RealmState, observed: RealmState) -> list[Change]:
    """Return the deletions of what an earlier apply made and the files, containing its kind, no longer name."""
    found = {
        address
        for address in _not_in_files(desired, observed)
        if address in observed.record.made and desired.covers(address)
    }
    listed = [address for address in found if not found.intersection(owners(address))]
    listed.sort(key=lambda address: (-ORDER[address.kind], address.names))
    return [_deletion(observed.resources[address]) for address in listed]


def _deletions_of_keys(desired: RealmState, observed: RealmState, changes: Iterable[Change]) -> list[Change]:
    """Return the deletions of the keys that an earlier apply set and the files, having their object, drop."""
    unavailable = {each.address for each in changes if each.action in (Action.REPLACE, Action.REFUSED)}
    found = [
        part
        for part in observed.record.keys
        if part.whole not in unavailable and _is_dropped(part, desired.resources, observed.resources)
    ]
    found.sort(key=lambda part: (-ORDER[part.kind], part.names, part.part))
    reason = "set by an earlier apply, no longer in the files"
    return [
        Change(
            Action.DELETE,
            part,
            nested(part, value_of(part, observed.resources[part.whole].fields)),
            reason=reason,
            resource=desired.resources[part.whole],
        )
        for part in found
    ]


def _is_dropped(part: Address, desired: Mapping[Address, Resource], observed: Mapping[Address, Resource]) -> bool:
    wanted, present = desired.get(part.whole), observed.get(part.whole)
    named = object_of(part, wanted.fields) if wanted else None
    if named is None or present is None or part.part[-1] in named:
        return False
    if part.part[-1] in KINDS[part.kind].rule.secret:  # a file with a mask instead of it keeps it
        return False
    return value_of(part, present.fields) not in (None, [])


def _deletion(resource: Resource) -> Change:
    consequence = KINDS[resource.address.kind].consequence(resource)
    reason = "made by an earlier apply, no longer in the files" + (f"; {consequence}" if consequence else "")
    return Change(Action.DELETE, resource.address, resource.fields, None, reason)


def _unmanaged(desired: RealmState, observed: RealmState, deleted: set[Address]) -> list[Change]:
    """Return what neither the files nor an earlier apply nor Keycloak created, without the parts of such
    resources."""
    made = observed.record.made
    foreign = {address for address in _not_in_files(desired, observed) if address not in made} - deleted
    taken = foreign | deleted
    listed = [
        address
        for address in foreign
        if _would_be_listed(address, desired) and not taken.intersection(owners(address))
    ]
    listed.sort(key=lambda address: (ORDER[address.kind], address.names))
    reason = "not in the files and not made by an earlier apply: kept"
    return [
        Change(Action.UNMANAGED, address, observed.resources[address].fields, None, reason) for address in listed
    ]


def _not_in_files(desired: RealmState, observed: RealmState) -> list[Address]:
    """Return the observed resources that the files could name and do not."""
    return [
        address
        for address in observed.resources
        if address not in desired.resources
        and address not in observed.builtin
        and not KINDS[address.kind].rule.shared
        and not KINDS[address.kind].is_generated(address, desired, observed)
    ]


def _would_be_listed(address: Address, desired: RealmState) -> bool:
    """Return whether the files would name the resource if they had it: parts only where they list such parts."""
    if not owners(address) or desired.covers(address):
        return True
    return any(each in desired.resources for each in KINDS[address.kind].listed_with(address))
