"""YAML text -> plain values, and where in the text they stand.

YAML 1.2's core schema (so `no`, `on`, `12:30` and `2026-01-01` are text), keys always text, merge keys and several
documents besides. libyaml does the parsing where PyYAML was built with it, ten times as fast as Python alone; the
values are put together here because PyYAML's own way crashes on a text of many levels.
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

from provisioner.reading.positions import DEEPEST, REPEATED, TOO_DEEP, Position, TextError, Written, number

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is there when built with libyaml
_TAG = "tag:yaml.org,2002:"
_LARGEST = 5_000_000
"""Values in one document, aliases written out: beyond that somebody plays a joke on us."""
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


def documents(text: str) -> list[Any]:
    """The values of all documents in the text."""
    return _Builder(with_places=False).read(text)


def position(text: str, document: int, keys: Sequence[str | int]) -> Position | None:
    """Where the last of these keys stands, or the nearest above it that is there."""
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
    """Puts together the values of one text from what the parser meets."""

    def __init__(self, with_places: bool) -> None:
        self.places: dict[_Place, Position] = {}
        self._with_places = with_places
        self._documents: list[Any] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int] | None] = {}
        self._count = 0

    def read(self, text: str) -> list[Any]:
        """The values of all documents."""
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
            raise TextError(REPEATED, _position(event), event.value)
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
        """Keys of its own come before those that are merged in, and earlier ones of these before later ones."""
        for more in value if isinstance(value, list) else [value]:
            if not isinstance(more, dict):
                raise TextError("what << takes in must be an object, or a list of them", _position(event))
            for key, inner in more.items():
                if key not in into:
                    into[key] = inner
                    if self._with_places:
                        self.places[id(into), key] = self.places[id(more), key]

    def _alias(self, event: AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise TextError(f"nothing before has the anchor &{event.anchor}", _position(event))
        known = self._anchors[event.anchor]
        if known is None:
            raise TextError(f"*{event.anchor} stands inside what it stands for", _position(event))
        value, size = known
        self._count += size
        if self._count > _LARGEST:
            raise TextError("too large when its aliases are written out", _position(event))
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
            raise TextError(f"the tag {tag} is not known, or not for this", _position(event))


def _plain(text: str) -> Any:
    """What text without quotes is."""
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
