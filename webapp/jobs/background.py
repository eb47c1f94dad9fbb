"""Work that continues after the request that started it: in threads of this process, a few at a time."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Event, Thread

from webapp.parallel import in_the_background

BEAT = 1.0
"""Seconds between two signs of life of what waits for its turn."""
STOP_TIMEOUT = 8.0
"""Seconds that an ending process waits for what is under way."""


class Background:
    """Work of one kind, `at_once` at a time. When `stopping` is set no step of it is begun any more."""

    def __init__(self, at_once: int) -> None:
        self.stopping = Event()
        self._turns = BoundedSemaphore(at_once)
        self._threads: list[Thread] = []

    def begin(self, act: Callable[[], None]) -> None:
        """Start it outside the request, and return at once."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(in_the_background(act))

    @contextmanager
    def turn(self, beat: Callable[[], object]) -> Iterator[bool]:
        """The block in which it is one's turn; false when the process ends before. Who waits tells by `beat`."""
        while not self._turns.acquire(timeout=BEAT):
            beat()
            if self.stopping.is_set():
                yield False
                return
        try:
            yield True
        finally:
            self._turns.release()

    def wait(self, seconds: float | None = None) -> None:
        """Return when all has ended, or after so many seconds for each."""
        for thread in list(self._threads):
            thread.join(seconds)

    def stop(self) -> None:
        """Begin no step any more: this process is about to end."""
        stop_all([self])


def stop_all(kinds: Iterable[Background]) -> None:
    """Stop them all at the same moment, and wait for what is under way."""
    stopped = list(kinds)
    for kind in stopped:
        kind.stopping.set()
    for kind in stopped:
        kind.wait(STOP_TIMEOUT)
