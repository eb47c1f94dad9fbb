"""Two representations compared as Keycloak means them: the fields that differ, before and after."""

import json
from typing import Any

from provisioner.model.rules import Rule
from provisioner.model.state import Json

_NOTHING: tuple[Any, ...] = (None, "", [], {}, False)


def difference(desired: Json, observed: Json, rule: Rule) -> tuple[Json, Json]:
    """The fields that differ, as they are and as they should be."""
    before: Json = {}
    after: Json = {}
    for name, value in desired.items():
        if name in rule.created_with:
            continue
        old, new = _differing(value, observed.get(name), rule, at_least=name in rule.at_least)
        if new is not _SAME:
            before[name], after[name] = old, new
    return before, after


_SAME = object()


def _differing(desired: Any, observed: Any, rule: Rule, at_least: bool = False) -> tuple[Any, Any]:
    if isinstance(desired, dict) and not rule.whole and isinstance(observed, dict | None):
        return _differing_keys(desired, observed or {}, rule)
    if isinstance(desired, dict) and isinstance(observed, dict):
        return _differing_keys({**dict.fromkeys(observed), **desired}, observed, rule)
    if at_least and isinstance(desired, list):
        missing = [item for item in desired if item not in (observed or [])]
        return (observed or [], [*(observed or []), *missing]) if missing else (_SAME, _SAME)
    return (_SAME, _SAME) if same(desired, observed) else (observed, desired)


def _differing_keys(desired: Json, observed: Json, rule: Rule) -> tuple[Any, Any]:
    before, after = {}, {}
    for key, value in desired.items():
        old, new = _differing(value, observed.get(key), rule)
        if new is not _SAME:
            before[key], after[key] = old, new
    return (before, after) if after else (_SAME, _SAME)


def same(desired: Any, observed: Any) -> bool:
    """Whether two values mean the same to Keycloak: it writes numbers as text here and there, leaves out what is
    empty or false, and gives lists of words in any order."""
    if desired in _NOTHING and observed in _NOTHING:
        return True
    if isinstance(desired, list) and isinstance(observed, list):
        return _canonical_list(desired) == _canonical_list(observed)
    if isinstance(desired, dict) and isinstance(observed, dict):
        return all(same(desired.get(key), observed.get(key)) for key in desired.keys() | observed.keys())
    return _text(desired) == _text(observed)


def _canonical_list(values: list[Any]) -> list[str]:
    texts = [_text(value) for value in values]
    return texts if any(isinstance(value, dict) for value in values) else sorted(texts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
