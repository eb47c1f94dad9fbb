"""Check a document against a table of keys: fill in variables, convert values, collect all errors."""

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
    """Reads the documents of one run and collects errors in `problems` instead of stopping at the first.

    `notes` are the keys that were left out: keys that Keycloak has dropped, in exports of older versions, and keys
    that no request can set.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._is_old = False
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []

    def read_document(self, document: Document, shape: Shape) -> Document:
        """Return the document with its content in the types of the shape."""
        self._is_old = _is_old(document.content)
        return Document(document.source, self.read(document.content, shape, document.source))

    def read(self, value: Any, shape: Shape, source: Source) -> Any:
        """Return the value in the type of its shape, without keys whose value is `null` or a masked secret."""
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

    def add_error(self, source: Source, message: str) -> None:
        """Add an error at that place."""
        self.problems.append(problem_at(source, message))

    def _object(self, value: Any, shape: Object, source: Source) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.add_error(source, f"must be an object, not {_shown(value)}")
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
                self.add_error(source, f"the key {key} is missing")
        return found

    def _refuse(self, key: str, shape: Object, source: Source) -> None:
        """Report a key that the shape does not have: an error, or a note if an older Keycloak exported it."""
        dropped = DROPPED.get(shape.name, {}).get(key)
        if dropped and self._is_old:
            self.notes.append(problem_at(source, f"no longer in Keycloak {_CURRENT}: left out"))
        elif key in shape.remarked:
            self.notes.append(problem_at(source, f"left out: {shape.remarked[key]}"))
        elif dropped:
            self.add_error(source, f"Keycloak dropped this key in {dropped}")
        elif key in shape.unmanaged:
            reason = shape.unmanaged[key]
            self.add_error(source, f"a key of Keycloak that the provisioner does not manage: {reason}")
        else:
            self.add_error(source, f"unknown key{_suggestion(key, shape)}")

    def _list(self, value: Any, shape: ListOf, source: Source) -> list[Any]:
        if not isinstance(value, list):
            if shape.lenient and isinstance(value, str):
                return [self.read(value, shape.item, source)]
            self.add_error(source, f"must be a list, not {_shown(value)}")
            return []
        items = [self.read(inner, shape.item, source.at(index)) for index, inner in enumerate(value)]
        if shape.by:
            self._check_names(items, shape.by, source)
        return items

    def _check_names(self, items: list[Any], by: tuple[str, ...], source: Source) -> None:
        seen: dict[tuple[Any, ...], int] = {}
        for index, item in enumerate(items):
            name = tuple(item.get(key) for key in by)
            if not all(isinstance(part, Hashable) for part in name):
                continue  # reported where it was read
            if None not in name and seen.setdefault(name, index) != index:
                line = position_of(source.at(seen[name], by[-1])).line
                self.add_error(source.at(index, by[-1]), f"{name[-1]!r} is already in this list, in line {line}")

    def _map(self, value: Any, item: Shape, source: Source) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.add_error(source, f"must be an object, not {_shown(value)}")
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
            self.add_error(source, f"must be one of {', '.join(values)}, not {_shown(value)}")
        return found or text

    def _text(self, value: Any, longest: int, source: Source) -> str:
        text = str(self._leaf(value, Leaf.STR, source))
        if len(text) > longest:
            self.add_error(source, f"must have at most {longest} characters, not {len(text)}")
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
                self.add_error(source, f"must be {leaf.value}, not {found}")
                return filled

    def _filled(self, value: Any, source: Source) -> Any:
        match value:
            case str():
                try:
                    return fill(value, self._environment) if "${" in value else value
                except UndefinedVariableError as error:
                    self.add_error(source, str(error))
                    return value
            case list():
                return [self._filled(inner, source.at(index)) for index, inner in enumerate(value)]
            case dict():
                return {key: self._filled(inner, source.at(key)) for key, inner in value.items()}
            case _:
                return value


def _is_old(content: Any) -> bool:
    """Return whether the document is an export of a Keycloak before the version of the tables."""
    written = content.get("keycloakVersion") if isinstance(content, dict) else None
    found = _VERSION.match(written) if isinstance(written, str) else None
    return found is not None and (int(found[1]), int(found[2])) < CURRENT


def _is_simple(value: Any, shape: Shape) -> bool:
    """Return whether the value needs no conversion, as nearly all values of a large file: a fast path."""
    if type(value) is not str or "${" in value:
        return False
    return shape is Leaf.STR or (isinstance(shape, Text) and len(value) <= shape.longest)


def _is_masked(value: Any, shape: Shape) -> bool:
    """Return whether the value is the mask that the server exports instead of a secret."""
    match shape:
        case Leaf.SECRET:
            return bool(value == MASK)
        case ListOf(Leaf.SECRET):
            return isinstance(value, list) and MASK in value
        case _:
            return False


def _plain(value: Any) -> Any:
    """Return the value with numbers in place of their texts."""
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
    """Return the value as messages show it: as written in the file, with variables not filled in."""
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
    """Return the integer that the value stands for, or None."""
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
