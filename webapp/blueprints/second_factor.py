"""« Double authentification » of « Mon profil »: set up on Keycloak's own pages, by the person themselves."""

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.http.guards import Access, access
from webapp.http.responses import error_page
from webapp.http.sign_in import lead_to_action
from webapp.wording.labels import gettext as _

blueprint = Blueprint("second_factor", __name__)
ACTIONS = {"code": "CONFIGURE_TOTP", "passkey": "webauthn-register"}
"""What Keycloak calls the set-up of each kind."""


@blueprint.post("/profile/second-factor")
@access(Access.SIGNED_IN)
def set_up() -> ResponseReturnValue:
    """Off to Keycloak, which asks for the password again when the sign-in is old, and back to the profile."""
    action = ACTIONS.get(request.form.get("kind", ""))
    if action is None:
        return error_page(422, _("Unknown second factor"), _("You can use an authenticator app or a passkey."))
    return lead_to_action(url_for("profile.edit"), action)
