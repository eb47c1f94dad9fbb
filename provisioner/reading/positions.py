"""Common parts of the YAML and JSON readers: positions, errors, and numbers as written."""

from dataclasses import dataclass

DEEPEST = 100
TOO_DEEP = f"more than {DEEPEST} levels of nesting"


class Written(str):
    """The text of a number that is not in its usual form (`0123`, `1.10`), for places that expect text."""

    __slots__ = ()

    @property
    def number(self) -> int | float:
        """The number, for places that expect one."""
        for read in (int, lambda text: int(text, 0), float):
            try:
                return read(self)
            except ValueError:
                continue
        raise ValueError(self)


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column, both from 1."""

    line: int
    column: int


class TextError(ValueError):
    """A text that cannot be read; with the position and the key where they are known."""

    def __init__(self, message: str, position: Position | None = None, key: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.key = key


def repeated(key: str, place: Position | None, first: Position | None) -> TextError:
    """Return the error for a key that its object has twice; `first` is where it is for the first time."""
    line = f" in line {first.line}" if first else ""
    return TextError(f"this object already has the key{line}", place, key)


def number(text: str, value: int | float) -> int | float | Written:
    """Return the number, or its text if that is not its usual form."""
    return value if str(value) == text else Written(text)
