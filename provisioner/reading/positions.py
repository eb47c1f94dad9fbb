"""What the readers of YAML and JSON share: numbers as they were written, and where in a text something stands."""

from dataclasses import dataclass

REPEATED = "this key stands here already"
DEEPEST = 100
TOO_DEEP = f"more than {DEEPEST} levels inside each other"


class Written(str):
    """A number not written as a computer would write it (`0123`, `1.10`): where text is wanted, it is this one."""

    __slots__ = ()

    @property
    def number(self) -> int | float:
        """What it counts as where a number is wanted."""
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
    """A text that cannot be read: what is wrong, where that is known, and at which key."""

    def __init__(self, message: str, position: Position | None = None, key: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.key = key


def number(text: str, value: int | float) -> int | float | Written:
    """The number, or what was written if that is not the same."""
    return value if str(value) == text else Written(text)
