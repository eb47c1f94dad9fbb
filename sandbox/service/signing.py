"""Signing in and out, by the browser and by Keycloak behind its back."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Blueprint, g, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from sandbox.service.access import remember
from sandbox.service.ended_session import EndedSession, LogoutTokenError
from sandbox.service.sessions import MemorySessions, ServerSession
from sandbox.service.settings import Settings
from sandbox.service.sso import SignInRefusedError, SingleSignOn

NO_STORE = {"Cache-Control": "no-store"}


def signing(
    settings: Settings,
    sso: SingleSignOn,
    sessions: MemorySessions,
    clock: Callable[[], float] = time.monotonic,
) -> Blueprint:
    """The routes that begin and end sessions."""
    blueprint = Blueprint("signing", __name__)

    @blueprint.get("/login")
    def login() -> ResponseReturnValue:
        wanted = own_path(request.args.get("next", ""))
        if g.person is not None:
            return redirect(wanted)
        session["next"] = wanted
        locale = request.accept_languages.best_match(("fr", "en")) or "fr"
        return sso.start(f"{settings.service_url}/login/callback", locale)

    @blueprint.get("/login/callback")
    def callback() -> ResponseReturnValue:
        asked_at = clock()
        try:
            person, tokens = sso.finish(request.args)
        except SignInRefusedError:
            page = render_template("error.html", heading="sign_in_failed", text="sign_in_failed_text", again=True)
            return page, 400
        signed_in: ServerSession = session._get_current_object()  # type: ignore[attr-defined]
        wanted = own_path(str(signed_in.get("next", "")))
        signed_in.start_over()
        remember(signed_in, person, tokens, asked_at)
        return redirect(wanted)

    @blueprint.post("/logout")
    def logout() -> ResponseReturnValue:
        tokens = session["tokens"]
        session.clear()
        return redirect(sso.sign_out_address(tokens, url_for_home(settings)), 303)

    @blueprint.post("/backchannel-logout")
    def backchannel_logout() -> ResponseReturnValue:
        try:
            ended = sso.ended_session(request.form.get("logout_token", ""))
        except LogoutTokenError as error:
            return jsonify(error="invalid_request", error_description=str(error)), 400, NO_STORE
        sessions.end(lambda each: _is_of(each, ended))
        return "", 200, NO_STORE

    return blueprint


def own_path(wanted: str) -> str:
    """A path of this service to go on to after signing in; the home page for anything else."""
    if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable():
        return wanted
    return url_for("pages.index")


def url_for_home(settings: Settings) -> str:
    """The only address Keycloak sends people back to after signing out."""
    return f"{settings.service_url}/"


def _is_of(each: ServerSession, ended: EndedSession) -> bool:
    person = each.get("person")
    if person is None:
        return False
    if ended.keycloak_session:
        return bool(person.keycloak_session == ended.keycloak_session)
    return bool(person.id == ended.person_id)
