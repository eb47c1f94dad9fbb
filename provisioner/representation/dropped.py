"""Keys that Keycloak once had and 26.7 does not have, with the version that dropped them.

Made from the classes of keycloak-core 1.2 to 26.7. Nothing was dropped after 4.0.
"""

from collections.abc import Mapping

CURRENT = (26, 7)
"""The version of the tables."""

DROPPED: Mapping[str, Mapping[str, str]] = {
    "Realm": {"identityFederationEnabled": "1.9", "realmCacheEnabled": "1.9", "userCacheEnabled": "1.9"},
    "User": {"attributesAsListValues": "1.9"},
    "AuthorizationResource": {"typedScopes": "4.0"},
}
"""By the names of the tables."""
