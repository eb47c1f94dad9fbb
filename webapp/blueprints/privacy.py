"""« Données personnelles »: what is kept of people, where and how long; open to everybody."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from directory.model import ACTIVATION_LIFESPAN
from webapp.http.context import parts
from webapp.http.guards import Access, access
from webapp.jobs.state import KEPT
from webapp.people import personal_data
from webapp.wording.times import span

blueprint = Blueprint("privacy", __name__)


@blueprint.get("/personal-data")
@access(Access.PUBLIC)
def page() -> ResponseReturnValue:
    """In words, with the times that this installation has set."""
    settings = parts().settings
    return render_template(
        "privacy/page.html",
        journal_kept=span(settings.journal_days),
        pending_days=settings.pending_days,
        link_days=ACTIVATION_LIFESPAN.days,
        idle_minutes=settings.session_idle_minutes,
        absolute_hours=settings.session_absolute_hours,
        import_days=int(KEPT // personal_data.DAY),
        resent_days=int(KEPT // personal_data.DAY),
        ended_days=int(personal_data.KEPT_AFTER_END // personal_data.DAY),
        contact=settings.privacy_contact,
    )
