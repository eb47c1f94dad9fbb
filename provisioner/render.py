"""Plan or outcome -> text for people, JSON for machines. Secrets are masked in both."""

import json
from itertools import groupby
from typing import Any

from rich.markup import escape

from provisioner.apply import Outcome
from provisioner.changes import Action, Change, Plan
from provisioner.rules import MASK, RULES
from provisioner.state import Json, Kind

_COLOURS = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REPLACE: "magenta",
    Action.DELETE: "red",
    Action.NO_OP: "dim",
    Action.REFUSED: "bold red",
    Action.UNMANAGED: "dim",
}
_LONGEST = 70


def masked(value: Any, kind: Kind) -> Any:
    """The value with every secret of that kind replaced by Keycloak's own mask."""
    secret = RULES[kind].secret
    if isinstance(value, dict):
        return {key: MASK if key in secret and inner else masked(inner, kind) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, kind) for inner in value]
    return value


def as_json(plan: Plan, outcome: Outcome | None = None) -> str:
    """One JSON object: the changes, and after an apply what became of them."""
    found: Json = {"changes": [_json_change(change) for change in plan]}
    if outcome is not None:
        found["done"] = [str(change.address) for change in outcome.done]
        found["left"] = [str(change.address) for change in outcome.left]
        found["warnings"] = outcome.warnings
        found["error"] = str(outcome.error) if outcome.error else None
    return json.dumps(found, ensure_ascii=False, indent=2)


def error_as_json(message: str) -> str:
    """The same object when there is no plan to show."""
    return json.dumps({"changes": [], "error": message}, ensure_ascii=False, indent=2)


def _json_change(change: Change) -> Json:
    kind = change.address.kind
    return {
        "action": change.action.value,
        "address": str(change.address),
        "before": masked(change.before, kind),
        "after": masked(change.after, kind),
        "reason": change.reason,
    }


def as_text(plan: Plan) -> str:
    """The plan for a person, grouped by kind, in rich's markup."""
    if not plan.changes:
        return f"Realm {escape(plan.realm)}: nothing to change."
    lines = []
    for kind, changes in groupby(plan, key=lambda change: change.address.kind):
        lines.append(f"[bold]{kind.value}[/bold]")
        for change in changes:
            lines.extend(_text_change(change))
    lines.append(_totals(plan))
    return "\n".join(lines)


def _text_change(change: Change) -> list[str]:
    colour = _COLOURS[change.action]
    lines = [f"  [{colour}]{change.action.glyph} {escape(str(change.address))}[/{colour}]"]
    if change.action is Action.REFUSED:
        return [*lines, f"      {escape(change.reason)}"]
    if change.action is Action.UPDATE:
        before = masked(change.before or {}, change.address.kind)
        after = masked(change.after or {}, change.address.kind)
        lines.extend(f"      {line}" for line in _differences(before, after))
    return lines


def _differences(before: Any, after: Any, path: str = "") -> list[str]:
    if isinstance(after, dict) and isinstance(before, dict):
        found: list[str] = []
        for key, value in after.items():
            found.extend(_differences(before.get(key), value, f"{path}.{key}" if path else str(key)))
        return found
    return [f"{escape(path)}: {escape(_short(before))} -> {escape(_short(after))}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _totals(plan: Plan) -> str:
    counted = {action: sum(change.action is action for change in plan) for action in Action}
    told = [f"{count} to {action.value}" for action, count in counted.items() if count and action.writes]
    told += [f"{count} {action.value}" for action, count in counted.items() if count and not action.writes]
    return f"\nRealm {escape(plan.realm)}: {', '.join(told)}."


def outcome_as_text(outcome: Outcome) -> str:
    """What an apply did, in rich's markup."""
    lines = [f"[yellow]warning[/yellow] {escape(warning)}" for warning in outcome.warnings]
    if outcome.error:
        failed = f" at {escape(str(outcome.failed.address))}" if outcome.failed else ""
        lines.append(f"[bold red]stopped{failed}[/bold red]: {escape(str(outcome.error))}")
    lines.append(f"{len(outcome.done)} done, {len(outcome.left)} not done.")
    if outcome.error:
        lines.extend(f"  done      {escape(str(change.address))}" for change in outcome.done)
        lines.extend(f"  not done  {escape(str(change.address))}" for change in outcome.left)
    return "\n".join(lines)
