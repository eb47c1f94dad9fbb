"""Authorization settings of a client: resources, scopes, policies and permissions."""

from provisioner.representation.shape import (
    LENIENT_LISTS,
    NAME,
    STRINGS,
    TEXTS,
    Leaf,
    ListOf,
    Object,
    OneOf,
    because,
    keys,
    names,
)

_STRATEGY = OneOf(("AFFIRMATIVE", "UNANIMOUS", "CONSENSUS"))
_UMA = "only in the protocol for resources of users (UMA), never in an export"

SCOPE = Object(
    "AuthorizationScope",
    {"name": NAME, **keys(Leaf.STR, "displayName iconUri")},
    required=("name",),
    ignored=names("id"),
    unmanaged=because(_UMA, "policies resources"),
)

RESOURCE = Object(
    "AuthorizationResource",
    {
        **keys(NAME, "name type displayName"),
        **keys(Leaf.STR, "uri icon_uri"),
        "ownerManagedAccess": Leaf.BOOL,
        "attributes": LENIENT_LISTS,
        "uris": STRINGS,
        "scopes": ListOf(SCOPE, by=("name",)),
    },
    required=("name",),
    ignored=names("_id owner"),
    unmanaged=because(_UMA, "resource_scopes"),
)

POLICY = Object(
    "AuthorizationPolicy",
    {
        **keys(NAME, "name type"),
        **keys(Leaf.STR, "description resourceType"),
        "logic": OneOf(("POSITIVE", "NEGATIVE")),
        "decisionStrategy": _STRATEGY,
        "config": TEXTS,
        **keys(STRINGS, "policies resources scopes"),
    },
    required=("name", "type"),
    ignored=names("id"),
    unmanaged=because(_UMA, "owner resourcesData scopesData"),
)

RESOURCE_SERVER = Object(
    "AuthorizationSettings",
    {
        "allowRemoteResourceManagement": Leaf.BOOL,
        "policyEnforcementMode": OneOf(("ENFORCING", "PERMISSIVE", "DISABLED")),
        "decisionStrategy": _STRATEGY,
        "policies": ListOf(POLICY, by=("name",)),
        "resources": ListOf(RESOURCE, by=("name",)),
        "scopes": ListOf(SCOPE, by=("name",)),
    },
    ignored=names("id clientId name authorizationSchema"),
)
