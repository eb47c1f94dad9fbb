"""The record of a kind: how its resources are compared, written, related, judged and exported.

Generic code (planning, server, rendering, exporting) only knows kinds by these records.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import AddError, Contains, RealmFile
from provisioner.kinds.server import Server
from provisioner.model.changes import Action, Change, steps
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource, Source
from provisioner.representation import Object

Write = Callable[[Server, Change], None]
Judge = Callable[[Resource, RealmState, RealmState], str]
"""Called with a desired resource and the desired and observed states; returns a reason, or an empty text."""


def _no_addresses(_: Address) -> tuple[Address, ...]:
    return ()


def _no_references(_: Resource, __: RealmState) -> Iterable[Address]:
    return ()


def _no_reason(_: Resource, __: RealmState, ___: RealmState) -> str:
    return ""


def _all_fields(resource: Resource, _: RealmState, __: RealmState) -> tuple[Json, tuple[str, ...]]:
    return resource.fields, ()


def _is_not_generated(_: Address, __: RealmState, ___: RealmState) -> bool:
    return False


def _is_exported(_: Resource) -> bool:
    return True


def owned_by(*parts: tuple[Kind, int, int]) -> Callable[[Address], tuple[Address, ...]]:
    """Return a function for `owners`. A part is the kind of an owner and the range of its names in the address."""
    return lambda address: tuple(Address(kind, address.names[start:stop]) for kind, start, stop in parts)


def refers_to(kind: Kind, position: int) -> Callable[[Resource, RealmState], Iterable[Address]]:
    """Return a function for `references` to the resource of this kind whose name is at this position."""
    return lambda resource, _: (Address(kind, (resource.address.names[position],)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindDefinition:
    """Everything that is specific to one kind.

    Comparing: `rule`.

    Writing: `create`, `update` and `delete` make one change each; None where Keycloak has no such operation.
    `create_many` creates up to `batch` resources in one request and replaces `create`.

    Relations: `owners` are the resources without which this one cannot exist; deleting one of them deletes it.
    `references` are the other resources that it names and that must exist. `listed_with` are the resources whose
    presence in the files means that the files also list this one.

    Judging: `refusal` says why a desired resource cannot be had, `unchangeable` why no one can create or change it
    or what it is the first owner of, `omission` why the server ignores a new one. `accepted` returns the fields
    that the server keeps, and why it does not keep the others. `comes_with` tells whether another change creates
    it; without it, a `rule.with_owner` resource comes with its first owner. `is_generated` tells whether Keycloak
    itself makes it, because of a field of its owner. `consequence` says what else a deletion does.

    Exporting: `is_exported`, and `variable`, the words of which the name of a variable for a secret is made.
    """

    kind: Kind
    rule: Rule = field(default_factory=Rule)

    create: Write | None = None
    update: Write | None = None
    delete: Write | None = None
    create_many: Callable[[Server, Sequence[Change]], None] | None = None
    batch: int = 1

    owners: Callable[[Address], tuple[Address, ...]] = _no_addresses
    references: Callable[[Resource, RealmState], Iterable[Address]] = _no_references
    listed_with: Callable[[Address], tuple[Address, ...]] = _no_addresses

    refusal: Judge = _no_reason
    unchangeable: Callable[[Address], str] = lambda _: ""
    omission: Judge = _no_reason
    accepted: Callable[[Resource, RealmState, RealmState], tuple[Json, tuple[str, ...]]] = _all_fields
    is_generated: Callable[[Address, RealmState, RealmState], bool] = _is_not_generated
    comes_with: Callable[[Resource, RealmState, RealmState], bool] | None = None
    consequence: Callable[[Resource], str] = lambda _: ""

    is_exported: Callable[[Resource], bool] = _is_exported
    variable: Callable[[Address], tuple[str, ...]] = lambda address: (address.kind, *address.names)

    def write(self, server: Server, changes: Sequence[Change]) -> None:
        """Make one change, or create several resources in one request."""
        if self.create_many and changes[0].action is Action.CREATE:
            self.create_many(server, changes)
            return
        (change,) = changes
        for step in steps(change):
            self._writer(step)(server, step)

    def _writer(self, change: Change) -> Write:
        writers = {Action.CREATE: self.create, Action.UPDATE: self.update, Action.DELETE: self.delete}
        found = writers.get(change.action)
        if found is None:
            raise ValueError(f"{change.address}: {change.action} is not possible")
        return found


def _nothing_desired(_: RealmFile) -> Iterable[Resource]:
    return ()


def _nothing_observed(_: Server) -> Iterable[Resource]:
    return ()


def _nothing_to_prefetch(_: Server) -> None:
    return


def _nothing_to_represent(_: RealmState, __: Json) -> None:
    return


def _unadapted(desired: RealmState, _: RealmState) -> RealmState:
    return desired


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Kinds that are read together.

    `desired` returns the resources of a realm file, `observe` those of the server. `prefetch` starts slow reads
    before the first `observe`. `adapt` completes the desired state with what only the observed one tells.
    `represent` puts resources into a RealmRepresentation, for an export.
    """

    kinds: tuple[KindDefinition, ...]
    observe: Callable[[Server], Iterable[Resource]] = _nothing_observed
    desired: Callable[[RealmFile], Iterable[Resource]] = _nothing_desired
    prefetch: Callable[[Server], None] = _nothing_to_prefetch
    adapt: Callable[[RealmState, RealmState], RealmState] = _unadapted
    represent: Callable[[RealmState, Json], None] = _nothing_to_represent


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """Files other than realm files: a document without `realm` that has a key of `shape`.

    `desired` returns the resources of all such documents of a run. `represent` returns the content of the files of
    an export, by name without suffix; they are in `folder`.
    """

    shape: Object
    folder: str
    desired: Callable[[Sequence[tuple[Json, Source]], AddError, Contains], Iterable[Resource]]
    represent: Callable[[RealmState], Mapping[str, Json]]
