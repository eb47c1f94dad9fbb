"""The words of the enumerations, in the reader's language."""

from typing import Any

import flask_babel
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from directory.model import ActivationStatus, Affiliation, CompanyRole, Locale, Title
from webapp.journal import Action, Outcome

TITLES: dict[Title, LazyString] = {Title.M: _l("Mr"), Title.MME: _l("Ms")}
LOCALES: dict[Locale, str] = {Locale.FR: "Français", Locale.EN: "English"}
ROLES: dict[CompanyRole, LazyString] = {
    CompanyRole.ADMINISTRATOR: _l("Administrator"),
    CompanyRole.USER: _l("User"),
}
AFFILIATIONS: dict[Affiliation, LazyString] = {
    Affiliation.INTERNAL: _l("Internal"),
    Affiliation.EXTERNAL: _l("External"),
}
STATUSES: dict[ActivationStatus, LazyString] = {
    ActivationStatus.PENDING: _l("Activation pending"),
    ActivationStatus.ACTIVE: _l("Active"),
    ActivationStatus.EXPIRED: _l("Expired"),
    ActivationStatus.NOT_SENT: _l("Mail not sent"),
    ActivationStatus.DISABLED: _l("Disabled"),
}
ACTIONS: dict[Action, LazyString] = {
    Action.CREATE: _l("Account created"),
    Action.ATTACH: _l("Attached"),
    Action.CHANGE: _l("Changed"),
    Action.DETACH: _l("Detached"),
    Action.LEAVE: _l("Left"),
    Action.RESEND: _l("Activation mail sent again"),
    Action.CORRECT_EMAIL: _l("Address corrected"),
    Action.CANCEL: _l("Invitation cancelled"),
    Action.LOOK_UP: _l("Address looked up"),
}
OUTCOMES: dict[Outcome, LazyString] = {
    Outcome.DONE: _l("done"),
    Outcome.REFUSED: _l("refused"),
    Outcome.FAILED: _l("failed"),
}
REASONS_WHY: dict[str, LazyString] = {
    "last_administrator": _l("last active administrator"),
    "already_active": _l("account active already, or disabled"),
    "shared_account": _l("account of other companies too"),
    "too_often": _l("too often"),
    "email_taken": _l("address already used"),
    "invalid_person": _l("not accepted"),
    "mail_refused": _l("the mail server refused"),
    "company_not_found": _l("company gone"),
    "not_found": _l("gone"),
    "gone": _l("gone"),
    "refused": _l("not accepted"),
    "forbidden": _l("not permitted"),
    "conflict": _l("not possible in that state"),
    "unavailable": _l("no answer from the directory"),
    "not_answered": _l("no answer from the directory"),
    "interrupted": _l("interrupted"),
}
"""Why something was not done, by the word that the journal keeps."""


def gettext(message: str, **values: Any) -> str:
    """The message in the reader's language, its `%(name)s` filled."""
    return str(flask_babel.gettext(message, **values))
