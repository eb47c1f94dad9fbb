"""The two seams towards Keycloak.

`Realm` is what the verbs of the command line work with; tests have one in memory. `Api` is the wire below it: the
admin REST API of one realm, as `provisioner.kinds` speaks it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from provisioner.model.changes import Change
from provisioner.model.state import Json, RealmState, Record

Waiting = Callable[[str], None]
"""Told what a run waits for."""


class Realm(Protocol):
    """One realm of a server, in states and changes. Everything raises `provisioner.errors.ServerError`."""

    def observe(self, desired: RealmState) -> RealmState:
        """What the server has, restricted to what `desired` needs to be compared with. Writes nothing."""
        ...

    def locked(self, waiting: Waiting) -> AbstractContextManager[bool]:
        """Holds the realm's lock against other runs; the value tells whether another had it meanwhile.

        `waiting` is told, again and again, who has it while this run waits. Raises `LockedError` when that takes
        too long.
        """
        ...

    def note(self, known: Record) -> None:
        """Says what is to be kept in the realm about applies; written with the next change of the realm itself."""
        ...

    def save(self) -> None:
        """Writes what was noted, unless the realm has it already."""
        ...

    def perform(self, change: Change) -> None:
        """Makes one change; one write, or one per membership where Keycloak knows no other way."""
        ...

    def create_companies(self, changes: Sequence[Change]) -> None:
        """Creates the groups of these companies in one write: all of them or none."""
        ...


class Api(Protocol):
    """Requests below `/admin/realms/<realm>/`; `""` is the realm itself."""

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """The answer to a read."""
        ...

    def begin(self, path: str, query: Mapping[str, str | int] | None = None) -> None:
        """Starts a read that takes the server long, beside others; the next `get` of the same has its answer."""
        ...

    def pages(self, path: str, query: Mapping[str, str | int] | None = None) -> Iterator[Json]:
        """Every item of a list that Keycloak gives in pages."""
        ...

    def post(self, path: str, body: Any) -> str:
        """Creates; the id that Keycloak gave, or an empty text."""
        ...

    def put(self, path: str, body: Any = None) -> None:
        """Replaces, or puts in its place."""
        ...

    def delete(self, path: str, body: Any = None) -> None:
        """Takes away."""
        ...

    def create_realm(self, body: Json) -> None:
        """Creates the realm itself."""
        ...

    def send_mail(self, path: str, body: Any, query: Mapping[str, str | int]) -> None:
        """A call that makes Keycloak send a mail; a `MailRefusedError` when the mail server does not take it."""
        ...
