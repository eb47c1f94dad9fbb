"""What can be done with a change afterwards: finish or drop one that stopped on the way, undo a whole one."""

from flask import Blueprint, flash
from flask.typing import ResponseReturnValue

from webapp.errors import AlreadyActiveError
from webapp.http.context import actor, administration, context, parts
from webapp.http.guards import Access, access
from webapp.http.responses import back_to_list, error_page, list_address, see_other
from webapp.people import recovery
from webapp.people.undo import take_back
from webapp.wording.labels import gettext as _

blueprint = Blueprint("operations", __name__)


@blueprint.post("/operations/<id:operation_id>/completion")
@access(Access.SIGNED_IN)
def complete(operation_id: str) -> ResponseReturnValue:
    """Do what is left of one of my changes, as far as I still may."""
    recovery.complete(context(), operation_id)
    flash(_("The rest of the change was done."), "success")
    return _back()


@blueprint.post("/operations/<id:operation_id>/dismissal")
@access(Access.SIGNED_IN)
def dismiss(operation_id: str) -> ResponseReturnValue:
    """Leave it half done, and be reminded no more."""
    recovery.dismiss(parts().database, actor().id, operation_id)
    flash(_("The rest of the change was dropped; what was done is kept."), "info")
    return _back()


@blueprint.post("/changes/<id:change_id>/undoing")
@access(Access.ADMINISTRATOR)
def undo(change_id: str) -> ResponseReturnValue:
    """Bring a person back to what they were before my change, unless somebody has changed them since."""
    try:
        user = take_back(context(), administration(), change_id)
    except AlreadyActiveError:
        return error_page(
            409,
            _("The other account is active already"),
            _("The person uses it now, so the replacement can no longer be undone. Nothing was changed."),
            actions=((list_address(), _("Back to the users")),),
        )
    flash(_("The change was undone: %(name)s is attached as before.", name=user.profile.full_name), "success")
    return back_to_list()


def _back() -> ResponseReturnValue:
    return see_other("users.index" if actor().administered_ids else "profile.edit")
