"""How gunicorn serves the portal: `gunicorn -c webapp/gunicorn_conf.py webapp.wsgi:app`.

One process with threads: the work is waiting for Keycloak, and figures and connections are shared. Each worker
makes its own connections, after the fork.
"""

import os
from typing import Any

from gunicorn.http import message  # type: ignore[import-untyped]

from webapp import logs
from webapp.context import EXTENSION
from webapp.courier import Courier
from webapp.services import personal_data
from webapp.services.resume import resume

logs.configure()
logger_class = logs.GunicornLogger

bind = f"{os.environ.get('PORTAL_HOST', '127.0.0.1')}:{os.environ.get('PORTAL_PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("PORTAL_WORKERS", "1"))
threads = int(os.environ.get("PORTAL_THREADS", "32"))
timeout = 60
graceful_timeout = 10
control_socket_disable = True
# An address that is far too long gets a page of ours that says what was not followed; gunicorn by itself stops at
# 8,190 bytes, whatever is asked for, and answers without our words.
message.MAX_REQUEST_LINE = limit_request_line = 32_768


def post_worker_init(worker: Any) -> None:
    """Finish what a worker that died left behind, and send mails from now on."""
    parts = worker.wsgi.extensions[EXTENSION]
    for operation, state in resume(parts.directory, parts.database):
        worker.log.info("interrupted operation %s %s: %s", operation.kind, operation.id, state)
    for import_id in parts.imports.take_up_interrupted(parts.directory, parts.database):
        worker.log.info("interrupted import %s: taken up", import_id)
    personal_data.purge(parts.database)
    worker.courier = Courier(worker.wsgi)
    worker.courier.start()


def worker_exit(_server: Any, worker: Any) -> None:
    """Let no import begin another row (the next start goes on), and let the mail under way be handed over."""
    if hasattr(worker, "wsgi"):  # else it ended before there was a portal
        worker.wsgi.extensions[EXTENSION].imports.stop()
    courier = getattr(worker, "courier", None)
    if courier is not None:
        courier.stop()
