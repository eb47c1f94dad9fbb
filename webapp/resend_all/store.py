"""« Renvoyer tous » as the database keeps it: a batch (`webapp.jobs.batches`) of activation mails."""

from enum import StrEnum

from webapp.jobs import batches
from webapp.jobs.batches import Batch
from webapp.jobs.state import State
from webapp.storage.database import Database


class Resent(StrEnum):
    """What became of one mail of a batch."""

    SENT = "sent"
    MAIL_REFUSED = "mail_refused"
    TOO_OFTEN = "too_often"
    ALREADY_ACTIVE = "already_active"
    NOT_YOURS = "not_yours"
    NOT_TRIED = "not_tried"
    NOT_TODAY = "not_today"


def latest(database: Database, actor_id: str) -> Batch | None:
    """Somebody's last batch of mails that is still kept."""
    batch = batches.latest(database, actor_id)
    return batch if batch and batch.asked is None else None


def is_running(database: Database, actor_id: str) -> bool:
    """Whether a batch of mails of theirs is running."""
    batch = latest(database, actor_id)
    return batch is not None and batch.state is State.RUNNING
