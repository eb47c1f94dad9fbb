"""The sample service put together: `create_app(settings)`."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from sandbox.content import Content, read_content
from sandbox.service.access import install_access
from sandbox.service.favourites import Favourites
from sandbox.service.pages import FAVOURITES, SERVICES, pages
from sandbox.service.sessions import MemorySessions
from sandbox.service.settings import Settings
from sandbox.service.signing import signing
from sandbox.service.sso import KeycloakSso, SingleSignOn, SsoUnavailableError
from sandbox.service.wording import LANGUAGES, word

RETRY_SECONDS = 10
KNOWN_ERRORS = (400, 403, 404, 405, 503)


def create_app(
    settings: Settings, sso: SingleSignOn | None = None, clock: Callable[[], float] = time.monotonic
) -> Flask:
    """The service; `sso` and `clock` are given by tests only."""
    app = Flask(__name__, static_folder="../static")
    app.secret_key = secrets.token_bytes(32)  # signs CSRF tokens; sessions do not outlive the process either
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False)
    if sso is None:
        keycloak = KeycloakSso(settings)
        keycloak.bind(app)
        sso = keycloak
    sessions = MemorySessions(secure=settings.secure, clock=clock)
    app.session_interface = sessions
    csrf = CSRFProtect(app)
    install_access(app, sso, csrf, clock)
    app.register_blueprint(signing(settings, sso, sessions, clock))
    app.extensions[FAVOURITES] = Favourites(settings.favourites_file)
    app.extensions[SERVICES] = read_content(settings.companies, None) if settings.companies else Content()
    app.register_blueprint(pages)
    app.context_processor(_for_templates)
    app.register_error_handler(HTTPException, _show_error)
    app.register_error_handler(CSRFError, _show_error)
    app.register_error_handler(SsoUnavailableError, _show_unavailable)
    app.after_request(partial(_add_headers, settings.sign_in_origin))
    return app


def from_environment() -> Flask:
    """What a WSGI server calls."""
    return create_app(Settings.from_environment(os.environ))


def language() -> str:
    """The person's own language, else the browser's, else French."""
    person = g.get("person")
    if person is not None and person.locale in LANGUAGES:
        return str(person.locale)
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def _for_templates() -> dict[str, Any]:
    chosen = language()
    return {
        "language": chosen,
        "w": partial(word, language=chosen),
        "person": g.get("person"),
        "number": partial(format_decimal, locale=chosen),
        "day": partial(format_date, format="medium", locale=chosen),
    }


def _show_error(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error.get_response()
    shown = code if code in KNOWN_ERRORS else 500
    return render_template("error.html", heading=f"error_{shown}", text=f"error_{shown}_text"), code


def _show_unavailable(_: SsoUnavailableError) -> ResponseReturnValue:
    page = render_template("error.html", heading="error_503", text="error_503_text")
    return page, 503, {"Retry-After": str(RETRY_SECONDS)}


def _add_headers(sign_in_origin: str, response: Response) -> Response:
    # Signing out is a form whose answer leads to Keycloak: browsers ask form-action about that too.
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; form-action 'self' {sign_in_origin}; frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
