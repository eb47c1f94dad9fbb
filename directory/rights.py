"""What the portal's own account holds, and what of it is too much. Pure; a gateway reads it.

The account reads by the role `view-users` of `realm-management` and writes by fine-grained permissions
(`docs/adr/0009-reads-by-role.md`). With one role more it could take the realm over (measured), so the portal does
not work with such an account.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MANAGEMENT = "realm-management"
DIRECTORY_ROLE = "view-users"
"""The only role that the account is given."""
DIRECTORY_RIGHTS = frozenset({DIRECTORY_ROLE, "query-users", "query-groups"})
"""All that the account may hold of `realm-management`: that role, and those that Keycloak makes part of it."""

ORDINARY_ROLES: Mapping[str, frozenset[str]] = {
    "": frozenset({"offline_access", "uma_authorization"}),
    "account": frozenset({"manage-account", "manage-account-links", "view-profile"}),
    MANAGEMENT: DIRECTORY_RIGHTS,
}
"""Roles that the account may have, by client (the realm itself is ""): those of every account, which give no right
over anybody else, and those that it needs."""
DEFAULT_ROLES = "default-roles-"
"""Prefix of the role that every account of a realm has; the token lists its parts as well."""

TOO_MUCH = frozenset({"impersonate", "mapRoles"})
"""Rights over a person. (The others that Keycloak lists come with attaching and inviting.)"""
TOO_MUCH_OF_COMPANY = frozenset({"manage"})
ENOUGH_OF_ITSELF = frozenset({"view"})
"""The right that the role gives over the account itself; the deny list takes away all others."""

OPEN_PROFILE = "ENABLED"


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of the service account, as Keycloak tells them to it.

    `roles` are by client, those of the realm under "". `over_person` and `over_company` are its rights over one of
    each, `over_itself` those over its own account. `unmanaged_attributes` is the realm's policy for attributes
    that its user profile does not declare; empty when it has none.
    """

    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    over_person: frozenset[str] = frozenset()
    over_company: frozenset[str] = frozenset()
    over_itself: frozenset[str] = frozenset()
    unmanaged_attributes: str = ""


def excess(found: Rights) -> tuple[str, ...]:
    """Return the reasons why the portal must not use this account in this realm, in words."""
    return (
        *_roles(found),
        *_rights(found.over_person & TOO_MUCH, "over people"),
        *_rights(found.over_company & TOO_MUCH_OF_COMPANY, "over companies"),
        *_rights(found.over_itself - ENOUGH_OF_ITSELF, "over its own account"),
        *_profile(found),
    )


def shortfall(found: Rights) -> tuple[str, ...]:
    """Return the roles that the account needs and its token does not name, in words."""
    held = found.roles.get(MANAGEMENT, frozenset())
    return tuple(f"lacks {role} of {MANAGEMENT}" for role in sorted(DIRECTORY_RIGHTS - held))


def _roles(found: Rights) -> Iterable[str]:
    for client, held in sorted(found.roles.items()):
        ordinary = ORDINARY_ROLES.get(client, frozenset())
        of = f"of {client}" if client else "of the realm"
        for role in sorted(held - ordinary):
            if client or not role.startswith(DEFAULT_ROLES):
                yield f"holds {role} {of}"


def _rights(too_much: Iterable[str], over: str) -> Iterable[str]:
    return (f"has the right {right} {over}" for right in sorted(too_much))


def _profile(found: Rights) -> Iterable[str]:
    if found.unmanaged_attributes == OPEN_PROFILE:
        yield "works in a realm whose unmanagedAttributePolicy is ENABLED: people could give themselves attributes"
