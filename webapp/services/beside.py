"""Several reads beside each other: nearly all of each is waiting for Keycloak."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

READERS = 4
"""Reads at a time, of all requests together; each may be several calls."""

Item = TypeVar("Item")
Result = TypeVar("Result")

_readers = ThreadPoolExecutor(READERS, "beside")


def beside(read: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """What is read for each of the items, in their order; after the first error the rest is not begun.

    Never from inside such a read: it would wait for a place that it holds itself.
    """
    if len(items) < 2:
        return [read(item) for item in items]
    return list(_readers.map(read, items))
