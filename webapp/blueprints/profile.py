"""« Mon profil »: the holder's own account, changed with his own token."""

from flask import Blueprint, flash, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import refresh

from directory.errors import InvalidPersonError, NotFoundError
from directory.model import User
from webapp.answers import see_other
from webapp.context import actor, author, parts, read_tokens
from webapp.errors import HiddenError, LastAdministratorError, SignedOutError
from webapp.forms import PersonForm
from webapp.guards import Access, access
from webapp.labels import gettext as _
from webapp.services import attachments
from webapp.services.holder import Place, place_of, places_of

blueprint = Blueprint("profile", __name__)


@blueprint.route("/profile", methods=["GET", "POST"])
@access(Access.SIGNED_IN)
def edit() -> ResponseReturnValue:
    """Last name, first name, title and language; the address is shown and cannot be changed."""
    if request.method != "POST":
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
    tokens = read_tokens()
    if tokens is None:
        raise SignedOutError("no tokens")
    profile = form.profile(actor().profile.email)
    try:
        parts().identity.save_profile(tokens, profile)
    except InvalidPersonError as error:
        form.refuse(error.field or "last_name")
        return _page(form), 422
    g.actor = type(g.actor)(g.actor.id, profile, g.actor.attachments)
    refresh()  # the answer speaks the language just chosen
    flash(_("Your profile was saved."), "success")
    return see_other("profile.edit")


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
        parts().directory,
        parts().database,
        author(),
        [place.company],
        _holder(),
        {company_id: None},
    )
    flash(_("You left %(company)s.", company=place.company.name), "success")
    return see_other("profile.edit")


def _page(form: PersonForm) -> str:
    return render_template(
        "profile/edit.html",
        form=form,
        email=actor().profile.email,
        places=_places(),
        summary=form.summary(),
    )


def _places() -> tuple[Place, ...]:
    """The holder's companies; none for an operator, whom the portal's service account cannot see."""
    try:
        return places_of(parts().directory, parts().database, _holder())
    except NotFoundError:
        return ()


def _holder() -> User:
    return User(actor().id, actor().profile)
