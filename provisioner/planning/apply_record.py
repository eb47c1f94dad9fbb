"""What an apply adds to the record in the realm.

The resources that it creates, the keys that it sets, and the digests of the secrets that it sends.
"""

from collections.abc import Collection, Iterable, Iterator

from provisioner.kinds.registry import KINDS, owners
from provisioner.model.changes import Action, Change
from provisioner.model.parts import parts_of, value_of
from provisioner.model.secret_digests import digest, secrets_of
from provisioner.model.state import Address, RealmState, Resource


def made(changes: Iterable[Change], desired: RealmState, observed: RealmState) -> frozenset[Address]:
    """Return what applies have created: what still exists of earlier ones, and what is about to be created."""
    before = (
        address for address in observed.record.made if address in observed.resources or not desired.covers(address)
    )
    created = {change.address for change in changes if change.action is Action.CREATE}
    parts = (resource.address for resource in _created_with(created, desired))
    return frozenset((*before, *(address for address in (*created, *parts) if _is_recorded(address))))


def _created_with(created: Collection[Address], desired: RealmState) -> Iterator[Resource]:
    """Yield the resources that the requests for these create too."""
    for resource in desired.resources.values():
        if KINDS[resource.address.kind].rule.with_owner and owners(resource.address)[0] in created:
            yield resource


def keys(changes: Collection[Change], desired: RealmState, observed: RealmState) -> frozenset[Address]:
    """Return the keys that applies have set: what is left of those of earlier ones, and those of these changes."""
    before = (part for part in observed.record.keys if _is_left(part, desired, observed))
    sent = {
        change.address: change.after or {}
        for change in changes
        if change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE)
    }
    created = {change.address for change in changes if change.action is Action.CREATE}
    sent.update((resource.address, resource.fields) for resource in _created_with(created, desired))
    now = (
        part for address, fields in sent.items() for part in parts_of(address, fields, KINDS[address.kind].rule)
    )
    return frozenset((*before, *now))


def _is_left(part: Address, desired: RealmState, observed: RealmState) -> bool:
    """Return whether the key has a value: on the server, or in the files, as the server shows no secrets."""
    present, wanted = observed.resources.get(part.whole), desired.resources.get(part.whole)
    if present is None:
        return not desired.covers(part.whole)
    return any(value_of(part, each.fields) is not None for each in (present, wanted) if each)


def _is_recorded(address: Address) -> bool:
    rule = KINDS[address.kind].rule
    return rule.recorded and not rule.shared


def digests(changes: Iterable[Change]) -> dict[str, str]:
    """Return the digests of the secrets that these changes send."""
    found = {}
    for change in changes:
        if change.resource is not None and change.action is not Action.DELETE:
            sent = Resource(change.address, change.after or {})
            found.update(
                {key: digest(secret) for key, secret in secrets_of(sent, KINDS[change.address.kind].rule)}
            )
    return found
