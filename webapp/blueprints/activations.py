"""« Renvoyer »: a new activation mail, for one person or for all whose mail expired."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.http.context import actor, administration, context, parts
from webapp.http.guards import Access, access, own_path
from webapp.http.responses import see_other
from webapp.jobs import batches
from webapp.jobs.batches import Batch
from webapp.jobs.state import State
from webapp.people import activations
from webapp.people.administration import as_seen, people, with_companies
from webapp.resend_all import store as resend_store
from webapp.resend_all.store import Resent
from webapp.storage import rate_limits
from webapp.wording.labels import gettext as _
from webapp.wording.times import waiting_time

SOON = 1.0
"""Seconds that a batch may take before somebody is shown how far it is."""
REFRESH = 2
"""Seconds after which the page of a batch that is running asks for itself again."""

blueprint = Blueprint("activations", __name__)


@blueprint.post("/users/<id:user_id>/activation")
@access(Access.ADMINISTRATOR)
def resend(user_id: str) -> ResponseReturnValue:
    """Send again, with 30 new days; a mail that is not taken is 503, where it can be tried again."""
    mine = actor().administered_ids
    member, companies = with_companies(parts().directory, mine, user_id)
    name = member.user.profile.full_name
    activations.resend(context(), as_seen(mine, member), companies)
    flash(_("A new activation mail was sent to %(name)s; it is valid for 30 days.", name=name), "success")
    return redirect(own_path(request.form.get("next")) or url_for("users.index"), 303)


@blueprint.post("/users/activations")
@access(Access.ADMINISTRATOR)
def resend_all() -> ResponseReturnValue:
    """Begin to send again to everybody whose mail expired, and lead to how far that is; a form that says `ask` is
    asked first. Who has begun already is only led there."""
    if "ask" in request.form and not resend_store.is_running(parts().database, actor().id):
        expired = activations.expired(people(parts().directory, administration()))
        left = rate_limits.left(parts().database, rate_limits.ACTIVATION_MAILS, actor().id)
        return render_template("activations/confirm.html", expired=[m.user for m in expired], left=left)
    if "ask" not in request.form:
        parts().resendings.start(context(), administration())
        # A program gets the whole answer, however long it takes (Fetch Metadata tell it from a browser).
        is_looked_at = request.headers.get("Sec-Fetch-Mode") == "navigate"
        batches.wait(parts().database, actor().id, SOON if is_looked_at else None)
    return see_other("activations.results")


@blueprint.get("/users/activations")
@access(Access.ADMINISTRATOR)
def results() -> ResponseReturnValue:
    """How far the last batch is; in the end, what became of each mail. Opening it again sends nothing."""
    batch = resend_store.latest(parts().database, actor().id)
    if batch is not None and batch.state is State.RUNNING:
        return _running_page(batch)
    return _result_page(batch)


def _running_page(batch: Batch) -> str:
    # What the quota leaves over is not tried, so no one waits for it; the mail under way is counted already.
    left = rate_limits.left(parts().database, rate_limits.ACTIVATION_MAILS, actor().id)
    total = min(len(batch.results), batch.done + 1 + left)
    seconds = batch.seconds_left(total)
    sent = batch.count(Resent.SENT)
    return render_template(
        "activations/running.html",
        done=batch.done,
        total=total,
        sent=sent,
        not_sent=batch.done - sent,
        left=waiting_time(int(seconds) + 1) if seconds else "",
        refresh=REFRESH if request.args.get("refresh") != "no" else None,
    )


def _result_page(batch: Batch | None) -> str:
    """Of people who are still mine to see."""
    members = people(parts().directory, administration())
    mine = {member.user.id: member.user for member in members}
    kept = batch.results if batch else ()
    return render_template(
        "activations/results.html",
        batch=batch,
        results=[(mine[one], resent) for one, resent in kept if one in mine and resent != Resent.NOT_TODAY],
        not_today=batch.count(Resent.NOT_TODAY) if batch else 0,
        expired=len(activations.expired(members)),
        wait=rate_limits.seconds_to_wait(parts().database, rate_limits.ACTIVATION_MAILS, actor().id),
    )
