"""Print the figures of the structure of the code: `python .ci/structure.py [FOLDER]`, by default this checkout.

A room is a package, or a module beside packages; an arrow is a room that imports another one. For figures of an
older commit: `git worktree add FOLDER COMMIT`.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

MANY_PARAMETERS = 5
Function = ast.FunctionDef | ast.AsyncFunctionDef


def room_of(dotted: str, packages: set[str]) -> str:
    """Return the room of a module or of a name in it: the longest package that is known, else the module."""
    parts = dotted.split(".")
    known = [".".join(parts[:n]) for n in range(len(parts), 1, -1) if ".".join(parts[:n]) in packages]
    return known[0] if known else ".".join(parts[:2])


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a module imports; relative imports are not used here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def has_circle(arrows: set[tuple[str, str]]) -> bool:
    """Return whether a room can be reached from itself."""
    rooms = {room for arrow in arrows for room in arrow}
    while leaves := {room for room in rooms if not any(a == room and b in rooms for a, b in arrows)}:
        rooms -= leaves
    return bool(rooms)


def parameters(function: Function) -> int:
    """Return how many parameters a function has, `self` and `cls` left out."""
    given = function.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in {"self", "cls"}])


def figures(root: Path, package: str) -> dict[str, object]:
    """Return the figures of a package by name."""
    files = sorted((root / package).rglob("*.py"))
    dotted = {file: ".".join(file.relative_to(root).with_suffix("").parts) for file in files}
    packages = {name.removesuffix(".__init__") for name in dotted.values() if name.endswith(".__init__")}
    packages -= {package}
    trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}
    rooms = {room_of(name, packages) for file, name in dotted.items() if trees[file].body}
    arrows = {
        (here, there)
        for file, tree in trees.items()
        for name in imported(tree)
        if name.startswith(f"{package}.")
        if (here := room_of(dotted[file], packages)) != (there := room_of(name, packages))
    }
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files if trees[file].body}
    functions = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, Function)]
    lengths = [(node.end_lineno or node.lineno) - node.lineno + 1 for node in functions]
    longest = max(lines, key=lambda file: lines[file])
    return {
        "rooms": len(rooms),
        "arrows": len(arrows),
        "circles": "yes" if has_circle(arrows) else "none",
        "files": len(lines),
        "lines": sum(lines.values()),
        "lines of a file, median": round(statistics.median(lines.values())),
        "longest file": f"{lines[longest]} ({longest.relative_to(root)})",
        "lines of a function, median": round(statistics.median(lengths)),
        "longest function": max(lengths),
        f"functions of more than {MANY_PARAMETERS} parameters": sum(
            parameters(node) > MANY_PARAMETERS for node in functions
        ),
    }


def main(root: Path) -> None:
    """Print a table, one column a package."""
    found = {name: figures(root, name) for name in ("directory", "webapp", "provisioner")}
    names = list(next(iter(found.values())))
    print("| | " + " | ".join(found) + " |")
    print("|---|" + "---|" * len(found))
    for name in names:
        print(f"| {name} | " + " | ".join(str(column[name]) for column in found.values()) + " |")


main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent)
