"""Off to Keycloak, and what is remembered until the browser is back."""

from flask import flash, session, url_for
from flask.typing import ResponseReturnValue

from webapp.http.context import parts
from webapp.http.guards import choose_locale
from webapp.wording.labels import gettext as _

NEXT = "next"
ACTION = "action"
ENDED = "ended"


def lead_to_keycloak(target: str | None, action: str = "") -> ResponseReturnValue:
    """Send the browser to sign in and then to the target; on the way Keycloak lets the person do the action."""
    session[NEXT] = target
    session[ACTION] = action
    address = parts().settings.portal_url + url_for("session.callback")
    return parts().identity.start(address, choose_locale(), action)


def say_how_it_ended() -> None:
    """What became of an action, once; on a page that knows who reads it, hence in which language."""
    match session.pop(ENDED, None):
        case None:
            return
        case "success":
            flash(_("The second factor is set up: from now on, signing in asks for it."), "success")
        case "cancelled":
            flash(_("Nothing was set up: you turned back."), "info")
        case _:
            flash(_("The second factor could not be set up. Try again."), "error")
