"""Plan + realm -> what was done: in order, stopping at the first failure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from provisioner.changes import Action, Change, Plan
from provisioner.errors import (
    InterruptedRunError,
    MailRefusedError,
    PlanRefusedError,
    ProvisionerError,
    ServerError,
)
from provisioner.gateway import Realm
from provisioner.plan import plan
from provisioner.state import Kind, RealmState

BATCH = 50
"""Companies created in one write: larger ones cost Keycloak more per company (measured)."""


@dataclass(slots=True)
class Outcome:
    """What an apply did: changes `done` and `left`, where it `failed` and why (`error`), and warnings."""

    done: list[Change] = field(default_factory=list)
    left: list[Change] = field(default_factory=list)
    failed: Change | None = None
    error: ProvisionerError | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything that was planned was done."""
        return self.error is None


Progress = Callable[[int], None]
"""Told how many more changes are done."""


def apply(desired: RealmState, planned: Plan, realm: Realm, progress: Progress = lambda _: None) -> Outcome:
    """Makes the planned changes; a plan with refused ones is not begun.

    A realm that was absent is created first and then planned again: Keycloak fills a new realm with objects of its
    own, which the first plan could not see. The second plan makes no change at an address the first did not name.
    """
    if planned.refused:
        raise PlanRefusedError("\n".join(f"{each.address}: {each.reason}" for each in planned.refused))
    outcome = Outcome()
    if not any(change.address.kind is Kind.REALM and change.action is Action.CREATE for change in planned.writes):
        return _make(planned.writes, realm, outcome, progress)
    create, rest = planned.writes[:1], planned.writes[1:]
    _make(create, realm, outcome, progress)
    if outcome.error:
        outcome.left.extend(rest)
        return outcome
    return _make(_planned_again(desired, rest, realm, outcome, progress), realm, outcome, progress)


def _planned_again(
    desired: RealmState, rest: tuple[Change, ...], realm: Realm, outcome: Outcome, progress: Progress
) -> tuple[Change, ...]:
    try:
        writes = plan(desired, realm.observe(desired)).writes
    except ServerError as error:
        outcome.error = error
        outcome.left.extend(rest)
        return ()
    progress(len(rest) - len(writes))
    return writes


def _make(changes: tuple[Change, ...], realm: Realm, outcome: Outcome, progress: Progress) -> Outcome:
    for batch in _batches(changes):
        if outcome.error:
            outcome.left.extend(batch)
            continue
        try:
            _write(batch, realm)
        except MailRefusedError as error:
            outcome.warnings.append(
                f"{batch[0].address}: the account is there, its mail could not be handed over"
                f" ({error}); the next apply sends it"
            )
            outcome.left.extend(batch)
        except KeyboardInterrupt:
            outcome.error = InterruptedRunError("interrupted; the change at hand may have been made")
            outcome.failed = batch[0]
            outcome.left.extend(batch)
        except ServerError as error:
            outcome.error, outcome.failed = error, batch[0]
            outcome.left.extend(batch)
        else:
            outcome.done.extend(batch)
        progress(len(batch))
    return outcome


def _write(batch: tuple[Change, ...], realm: Realm) -> None:
    if _is_new_company(batch[0]):
        realm.create_companies(batch)
    else:
        realm.perform(batch[0])


def _batches(changes: tuple[Change, ...]) -> Iterator[tuple[Change, ...]]:
    """One change at a time, but new companies together."""
    position = 0
    while position < len(changes):
        end = position + 1
        if _is_new_company(changes[position]):
            while end < len(changes) and end - position < BATCH and _is_new_company(changes[end]):
                end += 1
        yield changes[position:end]
        position = end


def _is_new_company(change: Change) -> bool:
    return change.address.kind is Kind.COMPANY and change.action is Action.CREATE
