"""Who may open which page: refused unless allowed.

Every view says whom it is for (`@access(...)`); one that does not stops the application from starting. The actor
and their rights are read from Keycloak before each view runs.
"""

from collections.abc import Callable
from enum import Enum
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from werkzeug.exceptions import RequestEntityTooLarge

from directory import budget
from directory.errors import UnavailableError
from directory.model import Locale
from webapp.errors import NotAdministratorError, SignedOutError
from webapp.http.context import actor, forget_person, keep_tokens, parts, read_tokens
from webapp.identity.sessions import PERSON, LostSession

LOCALE = "locale"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


class Access(Enum):
    """Whom a view is for."""

    PROBE = "machines that watch the portal; no user is looked up"
    PUBLIC = "everybody"
    SIGNED_IN = "anyone signed in"
    ADMINISTRATOR = "administrators of at least one company"


def access(level: Access) -> Callable[[View], View]:
    """Declare whom a view is for."""

    def mark(view: View) -> View:
        view.access = level  # type: ignore[attr-defined]
        return view

    return mark


def access_of(app: Flask, endpoint: str) -> Access | None:
    """What a view declared; the static files are for everybody."""
    if endpoint == "static":
        return Access.PROBE
    return getattr(app.view_functions[endpoint], "access", None)


def install_first(app: Flask) -> None:
    """Put the guard before every other one that answers 503 while the sessions cannot be read, or while the
    portal's own account may do too much."""
    app.before_request(_begin_budget)
    app.before_request(require_session)
    app.teardown_request(lambda _error: budget.end())


def _begin_budget() -> None:
    """Let this request wait for Keycloak for a while only, and count as its person's when one is signed in."""
    budget.begin(session.get(PERSON) or "")


def install(app: Flask) -> None:
    """Put the guard before every view; `RuntimeError` when one does not say whom it is for."""
    silent = [endpoint for endpoint in app.view_functions if access_of(app, endpoint) is None]
    if silent:
        raise RuntimeError(f"these views do not declare their access: {', '.join(sorted(silent))}")
    app.before_request(require_access)


def require_session() -> None:
    """`UnavailableError` while the portal cannot tell who asks, except for machines that watch it."""
    opened = session._get_current_object()  # type: ignore[attr-defined]
    level = access_of(current_app, request.endpoint) if request.endpoint else Access.PUBLIC
    if isinstance(opened, LostSession) and level is not Access.PROBE:
        raise UnavailableError("the database of sessions cannot be read")
    require_admission(level or Access.PUBLIC)


def require_access() -> None:
    """Let the view run, with who asks at hand unless it is for machines.

    `SignedOutError` without a signed-in person, `NotAdministratorError`.
    """
    g.actor = None
    match access_of(current_app, request.endpoint) if request.endpoint else Access.PUBLIC:
        case Access.PROBE:
            pass
        case Access.PUBLIC:
            read_actor_if_possible()
        case Access.SIGNED_IN:
            require_actor()
        case Access.ADMINISTRATOR:
            require_actor()
            if not actor().administered_ids:
                raise NotAdministratorError(actor().id)
        case None:
            raise RuntimeError(f"{request.endpoint} does not declare its access")


def require_admission(level: Access) -> None:
    """`UnavailableError` unless the portal may work with the account it has.

    What is for everybody is served while that is not known yet: nothing is done with the account for it.
    """
    admission = parts().admission
    if level in {Access.SIGNED_IN, Access.ADMINISTRATOR} or (level is Access.PUBLIC and admission.refused):
        admission.require(parts().directory)


def require_actor() -> None:
    """Read who is acting; `SignedOutError` without a signed-in person."""
    if not read_actor():
        raise SignedOutError("not signed in")


def read_actor() -> bool:
    """Read who is acting from Keycloak; whether somebody is."""
    g.actor = None
    tokens = read_tokens()
    if tokens is None:
        return False
    try:
        g.actor, renewed = parts().identity.actor(tokens)
    except SignedOutError:
        forget_person()
        return False
    if renewed != tokens:
        keep_tokens(renewed)
    return True


def read_actor_if_possible() -> None:
    """The same for pages that are open to everyone: without Keycloak they are shown as to an anonymous visitor."""
    try:
        read_actor()
    except UnavailableError:
        g.actor = None


def to_sign_in() -> ResponseReturnValue:
    """Off to the sign-in, and back here after it."""
    return redirect(sign_in_address())


def sign_in_address() -> str:
    """The address of the sign-in that returns to this page, or to the one whose form was sent."""
    return url_for("session.login", next=page_to_open())


def page_to_open() -> str | None:
    """The path of this page when GET opens it, else of the page that its form came from, when it says so."""
    if request.method in SAFE_METHODS:
        return own_path(request.full_path)
    addresses = request_ctx.url_adapter
    for target in (own_path(request.path), own_path(_next_of_form())):
        if target and addresses is not None and addresses.test(urlsplit(target).path, method="GET"):
            return target
    return None


def _next_of_form() -> str | None:
    """Return the page that the form names; none when the form is too large to be read."""
    try:
        return request.form.get("next")
    except RequestEntityTooLarge:
        return None


def own_path(target: str | None) -> str | None:
    """Return the target when it is a path of the portal itself, else none: this refuses open redirects."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(character) < 33 or ord(character) == 127 for character in target):
        return None
    parsed = urlsplit(target)
    if parsed.scheme or parsed.netloc:
        return None
    return target.rstrip("?")


def choose_locale() -> str:
    """The person's language, else the one chosen before signing in, else the browser's, else French."""
    person = g.get("actor")
    if person is not None:
        return str(person.profile.locale.value)
    known = [locale.value for locale in Locale]
    chosen = session.get(LOCALE)
    if chosen in known:
        return str(chosen)
    # Not `best_match`: it takes an exact `en` of the end before the `fr-CA` of the beginning.
    wished = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((tag for tag in wished if tag in known), Locale.FR.value)


def current_locale() -> Locale:
    """The language of this answer."""
    return Locale(str(get_locale() or Locale.FR.value))
