"""Which keys a file may hold and what their values look like: Keycloak 26.7's representations as plain tables.

`REALM` is a RealmRepresentation.
"""

from provisioner.representation.dropped import CURRENT, DROPPED
from provisioner.representation.realm import REALM, REALM_SETTINGS
from provisioner.representation.shape import Leaf, ListOf, MapOf, Object, OneOf, Shape, Text

__all__ = [
    "CURRENT",
    "DROPPED",
    "REALM",
    "REALM_SETTINGS",
    "Leaf",
    "ListOf",
    "MapOf",
    "Object",
    "OneOf",
    "Shape",
    "Text",
]
