"""The words of the enumerations, in the reader's language."""

from collections.abc import Iterable
from typing import Any

import babel
import flask_babel
from babel.lists import format_list
from flask import Flask
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from jinja2 import pass_context
from jinja2.runtime import Context

from directory.model import ActivationStatus, Affiliation, CompanyRole, Locale, Title
from webapp.records.journal import Action, Outcome

TITLES: dict[Title, LazyString] = {Title.M: _l("Mr"), Title.MME: _l("Ms")}
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


def languages() -> dict[Locale, str]:
    """The languages that the portal speaks, each by its own name."""
    return {locale: _own_name(locale.value) for locale in Locale}


def _own_name(code: str) -> str:
    name = babel.Locale.parse(code).get_display_name(code) or code
    return name[0].upper() + name[1:]


def one_of(words: Iterable[str]) -> str:
    """The words as a choice, in the reader's language: `fr or en`."""
    return str(format_list(list(words), "or", flask_babel.get_locale()))


def gettext(message: str, **values: Any) -> str:
    """The message in the reader's language, its `%(name)s` filled."""
    return str(flask_babel.gettext(message, **_written(values)))


def told_of(name: str, words: str) -> str:
    """What is said of something that is named: `Acme: choose a role`, with the colon of the language."""
    return gettext("%(filter)s: %(value)s", filter=name, value=words)


def ngettext(one: str, many: str, number: int, **values: Any) -> str:
    """The message for that many, in the reader's language; `%(num)s` is the number."""
    text: str = flask_babel.get_translations().ungettext(one, many, number)
    return text % _written({"num": number, **values})


def install(app: Flask) -> None:
    """Numbers inside the messages of templates are written as the reader's language does; after Babel's own."""
    plain: Any = app.jinja_env.globals["gettext"]
    plural: Any = app.jinja_env.globals["ngettext"]

    @pass_context
    def in_words(context: Context, message: str, **values: Any) -> Any:
        return plain(context, message, **_written(values))

    @pass_context
    def counted(context: Context, one: str, many: str, number: int, **values: Any) -> Any:
        return plural(context, one, many, number, **_written({"num": number, **values}))

    app.jinja_env.globals.update(gettext=in_words, ngettext=counted)


class _Number(int):
    """A whole number that is written as people write it: 5,000 or 5 000."""

    def __str__(self) -> str:
        return str(flask_babel.format_decimal(int(self)))


def _written(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _Number(value) if type(value) is int else value for name, value in values.items()}
