"""A document against its table of keys: variables filled, values in their right type, every problem named."""

from collections.abc import Hashable, Mapping
from difflib import get_close_matches
from re import compile as regex
from typing import Any

from provisioner.errors import Problem
from provisioner.model.rules import MASK
from provisioner.model.state import Source
from provisioner.reading.documents import Document, position_of, problem_at
from provisioner.reading.positions import Written
from provisioner.reading.variables import UndefinedVariableError, fill
from provisioner.representation import CURRENT, DROPPED, Leaf, ListOf, MapOf, Object, OneOf, Shape, Text

_BOOLEANS = {"true": True, "false": False}
_CURRENT = ".".join(map(str, CURRENT))
_VERSION = regex(r"(\d+)\.(\d+)")
_SHOWN = 40


class Reader:
    """Reads values of one run; `problems` collects what is wrong instead of stopping at the first.

    `notes` has what was left out: of exports of an older Keycloak, what the present one no longer has; of any,
    what no request can set.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._is_old = False
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []

    def read_document(self, document: Document, shape: Shape) -> Document:
        """The document with its content as the shape wants it."""
        self._is_old = _is_old(document.content)
        return Document(document.source, self.read(document.content, shape, document.source))

    def read(self, value: Any, shape: Shape, source: Source) -> Any:
        """The value as its shape wants it; keys without a value (`null`, a masked secret) are left out."""
        match shape:
            case Leaf():
                return self._leaf(value, shape, source)
            case Text(longest):
                return self._text(value, longest, source)
            case Object():
                return self._object(value, shape, source)
            case ListOf():
                return self._list(value, shape, source)
            case MapOf(item):
                return self._map(value, item, source)
            case OneOf(values):
                return self._one_of(value, values, source)

    def complain(self, source: Source, message: str) -> None:
        """Names a problem of that place."""
        self.problems.append(problem_at(source, message))

    def _object(self, value: Any, shape: Object, source: Source) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.complain(source, f"must be an object, not {_shown(value)}")
            return {}
        found = {}
        for key, inner in value.items():
            if inner is None or key in shape.ignored:
                continue
            if key not in shape.keys:
                self._refuse(key, shape, source.at(key))
            elif _is_simple(inner, shape.keys[key]):
                found[key] = inner
            elif not _is_masked(inner, shape.keys[key]):
                found[key] = self.read(inner, shape.keys[key], source.at(key))
        for key in shape.required:
            if key not in found:
                self.complain(source, f"the key {key} is missing")
        return found

    def _refuse(self, key: str, shape: Object, source: Source) -> None:
        """A key that has no place there: an error, unless a Keycloak wrote it that still had it."""
        dropped = DROPPED.get(shape.name, {}).get(key)
        if dropped and self._is_old:
            self.notes.append(problem_at(source, f"no longer in Keycloak {_CURRENT}: left out"))
        elif key in shape.remarked:
            self.notes.append(problem_at(source, f"left out: {shape.remarked[key]}"))
        elif dropped:
            self.complain(source, f"Keycloak has dropped this key in {dropped}")
        elif key in shape.unmanaged:
            reason = shape.unmanaged[key]
            self.complain(source, f"a key of Keycloak that the provisioner does not manage: {reason}")
        else:
            self.complain(source, f"unknown key{_suggestion(key, shape)}")

    def _list(self, value: Any, shape: ListOf, source: Source) -> list[Any]:
        if not isinstance(value, list):
            if shape.lenient and isinstance(value, str):
                return [self.read(value, shape.item, source)]
            self.complain(source, f"must be a list, not {_shown(value)}")
            return []
        items = [self.read(inner, shape.item, source.at(index)) for index, inner in enumerate(value)]
        if shape.by:
            self._check_names(items, shape.by, source)
        return items

    def _check_names(self, items: list[Any], by: tuple[str, ...], source: Source) -> None:
        met: dict[tuple[Any, ...], int] = {}
        for index, item in enumerate(items):
            name = tuple(item.get(key) for key in by)
            if not all(isinstance(part, Hashable) for part in name):
                continue  # complained of where it was read
            if None not in name and met.setdefault(name, index) != index:
                line = position_of(source.at(met[name], by[-1])).line
                self.complain(source.at(index, by[-1]), f"{name[-1]!r} is in this list already, in line {line}")

    def _map(self, value: Any, item: Shape, source: Source) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.complain(source, f"must be an object, not {_shown(value)}")
            return {}
        return {
            key: self.read(inner, item, source.at(key))
            for key, inner in value.items()
            if inner is not None and not _is_masked(inner, item)
        }

    def _one_of(self, value: Any, values: tuple[str, ...], source: Source) -> str:
        text = str(self._leaf(value, Leaf.STR, source))
        found = {value.lower(): value for value in values}.get(text.lower())
        if found is None and isinstance(value, str):
            self.complain(source, f"must be one of {', '.join(values)}, not {_shown(value)}")
        return found or text

    def _text(self, value: Any, longest: int, source: Source) -> str:
        text = str(self._leaf(value, Leaf.STR, source))
        if len(text) > longest:
            self.complain(source, f"must have at most {longest} characters, not {len(text)}")
        return text

    def _leaf(self, value: Any, leaf: Leaf, source: Source) -> Any:
        filled = self._filled(value, source)
        match leaf:
            case Leaf.STR | Leaf.SECRET if isinstance(filled, str):
                return str(filled)
            case Leaf.STR | Leaf.SECRET if isinstance(filled, (bool, int, float)):
                return str(filled).lower() if isinstance(filled, bool) else str(filled)
            case Leaf.BOOL if isinstance(filled, bool):
                return filled
            case Leaf.BOOL if isinstance(filled, str) and filled.lower() in _BOOLEANS:
                return _BOOLEANS[filled.lower()]
            case Leaf.INT if (whole := _whole(filled)) is not None:
                return whole
            case Leaf.ANY:
                return _plain(filled)
            case _:
                found = _shown(value, secret=leaf is Leaf.SECRET)
                self.complain(source, f"must be {leaf.value}, not {found}")
                return filled

    def _filled(self, value: Any, source: Source) -> Any:
        match value:
            case str():
                try:
                    return fill(value, self._environment) if "${" in value else value
                except UndefinedVariableError as error:
                    self.complain(source, str(error))
                    return value
            case list():
                return [self._filled(inner, source.at(index)) for index, inner in enumerate(value)]
            case dict():
                return {key: self._filled(inner, source.at(key)) for key, inner in value.items()}
            case _:
                return value


def _is_old(content: Any) -> bool:
    """Whether it is an export of a Keycloak before the one that the tables are of."""
    written = content.get("keycloakVersion") if isinstance(content, dict) else None
    found = _VERSION.match(written) if isinstance(written, str) else None
    return found is not None and (int(found[1]), int(found[2])) < CURRENT


def _is_simple(value: Any, shape: Shape) -> bool:
    """Whether there is nothing to read or check: nearly every value of a large file, so this is the short way."""
    if type(value) is not str or "${" in value:
        return False
    return shape is Leaf.STR or (isinstance(shape, Text) and len(value) <= shape.longest)


def _is_masked(value: Any, shape: Shape) -> bool:
    """Whether the server wrote it instead of a secret: that says nothing."""
    match shape:
        case Leaf.SECRET:
            return bool(value == MASK)
        case ListOf(Leaf.SECRET):
            return isinstance(value, list) and MASK in value
        case _:
            return False


def _plain(value: Any) -> Any:
    """The value with numbers where numbers were written."""
    match value:
        case Written():
            return value.number
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value


def _shown(value: Any, secret: bool = False) -> str:
    """The value as an error names it, as it stands in the file: no variable is filled."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case None:
            return "nothing"
        case _ if secret:
            return "that"
        case bool():
            return str(value).lower()
        case str() if not isinstance(value, Written):
            return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")
        case _:
            return str(value)[:_SHOWN]


def _whole(value: Any) -> int | None:
    """The whole number that is meant, none if it is no such thing."""
    match value:
        case Written():
            return value.number if isinstance(value.number, int) else None
        case str():
            digits = value.removeprefix("-")
            return int(value) if digits.isascii() and digits.isdecimal() and len(digits) < _SHOWN else None
        case int() if not isinstance(value, bool):
            return value
        case _:
            return None


def _suggestion(key: str, shape: Object) -> str:
    same = [known for known in shape.keys if known.lower() == key.lower()]
    close = same or get_close_matches(key, shape.keys, n=1, cutoff=0.75)
    return f" (did you mean {close[0]}?)" if close else ""
