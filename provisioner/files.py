"""Files on disk -> documents: which files, their text as plain values, and where in them a key stands.

Positions are looked up only when something is wrong: the text is then read again with a parser that keeps them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from provisioner.errors import InvalidFilesError, Problem
from provisioner.state import Source

SUFFIXES = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: what it says, and where it stands."""

    source: Source
    content: Any


class _RepeatedKeyError(ValueError):
    pass


def find(paths: Sequence[Path]) -> list[Path]:
    """The files that these paths name, a folder read recursively without hidden files, in a stable order."""
    found: dict[Path, None] = {}
    problems = []
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(_inside(path)))
        elif path.is_file():
            found[path] = None
        else:
            problems.append(Problem(str(path), 0, "", "no such file or folder"))
    if problems:
        raise InvalidFilesError(problems)
    return list(found)


def _inside(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and path.suffix in SUFFIXES and not hidden:
            yield path


def read(path: Path) -> list[Document]:
    """The documents of a file; empty ones are left out. A text that cannot be parsed is an `InvalidFilesError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFilesError([Problem(str(path), 0, "", f"cannot be read: {error}")]) from error
    contents = _json(path, text) if path.suffix == ".json" else _yaml(path, text)
    return [
        Document(Source(str(path), number), content)
        for number, content in enumerate(contents)
        if content is not None
    ]


def _json(path: Path, text: str) -> list[Any]:
    try:
        return [json.loads(text, object_pairs_hook=_no_repeated_key)]
    except json.JSONDecodeError as error:
        raise InvalidFilesError([Problem(str(path), error.lineno, "", f"not JSON: {error.msg}")]) from error
    except _RepeatedKeyError:
        # The other parser says where the key is repeated.
        return _yaml(path, text)


def _no_repeated_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedKeyError
    return found


def _yaml(path: Path, text: str) -> list[Any]:
    try:
        return list(YAML(typ="safe", pure=True).load_all(text))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        message = (error.problem or "cannot be parsed").splitlines()[0]
        raise InvalidFilesError([Problem(str(path), line, "", f"not YAML: {message}")]) from error
    except YAMLError as error:
        raise InvalidFilesError([Problem(str(path), 0, "", f"not YAML: {error}")]) from error


def problem(source: Source, message: str) -> Problem:
    """The problem at that place, its line looked up."""
    return Problem(source.file, line_of(source), source.key, message)


def line_of(source: Source) -> int:
    """The line (from 1) on which the last key of the source stands, or the nearest key above that has one."""
    documents = _with_positions(source.file)
    if source.document >= len(documents):
        return 0
    node, line = documents[source.document], 1
    for key in source.keys:
        positions = getattr(node, "lc", None)
        if positions is None or not positions.data or key not in positions.data:
            break
        line = positions.data[key][0] + 1
        node = node[key]
    return int(line)


@lru_cache(maxsize=8)
def _with_positions(file: str) -> list[Any]:
    return list(YAML(typ="rt", pure=True).load_all(Path(file).read_text(encoding="utf-8")))
