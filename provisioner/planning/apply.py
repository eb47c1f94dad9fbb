"""Application of a plan, in order, up to the first failure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from uuid import uuid4

from provisioner.errors import (
    InterruptedRunError,
    MailRefusedError,
    PlanRefusedError,
    ProvisionerError,
    ServerError,
    StalePlanError,
)
from provisioner.kinds.kind import Kind
from provisioner.kinds.registry import KINDS
from provisioner.model.changes import Action, Change, Plan
from provisioner.model.ports import Realm, Waiting
from provisioner.model.state import RealmState, Remark
from provisioner.planning.apply_record import digests, keys, made
from provisioner.planning.plan import plan


@dataclass(slots=True)
class Outcome:
    """The result of an apply: changes that were `done` and `left`, the one that `failed` and its `error`,
    warnings."""

    done: list[Change] = field(default_factory=list)
    left: list[Change] = field(default_factory=list)
    failed: Change | None = None
    error: ProvisionerError | None = None
    warnings: list[Remark] = field(default_factory=list)
    kept: list[Change] = field(default_factory=list)
    """Deletions that were planned and not requested."""

    @property
    def complete(self) -> bool:
        """Whether all planned changes were made."""
        return self.error is None


_NEEDS_LOCK = 2

Progress = Callable[[int], None]
"""Called with the number of further changes that are done."""
Batch = tuple[Change, ...]


def apply(
    desired: RealmState,
    planned: Plan,
    observed: RealmState,
    realm: Realm,
    *,
    prune: bool = False,
    progress: Progress = lambda _: None,
    waiting: Waiting = lambda _: None,
) -> Outcome:
    """Make the planned changes; deletions only with `prune`.

    A realm that does not exist is created first and then planned again, because Keycloak creates objects in a new
    realm that the first plan could not know. The second plan only changes addresses that the first one names.
    Several changes are made under the lock of the realm; a single change is one request and needs no lock.

    Raises `PlanRefusedError` if the plan has refused changes, and `StalePlanError` if another run held the lock in
    the meantime and the plan is no longer the same. In both cases nothing was written.
    """
    if planned.refused:
        raise _refusal(planned)
    run = _Run(desired, observed, realm, prune, progress)
    run.outcome.kept.extend(() if prune else planned.deletions)
    changes = planned.to_make(prune)
    if changes and _creates_the_realm(changes[0]):
        changes = run.create_realm(changes)
    if len(changes) < _NEEDS_LOCK:
        run.make(changes)
        return run.outcome
    with realm.locked(waiting) as another_had_it:
        if another_had_it:
            run.raise_if_stale(changes)
        run.make(changes, uuid4().hex)
    return run.outcome


def _refusal(planned: Plan) -> PlanRefusedError:
    return PlanRefusedError("\n".join(f"{each.address}: {each.reason}" for each in planned.refused))


def _creates_the_realm(change: Change) -> bool:
    return change.address.kind == Kind.REALM and change.action is Action.CREATE


@dataclass(slots=True)
class _Run:
    """One apply: what it works on, and its outcome so far."""

    desired: RealmState
    observed: RealmState
    realm: Realm
    prune: bool
    progress: Progress
    outcome: Outcome = field(default_factory=Outcome)
    created: Batch = ()
    """The creation of the realm, before the record can be stored."""

    def create_realm(self, changes: Batch) -> Batch:
        """Make the first change, which creates the realm; return the changes of a second plan."""
        self._make(changes[:1])
        if self.outcome.error is None:
            try:
                self.observed = self.realm.observe(self.desired)
            except ServerError as error:
                self.outcome.error = error
        if self.outcome.error:
            self.outcome.left.extend(changes[1:])
            return ()
        self.created = changes[:1]
        again = plan(self.desired, self.observed)
        if again.refused:
            self.outcome.error = _refusal(again)
            self.outcome.left.extend(again.to_make(self.prune))
            return ()
        self.progress(len(changes) - 1 - len(again.to_make(self.prune)))
        return again.to_make(self.prune)

    def raise_if_stale(self, changes: Batch) -> None:
        """Observe and plan again; raise `StalePlanError` unless the plan has the same changes."""
        self.observed = self.realm.observe(self.desired)
        if plan(self.desired, self.observed).to_make(self.prune) != changes:
            raise StalePlanError(
                "another run has changed the realm in the meantime; nothing was written; plan again"
            )

    def make(self, changes: Batch, run_id: str = "") -> None:
        """Make the changes, and store the record before and after them.

        `run_id` names a run that holds the lock, for others that observe the realm in the meantime.

        Resources to create are recorded before, so that a killed run leaves names of resources that do not exist,
        which are never deleted. The digest of a secret is recorded after it was sent, so that a killed run only
        makes the next one send it again. The settings and secrets of the realm itself are written in one request
        together with the record.
        """
        if not changes:
            return
        settings = tuple(change for change in changes if change.address.kind == Kind.REALM)
        others = tuple(change for change in changes if change.address.kind != Kind.REALM)
        known = {**self.observed.record.digests, **digests((*self.created, *settings))}
        set_keys = keys((*self.created, *changes), self.desired, self.observed)
        recorded = replace(
            self.observed.record, made=made(changes, self.desired, self.observed), digests=known, keys=set_keys
        )
        if run_id:
            recorded = replace(recorded, run=run_id, unfinished=True)
        self.realm.note(recorded)
        self._make(settings)
        if others and not self.outcome.error:
            self._save()
        self._make(others)
        if not self.outcome.error:
            gone = {change.address for change in self.outcome.done if change.action is Action.DELETE}
            ended = replace(
                recorded,
                made=recorded.made - gone,
                digests={**known, **digests(others)},
                keys=set_keys - gone,
                unfinished=recorded.unfinished and not run_id,
            )
            self.realm.note(ended)
            self._save()

    def _save(self) -> None:
        try:
            self.realm.save()
        except ServerError as error:
            self.outcome.error = error

    def _make(self, changes: Batch) -> None:
        for batch in _batches(changes):
            if self.outcome.error:
                self.outcome.left.extend(batch)
            else:
                self._add_result(batch, self._attempt(batch))
                self.progress(len(batch))

    def _attempt(self, batch: Batch) -> ProvisionerError | None:
        try:
            self.realm.perform(*batch)
        except ServerError as error:
            return error
        except KeyboardInterrupt:
            return InterruptedRunError("interrupted; the change in progress may have been made")
        return None

    def _add_result(self, batch: Batch, error: ProvisionerError | None) -> None:
        if error is None:
            self.outcome.done.extend(batch)
            return
        self.outcome.left.extend(batch)
        if isinstance(error, MailRefusedError):
            reason = f"the account exists, but its mail could not be sent ({error}); the next apply sends it"
            self.outcome.warnings.append(Remark(batch[0].address, reason))
        else:
            self.outcome.error, self.outcome.failed = error, batch[0]


def _batches(changes: Batch) -> Iterator[Batch]:
    """Yield one change at a time, but several creations of a kind that can be created together."""
    for (kind, action), same in groupby(changes, key=lambda change: (change.address.kind, change.action)):
        listed = tuple(same)
        size = KINDS[kind].batch if action is Action.CREATE else 1
        yield from (listed[begin : begin + size] for begin in range(0, len(listed), size))
