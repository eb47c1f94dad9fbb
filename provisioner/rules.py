"""How each kind is compared: one table, read by the plan and by what prints it."""

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.state import Address, Kind

MASK = "**********"
"""What Keycloak shows instead of a secret, and what we print instead of one. Never sent."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`created_with` fields are only said at creation; `at_least` lists may have more on the server.

    Objects are compared by the keys that the files give, unless they are `whole`. `secret` fields are never
    printed. `part_of`: created together with the resource of that kind whose names begin its own.
    """

    created_with: frozenset[str] = frozenset()
    at_least: frozenset[str] = frozenset()
    whole: bool = False
    secret: frozenset[str] = frozenset()
    part_of: Kind | None = None


RULES: Mapping[Kind, Rule] = {
    Kind.REALM: Rule(secret=frozenset({"password", "authTokenClientSecret"})),
    Kind.USER_PROFILE: Rule(whole=True),
    Kind.CLIENT_SCOPE: Rule(created_with=frozenset({"protocolMappers"})),
    Kind.CLIENT_SCOPE_MAPPER: Rule(part_of=Kind.CLIENT_SCOPE),
    Kind.REALM_DEFAULT_SCOPE: Rule(),
    Kind.CLIENT: Rule(
        created_with=frozenset({"protocolMappers", "defaultClientScopes", "optionalClientScopes"}),
        secret=frozenset({"secret"}),
    ),
    Kind.CLIENT_MAPPER: Rule(part_of=Kind.CLIENT),
    Kind.ASSIGNED_SCOPE: Rule(part_of=Kind.CLIENT),
    Kind.SCOPE_MAPPING: Rule(at_least=frozenset({"roles"})),
    Kind.GROUP: Rule(),
    Kind.COMPANY: Rule(created_with=frozenset({"subGroups"})),
    Kind.COMPANY_SUBGROUP: Rule(part_of=Kind.COMPANY),
    Kind.USER: Rule(
        created_with=frozenset({"credentials", "requiredActions"}),
        at_least=frozenset({"groups"}),
        secret=frozenset({"value", "secretData", "credentialData"}),
    ),
    Kind.ROLE_MAPPING: Rule(at_least=frozenset({"roles"})),
    Kind.PERSON: Rule(
        created_with=frozenset({"email", "last_name", "first_name", "title", "locale", "administers"})
    ),
    Kind.ADMINISTRATOR: Rule(),
    Kind.POLICY: Rule(),
    Kind.PERMISSION: Rule(),
    Kind.ACTIVATION_MAIL: Rule(),
}


def owner(address: Address) -> Address | None:
    """The resource that this one is created together with, if its kind is part of another."""
    parent = RULES[address.kind].part_of
    return Address(parent, address.names[:1]) if parent else None
