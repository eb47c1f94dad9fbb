"""JSON text to values, and the positions of keys."""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from re import compile as regex
from typing import Any, NoReturn

from provisioner.reading.positions import DEEPEST, TOO_DEEP, Position, TextError, number, repeated

_TOKEN = regex(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')

Path = tuple[str | int, ...]


class _RepeatedKeyError(ValueError):
    pass


class _NotANumberError(ValueError):
    pass


def documents(text: str) -> list[Any]:
    """Return the only value of the text, in a list."""
    try:
        value = json.loads(
            text,
            object_pairs_hook=_no_repeated_key,
            parse_float=lambda written: number(written, float(written)),
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        raise TextError(f"not JSON: {error.msg}", Position(error.lineno, error.colno)) from error
    except _RepeatedKeyError as error:
        raise _repetition(text) from error
    except _NotANumberError as error:
        raise TextError(f"not JSON: {error} is no number") from error
    except ValueError as error:
        raise TextError("a number has too many digits") from error
    except RecursionError as error:
        raise TextError(TOO_DEEP) from error
    if _is_too_deep(value):
        raise TextError(TOO_DEEP)
    return [value]


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for container in level
            if isinstance(container, (dict, list))
            for inner in (container.values() if isinstance(container, dict) else container)
        ]
    return bool(level)


def _no_repeated_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedKeyError
    return found


def _no_constant(written: str) -> NoReturn:
    raise _NotANumberError(written)


def position(text: str, document: int, keys: Sequence[str | int]) -> Position | None:
    """Return the position of the last of these keys, or of the nearest one above that exists."""
    offsets = _offsets(text)
    for length in range(len(keys), -1, -1):
        if tuple(keys[:length]) in offsets:
            return _position(text, offsets[tuple(keys[:length])])
    return None


@lru_cache(maxsize=4)
def _offsets(text: str) -> dict[Path, int]:
    return dict(_places(text))


def _repetition(text: str) -> TextError:
    met: dict[Path, int] = {}
    for path, offset in _places(text):
        first = met.setdefault(path, offset)
        if first != offset:
            return repeated(str(path[-1]), _position(text, offset), _position(text, first))
    return repeated("", None, None)


def _places(text: str) -> Iterator[tuple[Path, int]]:
    """Yield the path and the offset of every key and list item of a valid JSON text."""
    stack: list[str | int] = []
    expects_key: list[bool] = []
    waiting = True
    for token in _TOKEN.finditer(text):
        written = token[0]
        if waiting and written not in "]}":
            if expects_key and expects_key[-1]:
                stack[-1] = str(json.loads(written))
            yield tuple(stack), token.start()
            waiting = False
        match written:
            case "{" | "[":
                expects_key.append(written == "{")
                stack.append("" if written == "{" else 0)
                waiting = True
            case "}" | "]":
                expects_key.pop()
                stack.pop()
                waiting = False
            case ",":
                last = stack[-1]
                stack[-1] = last + 1 if isinstance(last, int) else ""
                waiting = True
            case _:
                pass


def _position(text: str, offset: int) -> Position:
    start = text.rfind("\n", 0, offset) + 1
    return Position(text.count("\n", 0, offset) + 1, offset - start + 1)
