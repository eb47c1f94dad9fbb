"""Steps done at the same time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable


def together(*steps: Callable[[], None]) -> None:
    """Do all the steps at once; return when all are done, raise as soon as one fails.

    The others then go on by themselves: it is for the caller to end what they wait for. They never keep the
    process from ending, and the wait can be interrupted by a signal.
    """
    outcomes: queue.Queue[BaseException | None] = queue.Queue()

    def do(step: Callable[[], None]) -> None:
        try:
            step()
        except BaseException as error:  # handed to who waits, whatever it is
            outcomes.put(error)
        else:
            outcomes.put(None)

    for step in steps:
        threading.Thread(target=do, args=(step,), daemon=True).start()
    for _ in steps:
        error = outcomes.get()
        if error is not None:
            raise error
