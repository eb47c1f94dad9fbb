"""The words of the enumerations, in the reader's language."""

from typing import Any

import flask_babel
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from directory.model import ActivationStatus, Affiliation, CompanyRole, Locale, Title

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


def gettext(message: str, **values: Any) -> str:
    """The message in the reader's language, its `%(name)s` filled."""
    return str(flask_babel.gettext(message, **values))
