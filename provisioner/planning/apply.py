"""Plan + realm -> what was done: in order, stopping at the first failure."""

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
from provisioner.model import secret_digests
from provisioner.model.changes import Action, Change, Plan
from provisioner.model.ports import Realm, Waiting
from provisioner.model.rules import RULES, owners
from provisioner.model.state import Address, Kind, RealmState, Record, Resource
from provisioner.planning.plan import plan

BATCH = 25
"""Companies created in one write. Measured, ms per company: 8.1 by 5, 5.0 by 25, 6.1 by 50, 7.7 by 100; two writes
at the same time take as long as one after the other."""


@dataclass(slots=True)
class Outcome:
    """What an apply did: changes `done` and `left`, where it `failed` and why (`error`), and warnings."""

    done: list[Change] = field(default_factory=list)
    left: list[Change] = field(default_factory=list)
    failed: Change | None = None
    error: ProvisionerError | None = None
    warnings: list[str] = field(default_factory=list)
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
                    "another run has changed the realm meanwhile; nothing was written, plan again"
                )
        return _make_and_note(changes, desired, observed, realm, outcome, progress)


def _raise_if_refused(planned: Plan) -> None:
    if planned.refused:
        raise PlanRefusedError("\n".join(f"{each.address}: {each.reason}" for each in planned.refused))


def _creates_the_realm(change: Change) -> bool:
    return change.address.kind is Kind.REALM and change.action is Action.CREATE


def _make_and_note(
    changes: tuple[Change, ...],
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
    settings = tuple(change for change in changes if change.address.kind is Kind.REALM)
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
    """What applies have made: before, as far as it is still there, and what is about to be created."""
    before = (
        address for address in observed.record.made if address in observed.resources or not desired.covers(address)
    )
    created = {change.address for change in changes if change.action is Action.CREATE}
    parts = (
        address
        for address in desired.resources
        if RULES[address.kind].with_owner and created.intersection(owners(address)[:1])
    )
    return frozenset((*before, *(address for address in (*created, *parts) if _is_recorded(address))))


def _is_recorded(address: Address) -> bool:
    rule = RULES[address.kind]
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
            found.update({key: secret_digests.digest(secret) for key, secret in secret_digests.of(sent)})
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
        _write(batch, realm)
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
            outcome.warnings.append(
                f"{batch[0].address}: the account is there, its mail could not be handed over"
                f" ({error}); the next apply sends it"
            )
        case _ if outcome.error is None:
            outcome.error, outcome.failed = error, batch[0]
    outcome.left.extend(batch)


def _write(batch: Batch, realm: Realm) -> None:
    if _is_new_company(batch[0]):
        realm.create_companies(batch)
    else:
        realm.perform(batch[0])


def _batches(changes: tuple[Change, ...]) -> Iterator[Batch]:
    """One change at a time, but new companies together."""
    for new_companies, same in groupby(changes, key=_is_new_company):
        listed = tuple(same)
        size = BATCH if new_companies else 1
        yield from (listed[begin : begin + size] for begin in range(0, len(listed), size))


def _is_new_company(change: Change) -> bool:
    return change.address.kind is Kind.COMPANY and change.action is Action.CREATE
