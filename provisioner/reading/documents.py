"""Files to documents: the plain values in a file, and where in it a key is.

Positions are only needed for errors, so the text is read again to find one.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from provisioner.errors import InvalidFilesError, Problem
from provisioner.model.state import Source
from provisioner.reading import json_text, yaml_text
from provisioner.reading.positions import Position, TextError

SUFFIXES = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: what it says, and where it stands."""

    source: Source
    content: Any


def invalid_file(path: Path, message: str) -> InvalidFilesError:
    """Return the error for a file that cannot be read as a whole."""
    return InvalidFilesError([Problem(str(path), 0, "", message)])


def read_documents(path: Path) -> list[Document]:
    """The documents of a file; empty ones are left out. A text that cannot be parsed is an `InvalidFilesError`."""
    text = _text(path)
    if not text.strip():
        raise invalid_file(path, "the file is empty")
    try:
        contents = _reader(path)(text)
        if "\\" in text:
            _check_characters(contents)
    except TextError as error:
        place = error.position or Position(0, 0)
        raise InvalidFilesError(
            [Problem(str(path), place.line, error.key, error.message, place.column)]
        ) from error
    return [
        Document(Source(str(path), number), content)
        for number, content in enumerate(contents)
        if content is not None
    ]


def _check_characters(contents: list[Any]) -> None:
    """Escapes can write what is no character, and what no database takes."""
    written = json.dumps(contents, ensure_ascii=False)
    try:
        written.encode()
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise TextError(f"the escape \\u{code:04x} stands for no character") from error
    if "\\u0000" in written:
        raise TextError("the escape of the character 0, which cannot be kept")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8: the byte 0x{error.object[error.start]:02x} in this line"
        raise InvalidFilesError([Problem(str(path), line, "", message)]) from error
    except OSError as error:
        raise invalid_file(path, f"cannot be read: {error.strerror or error}") from error


def _reader(path: Path) -> Callable[[str], list[Any]]:
    return json_text.documents if path.suffix == ".json" else yaml_text.documents


def problem_at(source: Source, message: str) -> Problem:
    """The problem at that place, its line and column looked up."""
    place = position_of(source)
    return Problem(source.file, place.line, source.key, message, place.column)


def position_of(source: Source) -> Position:
    """Where the last key of the source stands, or the nearest key above that has a place of its own."""
    text = _again(source.file)
    find_in = json_text.position if source.file.endswith(".json") else yaml_text.position
    return find_in(text, source.document, source.keys) or Position(0, 0)


@lru_cache(maxsize=8)
def _again(file: str) -> str:
    return _text(Path(file))
