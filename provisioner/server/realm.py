"""A realm on a server, as states and changes: `Realm` over `Api`, using the records of the kinds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from provisioner.errors import NotFoundError
from provisioner.kinds import offers, realm, record
from provisioner.kinds.registry import FAMILIES, KINDS
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.ports import Api, Waiting
from provisioner.model.state import RealmState, Record
from provisioner.server import baseline
from provisioner.server.lock import Lock


class KeycloakRealm:
    """`provisioner.model.ports.Realm` on a server."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._server: Server | None = None

    def observe(self, desired: RealmState) -> RealmState:
        server = self._server = Server(self._api, desired)
        try:
            server.realm = self._api.get("")
        except NotFoundError:
            return replace(baseline.before(desired.realm), offers=offers.read(self._api.server_info()))
        server.record = record.read(server.realm.get("attributes") or {})
        for family in FAMILIES:
            family.prefetch(server)
        found = RealmState.of(desired.realm, (each for family in FAMILIES for each in family.observe(server)))
        if offers.is_needed(desired, found):
            server.offers = {**offers.read(self._api.server_info()), **server.offers}
        return replace(
            found, record=server.record, builtin=baseline.addresses(desired.realm), offers=server.offers
        )

    def note(self, known: Record) -> None:
        server = self._observed_server
        server.record = replace(known, digests={**known.digests, **server.hidden})

    def save(self) -> None:
        realm.save_record(self._observed_server)

    @contextmanager
    def locked(self, waiting: Waiting) -> Iterator[bool]:
        with Lock(self._api).held(waiting) as waited:
            yield waited or self._another_had_it()

    def _another_had_it(self) -> bool:
        """Return whether another run held the lock while the realm was observed, or has held it since.

        It may have ended before this one takes the lock, so that no one had to wait.
        """
        observed = self._observed_server.record
        return observed.unfinished or record.read(self._api.get("").get("attributes") or {}) != observed

    def perform(self, *changes: Change) -> None:
        KINDS[changes[0].address.kind].write(self._observed_server, changes)

    @property
    def _observed_server(self) -> Server:
        if self._server is None:
            raise ValueError("a realm is observed before it is changed")
        return self._server
