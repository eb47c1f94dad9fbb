"""The one codec of what the portal stores as JSON: frozen dataclasses and structs, checked when they are read."""

from typing import Any, TypeVar

import msgspec

Value = TypeVar("Value")


def encode(value: Any) -> Any:
    """The value as a JSON column holds it: objects, arrays, strings, numbers."""
    return msgspec.to_builtins(value)


def decode(stored: Any, kind: type[Value]) -> Value:
    """The inverse of `encode`; `msgspec.ValidationError` when the column holds something else.

    A field that an older version of the portal did not write has its default.
    """
    return msgspec.convert(stored, kind)


def decode_optional(stored: Any, kind: type[Value]) -> Value | None:
    """The same of a column that may be empty."""
    return None if stored is None else decode(stored, kind)
