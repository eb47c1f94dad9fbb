"""YAML text to values, and the positions of keys.

Reads the core schema of YAML 1.2 (`no`, `on`, `12:30` and `2026-01-01` are texts) with keys always as text, and
also merge keys and several documents. Parsing is done by libyaml where PyYAML has it, ten times as fast as in
Python. The values are built here because the loader of PyYAML crashes on deeply nested texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from re import compile as regex
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from provisioner.reading.positions import DEEPEST, TOO_DEEP, Position, TextError, Written, number, repeated

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first one exists if PyYAML was built with libyaml
_TAG = "tag:yaml.org,2002:"
_LARGEST = 5_000_000
"""Values in one document with aliases expanded; more is taken for an attack."""
_LONGEST_NUMBER = 4000
_MERGE = "<<"
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_START = frozenset("-+.0123456789")
_INT = regex(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+").fullmatch
_FLOAT = regex(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?").fullmatch

_Container = dict[str, Any] | list[Any]
_Place = tuple[int, str | int]
"""The identity of a container, and a key in it."""


class _RepeatedKeyError(ValueError):
    pass


def documents(text: str) -> list[Any]:
    """The values of all documents in the text."""
    try:
        return _Builder(with_places=False).read(text)
    except _RepeatedKeyError:
        return _Builder(with_places=True).read(text)  # raises again, now with the first place of the key


def position(text: str, document: int, keys: Sequence[str | int]) -> Position | None:
    """Return the position of the last of these keys, or of the nearest one above that exists."""
    values, places = _placed(text)
    value, found = values[document], places.get((0, document))
    for key in keys:
        here = places.get((id(value), key))
        if here is None:
            break
        value, found = value[key], here
    return found


@lru_cache(maxsize=4)
def _placed(text: str) -> tuple[list[Any], dict[_Place, Position]]:
    builder = _Builder(with_places=True)
    return builder.read(text), builder.places


@dataclass(slots=True)
class _Open:
    """A container that is being read."""

    value: _Container
    start: MappingStartEvent | SequenceStartEvent
    before: int
    key: str | None = None
    merged: list[tuple[Any, Event]] = field(default_factory=list)


class _Builder:
    """Builds the values of one text from the events of the parser."""

    def __init__(self, with_places: bool) -> None:
        self.places: dict[_Place, Position] = {}
        self._with_places = with_places
        self._documents: list[Any] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int] | None] = {}
        self._count = 0

    def read(self, text: str) -> list[Any]:
        """Return the values of all documents."""
        for event in _events(text):
            match event:
                case ScalarEvent():
                    self._scalar(event)
                case MappingStartEvent() | SequenceStartEvent():
                    self._begin(event)
                case MappingEndEvent() | SequenceEndEvent():
                    self._end()
                case AliasEvent():
                    self._alias(event)
                case DocumentStartEvent():
                    self._anchors, self._count = {}, 0
                case _:
                    pass
        return self._documents

    def _scalar(self, event: ScalarEvent) -> None:
        self._count += 1
        open = self._open[-1] if self._open else None
        if open is not None and isinstance(open.value, dict) and open.key is None:
            self._key(open, event)
            return
        value = _scalar(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, event)

    def _key(self, open: _Open, event: ScalarEvent) -> None:
        if event.value in open.value:
            if not self._with_places:
                raise _RepeatedKeyError
            raise repeated(event.value, _position(event), self.places.get((id(open.value), event.value)))
        open.key = event.value
        if self._with_places:
            self.places[id(open.value), event.value] = _position(event)

    def _put(self, value: Any, event: Event) -> None:
        if not self._open:
            self._note(0, len(self._documents), event)
            self._documents.append(value)
            return
        open = self._open[-1]
        if isinstance(open.value, list):
            self._note(id(open.value), len(open.value), event)
            open.value.append(value)
        elif open.key == _MERGE:
            open.merged.append((value, event))
            open.key = None
        elif open.key is None:
            raise TextError("a key must be text", _position(event))
        else:
            open.value[open.key] = value
            open.key = None

    def _note(self, container: int, key: str | int, event: Event) -> None:
        if self._with_places:
            self.places[container, key] = _position(event)

    def _begin(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        is_mapping = isinstance(event, MappingStartEvent)
        if event.tag not in (None, "!", f"{_TAG}{'map' if is_mapping else 'seq'}"):
            raise TextError(f"the tag {event.tag} is not known", _position(event))
        if len(self._open) >= DEEPEST:
            raise TextError(TOO_DEEP, _position(event))
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open({} if is_mapping else [], event, self._count))

    def _end(self) -> None:
        open = self._open.pop()
        self._count += 1
        if isinstance(open.value, dict):
            for value, event in open.merged:
                self._merge(open.value, value, event)
        if open.start.anchor:
            self._anchors[open.start.anchor] = (open.value, self._count - open.before)
        self._put(open.value, open.start)

    def _merge(self, into: dict[str, Any], value: Any, event: Event) -> None:
        """Add merged keys: a container's own keys take precedence, then earlier merged objects over later ones."""
        for more in value if isinstance(value, list) else [value]:
            if not isinstance(more, dict):
                raise TextError("the value of << must be an object or a list of objects", _position(event))
            for key, inner in more.items():
                if key not in into:
                    into[key] = inner
                    if self._with_places:
                        self.places[id(into), key] = self.places[id(more), key]

    def _alias(self, event: AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise TextError(f"undefined anchor &{event.anchor}", _position(event))
        known = self._anchors[event.anchor]
        if known is None:
            raise TextError(f"*{event.anchor} is inside the value of its own anchor", _position(event))
        value, size = known
        self._count += size
        if self._count > _LARGEST:
            raise TextError("too large with its aliases expanded", _position(event))
        self._put(value, event)


def _events(text: str) -> Iterator[Event]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Position(mark.line + 1, mark.column + 1) if mark else None
        raise TextError(f"not YAML: {(error.problem or 'cannot be parsed').splitlines()[0]}", place) from error
    except yaml.YAMLError as error:
        raise TextError(f"not YAML: {str(error).splitlines()[0]}") from error


def _position(event: Event) -> Position:
    mark = event.start_mark
    return Position(mark.line + 1, mark.column + 1) if mark else Position(0, 0)


def _scalar(event: ScalarEvent) -> Any:
    text = event.value
    if event.tag is None and event.implicit[0]:
        return _plain(text)
    match (event.tag or "").removeprefix(_TAG):
        case "" | "!" | "str":
            return text
        case "null" | "bool" | "int" | "float" if not isinstance(_plain(text), str) or _is_number(text):
            return _plain(text)
        case tag:
            raise TextError(f"the tag {tag} is unknown or does not fit the value", _position(event))


def _plain(text: str) -> Any:
    """Return the value of a text without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if not _is_number(text):
        return text
    value = Written(text).number
    return number(text, value)


def _is_number(text: str) -> bool:
    if text[:1] not in _NUMBER_START or len(text) > _LONGEST_NUMBER:
        return False
    return bool(_INT(text) or _FLOAT(text))
