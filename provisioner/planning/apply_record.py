"""What an apply adds to the record in the realm: the resources it creates, the digests of the secrets it sends."""

from collections.abc import Iterable

from provisioner.kinds.registry import KINDS, owners
from provisioner.model.changes import Action, Change
from provisioner.model.secret_digests import digest, secrets_of
from provisioner.model.state import Address, RealmState, Resource


def made(changes: Iterable[Change], desired: RealmState, observed: RealmState) -> frozenset[Address]:
    """Return what applies have created: what still exists of earlier ones, and what is about to be created."""
    before = (
        address for address in observed.record.made if address in observed.resources or not desired.covers(address)
    )
    created = {change.address for change in changes if change.action is Action.CREATE}
    parts = (
        address
        for address in desired.resources
        if KINDS[address.kind].rule.with_owner and created.intersection(owners(address)[:1])
    )
    return frozenset((*before, *(address for address in (*created, *parts) if _is_recorded(address))))


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
