"""« Mon profil »: the holder's own account, changed with their own token."""

from collections.abc import Sequence

from flask import Blueprint, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import refresh

from directory.errors import InvalidPersonError, NotFoundError, RefusedError
from directory.model import User
from webapp.errors import HiddenError, LastAdministratorError, SignedOutError
from webapp.http.context import actor, context, parts, read_tokens
from webapp.http.forms import PersonForm
from webapp.http.guards import Access, access
from webapp.http.responses import see_other
from webapp.http.sign_in import CHANGE_ACTION, lead_to_action, say_how_it_ended
from webapp.identity.oidc import OpenSession, Tokens
from webapp.identity.sessions import end_sessions
from webapp.people import attachments
from webapp.people.own_attachments import FEW, Place, place_of, places_of
from webapp.wording.labels import gettext as _
from webapp.wording.labels import ngettext

blueprint = Blueprint("profile", __name__)


@blueprint.route("/profile", methods=["GET", "POST"])
@access(Access.SIGNED_IN)
def edit() -> ResponseReturnValue:
    """Last name, first name, title and language; the address is shown and cannot be changed."""
    if request.method != "POST":
        say_how_it_ended()
        profile = actor().profile
        form = PersonForm(
            formdata=None,
            last_name=profile.last_name,
            first_name=profile.first_name,
            title=profile.title.value if profile.title else None,
            locale=profile.locale.value,
        )
        return _page(form)
    form = PersonForm()
    if not form.validate():
        return _page(form), 422
    profile = form.profile(actor().profile.email)
    try:
        parts().identity.save_profile(_tokens(), profile)
    except InvalidPersonError as error:
        form.refuse(error.field or "last_name")
        return _page(form), 422
    g.actor = type(g.actor)(g.actor.id, profile, g.actor.attachments)
    refresh()  # the answer speaks the language just chosen
    flash(_("Your profile was saved."), "success")
    return see_other("profile.edit")


@blueprint.post("/profile/password")
@access(Access.SIGNED_IN)
def change_password() -> ResponseReturnValue:
    """Lead to Keycloak's own page, and back to the profile."""
    return lead_to_action(url_for("profile.edit"), CHANGE_ACTION)


@blueprint.post("/profile/companies/<id:company_id>/leaving")
@access(Access.SIGNED_IN)
def leave(company_id: str) -> ResponseReturnValue:
    """Leave a company of one's own accord; a form that says `ask` is asked first."""
    try:
        place = place_of(parts().directory, parts().database, _holder(), company_id)
    except NotFoundError as error:
        raise HiddenError(company_id) from error
    if "ask" in request.form:
        if not place.may_leave:
            raise LastAdministratorError(place.company)
        return render_template("profile/leave.html", place=place)
    attachments.change(
        context(),
        [place.company],
        _holder(),
        {company_id: None},
    )
    flash(_("You left %(company)s.", company=place.company.name), "success")
    return see_other("profile.edit")


@blueprint.post("/profile/sessions/<id:session_id>/ending")
@access(Access.SIGNED_IN)
def end_session(session_id: str) -> ResponseReturnValue:
    """End another of one's sessions: here, and at every service."""
    if session_id not in {one.id for one in _sessions() if not one.is_current}:
        raise HiddenError(session_id)
    _end([session_id])
    flash(_("That session was ended: anyone using it has to sign in again."), "success")
    return see_other("profile.edit")


@blueprint.post("/profile/sessions/ending")
@access(Access.SIGNED_IN)
def end_other_sessions() -> ResponseReturnValue:
    """End all of one's sessions but this one."""
    others = [one.id for one in _sessions() if not one.is_current]
    _end(others)
    flash(
        ngettext("%(num)s other session was ended.", "%(num)s other sessions were ended.", len(others)), "success"
    )
    return see_other("profile.edit")


def _end(session_ids: Sequence[str]) -> None:
    """At Keycloak first: the portal's own would only be opened again by it."""
    for session_id in session_ids:
        parts().identity.end_session(_tokens(), session_id)
        with parts().database.transaction() as connection:
            end_sessions(connection, keycloak_session=session_id, person_id=actor().id)


def _sessions() -> tuple[OpenSession, ...]:
    """Where the holder is signed in; none for whom Keycloak does not let look at their account."""
    try:
        return parts().identity.sessions(_tokens())
    except RefusedError:
        return ()


def _tokens() -> Tokens:
    tokens = read_tokens()
    if tokens is None:
        raise SignedOutError("no tokens")
    return tokens


def _page(form: PersonForm) -> str:
    return render_template(
        "profile/edit.html",
        sessions=_sessions(),
        form=form,
        email=actor().profile.email,
        places=_places(),
        few=FEW,
        summary=form.summary(),
    )


def _places() -> tuple[Place, ...]:
    """The holder's companies; none for an operator, whom the portal's service account cannot see."""
    try:
        return places_of(parts().directory, parts().database, _holder(), request.args.get("company", ""))
    except NotFoundError:
        return ()


def _holder() -> User:
    return User(actor().id, actor().profile)
