"""Application of a plan, in order, up to the first failure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from provisioner.errors import (
    InterruptedRunError,
    MailRefusedError,
    PlanRefusedError,
    ProvisionerError,
    ServerError,
    StalePlanError,
)
from provisioner.kinds.kind import Kind
from provisioner.kinds.registry import KINDS, owners
from provisioner.model.changes import Action, Change, Plan
from provisioner.model.ports import Realm, Waiting
from provisioner.model.secret_digests import digest, secrets_of
from provisioner.model.state import Address, RealmState, Record, Resource
from provisioner.planning.plan import plan


@dataclass(slots=True)
class Outcome:
    """The result of an apply: changes that were `done` and `left`, the one that `failed` and its `error`,
    warnings."""

    done: list[Change] = field(default_factory=list)
    left: list[Change] = field(default_factory=list)
    failed: Change | None = None
    error: ProvisionerError | None = None
    warnings: list[str] = field(default_factory=list)
    kept: list[Change] = field(default_factory=list)
    """Deletions that were planned and not requested."""

    @property
    def complete(self) -> bool:
        """Whether all planned changes were made."""
        return self.error is None


_NEEDS_LOCK = 2

Progress = Callable[[int], None]
"""Called with the number of further changes that are done."""


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
    _raise_if_refused(planned)
    changes = planned.to_make(prune)
    outcome = Outcome(kept=list(planned.deletions) if not prune else [])
    if changes and _creates_the_realm(changes[0]):
        _make(changes[:1], realm, outcome, progress)
        if outcome.error:
            outcome.left.extend(changes[1:])
            return outcome
        try:
            observed = realm.observe(desired)
        except ServerError as error:
            outcome.error = error
            outcome.left.extend(changes[1:])
            return outcome
        again = plan(desired, observed)
        _raise_if_refused(again)
        progress(len(changes) - 1 - len(again.to_make(prune)))
        changes = again.to_make(prune)
    if len(changes) < _NEEDS_LOCK:
        return _make_and_note(changes, desired, observed, realm, outcome, progress)
    with realm.locked(waiting) as another_had_it:
        if another_had_it:
            observed = realm.observe(desired)
            if plan(desired, observed).to_make(prune) != changes:
                raise StalePlanError(
                    "another run has changed the realm in the meantime; nothing was written; plan again"
                )
        return _make_and_note(changes, desired, observed, realm, outcome, progress)


def _raise_if_refused(planned: Plan) -> None:
    if planned.refused:
        raise PlanRefusedError("\n".join(f"{each.address}: {each.reason}" for each in planned.refused))


def _creates_the_realm(change: Change) -> bool:
    return change.address.kind == Kind.REALM and change.action is Action.CREATE


def _make_and_note(
    changes: tuple[Change, ...],
    desired: RealmState,
    observed: RealmState,
    realm: Realm,
    outcome: Outcome,
    progress: Progress,
) -> Outcome:
    """Make the changes, and store the record before and after them.

    Resources to create are recorded before, so that a killed run leaves names of resources that do not exist,
    which are never deleted. The digest of a secret is recorded after it was sent, so that a killed run only makes
    the next one send it again. The settings and secrets of the realm itself are written in one request together
    with the record.
    """
    if not changes:
        return outcome
    settings = tuple(change for change in changes if change.address.kind == Kind.REALM)
    others = changes[len(settings) :]
    known = Record(_made(changes, desired, observed), {**observed.record.digests, **_digests(settings)})
    realm.note(known)
    _make(settings, realm, outcome, progress)
    if others and not outcome.error:
        _save(realm, outcome)
    _make(others, realm, outcome, progress)
    if not outcome.error:
        gone = {change.address for change in outcome.done if change.action is Action.DELETE}
        realm.note(Record(known.made - gone, {**known.digests, **_digests(others)}))
        _save(realm, outcome)
    return outcome


def _made(changes: Iterable[Change], desired: RealmState, observed: RealmState) -> frozenset[Address]:
    """Return what applies have created: what still exists of earlier ones, and what is about to be created."""
    before = (
        address for address in observed.record.made if address in observed.resources or not desired.covers(address)
    )
    created = {change.address for change in changes if change.action is Action.CREATE}
    parts = (
        address
        for address in desired.resources
        if KINDS[address.kind].rule.with_owner and created.intersection(owners(address)[:1])
    )
    return frozenset((*before, *(address for address in (*created, *parts) if _is_recorded(address))))


def _is_recorded(address: Address) -> bool:
    rule = KINDS[address.kind].rule
    return rule.recorded and not rule.shared


def _save(realm: Realm, outcome: Outcome) -> None:
    try:
        realm.save()
    except ServerError as error:
        outcome.error = error


def _digests(changes: Iterable[Change]) -> dict[str, str]:
    """Return the digests of the secrets that these changes send."""
    found = {}
    for change in changes:
        if change.resource is not None and change.action is not Action.DELETE:
            sent = Resource(change.address, change.after or {})
            found.update(
                {key: digest(secret) for key, secret in secrets_of(sent, KINDS[change.address.kind].rule)}
            )
    return found


def _make(changes: tuple[Change, ...], realm: Realm, outcome: Outcome, progress: Progress) -> Outcome:
    for batch in _batches(changes):
        if outcome.error:
            outcome.left.extend(batch)
            continue
        _note_result(batch, _attempt(batch, realm), outcome)
        progress(len(batch))
    return outcome


Batch = tuple[Change, ...]


def _attempt(batch: Batch, realm: Realm) -> ProvisionerError | None:
    try:
        realm.perform(*batch)
    except ServerError as error:
        return error
    except KeyboardInterrupt:
        return InterruptedRunError("interrupted; the change in progress may have been made")
    return None


def _note_result(batch: Batch, error: ProvisionerError | None, outcome: Outcome) -> None:
    match error:
        case None:
            outcome.done.extend(batch)
            return
        case MailRefusedError():
            outcome.warnings.append(
                f"{batch[0].address}: the account exists, but its mail could not be sent"
                f" ({error}); the next apply sends it"
            )
        case _ if outcome.error is None:
            outcome.error, outcome.failed = error, batch[0]
    outcome.left.extend(batch)


def _batches(changes: tuple[Change, ...]) -> Iterator[Batch]:
    """Yield one change at a time, but several creations of a kind that can be created together."""
    for (kind, action), same in groupby(changes, key=lambda change: (change.address.kind, change.action)):
        listed = tuple(same)
        size = KINDS[kind].batch if action is Action.CREATE else 1
        yield from (listed[begin : begin + size] for begin in range(0, len(listed), size))
