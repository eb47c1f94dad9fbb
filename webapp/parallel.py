"""Threads: several things done at the same time, and what continues when the request that began it has ended."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Thread
from typing import TypeVar

from directory.budget import carried

T = TypeVar("T")
R = TypeVar("R")
READERS = 3
"""Companies read at a time for one request, each with three calls: more of them only slow each other down."""


def for_each(act: Callable[[T], object], things: Iterable[T], at_once: int) -> None:
    """Call `act` with each of the things, `at_once` at a time; return when all are done.

    After the first error no more is begun; it is raised here once the calls under way have ended. One at a time is
    done in this thread, in order. No call is queued ahead, so a process that ends waits for those under way only.
    """
    if at_once == 1:
        for thing in things:
            act(thing)
        return
    act = carried(act)
    todo = iter(things)
    with ThreadPoolExecutor(at_once) as pool:

        def begin(count: int) -> set[Future[object]]:
            try:
                return {pool.submit(act, thing) for thing in islice(todo, count)}
            except RuntimeError as error:
                raise SystemExit from error  # the process ends: no pool takes anything, so this thread ends too

        running = begin(at_once)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            running |= begin(len(done))


def read_all(read: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """What is read for each of the things, in their order, `READERS` at a time; the first error ends it."""
    found: dict[int, R] = {}

    def act(number: int) -> None:
        found[number] = read(things[number])

    for_each(act, range(len(things)), READERS if len(things) > 1 else 1)
    return [found[number] for number in range(len(things))]


def in_the_background(act: Callable[[], object], name: str = "background") -> Thread:
    """Begin it in a thread that does not keep the process alive."""
    thread = Thread(target=act, name=name, daemon=True)
    thread.start()
    return thread
