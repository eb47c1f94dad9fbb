"""Plans, outcomes and findings as text for people and JSON for programs. Secrets are masked in both."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.markup import escape

from provisioner.checking.findings import Finding
from provisioner.errors import Problem
from provisioner.kinds.registry import KINDS
from provisioner.model.changes import Action, Change, Plan
from provisioner.model.rules import MASK
from provisioner.model.state import Json, RealmState
from provisioner.planning.apply import Outcome
from provisioner.reading.documents import warning_of

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
"""The first character of a line, which colours it in a diff block."""

_TO_DELETE = "to delete (only with --prune)"
_UNMANAGED = "unmanaged (kept)"
_LONGEST = 70
_LONG_PLAN = 40
"""Changes; a plan with more is folded."""
_FEW = 5


def masked(value: Any, kind: str) -> Any:
    """Return the value with every secret of that kind replaced by the mask."""
    secret = KINDS[kind].rule.secret
    if isinstance(value, dict):
        return {key: MASK if key in secret and inner else masked(inner, kind) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, kind) for inner in value]
    return value


def as_json(plan: Plan, warnings: Sequence[Problem] = (), outcome: Outcome | None = None) -> str:
    """One JSON object: the changes and the warnings, and after an apply what became of them."""
    found = as_data(plan) | {"warnings": [_json_warning(warning) for warning in warnings]}
    if outcome is not None:
        found["done"] = [str(change.address) for change in outcome.done]
        found["left"] = [str(change.address) for change in outcome.left]
        found["kept"] = [str(change.address) for change in outcome.kept]
        found["error"] = str(outcome.error) if outcome.error else None
    return json.dumps(found, ensure_ascii=False, indent=2)


def as_data(plan: Plan) -> Json:
    """Return the changes as plain values, with secrets masked."""
    return {"changes": [_json_change(change) for change in plan]}


def warnings_as_json(warnings: Sequence[Problem]) -> str:
    """The same object when only the files were read."""
    return as_json(Plan("", ()), warnings)


def error_as_json(message: str) -> str:
    """Return the JSON object of a run that ended without a plan."""
    return json.dumps({"changes": [], "error": message}, ensure_ascii=False, indent=2)


def _json_warning(warning: Problem) -> Json:
    return {
        "address": warning.key,
        "file": warning.file or None,
        "line": warning.line or None,
        "reason": warning.message,
    }


def _json_change(change: Change) -> Json:
    kind = change.address.kind
    return {
        "action": change.action.value,
        "address": str(change.address),
        "before": masked(change.before, kind),
        "after": masked(change.after, kind),
        "reason": change.reason,
    }


def as_text(plan: Plan, warnings: Sequence[Problem] = (), *, verbose: bool = False) -> str:
    """The plan for a person, in rich's markup: changes by kind, deletions, what others made, warnings, totals.

    Of a long plan, unless `verbose`, only the first of what is created or left as it is are listed.
    """
    total = f"Realm {escape(plan.realm)}: {totals(plan, warnings)}."
    if not plan.changes and not warnings:
        return total
    lines = []
    for title, changes in _sections(plan):
        lines.append(f"[bold]{_heading(title, changes)}[/bold]")
        shown, folded = (changes, 0) if verbose else _folded(plan, changes)
        for change in shown:
            lines.extend(_text_change(change))
        if folded:
            lines.append(f"  [dim]… and {folded} more (--verbose lists them)[/dim]")
    if warnings:
        lines.append("[bold]warnings[/bold]")
        lines.extend(warnings_as_text(warnings, verbose=verbose))
    lines.append(f"\n{total}")
    return "\n".join(lines)


def warnings_as_text(warnings: Sequence[Problem], *, verbose: bool = False) -> list[str]:
    """The warnings in rich's markup, a line each; unless `verbose`, those that say the same in one line."""
    return [f"  [yellow]{escape(line)}[/yellow]" for line in _warning_lines(warnings, verbose=verbose)]


def _warning_lines(warnings: Sequence[Problem], *, verbose: bool) -> Iterator[str]:
    same: dict[str, list[Problem]] = {}
    for number, warning in enumerate(warnings):
        same.setdefault(f"{number}" if verbose else warning.message, []).append(warning)
    for first, *others in same.values():
        yield str(first) + (f" (and {len(others)} more of the same)" if others else "")


def as_markdown(plan: Plan, warnings: Sequence[Problem] = ()) -> str:
    """The plan for the page of a pull request; long sections are folded."""
    lines = [f"**Realm {plan.realm}**: {totals(plan, warnings)}."]
    for title, changes in _sections(plan):
        block = ["```diff"]
        for change in changes:
            block += [f"{_DIFF[change.action]} {change.address}", *(f"    {line}" for line in _details(change))]
        lines += _markdown_section(_heading(title, changes), [*block, "```"], is_long=len(changes) > _FEW)
    if warnings:
        told = [f"- `{line}`" for line in _warning_lines(warnings, verbose=False)]
        lines += _markdown_section(f"warnings ({len(warnings)})", told, is_long=len(told) > _FEW)
    return "\n".join(lines)


def _markdown_section(heading: str, content: list[str], *, is_long: bool) -> list[str]:
    if not is_long:
        return ["", f"### {heading}", "", *content]
    return ["", f"<details><summary>{heading}</summary>", "", *content, "", "</details>"]


def _sections(plan: Plan) -> Iterator[tuple[str, list[Change]]]:
    apart: dict[Action, str] = {Action.DELETE: _TO_DELETE, Action.UNMANAGED: _UNMANAGED}

    def title_of(change: Change) -> str:
        return apart.get(change.action, change.address.kind)

    return ((title, list(changes)) for title, changes in groupby(plan, key=title_of))


def _heading(title: str, changes: Sequence[Change]) -> str:
    """The title with the number of its changes, by action where there are several."""
    if title in (_TO_DELETE, _UNMANAGED) or len(changes) == 1:
        return title if len(changes) == 1 else f"{title}: {len(changes)}"
    return f"{title}: {', '.join(_counted(changes))}"


def _folded(plan: Plan, changes: list[Change]) -> tuple[list[Change], int]:
    """The changes to show of a section, and how many are folded; what needs a decision is always shown."""
    if len(plan.changes) <= _LONG_PLAN:
        return changes, 0
    quiet = [each for each in changes if each.action in (Action.CREATE, Action.UNMANAGED)]
    hidden = {id(each) for each in quiet[_FEW:]}
    return [each for each in changes if id(each) not in hidden], len(hidden)


def _text_change(change: Change) -> list[str]:
    colour = _COLOURS[change.action]
    line = f"  [{colour}]{change.action.glyph} {escape(str(change.address))}[/{colour}]"
    return [line, *(f"      {escape(detail)}" for detail in _details(change))]


def _details(change: Change) -> list[str]:
    """Return the lines that a person needs to judge the change."""
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
        return [f"{path}: the secret differs (not shown)"]
    return [] if before == after else [f"{path}: {_short(before)} -> {_short(after)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def totals(plan: Plan, warnings: Sequence[Problem] = ()) -> str:
    """What the plan comes to, in one line: `42 to create, 3 warnings, nothing refused`."""
    told = _counted(plan.changes) or ["nothing to change"]
    if warnings:
        told.append(count_of(len(warnings), "warning"))
    if not plan.refused and (plan.changes or warnings):
        told.append("nothing refused")
    return ", ".join(told)


def _counted(changes: Sequence[Change]) -> list[str]:
    counted = {action: sum(change.action is action for change in changes) for action in Action}
    told = [f"{count} to {action.value}" for action, count in counted.items() if count and action.writes]
    return told + [f"{count} {action.value}" for action, count in counted.items() if count and not action.writes]


def validated(desired: RealmState, files: int, warnings: Sequence[Problem]) -> str:
    """What reading the files came to, in one line."""
    told = [count_of(files, "file"), count_of(len(desired.resources), "resource")]
    told += [count_of(len(warnings), "warning")] if warnings else []
    return f"Realm {desired.realm}: {', '.join(told)}, nothing refused."


def count_of(number: int, noun: str) -> str:
    """The number with its noun: `1 warning`, `3 warnings`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def findings_as_json(findings: Sequence[Finding]) -> str:
    """Return one JSON object with the findings of a check."""
    parts = [{"kind": each.kind.value, "about": each.about, "message": each.message} for each in findings]
    return json.dumps({"findings": parts}, ensure_ascii=False, indent=2)


def findings_as_text(realm: str, findings: Sequence[Finding]) -> str:
    """Return the findings of a check by kind, in rich's markup."""
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
    warnings = (warning_of(remark) for remark in outcome.warnings)
    lines = [f"[yellow]warning[/yellow] {escape(str(warning))}" for warning in warnings]
    if outcome.error:
        failed = f" at {escape(str(outcome.failed.address))}" if outcome.failed else ""
        lines.append(f"[bold red]stopped{failed}[/bold red]: {escape(str(outcome.error))}")
    lines.append(f"{len(outcome.done)} done, {len(outcome.left)} not done.")
    if outcome.kept:
        lines.append(f"{len(outcome.kept)} deletions were not made: apply with --prune makes them.")
    if outcome.error:
        lines.extend(f"  done      {escape(str(change.address))}" for change in outcome.done)
        lines.extend(f"  not done  {escape(str(change.address))}" for change in outcome.left)
    return "\n".join(lines)
