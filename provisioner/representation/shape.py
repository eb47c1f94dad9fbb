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

    A `lenient` list may be written as its only item. Of a `distinct` one Keycloak keeps a set of texts: no empty
    one and none twice. With `repeats`, an item may be there again if it is equal.
    """

    item: "Shape"
    by: tuple[str, ...] = ()
    lenient: bool = False
    distinct: bool = False
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with any keys and values of one shape."""

    value: "Shape"


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """An object with known keys, of which some are `required`.

    Its `ignored` keys are written by the server's export and mean nothing in a file; its `unmanaged` keys are
    real, but no kind manages them: each with the reason. `remarked` keys are left out with a remark instead of an
    error: exports have them, and no request can set them. `renamed` keys of older versions are read as their new
    ones. `name` is what it is called in the JSON Schema.
    """

    name: str
    keys: Mapping[str, "Shape"]
    required: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    unmanaged: Mapping[str, str] = field(default_factory=dict)
    remarked: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)


Shape = Leaf | Text | OneOf | ListOf | MapOf | Object

NAME = Text(255)
TEXTS = MapOf(Leaf.STR)
SETTINGS = MapOf(Leaf.SECRET)
STRINGS = ListOf(Leaf.STR)
SETS = ListOf(Leaf.STR, distinct=True)
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
