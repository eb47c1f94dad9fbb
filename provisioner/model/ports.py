"""The two interfaces to Keycloak.

`Realm` is what the commands work with; tests use one in memory. `Api` is the admin REST API of one realm, which
the kinds use.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from provisioner.model.changes import Change
from provisioner.model.state import Json, RealmState, Record

Waiting = Callable[[str], None]
"""Called with a message while a run waits."""


class Realm(Protocol):
    """One realm of a server, as states and changes. Every method raises `provisioner.errors.ServerError`."""

    def observe(self, desired: RealmState) -> RealmState:
        """Return the observed state, as far as it is needed for a comparison with `desired`. Writes nothing."""
        ...

    def locked(self, waiting: Waiting) -> AbstractContextManager[bool]:
        """Hold the lock of the realm; the value is True if another run held it since the realm was observed.

        `waiting` is called repeatedly with the holder while this run waits. Raises `LockedError` after the time
        limit.
        """
        ...

    def note(self, known: Record) -> None:
        """Set the record of applies to be stored in the realm; the next change of the realm itself writes it."""
        ...

    def save(self) -> None:
        """Write the record unless the realm already has it."""
        ...

    def perform(self, *changes: Change) -> None:
        """Make one change, or create several resources of one kind in one request: all of them or none."""
        ...


class Api(Protocol):
    """Requests below `/admin/realms/<realm>/`; the path `""` is the realm itself."""

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """Return the decoded answer."""
        ...

    def prefetch(self, path: str, query: Mapping[str, str | int] | None = None) -> None:
        """Start a slow read in the background; the next `get` of the same path and query returns its answer."""
        ...

    def pages(self, path: str, query: Mapping[str, str | int] | None = None) -> Iterator[Json]:
        """Return all items of a paginated list."""
        ...

    def post(self, path: str, body: Any) -> str:
        """Create an object and return its id, or an empty text if the answer has none."""
        ...

    def put(self, path: str, body: Any = None) -> None:
        """Replace an object, or add it to a collection."""
        ...

    def delete(self, path: str, body: Any = None) -> None:
        """Delete an object, or the items of `body` from a collection."""
        ...

    def server_info(self) -> Json:
        """What the server tells of itself and its providers; nothing where the account may not ask."""
        ...

    def create_realm(self, body: Json) -> None:
        """Create the realm itself."""
        ...

    def send_mail(self, path: str, body: Any, query: Mapping[str, str | int]) -> None:
        """Make Keycloak send a mail. Raises `MailRefusedError` if the mail server does not accept it."""
        ...
