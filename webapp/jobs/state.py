"""How far a job is, and how long it is kept: the same of an import and of a batch of mails."""

from enum import StrEnum

from webapp.storage.locks import is_gone

KEPT = 7 * 86_400.0
"""Seconds after which a job is deleted: it holds names and addresses."""


class State(StrEnum):
    """How far a job is; `INTERRUPTED` is stored as running, by a process that has ended."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    DONE = "done"


def state_of(is_done: bool, worker: str, beat_at: float) -> State:
    """The state of a job whose process (named as `storage.locks.worker` names it) was last seen at `beat_at`."""
    if is_done:
        return State.DONE
    return State.INTERRUPTED if is_gone(worker, beat_at) else State.RUNNING
