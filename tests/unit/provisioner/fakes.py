"""A realm in memory: `provisioner.model.ports.Realm` without a server."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from provisioner.errors import ServerError
from provisioner.kinds.server import merged
from provisioner.model.changes import Action, Change, steps
from provisioner.model.rules import RULES, owners
from provisioner.model.state import Address, Kind, RealmState, Record, Resource


class FakeRealm:
    """Keeps resources by address; `fails` says which addresses answer with an error, `writes` what was written."""

    def __init__(
        self,
        name: str = "portal",
        resources: Sequence[Resource] = (),
        *,
        exists: bool = True,
        fails: Mapping[str, ServerError | KeyboardInterrupt] | None = None,
    ) -> None:
        self.state = RealmState.of(name, resources, exists)
        self.fails = dict(fails or {})
        self.writes: list[list[str]] = []
        self.noted = Record()
        self.saves = self.locks = 0
        self.another_run: Callable[[], None] | None = None

    def observe(self, desired: RealmState) -> RealmState:
        return self.state

    @contextmanager
    def locked(self, waiting: Callable[[str], None]) -> Iterator[bool]:
        self.locks += 1
        if self.another_run is not None:
            self.another_run()
        yield self.another_run is not None

    def note(self, known: Record) -> None:
        self.noted = known

    def save(self) -> None:
        if self.noted != self.state.record:
            self.state = replace(self.state, record=self.noted)
            self.saves += 1

    def perform(self, change: Change) -> None:
        self._write([change])

    def create_companies(self, changes: Sequence[Change]) -> None:
        self._write(changes)

    def _write(self, changes: Sequence[Change]) -> None:
        changes = [step for change in changes for step in steps(change)]
        for change in changes:
            if error := self.fails.get(str(change.address)):
                raise error
        self.writes.append([str(change.address) for change in changes])
        for change in changes:
            self._apply(change)

    def _apply(self, change: Change) -> None:
        present = self.state.resources.get(change.address)
        if change.action is Action.DELETE:
            assert present is not None, change
            self.state = self.state.with_resources(
                each
                for each in self.state.resources.values()
                if each.address != change.address and change.address not in owners(each.address)
            )
            return
        assert (present is None) == (change.action is Action.CREATE), change
        fields = merged(present.fields, change.after or {}) if present else dict(change.after or {})
        if RULES[change.address.kind].whole and change.resource:
            fields = change.resource.fields
        resources = [*self.state.resources.values(), Resource(change.address, fields), *_parts(change, fields)]
        self.state = replace(self.state.with_resources(resources), exists=True)


def _parts(change: Change, fields: dict[str, Any]) -> list[Resource]:
    """What Keycloak creates together with it."""
    if change.action is not Action.CREATE:
        return []
    name = change.address.names[0] if change.address.names else ""
    match change.address.kind:
        case Kind.CLIENT | Kind.CLIENT_SCOPE:
            kind = Kind.CLIENT_MAPPER if change.address.kind is Kind.CLIENT else Kind.CLIENT_SCOPE_MAPPER
            mappers = fields.get("protocolMappers", ())
            found = [
                Resource(Address(kind, (name, each["name"])), {"protocol": "openid-connect", **each})
                for each in mappers
            ]
            for assignment in ("default", "optional"):
                for scope in fields.get(f"{assignment}ClientScopes", ()):
                    found.append(Resource(Address(Kind.ASSIGNED_SCOPE, (name, scope)), {"assignment": assignment}))
            return found
        case Kind.COMPANY:
            return [
                Resource(Address(Kind.COMPANY_SUBGROUP, (name, each["name"])), {"attributes": each["attributes"]})
                for each in fields["subGroups"]
            ]
        case Kind.PERSON:
            return [
                Resource(Address(Kind.ADMINISTRATOR, (company, name)), {"attached": True})
                for company in fields["administers"]
            ]
        case _:
            return []
