"""Changes that Keycloak would reject or misunderstand, refused before the first write."""

from provisioner.kinds.registry import KINDS
from provisioner.model.state import Address, RealmState, Resource


def refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """Return why the resource cannot be had, or an empty text."""
    return _missing_reference(resource, desired, observed) or KINDS[resource.address.kind].refusal(
        resource, desired, observed
    )


def _missing_reference(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """Nothing is known about a new realm without its baseline, so no reference is missing then."""
    if not observed.exists and not observed.builtin:
        return ""
    for reference in KINDS[resource.address.kind].references(resource, observed):
        name = reference.names[-1]
        if name and not _is_there(reference, desired, observed):
            return f"the {reference.kind.replace('-', ' ')} {name} is neither in the files nor on the server"
    return ""


def _is_there(address: Address, desired: RealmState, observed: RealmState) -> bool:
    sides = (desired.resources, observed.resources, observed.builtin)
    return any(address in side for side in sides) or address.names[-1] in observed.offers.get(address.kind, ())
