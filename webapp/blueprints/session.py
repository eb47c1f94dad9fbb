"""Signing in and out, and the language."""

import json
from dataclasses import replace
from urllib.parse import urlsplit

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from directory.errors import RefusedError
from directory.model import Locale
from webapp.http.context import keep_tokens, parts, read_tokens
from webapp.http.extensions import csrf
from webapp.http.guards import LOCALE, Access, access, own_path
from webapp.http.responses import error_page
from webapp.http.sign_in import ACTION, ENDED, NEXT, lead_to_keycloak
from webapp.identity.logout_token import LogoutTokenError, ended_by
from webapp.identity.oidc import SignInRefusedError
from webapp.identity.sessions import KEYCLOAK_SESSION, PERSON, end_sessions
from webapp.storage import rate_limits
from webapp.storage.locks import TakenError, take_once
from webapp.wording.labels import gettext as _
from webapp.wording.labels import languages, one_of

blueprint = Blueprint("session", __name__)


@blueprint.get("/")
@access(Access.PUBLIC)
def home() -> ResponseReturnValue:
    """Where the person's work is; a welcome to who is not signed in (signing out ends here)."""
    if g.actor is None:
        return render_template("session/welcome.html")
    return redirect(url_for("users.index" if g.actor.administered_ids else "profile.edit"))


@blueprint.get("/login")
@access(Access.PUBLIC)
def login() -> ResponseReturnValue:
    """Off to Keycloak; who is signed in already goes straight on."""
    target = own_path(request.args.get("next"))
    if g.actor:
        return redirect(target or url_for("session.home"))
    _count_sign_in()
    return lead_to_keycloak(target)


def _count_sign_in() -> None:
    """Each sign-in that is begun makes a session: so many a minute from one address. `TooOftenError`."""
    key = parts().settings.secret_key.get_secret_value()
    rate_limits.take(
        parts().database, rate_limits.SIGN_INS, rate_limits.subject_of(request.remote_addr or "", key)
    )


@blueprint.get("/login/callback")
@access(Access.PUBLIC)
def callback() -> ResponseReturnValue:
    """Back from Keycloak. The session gets a new id, so an id planted before is worth nothing."""
    try:
        signed_in = parts().identity.finish(request.args)
    except SignInRefusedError:
        if g.actor:
            return _signed_in_already()
        return error_page(
            400,
            _("Signing in did not work"),
            _("The sign-in page’s answer was not the expected one, or came too late. Sign in again."),
            actions=((url_for("session.login"), _("Sign in")),),
        )
    target = own_path(session.get(NEXT))
    acted = session.get(ACTION) if session.get(PERSON) == signed_in.person_id else None
    session.clear()
    session[NEXT] = target
    session[PERSON] = signed_in.person_id
    session[KEYCLOAK_SESSION] = signed_in.keycloak_session
    keep_tokens(signed_in.tokens)
    if acted:
        session[ENDED] = [acted, signed_in.action_status]
    current_app.session_interface.regenerate(session)  # type: ignore[attr-defined]
    return redirect(target or url_for("session.home"))


def _signed_in_already() -> ResponseReturnValue:
    """On to where the person was going: the browser came back to an answer that was taken before (« Back »)."""
    if action := session.pop(ACTION, None):
        session[ENDED] = [action, "error"]
    target = own_path(session.get(NEXT)) or "/"
    is_sign_in = urlsplit(target).path in {url_for("session.login"), url_for("session.callback")}
    return redirect(url_for("session.home") if is_sign_in else target)


@blueprint.post("/logout")
@access(Access.PUBLIC)
def logout() -> ResponseReturnValue:
    """End the session here, then the single sign-on session at Keycloak; the language is the same afterwards."""
    tokens, locale = read_tokens(), g.actor.profile.locale.value if g.actor else session.get(LOCALE)
    current_app.session_interface.end(session)  # type: ignore[attr-defined]
    if locale:
        session[LOCALE] = locale
    flash(_("You are signed out."), "success")
    return redirect(parts().identity.sign_out_address(tokens, f"{parts().settings.portal_url}/"), 303)


@blueprint.post("/backchannel-logout")
@csrf.exempt  # type: ignore[untyped-decorator]
@access(Access.PROBE)
def backchannel_logout() -> ResponseReturnValue:
    """Keycloak says that a session is over (OpenID Connect Back-Channel Logout 1.0); it counts once."""
    try:
        ended = ended_by(
            request.form.get("logout_token", ""),
            keys=parts().identity.jwks(),
            issuer=parts().identity.issuer(),
            audience=parts().settings.client_portal_id,
        )
        with parts().database.transaction() as connection:
            take_once(connection, f"logout token {ended.token_id}", ended.until)
            end_sessions(connection, keycloak_session=ended.keycloak_session, person_id=ended.person_id)
    except (LogoutTokenError, TakenError) as error:
        body = {"error": "invalid_request", "error_description": str(error)}
        return json.dumps(body), 400, {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return "", 200, {"Cache-Control": "no-store"}


@blueprint.post("/language")
@access(Access.PUBLIC)
def language() -> ResponseReturnValue:
    """Read on in another language; remembered with the account of who is signed in."""
    target = own_path(request.form.get("next")) or url_for("session.home" if g.actor else "help.page")
    wanted = request.form.get(LOCALE)
    if wanted not in set(Locale):
        spoken = one_of(languages().values())
        return error_page(422, _("Unknown language"), _("Choose %(languages)s.", languages=spoken))
    session[LOCALE] = wanted
    tokens = read_tokens()
    if g.actor and tokens:
        try:
            parts().identity.save_profile(tokens, replace(g.actor.profile, locale=Locale(wanted)))
        except RefusedError:
            return error_page(
                409,
                _("The language could not be changed"),
                _("Your profile is not complete. Complete it, and choose the language there."),
                actions=((url_for("profile.edit"), _("My profile")),),
            )
    return redirect(target, 303)
