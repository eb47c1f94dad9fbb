"""JSON text -> plain values, and where in the text they stand."""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from re import compile as regex
from typing import Any, NoReturn

from provisioner.reading.positions import DEEPEST, REPEATED, TOO_DEEP, Position, TextError, number

_TOKEN = regex(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')

Path = tuple[str | int, ...]


class _RepeatedKeyError(ValueError):
    pass


class _NotANumberError(ValueError):
    pass


def documents(text: str) -> list[Any]:
    """The one value in the text."""
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
        place, key = _repeated(text)
        raise TextError(REPEATED, place, key) from error
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
    """Where the last of these keys stands, or the nearest above it that is there."""
    offsets = _offsets(text)
    for length in range(len(keys), -1, -1):
        if tuple(keys[:length]) in offsets:
            return _position(text, offsets[tuple(keys[:length])])
    return None


@lru_cache(maxsize=4)
def _offsets(text: str) -> dict[Path, int]:
    return dict(_places(text))


def _repeated(text: str) -> tuple[Position | None, str]:
    met = set()
    for path, offset in _places(text):
        if path in met:
            return _position(text, offset), str(path[-1])
        met.add(path)
    return None, ""


def _places(text: str) -> Iterator[tuple[Path, int]]:
    """Every key and every item of a list in a text that is JSON, with its offset."""
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
