"""What the tables are made of: the shapes a value can have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Leaf(StrEnum):
    """A value without keys of its own. A secret is never shown, and not said where a file has its mask."""

    BOOL = "true or false"
    INT = "a whole number"
    STR = "text"
    SECRET = "text, perhaps secret"  # noqa: S105 (says what is expected)
    ANY = "anything"


@dataclass(frozen=True, slots=True)
class Text:
    """Text that Keycloak has no more room for than this."""

    longest: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """Text out of a closed list, told in its spelling even if a file writes it in other cases."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items all have this shape; `by` is what names an item: no two in a list have the same.

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
    """An object with any keys, whose values all have this shape."""

    value: "Shape"


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """An object with known keys; `required` ones must be there.

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
    """These keys, all of that shape."""
    return dict.fromkeys(names.split(), shape)


def names(text: str) -> frozenset[str]:
    """The names in the text."""
    return frozenset(text.split())


def because(reason: str, text: str) -> dict[str, str]:
    """These keys, all with that reason."""
    return dict.fromkeys(text.split(), reason)
