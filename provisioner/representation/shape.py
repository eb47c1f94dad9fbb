"""The shapes of values, of which the tables are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Leaf(StrEnum):
    """A value without keys. A secret is never shown; its mask in a file counts as absent."""

    BOOL = "true or false"
    INT = "a whole number"
    STR = "text"
    SECRET = "text, perhaps secret"  # noqa: S105 (says what is expected)
    ANY = "anything"


@dataclass(frozen=True, slots=True)
class Text:
    """Text with a maximum length."""

    longest: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """Text from a closed list, read in any case and returned in the case of the list."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of items of one shape. The values of the keys `by` identify an item, so they must be unique.

    A `lenient` list of one item may be written as that item.
    """

    item: "Shape"
    by: tuple[str, ...] = ()
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with any keys and values of one shape."""

    value: "Shape"


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """An object with known keys, of which some are `required`.

    `ignored` keys are in exports and have no meaning in a file. `unmanaged` keys exist in Keycloak and no kind
    manages them. `remarked` keys are in exports and no request can set them, so they are left out with a note
    instead of an error. Both have a reason each. `name` is the name in the JSON Schema.
    """

    name: str
    keys: Mapping[str, "Shape"]
    required: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    unmanaged: Mapping[str, str] = field(default_factory=dict)
    remarked: Mapping[str, str] = field(default_factory=dict)


Shape = Leaf | Text | OneOf | ListOf | MapOf | Object

NAME = Text(255)
TEXTS = MapOf(Leaf.STR)
SETTINGS = MapOf(Leaf.SECRET)
STRINGS = ListOf(Leaf.STR)
STRING_LISTS = MapOf(STRINGS)
SETTING_LISTS = MapOf(ListOf(Leaf.SECRET))
LENIENT_LISTS = MapOf(ListOf(Leaf.STR, lenient=True))


def keys(shape: Shape, names: str) -> dict[str, Shape]:
    """Return these keys, each with that shape."""
    return dict.fromkeys(names.split(), shape)


def names(text: str) -> frozenset[str]:
    """Return the names in the text."""
    return frozenset(text.split())


def because(reason: str, text: str) -> dict[str, str]:
    """Return these keys, each with that reason."""
    return dict.fromkeys(text.split(), reason)
