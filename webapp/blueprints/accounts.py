"""A pending account: correct its address, or cancel it."""

from flask import Blueprint, flash, render_template, request
from flask.typing import ResponseReturnValue

from directory.errors import EmailTakenError, InvalidPersonError
from directory.model import User
from directory.person_data import normal_email
from webapp.errors import AlreadyActiveError
from webapp.http.context import administration, context, parts
from webapp.http.forms import email_error
from webapp.http.guards import Access, access
from webapp.http.responses import back_from, back_to_list, list_address, list_fields
from webapp.people import accounts
from webapp.people.administration import person
from webapp.people.policies import may_resend_activation
from webapp.wording.labels import gettext as _

blueprint = Blueprint("accounts", __name__)


@blueprint.route("/users/<id:user_id>/email", methods=["GET", "POST"])
@access(Access.ADMINISTRATOR)
def email(user_id: str) -> ResponseReturnValue:
    """Correct the address of an account that was never activated."""
    user = _pending(user_id)
    if request.method != "POST":
        return _page(user, user.email)
    typed = request.form.get("email", "")
    if error := email_error(typed):
        return _page(user, typed, error), 422
    try:
        corrected = accounts.correct_email(context(), administration(), user_id, normal_email(typed))
    except (EmailTakenError, InvalidPersonError):
        return _page(user, typed, _("This address cannot be used here.")), 422
    if corrected.mail_sent:
        flash(_("The address was corrected; a new activation mail was sent there."), "success")
    else:
        flash(_("The address was corrected, but the mail could not be sent. Send it from the list."), "warning")
    return back_to_list()


@blueprint.post("/users/<id:user_id>/cancellation")
@access(Access.ADMINISTRATOR)
def cancel(user_id: str) -> ResponseReturnValue:
    """Cancel an invitation; a form that says `ask` is asked first."""
    user = _pending(user_id)
    name = f"{user.profile.first_name} {user.profile.last_name}"
    if "ask" in request.form:
        return render_template("accounts/cancel.html", user=user, back=list_address(), fields=list_fields())
    accounts.cancel(context(), administration(), user_id)
    flash(_("The invitation of %(name)s was cancelled.", name=name), "success")
    return back_from(user_id)


def _pending(user_id: str) -> User:
    user = person(parts().directory, administration(), user_id).user
    if not may_resend_activation(user.status()):
        raise AlreadyActiveError(user_id)
    return user


def _page(user: User, typed: str, error: str = "") -> str:
    return render_template(
        "accounts/email.html",
        user=user,
        email=typed,
        errors=[error] if error else [],
        back=list_address(),
        fields=list_fields(),
    )
