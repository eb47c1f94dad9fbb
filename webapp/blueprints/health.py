"""What machines ask: alive, ready, and figures."""

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock

from flask import Blueprint, Flask, Response, abort, g, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from directory.errors import DirectoryError
from webapp.http.context import parts, today
from webapp.http.guards import Access, access
from webapp.identity import clocks
from webapp.identity.service_account_check import ExcessError
from webapp.lifecycle import worker
from webapp.reviews import store
from webapp.storage import facts
from webapp.storage.database import NotMigratedError

READY_FOR = 5.0
"""Seconds for which an answer of `/readyz` is kept."""
LOOPBACK = ("127.0.0.1", "::1")
PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
"""A proxy on the same machine asks from the loopback too, for somebody else."""
log = logging.getLogger(__name__)
COUNTED_AT_NIGHT = {
    "companies_without_administrator": "Companies without an active administrator",
    "accounts_never_activated": "Accounts that were never activated",
    "attachments_past_end": "Attachments past their last day that are still there",
    "accounts_attached_nowhere": "Accounts attached to no company for a year",
    worker.COUNTED_AT: "When the four were counted, in seconds since 1970",
}
"""Figures that are counted once a day: a scrape reads one table."""
UNKNOWN = float("nan")
"""Until the first night is over."""
METHODS = ("GET", "HEAD", "OPTIONS", "POST")


class Readiness:
    """Asks the database and Keycloak, at most once in `READY_FOR` seconds.

    Why something is red, such as which rights are too much, is written to the log only: anyone may ask.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked = float("-inf")
        self._missing: dict[str, str] = {"portal: has just started\n": ""}

    def missing(self) -> tuple[str, ...]:
        """What is missing, a line for each; nothing when all is well.

        While one caller asks, the others get the last answer: a Keycloak that does not answer takes one thread.
        """
        if self._lock.acquire(blocking=False):
            try:
                if time.monotonic() - self._asked > READY_FOR:
                    self._ask()
            finally:
                self._lock.release()
        return tuple(self._missing)

    def _ask(self) -> None:
        found = dict(_missing())
        for line, why in found.items():
            if line not in self._missing:
                log.warning("not ready: %s (%s)", line.strip(), why)
        self._missing = found
        self._asked = time.monotonic()


def _missing() -> Iterator[tuple[str, str]]:
    """What is missing, and why as far as it is known."""
    try:
        parts().database.check()
    except NotMigratedError as error:
        yield "migrations: run `portal database upgrade`\n", str(error)
    except SQLAlchemyError as error:
        yield "database: no answer\n", type(error).__name__
    try:
        if why := clocks.difference(parts().directory.sign_in()):
            yield "clock: not Keycloak's, sign-ins are refused\n", why
        parts().directory.check()
        parts().admission.require(parts().directory)
    except ExcessError as error:
        yield "rights: refused\n", str(error)
    except DirectoryError as error:
        yield "keycloak: no answer\n", str(error)


def make_blueprint() -> Blueprint:
    """The probes of one application, with figures of its own."""
    blueprint = Blueprint("health", __name__)
    readiness = Readiness()
    registry = CollectorRegistry()
    requests = Counter(
        "attache_requests", "Requests answered", ("method", "endpoint", "status"), registry=registry
    )
    overdue = Gauge("attache_reviews_overdue", "Access reviews past their last day", registry=registry)
    undone = Gauge("attache_day_undone", "1 until the work of today is complete", registry=registry)
    counted = {
        name: Gauge(f"attache_{name}", words, registry=registry) for name, words in COUNTED_AT_NIGHT.items()
    }
    seconds = Histogram("attache_request_seconds", "Time to answer", ("endpoint",), registry=registry)

    @blueprint.get("/livez")
    @access(Access.PROBE)
    def livez() -> ResponseReturnValue:
        """The process answers."""
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    @blueprint.get("/readyz")
    @access(Access.PROBE)
    def readyz() -> ResponseReturnValue:
        """Database and Keycloak answer too, and the portal's account is in order."""
        missing = readiness.missing()
        return Response(
            "".join(missing) or "ok\n", 503 if missing else 200, content_type="text/plain; charset=utf-8"
        )

    @blueprint.get("/metrics")
    @access(Access.PROBE)
    def metrics() -> ResponseReturnValue:
        """Figures for Prometheus, to this machine only."""
        if request.remote_addr not in LOOPBACK or any(name in request.headers for name in PROXY_HEADERS):
            abort(404)
        with suppress(SQLAlchemyError):  # `/readyz` says that the database does not answer
            overdue.set(len(store.due(parts().database, today())))
            undone.set(0 if worker.is_done(parts().database, today()) else 1)
            known = facts.read(parts().database)
            for name, gauge in counted.items():
                gauge.set(known.get(name, UNKNOWN))
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    @blueprint.record
    def count(state: object) -> None:
        app: Flask = state.app  # type: ignore[attr-defined]

        @app.before_request
        def start() -> None:
            g.started = time.perf_counter()

        @app.after_request
        def stop(response: Response) -> Response:
            endpoint = request.endpoint or "none"
            method = request.method if request.method in METHODS else "other"
            requests.labels(method, endpoint, response.status_code).inc()
            seconds.labels(endpoint).observe(time.perf_counter() - g.get("started", time.perf_counter()))
            return response

    return blueprint
