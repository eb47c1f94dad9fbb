"""A realm on a server, as states and changes: `Realm` over `Api`, by way of the kinds."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from provisioner.errors import NotFoundError
from provisioner.kinds import companies, groups, realm, record
from provisioner.kinds.registry import READERS, WRITERS
from provisioner.kinds.server import Server
from provisioner.model.changes import Change, steps
from provisioner.model.ports import Api, Waiting
from provisioner.model.state import RealmState, Record
from provisioner.server import baseline
from provisioner.server.lock import Lock


class KeycloakRealm:
    """`provisioner.model.ports.Realm` on a server, by way of the table of kinds."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._server: Server | None = None

    def observe(self, desired: RealmState) -> RealmState:
        server = self._server = Server(self._api, desired)
        try:
            server.realm = self._api.get("")
        except NotFoundError:
            return baseline.before(desired.realm)
        server.record = record.read(server.realm.get("attributes") or {})
        groups.begin(server)
        found = RealmState.of(desired.realm, (found for read in READERS for found in read(server)))
        return replace(
            found, record=server.record, builtin=baseline.addresses(desired.realm), offers=server.offers
        )

    def note(self, known: Record) -> None:
        server = self._observed_server
        server.record = replace(known, digests={**known.digests, **server.hidden})

    def save(self) -> None:
        realm.save_record(self._observed_server)

    def locked(self, waiting: Waiting) -> AbstractContextManager[bool]:
        return Lock(self._api).held(waiting)

    def perform(self, change: Change) -> None:
        writer = WRITERS[change.address.kind]
        for each in steps(change):
            writer.of(each)(self._observed_server, each)

    def create_companies(self, changes: Sequence[Change]) -> None:
        companies.create(self._observed_server, changes)

    @property
    def _observed_server(self) -> Server:
        if self._server is None:
            raise ValueError("a realm is observed before it is changed")
        return self._server
