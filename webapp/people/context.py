"""What a use case works with: where the people are, the portal's own records, and in whose name it acts."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from sqlalchemy.exc import SQLAlchemyError

from directory.errors import UnavailableError
from directory.gateway import Directory
from webapp.identity.actor import Author
from webapp.storage.database import Database, now
from webapp.storage.locks import Lock, locked

READS = frozenset(
    {
        "administrators",
        "attachments_of",
        "check",
        "companies",
        "dossier",
        "ending",
        "find_by_email",
        "made_before",
        "members",
        "never_activated",
        "sign_in",
        "user",
        "users",
    }
)
"""The verbs of `Directory` that change nothing."""


@dataclass(frozen=True, slots=True)
class Context:
    """Made once for a request, or for one run of a job. `clock` gives the present in seconds since 1970 (UTC)."""

    directory: Directory
    database: Database
    author: Author
    clock: Callable[[], float] = now

    @contextmanager
    def locked(self, names: Iterable[str]) -> Iterator["Context"]:
        """Hold these locks during the block; every write to the directory of the new context requires them.

        `UnavailableError` when a lock is held by another change; `LockLostError` instead of a write once a lock
        was lost.
        """
        with locked(self.database, names) as lock:
            yield replace(self, directory=fenced(self.directory, lock))


def fenced(directory: Directory, lock: Lock) -> Directory:
    """The directory, whose writes first require the lock."""
    return cast(Directory, _Fenced(directory, lock))


class _Fenced:
    def __init__(self, directory: Directory, lock: Lock) -> None:
        self._directory = directory
        self._lock = lock

    def __getattr__(self, verb: str) -> Any:
        call: Callable[..., Any] = getattr(self._directory, verb)
        if verb in READS:
            return call

        def write(*arguments: Any, **options: Any) -> Any:
            try:
                self._lock.require()
            except SQLAlchemyError as error:
                raise UnavailableError("the database cannot be written, so nothing is changed") from error
            return call(*arguments, **options)

        return write
