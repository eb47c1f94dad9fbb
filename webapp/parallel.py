"""Several things done at the same time, in threads of their own."""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
READERS = 3
"""Companies read at a time for one request, each with three calls: more of them only slow each other down."""


def each(act: Callable[[T], None], things: Sequence[T], at_once: int) -> None:
    """Call `act` with each of the things, so many at a time; returns when all are done.

    The first error ends it: what is begun is brought to its end, no more is begun, and the error is raised here.
    One at a time is done in this very thread, in order. The threads keep no process alive that wants to end.
    """
    todo: SimpleQueue[T] = SimpleQueue()
    errors: list[BaseException] = []
    for thing in things:
        todo.put(thing)

    def work() -> None:
        while not errors:
            try:
                thing = todo.get_nowait()
            except Empty:
                return
            try:
                act(thing)
            except BaseException as error:  # it is raised below, in the thread that waits
                errors.append(error)

    if at_once == 1:
        work()
    else:
        threads = [Thread(target=work, daemon=True) for _ in range(min(at_once, len(things)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


def beside(read: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """What is read for each of the things, in their order, `READERS` at a time; the first error ends it."""
    found: dict[int, R] = {}

    def act(number: int) -> None:
        found[number] = read(things[number])

    each(act, range(len(things)), READERS if len(things) > 1 else 1)
    return [found[number] for number in range(len(things))]
