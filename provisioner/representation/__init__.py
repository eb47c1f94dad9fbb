"""The keys and values that files may contain: the representations of Keycloak 26.7 as plain tables.

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
