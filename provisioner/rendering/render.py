"""Plan or outcome -> text for people, JSON for machines. Secrets are masked in both."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.markup import escape

from provisioner.checking.findings import Finding
from provisioner.model.changes import Action, Change, Plan
from provisioner.model.rules import MASK, RULES
from provisioner.model.state import Json, Kind
from provisioner.planning.apply import Outcome

_COLOURS = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REPLACE: "magenta",
    Action.DELETE: "red",
    Action.NO_OP: "dim",
    Action.REFUSED: "bold red",
    Action.UNMANAGED: "dim",
}
_DIFF = {
    Action.CREATE: "+",
    Action.UPDATE: "!",
    Action.REPLACE: "!",
    Action.DELETE: "-",
    Action.NO_OP: " ",
    Action.REFUSED: "-",
    Action.UNMANAGED: "#",
}
"""The first character of a line that colours it in a diff block."""

_TO_DELETE = "to delete (only with --prune)"
_UNMANAGED = "unmanaged (kept)"
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
    found = as_data(plan)
    if outcome is not None:
        found["done"] = [str(change.address) for change in outcome.done]
        found["left"] = [str(change.address) for change in outcome.left]
        found["kept"] = [str(change.address) for change in outcome.kept]
        found["warnings"] = outcome.warnings
        found["error"] = str(outcome.error) if outcome.error else None
    return json.dumps(found, ensure_ascii=False, indent=2)


def as_data(plan: Plan) -> Json:
    """The changes as plain values, secrets masked."""
    return {"changes": [_json_change(change) for change in plan]}


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
    """The plan for a person, in rich's markup: changes by kind, then deletions, then what others made."""
    if not plan.changes:
        return f"Realm {escape(plan.realm)}: nothing to change."
    lines = []
    for title, changes in _sections(plan):
        lines.append(f"[bold]{title}[/bold]")
        for change in changes:
            lines.extend(_text_change(change))
    lines.append(f"\nRealm {escape(plan.realm)}: {_totals(plan)}.")
    return "\n".join(lines)


def as_markdown(plan: Plan) -> str:
    """The plan for the page of a pull request."""
    if not plan.changes:
        return f"**Realm {plan.realm}**: nothing to change."
    lines = [f"**Realm {plan.realm}**: {_totals(plan)}."]
    for title, changes in _sections(plan):
        lines += ["", f"### {title}", "", "```diff"]
        for change in changes:
            lines += [f"{_DIFF[change.action]} {change.address}", *(f"    {line}" for line in _details(change))]
        lines.append("```")
    return "\n".join(lines)


def _sections(plan: Plan) -> Iterator[tuple[str, list[Change]]]:
    apart: dict[Action, str] = {Action.DELETE: _TO_DELETE, Action.UNMANAGED: _UNMANAGED}

    def title_of(change: Change) -> str:
        return apart.get(change.action, change.address.kind.value)

    return ((title, list(changes)) for title, changes in groupby(plan, key=title_of))


def _text_change(change: Change) -> list[str]:
    colour = _COLOURS[change.action]
    line = f"  [{colour}]{change.action.glyph} {escape(str(change.address))}[/{colour}]"
    return [line, *(f"      {escape(detail)}" for detail in _details(change))]


def _details(change: Change) -> list[str]:
    """What a person needs to judge the change by, a line each."""
    before = masked(change.before or {}, change.address.kind)
    after = masked(change.after or {}, change.address.kind)
    match change.action:
        case Action.REFUSED | Action.DELETE:
            return [change.reason]
        case Action.UPDATE:
            return _differences(before, after)
        case Action.REPLACE:
            return [change.reason, *_differences({key: before.get(key) for key in after}, after)]
        case _:
            return []


def _differences(before: Any, after: Any, path: str = "") -> list[str]:
    if isinstance(after, dict) and isinstance(before, dict):
        found: list[str] = []
        for key, value in after.items():
            found.extend(_differences(before.get(key), value, f"{path}.{key}" if path else str(key)))
        return found
    if after == MASK:
        return [f"{path}: another secret (not shown)"]
    return [] if before == after else [f"{path}: {_short(before)} -> {_short(after)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _totals(plan: Plan) -> str:
    counted = {action: sum(change.action is action for change in plan) for action in Action}
    told = [f"{count} to {action.value}" for action, count in counted.items() if count and action.writes]
    told += [f"{count} {action.value}" for action, count in counted.items() if count and not action.writes]
    return ", ".join(told)


def findings_as_json(findings: Sequence[Finding]) -> str:
    """One JSON object: what a check found."""
    told = [{"kind": each.kind.value, "about": each.about, "message": each.message} for each in findings]
    return json.dumps({"findings": told}, ensure_ascii=False, indent=2)


def findings_as_text(realm: str, findings: Sequence[Finding]) -> str:
    """What a check found, by kind, in rich's markup."""
    if not findings:
        return f"Realm {escape(realm)}: nothing found."
    lines = []
    for kind, listed in groupby(findings, key=lambda finding: finding.kind):
        lines.append(f"[bold]{kind.value}[/bold]")
        lines.extend(f"  {escape(each.about)}: {escape(each.message)}" for each in listed)
    lines.append(f"\nRealm {escape(realm)}: {len(findings)} found.")
    return "\n".join(lines)


def outcome_as_text(outcome: Outcome) -> str:
    """What an apply did, in rich's markup."""
    lines = [f"[yellow]warning[/yellow] {escape(warning)}" for warning in outcome.warnings]
    if outcome.error:
        failed = f" at {escape(str(outcome.failed.address))}" if outcome.failed else ""
        lines.append(f"[bold red]stopped{failed}[/bold red]: {escape(str(outcome.error))}")
    lines.append(f"{len(outcome.done)} done, {len(outcome.left)} not done.")
    if outcome.kept:
        lines.append(f"{len(outcome.kept)} to delete were left: apply with --prune deletes them.")
    if outcome.error:
        lines.extend(f"  done      {escape(str(change.address))}" for change in outcome.done)
        lines.extend(f"  not done  {escape(str(change.address))}" for change in outcome.left)
    return "\n".join(lines)
