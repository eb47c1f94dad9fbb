"""A document against its table of keys: variables filled, values in their right type, every problem named."""

from collections.abc import Mapping
from typing import Any

from provisioner import files
from provisioner.errors import Problem
from provisioner.representation import Leaf, ListOf, MapOf, Object, OneOf, Shape
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
            case ListOf(item):
                return self._list(value, item, source)
            case MapOf(item):
                return self._map(value, item, source)
            case OneOf(values):
                return self._one_of(value, values, source)
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
                found[key] = self.read(inner, shape.keys[key], source.at(key))
            elif key in shape.not_yet:
                self.complain(source.at(key), "a key of Keycloak that the provisioner does not manage")
            else:
                self.complain(source.at(key), f"unknown key{_suggestion(str(key), shape)}")
        for key in shape.required:
            if key not in found:
                self.complain(source, f"the key {key} is missing")
        return found

    def _list(self, value: Any, item: Shape, source: Source) -> list[Any]:
        if not isinstance(value, list):
            self.complain(source, "must be a list")
            return []
        return [self.read(inner, item, source.at(index)) for index, inner in enumerate(value)]

    def _map(self, value: Any, item: Shape, source: Source) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.complain(source, "must be an object")
            return {}
        return {
            str(key): self.read(inner, item, source.at(key)) for key, inner in value.items() if inner is not None
        }

    def _one_of(self, value: Any, values: tuple[str, ...], source: Source) -> str:
        text = self._leaf(value, Leaf.STR, source)
        if text not in values:
            self.complain(source, f"must be one of {', '.join(values)}")
        return str(text)

    def _leaf(self, value: Any, leaf: Leaf, source: Source) -> Any:
        filled = self._filled(value, source)
        match leaf:
            case Leaf.ANY:
                return filled
            case Leaf.STR if isinstance(filled, (str, bool, int, float)):
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


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.removeprefix("-").isdecimal())


def _suggestion(key: str, shape: Object) -> str:
    same = [known for known in shape.keys if known.lower() == key.lower()]
    return f" (did you mean {same[0]}?)" if same else ""
