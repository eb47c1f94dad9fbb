"""The files that the paths of a command line name."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from provisioner.errors import InvalidFilesError, Problem
from provisioner.reading.documents import SUFFIXES, invalid_file

_WILD = frozenset("*?[")


def find(paths: Sequence[Path]) -> list[Path]:
    """The files that these paths name, in a stable order.

    A folder is read recursively without hidden files; `*`, `?`, `[...]` and `**` are filled in.
    """
    found: dict[Path, None] = {}
    problems: list[Problem] = []
    for path in paths:
        try:
            found.update(dict.fromkeys(_named(path)))
        except InvalidFilesError as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidFilesError(problems)
    return list(found)


def _named(path: Path) -> list[Path]:
    if path.is_dir():
        found = list(_inside(path))
        if not found:
            raise invalid_file(path, f"no {', '.join(SUFFIXES)} file in this folder")
        return found
    if path.is_file():
        return [path]
    if not _WILD & set(str(path)):
        raise invalid_file(path, "a link to nothing" if path.is_symlink() else "no such file or folder")
    matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    found = [each for match in matches for each in _matched(match)]
    if not found:
        raise invalid_file(path, f"no {', '.join(SUFFIXES)} file has such a name")
    return found


def _matched(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from _inside(path)
    elif path.suffix in SUFFIXES:
        yield path


def _inside(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or path.suffix not in SUFFIXES:
            continue
        if path.is_symlink() and not path.exists():
            raise invalid_file(path, "a link to nothing")
        if path.is_file():
            yield path
