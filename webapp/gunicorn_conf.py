"""How gunicorn serves the portal: `gunicorn -c webapp/gunicorn_conf.py webapp.wsgi:app`.

One process with threads: the work is waiting for Keycloak, and figures and connections are shared. Each worker
makes its own connections, after the fork.
"""

import os
from collections.abc import Iterable
from functools import partial
from typing import Any, NoReturn

from gunicorn.http import message  # type: ignore[import-untyped]

from directory.errors import UnavailableError
from webapp import start_check
from webapp.app import directory_of
from webapp.http import logs
from webapp.http.context import EXTENSION
from webapp.identity import clocks, service_account_check
from webapp.jobs import batches
from webapp.jobs.background import stop_all
from webapp.lifecycle import leftovers
from webapp.lifecycle.worker import Lifecycle
from webapp.mail.courier import Courier
from webapp.people import personal_data
from webapp.settings import WrongSettingsError, server_number
from webapp.storage.database import NotMigratedError

logger_class = logs.GunicornLogger

bind = f"{os.environ.get('PORTAL_HOST', '127.0.0.1')}:{server_number('PORTAL_PORT')}"
worker_class = "gthread"
workers = server_number("PORTAL_WORKERS")
threads = server_number("PORTAL_THREADS")
timeout = 60
graceful_timeout = 10
# Seconds that an idle connection stays open: longer than reverse proxies keep theirs (nginx and the load balancers
# of the large clouds: 60), else one of them sends a request on a connection that is just being closed, and answers
# 502. An idle connection takes no thread.
keepalive = 75
control_socket_disable = True
# An address that is far too long gets a page of ours that says what was not followed; gunicorn by itself stops at
# 8,190 bytes, whatever is asked for, and answers without our words.
message.MAX_REQUEST_LINE = limit_request_line = 32_768


def on_starting(server: Any) -> None:
    """Before anybody is served: end at once when it cannot work, or when the account may do too much.

    Status 2 is for settings, 1 for the rest.
    """
    try:
        settings = start_check.settings_at_start(server.cfg.address)
        trouble = start_check.require_tables(settings)
    except WrongSettingsError as error:
        _end(server, 2, error.problems)
    except NotMigratedError as error:
        _end(server, 1, (f"{error}; run `portal database upgrade` first",))
    if trouble:
        server.log.warning("starting all the same: %s", trouble)
    directory = directory_of(settings)
    try:
        service_account_check.examine(directory)
        if apart := clocks.difference(directory.sign_in()):
            server.log.error("starting all the same: %s", apart)
    except service_account_check.ExcessError as refusal:
        _end(server, 1, (f"the portal's account {reason}" for reason in refusal.reasons))
    except UnavailableError as unknown:
        server.log.warning("starting all the same: %s", unknown)


def _end(server: Any, status: int, reasons: Iterable[str]) -> NoReturn:
    for reason in reasons:
        server.log.critical("not started: %s", reason)
    raise SystemExit(status)


def post_worker_init(worker: Any) -> None:
    """Finish what a worker that died left behind, and send mails from now on: as soon as Keycloak answers."""
    parts = worker.wsgi.extensions[EXTENSION]
    worker.opening = service_account_check.Opening(parts.admission, parts.directory, partial(_begin, worker))
    worker.opening.start()


def _begin(worker: Any) -> None:
    parts = worker.wsgi.extensions[EXTENSION]
    leftovers.take_over(parts)
    batches.purge(parts.database)
    personal_data.purge(parts.database)
    worker.courier = Courier(worker.wsgi)
    worker.courier.start()
    worker.lifecycle = Lifecycle(worker.wsgi)
    worker.lifecycle.start()


def worker_exit(_server: Any, worker: Any) -> None:
    """Let no import begin another row (the next start resumes it), nor a batch another mail; finish handing over
    the current mail."""
    opening = getattr(worker, "opening", None)
    if opening is not None:
        opening.stop()
    if hasattr(worker, "wsgi"):  # else it ended before there was a portal
        parts = worker.wsgi.extensions[EXTENSION]
        stop_all((parts.imports, parts.resendings, parts.selections))
    for name in ("lifecycle", "courier"):
        running = getattr(worker, name, None)
        if running is not None:
            running.stop()
