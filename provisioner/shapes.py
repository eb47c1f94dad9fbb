"""A document against its table of keys: variables filled, values in their right type, every problem named."""

from collections.abc import Mapping
from typing import Any

from provisioner import files
from provisioner.errors import Problem
from provisioner.representation import Leaf, ListOf, MapOf, Object, OneOf, Shape, Text
from provisioner.rules import MASK
from provisioner.state import Source
from provisioner.variables import UndefinedVariableError, fill

_BOOLEANS = {"true": True, "false": False}


class Reader:
    """Reads values of one run; `problems` collects what is wrong instead of stopping at the first."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[Problem] = []

    def read(self, value: Any, shape: Shape, source: Source) -> Any:
        """The value as its shape wants it; keys without a value (`null`) are left out."""
        match shape:
            case Object():
                return self._object(value, shape, source)
            case ListOf():
                return self._list(value, shape, source)
            case MapOf(item):
                return self._map(value, item, source)
            case OneOf(values):
                return self._one_of(value, values, source)
            case Text(longest):
                return self._text(value, longest, source)
            case Leaf():
                return self._leaf(value, shape, source)

    def complain(self, source: Source, message: str) -> None:
        """Names a problem of that place."""
        self.problems.append(files.problem(source, message))

    def _object(self, value: Any, shape: Object, source: Source) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.complain(source, "must be an object")
            return {}
        found = {}
        for key, inner in value.items():
            if inner is None or key in shape.ignored:
                continue
            if key in shape.keys:
                if not _is_masked(inner, shape.keys[key]):
                    found[key] = self.read(inner, shape.keys[key], source.at(key))
            elif key in shape.unmanaged:
                reason = shape.unmanaged[key]
                self.complain(source.at(key), f"a key of Keycloak that the provisioner does not manage: {reason}")
            else:
                self.complain(source.at(key), f"unknown key{_suggestion(str(key), shape)}")
        for key in shape.required:
            if key not in found:
                self.complain(source, f"the key {key} is missing")
        return found

    def _list(self, value: Any, shape: ListOf, source: Source) -> list[Any]:
        if not isinstance(value, list):
            if shape.lenient and isinstance(value, str):
                return [self.read(value, shape.item, source)]
            self.complain(source, "must be a list")
            return []
        items = [self.read(inner, shape.item, source.at(index)) for index, inner in enumerate(value)]
        if shape.by:
            self._check_names(items, shape.by, source)
        return items

    def _check_names(self, items: list[Any], by: tuple[str, ...], source: Source) -> None:
        met: dict[tuple[str, ...], int] = {}
        for index, item in enumerate(items):
            name = tuple(str(item.get(key, "")) for key in by)
            if met.setdefault(name, index) != index:
                place = source.at(index, by[-1])
                self.complain(place, f"{name[-1]!r} is in this list already, at {source.at(met[name]).key}")

    def _map(self, value: Any, item: Shape, source: Source) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.complain(source, "must be an object")
            return {}
        return {
            str(key): self.read(inner, item, source.at(key))
            for key, inner in value.items()
            if inner is not None and not _is_masked(inner, item)
        }

    def _one_of(self, value: Any, values: tuple[str, ...], source: Source) -> str:
        text = str(self._leaf(value, Leaf.STR, source))
        found = {value.lower(): value for value in values}.get(text.lower())
        if found is None:
            self.complain(source, f"must be one of {', '.join(values)}")
        return found or text

    def _text(self, value: Any, longest: int, source: Source) -> str:
        text = str(self._leaf(value, Leaf.STR, source))
        if len(text) > longest:
            self.complain(source, f"must have at most {longest} characters, not {len(text)}")
        return text

    def _leaf(self, value: Any, leaf: Leaf, source: Source) -> Any:
        filled = self._filled(value, source)
        match leaf:
            case Leaf.ANY:
                return filled
            case Leaf.STR | Leaf.SECRET if isinstance(filled, (str, bool, int, float)):
                return str(filled).lower() if isinstance(filled, bool) else str(filled)
            case Leaf.BOOL if isinstance(filled, bool):
                return filled
            case Leaf.BOOL if isinstance(filled, str) and filled in _BOOLEANS:
                return _BOOLEANS[filled]
            case Leaf.INT if not isinstance(filled, bool) and _is_whole(filled):
                return int(filled)
            case _:
                self.complain(source, f"must be {leaf.value}")
                return filled

    def _filled(self, value: Any, source: Source) -> Any:
        match value:
            case str():
                try:
                    return fill(value, self._environment)
                except UndefinedVariableError as error:
                    self.complain(source, str(error))
                    return value
            case list():
                return [self._filled(inner, source.at(index)) for index, inner in enumerate(value)]
            case dict():
                return {key: self._filled(inner, source.at(key)) for key, inner in value.items()}
            case _:
                return value


def _is_masked(value: Any, shape: Shape) -> bool:
    """Whether the server wrote it instead of a secret: that says nothing."""
    match shape:
        case Leaf.SECRET:
            return bool(value == MASK)
        case ListOf(Leaf.SECRET):
            return isinstance(value, list) and MASK in value
        case _:
            return False


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.removeprefix("-").isdecimal())


def _suggestion(key: str, shape: Object) -> str:
    same = [known for known in shape.keys if known.lower() == key.lower()]
    return f" (did you mean {same[0]}?)" if same else ""
