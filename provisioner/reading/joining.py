"""Join the resources of several places; report contradictions with both places."""

from collections.abc import Iterable, Sequence
from typing import Any

from provisioner.errors import Problem
from provisioner.model.state import Address, Json, Resource, Source
from provisioner.reading.documents import position_of, problem_at

_Path = tuple[str, ...]


def joined(resources: Iterable[Resource], problems: list[Problem]) -> list[Resource]:
    """Return one resource per address with the fields of all; add contradictions to `problems`."""
    found: dict[Address, list[Resource]] = {}
    for resource in resources:
        found.setdefault(resource.address, []).append(resource)
    return [each[0] if len(each) == 1 else _joined(each, problems) for each in found.values()]


def _joined(resources: Sequence[Resource], problems: list[Problem]) -> Resource:
    first = resources[0]
    fields: Json = {}
    for number, resource in enumerate(resources):
        for path in _join(fields, resource.fields, ()):
            if resource.source is not None:
                problems.append(_conflict(resource, resource.source, path, resources[:number]))
    return Resource(first.address, fields, first.source)


def _join(known: Json, more: Json, path: _Path) -> list[_Path]:
    """Add more fields to the known ones and return the paths of contradictions."""
    conflicts = []
    for key, value in more.items():
        here = (*path, key)
        if key not in known:
            known[key] = _copied(value)
        elif isinstance(value, dict) and isinstance(known[key], dict):
            conflicts += _join(known[key], value, here)
        elif known[key] != value:
            conflicts.append(here)
    return conflicts


def _copied(value: Any) -> Any:
    return {key: _copied(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def _conflict(resource: Resource, source: Source, path: _Path, earlier: Sequence[Resource]) -> Problem:
    other = next((each.source for each in earlier if each.source is not None and _has(each, path)), None)
    place = f" ({place_of(other.at(*path))})" if other else ""
    return problem_at(source.at(*path), f"{resource.address}: differs from what another place says{place}")


def _has(resource: Resource, path: _Path) -> bool:
    value: Any = resource.fields
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def place_of(source: Source) -> str:
    """Return file and line, as messages show them."""
    return f"{source.file}:{position_of(source).line}"
