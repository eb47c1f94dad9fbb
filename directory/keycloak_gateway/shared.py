"""One call for everybody who needs its answer at the same time."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Calls the function; callers that ask while it runs get the same answer or error."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._lock = Lock()
        self._running: Future[T] | None = None

    def __call__(self) -> T:
        with self._lock:
            running, mine = self._running, Future[T]()
            if running is None:
                self._running = mine
        if running is not None:
            return running.result()
        try:
            mine.set_result(self._call())
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                self._running = None
        return mine.result()
