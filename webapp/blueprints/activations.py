"""« Renvoyer »: a new activation mail, for one person or for all whose mail expired."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from webapp import quotas
from webapp.answers import see_other
from webapp.context import actor, administration, author, parts
from webapp.guards import Access, access, own_path
from webapp.labels import gettext as _
from webapp.services import activations
from webapp.services.activations import Resent
from webapp.services.administration import as_seen, people, with_companies

blueprint = Blueprint("activations", __name__)
RESULTS = "resent"
NOT_TODAY = "not_resent_today"


@blueprint.post("/users/<id:user_id>/activation")
@access(Access.ADMINISTRATOR)
def resend(user_id: str) -> ResponseReturnValue:
    """Send again, with 30 new days; a mail that is not taken is 503, where it can be tried again."""
    mine = actor().administered_ids
    member, companies = with_companies(parts().directory, mine, user_id)
    name = member.user.profile.full_name
    activations.resend(parts().directory, parts().database, author(), as_seen(mine, member), companies)
    flash(_("A new activation mail was sent to %(name)s; it works for 30 days.", name=name), "success")
    return redirect(own_path(request.form.get("next")) or url_for("users.index"), 303)


@blueprint.post("/users/activations")
@access(Access.ADMINISTRATOR)
def resend_all() -> ResponseReturnValue:
    """Send again to everybody whose mail expired, and lead to what became of each; a form that says `ask` is
    asked first."""
    expired = activations.expired(people(parts().directory, administration()))
    left = quotas.left(parts().database, quotas.ACTIVATION_MAILS, actor().id)
    if "ask" in request.form:
        return render_template("activations/confirm.html", expired=[m.user for m in expired], left=left)
    results = activations.resend_expired(
        parts().directory, parts().database, author(), expired, administration().companies
    )
    session[RESULTS] = [(r.user.id, r.resent.value) for r in results if r.resent is not Resent.NOT_TODAY]
    session[NOT_TODAY] = len(results) - len(session[RESULTS])
    return see_other("activations.results")


@blueprint.get("/users/activations")
@access(Access.ADMINISTRATOR)
def results() -> ResponseReturnValue:
    """What became of each mail of the last batch, of people who are still mine to see; opening it again sends
    nothing."""
    kept = session.get(RESULTS, [])
    mine = {m.user.id: m.user for m in people(parts().directory, administration())} if kept else {}
    return render_template(
        "activations/results.html",
        results=[(mine[user_id], resent) for user_id, resent in kept if user_id in mine],
        not_today=session.get(NOT_TODAY, 0),
        wait=quotas.seconds_to_wait(parts().database, quotas.ACTIVATION_MAILS, actor().id),
    )
