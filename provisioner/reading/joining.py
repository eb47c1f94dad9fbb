"""What several places say of one resource, joined; where they contradict each other, a problem that names both."""

from collections.abc import Iterable, Sequence
from typing import Any

from provisioner.errors import Problem
from provisioner.model.state import Address, Json, Resource, Source
from provisioner.reading.documents import position_of, problem_at

_Path = tuple[str, ...]


def joined(resources: Iterable[Resource], problems: list[Problem]) -> list[Resource]:
    """One resource per address, its fields those of all; contradictions are added to `problems`."""
    met: dict[Address, list[Resource]] = {}
    for resource in resources:
        met.setdefault(resource.address, []).append(resource)
    return [each[0] if len(each) == 1 else _joined(each, problems) for each in met.values()]


def _joined(resources: Sequence[Resource], problems: list[Problem]) -> Resource:
    first = resources[0]
    fields: Json = {}
    for number, resource in enumerate(resources):
        for path in _join(fields, resource.fields, ()):
            if resource.source is not None:
                problems.append(_conflict(resource, resource.source, path, resources[:number]))
    return Resource(first.address, fields, first.source)


def _join(known: Json, more: Json, path: _Path) -> list[_Path]:
    """Adds what is said more; the answer is where it contradicts what is known."""
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
    other = next((each.source for each in earlier if each.source is not None and _says(each, path)), None)
    place = f" ({place_of(other.at(*path))})" if other else ""
    return problem_at(source.at(*path), f"{resource.address}: differs from what another place says{place}")


def _says(resource: Resource, path: _Path) -> bool:
    value: Any = resource.fields
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def place_of(source: Source) -> str:
    """File and line, as a person names them."""
    return f"{source.file}:{position_of(source).line}"
