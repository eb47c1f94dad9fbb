"""A batch done in the background: one person after the other, each with an outcome; given back when it stops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webapp.jobs import batches
from webapp.jobs.background import Background
from webapp.storage.database import Database


@dataclass(frozen=True, slots=True)
class Held:
    """A batch of an administrator that this process is at."""

    database: Database
    actor_id: str
    mark: float

    def beat(self) -> None:
        """It waits, and is not forgotten."""
        batches.beat(self.database, self.actor_id, self.mark)

    def give_back(self) -> None:
        """This process stops before the end."""
        batches.give_back(self.database, self.actor_id, self.mark)

    def record(self, user_ids: Sequence[str], outcome: str) -> bool:
        """Write down what became of these; false when the batch is kept no more: its author was erased."""
        return batches.record(self.database, self.actor_id, self.mark, dict.fromkeys(user_ids, outcome))


class BatchWorker(Background):
    """The batches of one kind that this process does."""

    def go_through(
        self, held: Held, user_ids: Sequence[str], act: Callable[[str], str], stop: Callable[[], str | None]
    ) -> None:
        """Do `act` to one after the other; what `stop` says once is the outcome of all that are left."""
        ended = False
        try:
            with self.turn(held.beat) as began:
                ended = began and self._all(held, user_ids, act, stop)
        finally:
            if not ended:
                held.give_back()

    def _all(
        self, held: Held, user_ids: Sequence[str], act: Callable[[str], str], stop: Callable[[], str | None]
    ) -> bool:
        """Whether all was said that there is to say."""
        for number, user_id in enumerate(user_ids):
            if self.stopping.is_set():
                return False
            if reason := stop():
                return held.record(user_ids[number:], reason)
            if not held.record([user_id], act(user_id)):
                return False
        return True
