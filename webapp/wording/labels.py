"""The words of the enumerations, in the reader's language."""

from collections.abc import Iterable
from typing import Any

import babel
import flask_babel
from babel.lists import format_list
from flask import Flask, g, has_app_context
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from jinja2 import pass_context
from jinja2.runtime import Context

from directory.model import ActivationStatus, Affiliation, Attachment, CompanyRole, Locale, Title
from webapp.records.journal import Action, Outcome
from webapp.wording.elision import elide
from webapp.wording.times import last_day

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
    Action.END: _l("Planned end"),
    Action.REPLACE: _l("Replaced by another account"),
    Action.REVIEW_BEGIN: _l("Access review started"),
    Action.REVIEW_DUE: _l("Access review started by itself"),
    Action.CONFIRM: _l("Confirmed in a review"),
    Action.REVIEW_END: _l("Access review ended"),
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
    "shared_account": _l("account shared with other companies"),
    "too_often": _l("too often"),
    "email_taken": _l("address already used"),
    "invalid_person": _l("not accepted"),
    "mail_refused": _l("the mail server refused"),
    "company_not_found": _l("company deleted"),
    "not_found": _l("deleted"),
    "gone": _l("deleted"),
    "refused": _l("not accepted"),
    "forbidden": _l("not permitted"),
    "conflict": _l("not possible in that state"),
    "unavailable": _l("no answer from the directory"),
    "not_answered": _l("no answer from the directory"),
    "interrupted": _l("interrupted"),
}
"""Why something was not done, by the word that the journal keeps."""


def attachment_words(attachment: Attachment) -> str:
    """What a person is at a company, in words: `User, External, until 30 June 2027`."""
    words = [str(ROLES[attachment.role]), str(AFFILIATIONS[attachment.affiliation])]
    if attachment.until:
        words.append(gettext("until %(day)s", day=last_day(attachment.until)))
    return ", ".join(words)


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
    """Return the message in the reader's language, its `%(name)s` filled."""
    return _filled(_catalogue().ugettext(message), values)


def labelled(name: str, words: str) -> str:
    """Return a message about something that is named: `Acme: choose a role`, with the colon of the language."""
    return gettext("%(filter)s: %(value)s", filter=name, value=words)


def ngettext(one: str, many: str, number: int, **values: Any) -> str:
    """Return the message for that many, in the reader's language; `%(num)s` is the number."""
    return _filled(_catalogue().ungettext(one, many, number), {"num": number, **values})


def install(app: Flask) -> None:
    """Fill the messages of templates like those of the code: numbers and elisions of the reader's language.

    Replaces the functions that Babel's extension installs, so call it after that. Jinja fills in and escapes the
    values; a percent sign is doubled, as in all messages of templates.
    """
    environment: Any = app.jinja_env
    environment.install_gettext_callables(str, str, newstyle=True)
    filled = environment.globals["gettext"]  # Jinja's own part, for a message that is translated already

    @pass_context
    def in_words(context: Context, message: str, **values: Any) -> Any:
        return filled(context, _elided(_catalogue().ugettext(message), values), **_written(values))

    @pass_context
    def counted(context: Context, one: str, many: str, number: int, **values: Any) -> Any:
        text = _elided(_catalogue().ungettext(one, many, number), values)
        return filled(context, text, **_written({"num": number, **values}))

    environment.globals.update(gettext=in_words, ngettext=counted)


def _catalogue() -> Any:
    """Return the messages of the reader's language.

    Flask-Babel finds them anew for each message, which was a third of the time of a list of fifty people.
    """
    if not has_app_context():
        return flask_babel.get_translations()  # none: the messages as they are
    kept = g.setdefault("catalogues", {})
    locale = flask_babel.get_locale()
    if locale not in kept:
        kept[locale] = flask_babel.get_translations()
    return kept[locale]


def _filled(text: str, values: dict[str, Any]) -> str:
    """Return the message with its values."""
    return _elided(text, values) % _written(values) if values else text


def _elided(text: str, values: dict[str, Any]) -> str:
    """Return the message, not yet filled, with the elisions of the reader's language."""
    is_french = "de %(" in text and str(flask_babel.get_locale()) == "fr"
    return elide(text, values) if is_french else text


class _Number(int):
    """A whole number that is written as people write it: 5,000 or 5 000."""

    def __str__(self) -> str:
        return str(flask_babel.format_decimal(int(self)))


def _written(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _Number(value) if type(value) is int else value for name, value in values.items()}
