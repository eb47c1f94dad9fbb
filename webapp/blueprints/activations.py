"""« Renvoyer »: a new activation mail, for one person or for all whose mail expired."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from directory.errors import MailRefusedError
from webapp.answers import see_other
from webapp.context import actor, administration, author, parts
from webapp.guards import Access, access, own_path
from webapp.labels import gettext as _
from webapp.services import activations
from webapp.services.administration import people, seen

blueprint = Blueprint("activations", __name__)
RESULTS = "resent"


@blueprint.post("/users/<id:user_id>/activation")
@access(Access.ADMINISTRATOR)
def resend(user_id: str) -> ResponseReturnValue:
    """Send again, with 30 new days."""
    member = seen(parts().directory, actor().administered_ids, user_id)
    profile = member.user.profile
    name = f"{profile.first_name} {profile.last_name}"
    try:
        activations.resend(parts().directory, parts().database, author(), member)
    except MailRefusedError:
        flash(
            _("The mail to %(name)s could not be sent: the mail server refused it. Try again later.", name=name),
            "error",
        )
    else:
        flash(_("A new activation mail was sent to %(name)s; it works for 30 days.", name=name), "success")
    return redirect(own_path(request.form.get("next")) or url_for("users.index"), 303)


@blueprint.post("/users/activations")
@access(Access.ADMINISTRATOR)
def resend_all() -> ResponseReturnValue:
    """Send again to everybody whose mail expired, and lead to what became of each."""
    results = activations.resend_expired(
        parts().directory, parts().database, author(), people(parts().directory, administration())
    )
    session[RESULTS] = [
        {
            "last_name": result.user.profile.last_name,
            "first_name": result.user.profile.first_name,
            "email": result.user.email,
            "resent": result.resent.value,
        }
        for result in results
    ]
    return see_other("activations.results")


@blueprint.get("/users/activations")
@access(Access.ADMINISTRATOR)
def results() -> ResponseReturnValue:
    """What became of each mail of the last batch; opening it again sends nothing."""
    return render_template("activations/results.html", results=session.get(RESULTS, []))
