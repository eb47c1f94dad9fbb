"""Leading the browser to Keycloak, and what is remembered until it returns."""

from flask import flash, make_response, session, url_for
from flask.typing import ResponseReturnValue

from webapp.http.context import parts
from webapp.http.guards import choose_locale
from webapp.wording.labels import gettext as _

NEXT = "next"
ACTION = "action"
ENDED = "ended_action"
CHANGE_ACTION = "UPDATE_PASSWORD"
"""What Keycloak calls the change of one's own password."""


def lead_to_keycloak(target: str | None, action: str = "") -> ResponseReturnValue:
    """Send the browser to sign in and then to the target; on the way Keycloak lets the person do the action."""
    session[NEXT] = target
    session[ACTION] = action
    address = parts().settings.portal_url + url_for("session.callback")
    return parts().identity.start(address, choose_locale(), action)


def lead_to_action(target: str, action: str) -> ResponseReturnValue:
    """Answer a form: 303 to Keycloak, which lets the person do the action, and then to the target."""
    answer = make_response(lead_to_keycloak(target, action))
    answer.status_code = 303
    return answer


def say_how_it_ended() -> None:
    """Flash the outcome of an action, once; for a page that knows the reader's language."""
    ended = session.pop(ENDED, None)
    if ended is None:
        return
    action, status = ended
    of_password = action == CHANGE_ACTION
    match status:
        case "success" if of_password:
            flash(_("Your password was changed."), "success")
        case "success":
            flash(_("The second factor is set up: from now on, signing in asks for it."), "success")
        case "cancelled" if of_password:
            flash(_("Your password was not changed."), "info")
        case "cancelled":
            flash(_("Nothing was set up: you cancelled."), "info")
        case _ if of_password:
            flash(_("Your password could not be changed. Try again."), "error")
        case _:
            flash(_("The second factor could not be set up. Try again."), "error")
