"""What is answered to every request besides its page: headers, and one page for each thing that can go wrong."""

from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, urlsplit

from flask import Flask, Response, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from directory.errors import DirectoryError, MailRefusedError, NotFoundError, UnavailableError
from directory.model import AttachmentChange
from webapp.errors import (
    AlreadyActiveError,
    ChangedMeanwhileError,
    ForbiddenByStateError,
    HiddenError,
    LastAdministratorError,
    NotAdministratorError,
    PartlyDoneError,
    SharedAccountError,
    SignedOutError,
    TooLateError,
    TooOftenError,
)
from webapp.http.context import forget_person, parts, read_tokens, request_id
from webapp.http.guards import (
    SAFE_METHODS,
    Access,
    access_of,
    own_path,
    page_to_open,
    read_actor,
    read_actor_if_possible,
    sign_in_address,
    to_sign_in,
)
from webapp.http.kept_form import RetryForm, retry_form
from webapp.records import journal_reading
from webapp.settings import Settings
from webapp.storage import rate_limits
from webapp.storage.database import UNAVAILABLE, Database
from webapp.wording.labels import gettext as _
from webapp.wording.times import in_a_while

UNDO = "undo"
"""The category of a flashed id: that of a change that can be undone, with a button next to its message."""
ADDED = "added"
"""The category of a flashed id: that of an account just created or attached, with links next to its message."""
RETRY_AFTER = 5
"""Seconds after which a failed request is worth another try."""


POSSIBLE_AGAIN = {
    rate_limits.ACTIVATION_MAILS.name: _l("The next activation mail can be sent %(moment)s."),
    rate_limits.LOOK_UPS.name: _l("You have looked up many addresses. The next one can be looked up %(moment)s."),
    rate_limits.SIGN_INS.name: _l(
        "Many people sign in from your network. The next sign-in is possible %(moment)s."
    ),
    rate_limits.IMPORTS.name: _l("The next file can be imported %(moment)s."),
    rate_limits.JOURNAL_EXPORTS.name: _l("The journal can be downloaded again %(moment)s."),
}
"""What may be done again, by the name of the quota."""


def install(app: Flask, settings: Settings) -> None:
    """Put headers on every answer and a page behind every error."""
    app.after_request(_headers(app, settings))
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(HiddenError, _hidden)
    app.register_error_handler(NotFoundError, _hidden)
    app.register_error_handler(NotAdministratorError, _not_administrator)
    app.register_error_handler(SignedOutError, _signed_out)
    app.register_error_handler(ForbiddenByStateError, _conflict)
    app.register_error_handler(TooOftenError, _too_often)
    app.register_error_handler(PartlyDoneError, _partly_done)
    app.register_error_handler(MailRefusedError, _mail_refused)
    app.register_error_handler(DirectoryError, _directory)
    app.register_error_handler(UnavailableError, _unavailable)
    for error in UNAVAILABLE:
        app.register_error_handler(error, _not_stored)


def error_page(
    code: int,
    title: str,
    text: str,
    *,
    retry: bool = False,
    retry_after: int | None = None,
    actions: tuple[tuple[str, str], ...] = (),
) -> Response:
    """The page of an error; with `retry` what was typed is kept on it and can be sent again."""
    page = render_template(
        "errors/error.html",
        code=code,
        title=title,
        text=text,
        actions=actions,
        retry_form=retry_form() if retry else None,
    )
    response = Response(page, code, content_type="text/html; charset=utf-8")
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _way_on() -> tuple[tuple[str, str], ...]:
    """Where to go on from an error: to the list, who has one; the others to their profile, or to the welcome."""
    if g.get("actor") and g.actor.administered_ids:
        return ((url_for("users.index"), _("Back to the users")),)
    if g.get("actor"):
        return ((url_for("profile.edit"), _("My profile")),)
    return ((url_for("session.home"), _("Back to the home page")),)


def _csrf(_error: CSRFError) -> Response:
    """The token is asked of a form before it is known who sends it; the answer depends on that."""
    try:
        signed_in = read_actor()
    except UnavailableError as error:
        return _unavailable(error)
    level = access_of(current_app, request.endpoint) if request.endpoint else None
    if not signed_in and (level is not Access.PUBLIC or request.endpoint == "session.logout"):
        return _session_ended()
    form = retry_form()
    return _page("errors/form_again.html", 400, form=form, page=page_to_open(), way_on=_way_on())


def _session_ended() -> Response:
    """A form was sent without a signed-in person: what was typed stays on this page."""
    form = retry_form()
    return _page("errors/session_ended.html", 401, form=form, sign_in=sign_in_address())


def _page(template: str, code: int, **values: object) -> Response:
    page = render_template(template, code=code, **values)
    return Response(page, code, content_type="text/html; charset=utf-8")


def _http(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if error.response is not None or code < 400:
        return error
    if isinstance(getattr(error, "original_exception", None), UNAVAILABLE):
        return _not_stored(error)
    if code == 404:
        return _hidden(error)
    if "actor" not in g:  # refused before anybody asked who it is: the frame of the page says it all the same
        read_actor_if_possible()
    titles = {
        400: _("The request was not understood"),
        405: _("This is not possible"),
        413: _("That is too large"),
    }
    page = error_page(
        code,
        titles.get(code, _("Something went wrong") if code >= 500 else _("The request was refused")),
        _("Nothing was changed."),
        actions=_way_on(),
    )
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            page.headers[name] = value
    return page


def _hidden(_error: Exception) -> Response:
    return error_page(
        404,
        _("Page not found"),
        _("This page does not exist, or you do not have access to it. If you typed the address, check it."),
        actions=_way_on(),
    )


def _not_administrator(_error: NotAdministratorError) -> Response:
    return error_page(
        403,
        _("You administer no company"),
        _("This page is for the administrators of a company. Ask an administrator of your company for that role."),
        actions=((url_for("profile.edit"), _("My profile")),),
    )


def _signed_out(_error: SignedOutError) -> ResponseReturnValue:
    g.actor = None
    if read_tokens():
        forget_person()
    return to_sign_in() if request.method in SAFE_METHODS else _session_ended()


def _conflict(error: ForbiddenByStateError) -> Response:
    match error:
        case LastAdministratorError():
            title = _("%(company)s needs an administrator", company=error.company.name)
            text = _(
                "This person is the last active administrator of %(company)s. "
                "Make somebody else administrator first; nothing was changed.",
                company=error.company.name,
            )
        case AlreadyActiveError():
            title = _("This account needs no activation")
            text = _("It is already active or disabled: there is no mail to send and no invitation to cancel.")
        case SharedAccountError():
            title = _("This account cannot be changed here")
            text = _("You can attach it to your companies or detach it, but not change the account itself.")
        case ChangedMeanwhileError():
            title = _("Somebody else made a change first")
            text = _("This person was changed in the meantime; nothing was overwritten. Check the current state.")
        case TooLateError():
            title = _("It is too late to undo this change")
            text = _(
                "A change can be undone with one click for ten minutes. Nothing was changed this time: "
                "“Modify” and “Add a user” still let you reach the same result."
            )
        case _:
            title = _("This is not possible now")
            text = _("The present state does not allow it; nothing was changed.")
    return error_page(409, title, text, actions=_way_on())


def _too_often(error: TooOftenError) -> Response:
    return error_page(
        429,
        _("Too soon"),
        str(POSSIBLE_AGAIN[error.quota]) % {"moment": in_a_while(error.retry_after)},
        retry_after=error.retry_after,
        actions=_way_on(),
    )


def _partly_done(error: PartlyDoneError) -> Response:
    """What is left is kept as an operation: one click finishes it, here or later from the list."""
    page = render_template(
        "errors/error.html",
        code=503,
        title=_("Only part of the change was made"),
        text=_(
            "Done: %(done)s. Not done yet: %(left)s. The rest is kept: finish it now, or later from the list.",
            done=_names(error.done),
            left=_names(error.left),
        ),
        actions=_way_on(),
        retry_form=RetryForm(url_for("operations.complete", operation_id=error.operation_id), ()),
        retry_label=_("Finish"),
    )
    return Response(page, 503, {"Retry-After": str(RETRY_AFTER)}, content_type="text/html; charset=utf-8")


def _names(changes: Sequence[AttachmentChange]) -> str:
    """The companies as the page before called them; by id when it named none."""
    known = g.get("administration")
    names = {company.id: company.name for company in known.companies} if known else {}
    return ", ".join(names.get(change.company_id, change.company_id) for change in changes)


def _mail_refused(_error: MailRefusedError) -> Response:
    return error_page(
        503,
        _("Mail not sent"),
        _("The mail server did not take the mail. The account is unchanged; send it again later."),
        retry=True,
        retry_after=60,
        actions=_way_on(),
    )


def _unavailable(_error: UnavailableError) -> Response:
    title = _("The service is not available")
    if request.method == "POST":
        text = _(
            "The directory of people cannot be reached now. What you typed is kept on this page; try again soon."
        )
        return error_page(503, title, text, retry=True, retry_after=RETRY_AFTER)
    text = _("The directory of people cannot be reached now. Nothing was changed; try again soon.")
    again = ((own_path(request.full_path) or "/", _("Try again")),)
    return error_page(503, title, text, retry_after=RETRY_AFTER, actions=again)


def _not_stored(error: Exception) -> Response:
    """The portal's own database is full, may only be read, or does not answer."""
    current_app.logger.error("the database does not do it", exc_info=error)
    title = _("The service is not available")
    if request.method == "POST":
        text = _("The portal cannot store anything now. What you typed is kept on this page; try again soon.")
        return error_page(503, title, text, retry=True, retry_after=RETRY_AFTER)
    again = ((own_path(request.full_path) or "/", _("Try again")),)
    text = _("The portal cannot store anything now; try again soon.")
    return error_page(503, title, text, retry_after=RETRY_AFTER, actions=again)


def _directory(_error: DirectoryError) -> Response:
    return error_page(
        409,
        _("This is not possible now"),
        _("The directory of people refused it; nothing else was changed. Check the current state and try again."),
        actions=_way_on(),
    )


def _headers(app: Flask, settings: Settings) -> Callable[[Response], Response]:
    # A form may be answered by a redirect to Keycloak (sign-out), so it is named in addition to the portal.
    policy = "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "connect-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            f"form-action 'self' {settings.sign_in_origin}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )

    def add(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if settings.secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        level = access_of(app, request.endpoint) if request.endpoint else None
        if request.endpoint != "static" and level is not Access.PROBE:
            response.headers["Cache-Control"] = "no-store"
        return response

    return add


def list_address() -> str:
    """The list as the person left it: `next` came along from there; else the whole list."""
    return own_path(request.values.get("next")) or url_for("users.index")


def list_fields() -> list[tuple[str, str]]:
    """What a form brings along so that it can lead back there; nothing when that is the whole list."""
    found = own_path(request.values.get("next"))
    return [("next", found)] if found else []


def person_address(user_id: str) -> str:
    """The page of a person; it opens the list again as the actor left it."""
    return url_for("person.show", user_id=user_id, next=own_path(request.values.get("next")))


def back_from(user_id: str) -> ResponseReturnValue:
    """The answer to a POST after which the person is not the actor's any more: the list, not their page."""
    target = urlsplit(list_address())
    if target.path != url_for("person.show", user_id=user_id):
        return back_to_list()
    left = dict(parse_qsl(target.query)).get("next")
    return redirect(own_path(left) or url_for("users.index"), 303)


def offer_undo(made: Callable[[Database, str], str | None] = journal_reading.change_made) -> None:
    """The page that comes next has a button that undoes what this request changed, as `made` finds it."""
    if change_id := made(parts().database, request_id()):
        flash(change_id, UNDO)


def back_to_list() -> ResponseReturnValue:
    """The answer to a POST that did something to somebody of the list."""
    return redirect(list_address(), 303)


def see_other(endpoint: str, **values: object) -> ResponseReturnValue:
    """The answer to a POST that did something."""
    return redirect(url_for(endpoint, **values), 303)  # type: ignore[arg-type]
