"""All kinds and file formats. A new kind is a module with its record, a line here, and its name in `Kind`."""

from collections.abc import Mapping

from provisioner.kinds import (
    attachment,
    authorization,
    client_policies,
    clients,
    company,
    company_file,
    components,
    flows,
    groups,
    identity_providers,
    localization,
    organizations,
    profile,
    realm,
    required_actions,
    role_mappings,
    roles,
    scope_mappings,
    scopes,
    users,
)
from provisioner.kinds.definition import Family, FileFormat, KindDefinition
from provisioner.model.state import Address, RealmState

FAMILIES: tuple[Family, ...] = (
    realm.FAMILY,
    localization.FAMILY,
    profile.FAMILY,
    components.FAMILY,
    required_actions.FAMILY,
    flows.FAMILY,
    scopes.FAMILY,
    identity_providers.FAMILY,
    clients.FAMILY,
    roles.FAMILY,
    scope_mappings.FAMILY,
    groups.FAMILY,
    company.FAMILY,
    users.FAMILY,
    role_mappings.FAMILY,
    organizations.FAMILY,
    client_policies.FAMILY,
    attachment.FAMILY,
    authorization.FAMILY,
)
"""In the order in which the server is read: later families use the ids that earlier ones found."""

FORMATS: tuple[FileFormat, ...] = (company_file.FORMAT,)

KINDS: Mapping[str, KindDefinition] = {each.kind: each for family in FAMILIES for each in family.kinds}


def owners(address: Address) -> tuple[Address, ...]:
    """Return the resources without which this one cannot exist: deleting one of them deletes it."""
    if address.part:
        return (address.whole,)
    return KINDS[address.kind].owners(address)


def unchangeable(address: Address) -> str:
    """Return why no one can create or change the resource, itself or by its first owner; or an empty text."""
    reason = KINDS[address.kind].unchangeable(address)
    first = owners(address)[:1]
    return reason or (unchangeable(first[0]) if first else "")


def adapted(desired: RealmState, observed: RealmState) -> RealmState:
    """Return the desired state, completed from the observed one."""
    for family in FAMILIES:
        desired = family.adapt(desired, observed)
    return desired
