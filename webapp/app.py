"""The portal's composition root."""

from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask, g, request
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from directory.gateway import Directory
from directory.keycloak_gateway.directory import KeycloakDirectory
from webapp import cli
from webapp.blueprints import (
    accessibility,
    accounts,
    activations,
    attachments,
    endings,
    health,
    help,
    imports,
    journal,
    new_user,
    operations,
    person,
    privacy,
    profile,
    replacement,
    reviews,
    second_factor,
    selection,
    session,
    transfers,
    users,
)
from webapp.http import compression, extensions, guards, logs, origins, responses, static_files
from webapp.http.context import EXTENSION, Parts, request_id, today
from webapp.identity.oidc import Identity, KeycloakIdentity
from webapp.identity.sessions import DatabaseSessionInterface
from webapp.listing.cache import Roster
from webapp.people import end_dates
from webapp.records.journal_reading import change_numbers
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.wording import help_pages, labels, services, times

MAX_BODY = 2 * 1024 * 1024
"""Bytes of the largest request: a file of 5,000 rows fits."""


class IdConverter(BaseConverter):
    """An id in a path: never anything that could lead a request to Keycloak elsewhere."""

    regex = r"[A-Za-z0-9][A-Za-z0-9:_-]{0,127}"


def create_app(settings: Settings, directory: Directory | None = None, identity: Identity | None = None) -> Flask:
    """The portal on Keycloak; tests hand in a directory and an identity of their own."""
    app = Flask(__name__, static_url_path=static_files.prepared().path)
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SECRET_KEY_FALLBACKS=[key for key in (settings.secret_key_previous.get_secret_value(),) if key],
        MAX_CONTENT_LENGTH=MAX_BODY,
        PERMANENT_SESSION_LIFETIME=timedelta(minutes=settings.session_idle_minutes),
        SESSION_COOKIE_NAME="__Host-attache" if settings.secure else "attache",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE="fr",
        BABEL_DEFAULT_TIMEZONE=settings.portal_timezone,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        day=times.day, days_left=times.days_left, in_a_while=times.in_a_while, at=times.at
    )
    app.jinja_env.filters.update(service_names=services.service_names, service_words=services.service_words)
    app.jinja_env.filters["moment"] = times.day_and_hour
    app.jinja_env.globals["proposed_end"] = lambda: (
        today() + timedelta(days=settings.external_days) if settings.external_days else None
    )
    app.jinja_env.filters["last_day"] = times.last_day
    app.jinja_env.filters["is_soon"] = lambda until: end_dates.is_soon(until, today())
    app.jinja_env.filters["has_ended"] = lambda attachment: attachment.has_ended(today())
    app.jinja_env.globals["written_in"] = help_pages.written_in
    app.url_map.converters["id"] = IdConverter

    if identity is None:
        identity = KeycloakIdentity(settings)
        identity.bind(app)
    database = Database(settings.database_url)
    roster = Roster(partial(change_numbers, database))
    parts = Parts(settings, directory or directory_of(settings), database, identity, roster)
    app.extensions[EXTENSION] = parts
    app.session_interface = DatabaseSessionInterface(
        app, parts.database, timedelta(hours=settings.session_absolute_hours)
    )
    guards.install_first(app)
    origins.install(app, settings.portal_url)
    extensions.csrf.init_app(app)
    extensions.babel.init_app(app, locale_selector=guards.choose_locale)
    labels.install(app)
    for module in (
        session,
        users,
        new_user,
        transfers,
        imports,
        attachments,
        endings,
        replacement,
        reviews,
        activations,
        selection,
        accounts,
        person,
        journal,
        operations,
        privacy,
        accessibility,
        profile,
        second_factor,
        help,
    ):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(health.make_blueprint())
    guards.install(app)
    responses.install(app, settings)
    compression.install(app)
    logs.install(app)
    cli.install(app, parts)
    app.context_processor(lambda: _page_context(settings))
    if settings.proxies:
        # Only the address of who asks; the portal's own address is configured, never what a header says.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    static_files.install(app)
    return app


def directory_of(settings: Settings) -> Directory:
    """The directory on Keycloak, as the settings describe it."""
    return KeycloakDirectory(
        settings.keycloak_url,
        settings.keycloak_realm,
        settings.client_portal_directory_id,
        partial(settings.secrets, "client_portal_directory_secret"),
        portal_client_id=settings.client_portal_id,
        redirect_uri=f"{settings.portal_url}/",
    )


def _page_context(settings: Settings) -> dict[str, Any]:
    """What `layout.html` needs on every page, errors included."""
    actor = g.get("actor")
    return {
        "locale": guards.current_locale().value,
        "person": actor.profile if actor else None,
        "is_administrator": bool(actor and actor.administered_ids),
        "current_endpoint": request.endpoint,
        "help_task": help_pages.task_of(request.endpoint),
        "languages": labels.languages(),
        "next_path": guards.page_to_open() or "/",
        "service_url": settings.service_url,
        "operator_contact": settings.operator_contact,
        "request_id": request_id(),
    }
