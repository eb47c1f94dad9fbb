"""Plan + realm -> what was done: in order, stopping at the first failure."""

from collections.abc import Callable, Collection, Iterable, Iterator
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
from provisioner.model.parts import parts_of, value_of
from provisioner.model.ports import Realm, Waiting
from provisioner.model.secret_digests import digest, secrets_of
from provisioner.model.state import Address, RealmState, Record, Remark, Resource
from provisioner.planning.plan import plan


@dataclass(slots=True)
class Outcome:
    """What an apply did: changes `done` and `left`, where it `failed` and why (`error`), and warnings."""

    done: list[Change] = field(default_factory=list)
    left: list[Change] = field(default_factory=list)
    failed: Change | None = None
    error: ProvisionerError | None = None
    warnings: list[Remark] = field(default_factory=list)
    kept: list[Change] = field(default_factory=list)
    """Deletions that were planned and not asked for."""

    @property
    def complete(self) -> bool:
        """Whether everything that was planned was done."""
        return self.error is None


_NEEDS_LOCK = 2

Progress = Callable[[int], None]
"""Told how many more changes are done."""


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
    """Makes the planned changes, deletions only with `prune`; a plan with refused ones is not begun.

    A realm that was absent is created first and then planned again: Keycloak fills a new realm with objects of its
    own, which the first plan could not see. The second plan makes no change at an address the first did not name.
    Several changes are made under the realm's lock; a single one is a single write and needs none. When
    another run had the lock meanwhile and the plan is no longer the same, `StalePlanError`: nothing was written.
    """
    if planned.refused:
        raise _refusal(planned)
    changes = planned.to_make(prune)
    outcome = Outcome(kept=list(planned.deletions) if not prune else [])
    created: tuple[Change, ...] = ()
    if changes and _creates_the_realm(changes[0]):
        created = changes[:1]
        _make(created, realm, outcome, progress)
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
        if again.refused:
            outcome.error = _refusal(again)
            outcome.left.extend(again.to_make(prune))
            return outcome
        progress(len(changes) - 1 - len(again.to_make(prune)))
        changes = again.to_make(prune)
    if len(changes) < _NEEDS_LOCK:
        return _make_and_note(changes, created, desired, observed, realm, outcome, progress)
    with realm.locked(waiting) as another_had_it:
        if another_had_it:
            observed = realm.observe(desired)
            if plan(desired, observed).to_make(prune) != changes:
                raise StalePlanError(
                    "another run has changed the realm meanwhile; nothing was written, plan again"
                )
        return _make_and_note(changes, created, desired, observed, realm, outcome, progress)


def _refusal(planned: Plan) -> PlanRefusedError:
    return PlanRefusedError("\n".join(f"{each.address}: {each.reason}" for each in planned.refused))


def _creates_the_realm(change: Change) -> bool:
    return change.address.kind == Kind.REALM and change.action is Action.CREATE


def _make_and_note(
    changes: tuple[Change, ...],
    created: tuple[Change, ...],
    desired: RealmState,
    observed: RealmState,
    realm: Realm,
    outcome: Outcome,
    progress: Progress,
) -> Outcome:
    """Makes the changes between two notes.

    What is about to be created is noted before: killed in between, the note names what is not there, which is
    never deleted. The digest of a secret is noted after it was sent: killed in between, the secret is sent once
    more. Only the realm's own settings and secrets go in one write with their note.
    """
    if not changes:
        return outcome
    settings = tuple(change for change in changes if change.address.kind == Kind.REALM)
    others = changes[len(settings) :]
    digests = {**observed.record.digests, **_digests((*created, *settings))}
    keys = _keys((*created, *changes), desired, observed)
    known = Record(_made(changes, desired, observed), digests, keys)
    realm.note(known)
    _make(settings, realm, outcome, progress)
    if others and not outcome.error:
        _save(realm, outcome)
    _make(others, realm, outcome, progress)
    if not outcome.error:
        gone = {change.address for change in outcome.done if change.action is Action.DELETE}
        realm.note(Record(known.made - gone, {**known.digests, **_digests(others)}, known.keys - gone))
        _save(realm, outcome)
    return outcome


def _made(changes: Iterable[Change], desired: RealmState, observed: RealmState) -> frozenset[Address]:
    """What applies have made: before, as far as it is still there, and what is about to be created."""
    before = (
        address for address in observed.record.made if address in observed.resources or not desired.covers(address)
    )
    created = {change.address for change in changes if change.action is Action.CREATE}
    parts = (resource.address for resource in _created_with(created, desired))
    return frozenset((*before, *(address for address in (*created, *parts) if _is_recorded(address))))


def _created_with(created: Collection[Address], desired: RealmState) -> Iterator[Resource]:
    """Return the resources that the requests for these create too."""
    for resource in desired.resources.values():
        if KINDS[resource.address.kind].rule.with_owner and owners(resource.address)[0] in created:
            yield resource


def _keys(changes: Collection[Change], desired: RealmState, observed: RealmState) -> frozenset[Address]:
    """The keys that applies have set: before, as far as they are still there, and those of these changes."""
    before = (part for part in observed.record.keys if _is_kept(part, desired, observed))
    sent = {
        change.address: change.after or {}
        for change in changes
        if change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE)
    }
    created = {change.address for change in changes if change.action is Action.CREATE}
    sent.update((resource.address, resource.fields) for resource in _created_with(created, desired))
    now = (
        part for address, fields in sent.items() for part in parts_of(address, fields, KINDS[address.kind].rule)
    )
    return frozenset((*before, *now))


def _is_kept(part: Address, desired: RealmState, observed: RealmState) -> bool:
    present = observed.resources.get(part.whole)
    if present is None:
        return not desired.covers(part.whole)
    return value_of(part, present.fields) is not None


def _is_recorded(address: Address) -> bool:
    rule = KINDS[address.kind].rule
    return rule.recorded and not rule.shared


def _save(realm: Realm, outcome: Outcome) -> None:
    try:
        realm.save()
    except ServerError as error:
        outcome.error = error


def _digests(changes: Iterable[Change]) -> dict[str, str]:
    """The digests of the secrets that these changes send."""
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
        _account(batch, _attempt(batch, realm), outcome)
        progress(len(batch))
    return outcome


Batch = tuple[Change, ...]


def _attempt(batch: Batch, realm: Realm) -> ProvisionerError | None:
    try:
        realm.perform(*batch)
    except ServerError as error:
        return error
    except KeyboardInterrupt:
        return InterruptedRunError("interrupted; the change at hand may have been made")
    return None


def _account(batch: Batch, error: ProvisionerError | None, outcome: Outcome) -> None:
    match error:
        case None:
            outcome.done.extend(batch)
            return
        case MailRefusedError():
            reason = f"the account is there, its mail could not be handed over ({error}); the next apply sends it"
            outcome.warnings.append(Remark(batch[0].address, reason))
        case _ if outcome.error is None:
            outcome.error, outcome.failed = error, batch[0]
    outcome.left.extend(batch)


def _batches(changes: tuple[Change, ...]) -> Iterator[Batch]:
    """Return one change at a time, but the creations of a kind together where it allows that."""
    for (kind, action), same in groupby(changes, key=lambda change: (change.address.kind, change.action)):
        listed = tuple(same)
        size = KINDS[kind].batch if action is Action.CREATE else 1
        yield from (listed[begin : begin + size] for begin in range(0, len(listed), size))
