"""Who may see what: signed in unless the page is public, with rights that are at most a minute old."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Flask, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from sandbox.service.person import Person
from sandbox.service.sessions import ServerSession
from sandbox.service.sso import SignedOutError, SingleSignOn, SsoUnavailableError, Tokens

PUBLIC = frozenset({"pages.index", "pages.live", "signing.login", "signing.callback", "static"})
FROM_KEYCLOAK = "signing.backchannel_logout"
"""No browser and no session: its token proves who asks."""
RIGHTS_SECONDS = 50.0
"""How long a reading of the rights is good for. The promise is 60; the rest is for the reading itself."""


def remember(signed_in: ServerSession, person: Person, tokens: Tokens, read_at: float) -> None:
    """Note what Keycloak said, and when it was asked."""
    signed_in.update(person=person, tokens=tokens, read_at=read_at)


def install_access(
    app: Flask, sso: SingleSignOn, csrf: CSRFProtect, clock: Callable[[], float] = time.monotonic
) -> None:
    """Guard every page of the application."""

    @app.before_request
    def guard() -> ResponseReturnValue | None:
        if request.endpoint in {FROM_KEYCLOAK, "static", "pages.live"}:
            return None
        g.person = None
        public = request.endpoint is None or request.endpoint in PUBLIC
        try:
            g.person = current_person(sso, clock)
        except SsoUnavailableError:
            if not public:
                raise
            g.sso_down = True
        if g.person is None and not public:
            return _to_sign_in()
        if request.method == "POST":
            csrf.protect()
        return None


def current_person(sso: SingleSignOn, clock: Callable[[], float]) -> Person | None:
    """Who is signed in, with rights read within `RIGHTS_SECONDS`; older ones are never used."""
    signed_in = session._get_current_object()  # type: ignore[attr-defined]
    if not isinstance(signed_in, ServerSession) or "person" not in signed_in:
        return None
    with signed_in.lock:
        if "person" not in signed_in:  # another request found it ended meanwhile
            return None
        now = clock()
        if now - signed_in["read_at"] >= RIGHTS_SECONDS:
            try:
                person, tokens = sso.read_again(signed_in["tokens"])
            except SignedOutError:
                signed_in.clear()
                return None
            remember(signed_in, person, tokens, now)
        found: Person = signed_in["person"]
        return found


def _to_sign_in() -> ResponseReturnValue:
    if request.endpoint == "signing.logout":
        return redirect(url_for("pages.index"), 303)
    if request.method == "GET":
        return redirect(url_for("signing.login", next=request.full_path.rstrip("?")))
    return redirect(url_for("signing.login"))
