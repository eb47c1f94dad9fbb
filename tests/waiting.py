"""Waiting for something that comes about by itself."""

import time
from collections.abc import Callable


def until(holds: Callable[[], bool], what: str, *, seconds: float, pause: float = 0.2) -> None:
    """Return when it holds; `AssertionError` that says what did not when the time is over."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(pause)
