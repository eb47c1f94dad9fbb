"""What machines ask: alive, ready, and figures."""

import time
from threading import Lock

from flask import Blueprint, Flask, Response, abort, g, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from directory.errors import DirectoryError
from webapp.context import parts
from webapp.guards import Access, access

READY_FOR = 5.0
"""Seconds for which an answer of `/readyz` is kept."""
LOOPBACK = ("127.0.0.1", "::1")
PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
"""A proxy beside the portal asks from the loopback too, for somebody else."""
METHODS = ("GET", "HEAD", "OPTIONS", "POST")


class Readiness:
    """Asks the database and Keycloak, at most once in `READY_FOR` seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked = float("-inf")
        self._missing: tuple[str, ...] = ()

    def missing(self) -> tuple[str, ...]:
        """What does not answer: `database`, `keycloak`, both or nothing."""
        with self._lock:
            if time.monotonic() - self._asked > READY_FOR:
                self._missing = tuple(_missing())
                self._asked = time.monotonic()
            return self._missing


def _missing() -> list[str]:
    missing = []
    try:
        parts().database.check()
    except SQLAlchemyError:
        missing.append("database")
    try:
        parts().directory.check()
    except DirectoryError:
        missing.append("keycloak")
    return missing


def make_blueprint() -> Blueprint:
    """The probes of one application, with figures of its own."""
    blueprint = Blueprint("health", __name__)
    readiness = Readiness()
    registry = CollectorRegistry()
    requests = Counter(
        "attache_requests", "Requests answered", ("method", "endpoint", "status"), registry=registry
    )
    seconds = Histogram("attache_request_seconds", "Time to answer", ("endpoint",), registry=registry)

    @blueprint.get("/livez")
    @access(Access.PROBE)
    def livez() -> ResponseReturnValue:
        """The process answers."""
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    @blueprint.get("/readyz")
    @access(Access.PROBE)
    def readyz() -> ResponseReturnValue:
        """Database and Keycloak answer too."""
        missing = readiness.missing()
        text = "ok\n" if not missing else "".join(f"{name}: no answer\n" for name in missing)
        return Response(text, 503 if missing else 200, content_type="text/plain; charset=utf-8")

    @blueprint.get("/metrics")
    @access(Access.PROBE)
    def metrics() -> ResponseReturnValue:
        """Figures for Prometheus, to this machine only."""
        if request.remote_addr not in LOOPBACK or any(name in request.headers for name in PROXY_HEADERS):
            abort(404)
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
