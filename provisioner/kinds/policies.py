"""Policies and permissions as a state has them: the lists that Keycloak writes as JSON text inside `config` are
lists, and what they name is named, never by id. Pure."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from provisioner.kinds.server import plain
from provisioner.model.state import Json, Kind

_TOP = ("type", "logic", "decisionStrategy", "description")
_STATE_NAMES = {"applyPolicies": "policies", "defaultResourceType": "resourceType"}
_NATIVE_NAMES = {ours: theirs for theirs, ours in _STATE_NAMES.items()}
_PERMISSION_LISTS = ("scopes", "policies", "resources")
_LIST_OF_TYPE = {
    "role": "roles",
    "user": "users",
    "group": "groups",
    "client": "clients",
    "client-scope": "clientScopes",
    "aggregate": "policies",
}
_LISTS = frozenset((*_PERMISSION_LISTS, *_LIST_OF_TYPE.values()))
_FLAGS = {"roles": ("id", "required"), "clientScopes": ("id", "required"), "groups": ("path", "extendChildren")}
"""What names an item of these lists, and what else is said of it."""


def kind_of(policy: Json) -> Kind:
    """Keycloak keeps both in one list."""
    return Kind.PERMISSION if policy["type"] in ("scope", "resource") else Kind.POLICY


def fields(policy: Json, named: Callable[[str, str], str]) -> Json:
    """The fields of a native policy or permission; `named` gives the name for what is in the list of that key.

    Raises `ValueError` with the key whose text is no list.
    """
    found = {key: policy[key] for key in _TOP if key in policy}
    found.setdefault("logic", "POSITIVE")
    if kind_of(policy) is Kind.PERMISSION:
        found.update(resourceType="", **{key: [] for key in _PERMISSION_LISTS})
    elif policy["type"] in _LIST_OF_TYPE:
        found[_LIST_OF_TYPE[policy["type"]]] = []
    told = {_STATE_NAMES.get(key, key): value for key, value in policy.get("config", {}).items()}
    told.update({key: policy[key] for key in ("resourceType", *_PERMISSION_LISTS) if policy.get(key)})
    for key, value in told.items():
        found[key] = _items(key, value, named) if key in _LISTS else value
    return found


def _items(key: str, value: Any, named: Callable[[str, str], str]) -> list[Any]:
    items = value
    if isinstance(value, str):
        try:
            items = json.loads(value)
        except ValueError:
            items = None
    if not isinstance(items, list):
        raise ValueError(key)
    return sorted((_item(key, item, named) for item in items), key=str)


def _item(key: str, item: Any, named: Callable[[str, str], str]) -> Any:
    if key not in _FLAGS:
        return named(key, str(item))
    name, flag = _FLAGS[key]
    told = item if isinstance(item, dict) else {name: item}
    found = named(key, str(told.get(name) or told.get("id")))
    return {name: plain(found) if key == "groups" else found, flag: bool(told.get(flag))}


def native(name: str, fields: Json) -> Json:
    """The PolicyRepresentation with these fields; an empty list is said, or the server would keep what it has."""
    config = {
        _NATIVE_NAMES.get(key, key): json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
        for key, value in sorted(fields.items())
        if key not in _TOP and value not in (None, "")
    }
    return {"name": name, **{key: fields[key] for key in _TOP if key in fields}, "config": config}


def in_order(policies: Iterable[Json]) -> list[tuple[int, Json]]:
    """The native policies with their positions, each after those it is made of."""
    numbered = list(enumerate(policies))
    by_name = {policy["name"]: policy for _, policy in numbered}

    def depth(policy: Json, above: frozenset[str]) -> int:
        if policy["type"] != "aggregate" or policy["name"] in above:
            return 0
        inner = [by_name[name] for name in _made_of(policy) if name in by_name]
        return 1 + max((depth(each, above | {policy["name"]}) for each in inner), default=0)

    return sorted(numbered, key=lambda each: depth(each[1], frozenset()))


def _made_of(policy: Json) -> list[str]:
    try:
        return [str(name) for name in fields(policy, lambda _, name: name)["policies"]]
    except ValueError:
        return []
