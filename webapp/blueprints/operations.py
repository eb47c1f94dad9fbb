"""Changes that stopped on the way: finished with one click, or dismissed."""

from flask import Blueprint, flash
from flask.typing import ResponseReturnValue

from webapp.answers import see_other
from webapp.context import actor, parts
from webapp.guards import Access, access
from webapp.labels import gettext as _
from webapp.services import resume

blueprint = Blueprint("operations", __name__)


@blueprint.post("/operations/<id:operation_id>/completion")
@access(Access.SIGNED_IN)
def complete(operation_id: str) -> ResponseReturnValue:
    """Do what is left of one of my changes, as far as I still may."""
    resume.complete(parts().directory, parts().database, actor().id, operation_id)
    flash(_("The rest of the change was done."), "success")
    return _back()


@blueprint.post("/operations/<id:operation_id>/dismissal")
@access(Access.SIGNED_IN)
def dismiss(operation_id: str) -> ResponseReturnValue:
    """Leave it half done, and be reminded no more."""
    resume.dismiss(parts().database, actor().id, operation_id)
    flash(_("The rest of the change was dropped; what was done stays."), "info")
    return _back()


def _back() -> ResponseReturnValue:
    return see_other("users.index" if actor().administered_ids else "profile.edit")
