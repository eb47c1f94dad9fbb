"""What the portal writes for operations: one JSON object a line, on standard error, and nothing that opens a door.

Each line has `at` (UTC, ISO 8601), `level`, `logger`, `event`, and within a request its `request_id`, which the
journal's lines carry too and the answer names in `X-Request-ID`. Each answered request is one line of the logger
`webapp.requests`: `method`, `route` (the rule, never the address that was asked for: a search holds names),
`status`, `milliseconds`, and `actor_id` of who is signed in.

Whatever a line says, tokens, secrets, queries of addresses and e-mail addresses are masked in it, also in the text
of an exception (OWASP ASVS 5.0 16.2.5).
"""

import logging
import re
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import structlog
from flask import Flask, Response, g, has_request_context, request
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from structlog.typing import EventDict, Processor, WrappedLogger

from webapp.http.context import request_id

MASK = "[masked]"
MASKED_FIELDS = (
    "access_token|refresh_token|id_token|id_token_hint|logout_token|csrf_token|client_secret|secret_key|"
    "new_password|password|authorization|set-cookie|cookie|code_verifier|code|state|nonce|key|token|secret"
)
_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(\.[\w-]*)*"), MASK),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*"), rf"\1?{MASK}"),
    (re.compile(rf"([\"']?\b(?:{MASKED_FIELDS})\b[\"']?\s*[:=]\s*)([\"']?)[^\s\"'&,}}]+\2", re.I), rf"\1{MASK}"),
    (re.compile(r"(?<![\w.+-])([^\s@\"'<>,;:()\[\]=/\\])[^\s@\"'<>,;:()\[\]=/\\]*@([\w.-]+\.\w+)"), r"\1…@\2"),
)
_QUIET = ("urllib3", "authlib", "sqlalchemy", "alembic", "keycloak", "requests")
requests_log = logging.getLogger("webapp.requests")


def masked(value: Any) -> Any:
    """The value without what must not be read in a log; what is no text, list or mapping stays as it is."""
    match value:
        case str():
            for pattern, replacement in _MASKS:
                value = pattern.sub(replacement, value)
            return value
        case dict():
            return {name: masked(each) for name, each in value.items()}
        case list() | tuple():
            return [masked(each) for each in value]
    return value


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> logging.Handler:
    """Send everything that is logged in this process to the stream (standard error), as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
                _add_request,
            ],
            processors=_PROCESSORS,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
    return handler


def install(app: Flask) -> None:
    """Write a line for each request that is answered, and name it in the answer."""

    @app.before_request
    def begin() -> None:
        g.logged_from = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        seconds = time.perf_counter() - g.get("logged_from", time.perf_counter())
        actor = g.get("actor")
        line = {
            "method": request.method if request.method.isalpha() else "other",
            "route": request.url_rule.rule if request.url_rule else None,
            "status": response.status_code,
            "milliseconds": round(seconds * 1000),
            "actor_id": actor.id if actor else None,
        }
        requests_log.info("request", extra=line)
        return response


class GunicornLogger(Logger):  # type: ignore[misc]
    """What gunicorn says goes where everything goes; but its own lines of requests would hold addresses."""

    def setup(self, cfg: Any) -> None:
        configure()
        self.loglevel = self.LOG_LEVELS.get(cfg.loglevel.lower(), logging.INFO)
        self.error_log.setLevel(self.loglevel)
        self.error_log.propagate = True
        self.error_log.handlers = []
        self.access_log.propagate = False
        self.access_log.handlers = [logging.NullHandler()]

    def access(self, *_arguments: Any) -> None:
        """Nothing: see `install`."""

    def reopen_files(self) -> None:
        """There are none."""


def _add_request(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    if has_request_context():
        line["request_id"] = request_id()
    return line


def _mask(_logger: WrappedLogger, _name: str, line: EventDict) -> MutableMapping[str, Any]:
    return {name: masked(value) for name, value in line.items()}


_PROCESSORS: list[Processor | Callable[..., Any]] = [
    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
    structlog.processors.format_exc_info,
    _mask,
    structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
]
