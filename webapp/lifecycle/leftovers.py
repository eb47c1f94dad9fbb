"""What processes that are gone left behind, taken over by whichever process notices first."""

import logging

from webapp.http.context import Parts
from webapp.people.recovery import resume
from webapp.selection.worker import notify_of_interrupted

log = logging.getLogger(__name__)


def take_over(parts: Parts) -> None:
    """Finish interrupted operations, continue interrupted imports, and notify of interrupted batches.

    To be called again and again: that a process of another host is gone shows only after
    `webapp.storage.locks.FOREIGN_SILENCE`, and Keycloak may not answer the first time.
    """
    for operation, state in resume(parts.directory, parts.database):
        log.info("interrupted operation %s %s: %s", operation.kind, operation.id, state)
    for import_id in parts.imports.take_up_interrupted(parts.directory, parts.database):
        log.info("interrupted import %s: taken up", import_id)
    notify_of_interrupted(parts.database)
