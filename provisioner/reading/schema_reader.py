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
from provisioner.reading.variables import UndefinedVariableError, fill, foreign
from provisioner.representation import CURRENT, DROPPED, Leaf, ListOf, MapOf, Object, OneOf, Shape, Text

_BOOLEANS = {"true": True, "false": False}
_CURRENT = ".".join(map(str, CURRENT))
_VERSION = regex(r"(\d+)\.(\d+)")
_SHOWN = 40
_TEXTS = (Leaf.STR, Leaf.SECRET)


class Reader:
    """Reads the documents of one run and collects errors in `problems` instead of stopping at the first.

    `notes` has what was left out: of exports of an older Keycloak, what the present one no longer has; of any,
    what no request can set. `secrets` are the keys of secrets, in which a variable of another tool is refused.
    """

    def __init__(self, environment: Mapping[str, str], secrets: frozenset[str] = frozenset()) -> None:
        self._environment = environment
        self._secrets = secrets
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
                return self._object(self._renamed(value, shape, source), shape, source)
            case ListOf():
                return self._list(value, shape, source)
            case MapOf(item):
                return self._map(value, item, source)
            case OneOf(values):
                return self._one_of(value, values, source)

    def add_error(self, source: Source, message: str) -> None:
        """Add an error at that place."""
        self.problems.append(problem_at(source, message))

    def note(self, source: Source, message: str) -> None:
        """Add a warning about that place."""
        self.notes.append(problem_at(source, message))

    def _renamed(self, value: Any, shape: Object, source: Source) -> Any:
        """Return the object with keys of older versions under the names that they have today."""
        if not shape.renamed or not isinstance(value, dict):
            return value
        found = dict(value)
        for old, new in shape.renamed.items():
            if old in found:
                self.note(source.at(old), f"read as {new}, which is its name in Keycloak {_CURRENT}")
                found.setdefault(new, found.pop(old))
        return found

    def _object(self, value: Any, shape: Object, source: Source) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.add_error(source, f"must be an object, not {_shown(value)}")
            return {}
        found = {}
        for key, inner in value.items():
            if key in shape.ignored:
                continue
            if key not in shape.keys:
                self._refuse(key, shape, source.at(key))
            elif _is_simple(inner, shape.keys[key]):
                found[key] = inner
            elif inner is None or isinstance(inner, bool):
                found |= self._word(key, inner, shape, source.at(key))
            elif not _is_masked(inner, shape.keys[key]):
                found[key] = self.read(inner, shape.keys[key], source.at(key))
        for key in shape.required:
            if key not in found:
                self.add_error(source, f"the key {key} is missing")
        return found

    def _word(self, key: str, value: bool | None, shape: Object, source: Source) -> dict[str, Any]:
        """Read true, false or `null`; `null` empties an object of free keys, elsewhere it says nothing."""
        if key in shape.required and not source.file.endswith(".json"):
            self.add_error(source, f"must be text, not {_shown(value)}: write a name in quotes")
            return {key: None}
        if value is not None:
            return {key: self.read(value, shape.keys[key], source)}
        if isinstance(shape.keys[key], MapOf):
            return {key: {}}
        if key not in shape.required:
            self.note(source, "null says nothing here: left out")
        return {}

    def _refuse(self, key: str, shape: Object, source: Source) -> None:
        """Report a key that the shape does not have: an error, or a note if an older Keycloak exported it."""
        dropped = DROPPED.get(shape.name, {}).get(key)
        if dropped and self._is_old:
            self.note(source, f"no longer in Keycloak {_CURRENT}: left out")
        elif key in shape.remarked:
            self.note(source, f"left out: {shape.remarked[key]}")
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
            self._check_names(items, shape, source)
        return self._distinct(items, source) if shape.distinct else items

    def _distinct(self, items: list[str], source: Source) -> list[str]:
        """Return the texts that Keycloak keeps; other texts are worth a warning, other values an error."""
        kept = list(dict.fromkeys(item for item in items if item and isinstance(item, str)))
        if "" in items:
            self.note(source.at(items.index("")), "an empty text, which Keycloak drops: left out")
        for item in kept:
            if items.count(item) > 1:
                self.note(source, f"{item!r} is in this list several times: taken once")
        return kept

    def _check_names(self, items: list[Any], shape: ListOf, source: Source) -> None:
        by = shape.by
        met: dict[tuple[Any, ...], int] = {}
        for index, item in enumerate(items):
            name = tuple(item.get(key) for key in by)
            if not all(isinstance(part, Hashable) for part in name):
                continue  # complained of where it was read
            if None in name or met.setdefault(name, index) == index:
                continue
            if not (shape.repeats and items[met[name]] == item):
                line = position_of(source.at(met[name], by[-1])).line
                self.add_error(source.at(index, by[-1]), f"{name[-1]!r} is already in this list, in line {line}")

    def _map(self, value: Any, item: Shape, source: Source) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.add_error(source, f"must be an object, not {_shown(value)}")
            return {}
        return {
            key: self._entry(inner, item, source.at(key))
            for key, inner in value.items()
            if not _is_masked(inner, item)
        }

    def _entry(self, value: Any, item: Shape, source: Source) -> Any:
        """Read an entry of an object of free keys; `null` takes it away."""
        if value is None:
            return [] if isinstance(item, ListOf) else {} if isinstance(item, (MapOf, Object)) else None
        return self.read(value, item, source)

    def _one_of(self, value: Any, values: tuple[str, ...], source: Source) -> str:
        text = str(self._leaf(value, Leaf.STR, source))
        found = {value.lower(): value for value in values}.get(text.lower())
        if found is None and isinstance(value, str):
            self.add_error(source, f"must be one of {', '.join(values)}, not {_shown(value)}{_hint(value)}")
        return found or text

    def _text(self, value: Any, longest: int, source: Source) -> str:
        text = str(self._leaf(value, Leaf.STR, source))
        if len(text) > longest:
            self.add_error(source, f"must have at most {longest} characters, not {len(text)}")
        return text

    def _leaf(self, value: Any, leaf: Leaf, source: Source) -> Any:
        filled = self._filled(value, source)
        if leaf in _TEXTS and isinstance(value, str) and "$" in value:
            self._check_foreign(value, source)
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
                self.add_error(source, f"must be {leaf.value}, not {found}{_hint(value)}")
                return filled

    def _check_foreign(self, value: str, source: Source) -> None:
        """Refuse a variable of another tool where it would become a secret or the realm's name, else warn."""
        hint = foreign(value)
        if not hint:
            return
        key = next((key for key in reversed(source.keys) if isinstance(key, str)), "")
        if key in self._secrets or source.keys == ("realm",):
            self.add_error(source, hint)
        else:
            self.note(source, hint)

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
    """Whether there is nothing to read or check: nearly every value of a large file, so this is the short way."""
    if type(value) is not str or "$" in value:
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


def _hint(value: Any) -> str:
    """How to write here the variable of another tool in the value, as the end of a sentence."""
    hint = foreign(value) if isinstance(value, str) else ""
    return f"; {hint}" if hint else ""


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
    """Return the integer that the value means, or None."""
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
