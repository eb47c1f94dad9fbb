"""What the portal writes down of an operation, and the one codec for it: JSON values in the database's columns."""

from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from directory.model import Attachment, Invitation, Profile

Stored = TypeVar("Stored")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be created.

    `invitation` is what its activation mail says of the author; without `mail` none is sent. The notices of one
    `batch` are sent together.
    """

    profile: Profile
    attachments: tuple[Attachment, ...]
    invitation: Invitation | None = None
    mail: bool = True
    batch: str = ""


def encode(value: Any) -> Any:
    """The value as JSON holds it: objects, arrays, strings, numbers."""
    return msgspec.to_builtins(value)


def decode(kept: Any, kind: type[Stored]) -> Stored:
    """The inverse of `encode`; `msgspec.ValidationError` when the column holds something else.

    A field that an older version of the portal did not write has its default.
    """
    return msgspec.convert(kept, kind)
