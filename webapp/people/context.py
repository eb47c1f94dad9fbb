"""What a use case works with: where the people are, the portal's own records, and in whose name it acts."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from directory.gateway import Directory
from webapp.identity.actor import Author
from webapp.storage.database import Database
from webapp.storage.locks import locked


@dataclass(frozen=True, slots=True)
class Context:
    """Made once for a request, or for one run of a job."""

    directory: Directory
    database: Database
    author: Author

    @contextmanager
    def locked(self, names: Iterable[str]) -> Iterator["Context"]:
        """Hold these locks during the block; `UnavailableError` when a lock is held by another change."""
        with locked(self.database, names):
            yield self
