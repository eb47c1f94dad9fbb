"""How the resources of a kind are compared, recorded and shown."""

from dataclasses import dataclass

MASK = "**********"
"""What Keycloak shows instead of a secret, and what is printed instead of one. Never sent."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How the resources of one kind are compared.

    Comparing: `created_with` fields are only set at creation. `at_least` lists may be longer on the server.
    Objects are compared by the keys that the files give, unless they are `whole`. A `fixed` field cannot be
    changed, so a difference replaces the resource.

    Secrets: `secret` fields are never printed. With `masks` the server does not show them either, so their digests
    are kept, and those of every text in the objects `masked_in`.

    Ownership: `with_owner` resources are created by the request that creates their first owner. `shared` kinds are
    also created by the portal, so resources that the files do not name are ignored and never deleted. Only
    `recorded` kinds are noted in the realm when an apply creates them.

    `maps` are the fields whose keys belong to their author, one by one: a key that an apply set and the files
    drop is deleted. With `is_map`, the fields themselves are such keys.

    Exporting: without the `named_by` fields a file cannot tell which resource it means.
    """

    created_with: frozenset[str] = frozenset()
    at_least: frozenset[str] = frozenset()
    whole: bool = False
    fixed: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    masks: bool = False
    masked_in: frozenset[str] = frozenset()
    with_owner: bool = False
    shared: bool = False
    maps: frozenset[str] = frozenset()
    is_map: bool = False
    named_by: frozenset[str] = frozenset()
    recorded: bool = True
