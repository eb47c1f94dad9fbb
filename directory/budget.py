"""How long one request to the portal may wait for slow answers of Keycloak, and for whom it is done."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

BUDGET = 10.0
"""Seconds that one request to the portal may wait for slow answers of Keycloak."""
HEALTHY = 1.0
"""Seconds of an answer that is not slow: what takes many such calls (two hundred people at once) may take them."""

T = TypeVar("T")


@dataclass(slots=True)
class Budget:
    """The seconds that one request may still wait for slow answers, and the person for whom it is done."""

    left: float
    person_id: str = ""
    charged_until: float = 0.0

    def charge(self, began: float) -> None:
        """Take the time since then, when it was slow; of calls at the same time each second counts once."""
        ended = time.monotonic()
        if ended - began > HEALTHY:
            self.left -= ended - max(began, self.charged_until)
            self.charged_until = ended


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


def begin(person_id: str = "") -> None:
    """Let the calls of this thread wait for `BUDGET` seconds in all, and count as made for that person."""
    _budget.set(Budget(BUDGET, person_id))


def end() -> None:
    """Let the calls of this thread take as long as each of them may."""
    _budget.set(None)


def current() -> Budget | None:
    """Return that of this thread, if it has one."""
    return _budget.get()


def left() -> float:
    """Return the seconds that are left; infinite without a budget."""
    mine = current()
    return float("inf") if mine is None else mine.left


@contextmanager
def unlimited() -> Iterator[None]:
    """A block whose calls wait for something else than Keycloak."""
    before = _budget.set(None)
    try:
        yield
    finally:
        _budget.reset(before)


def carried(act: Callable[..., T]) -> Callable[..., T]:
    """Return the function such that it has the budget of this thread wherever it is called."""
    mine = current()

    def with_budget(*arguments: Any, **options: Any) -> T:
        before = _budget.set(mine)
        try:
            return act(*arguments, **options)
        finally:
            _budget.reset(before)

    return with_budget
