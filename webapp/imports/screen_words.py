"""The words that the screen has for the columns and values of a file of people, in every language."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from directory.model import Locale
from webapp.imports.csv_format import header_key
from webapp.imports.vocabulary import Vocabulary, word_key
from webapp.wording.labels import AFFILIATIONS, ROLES, TITLES, languages

COLUMN_WORDS: dict[str, LazyString] = {
    "email": _l("E-mail"),
    "last_name": _l("Last name"),
    "first_name": _l("First name"),
    "title": _l("Title"),
    "locale": _l("Language"),
    "company": _l("Company"),
    "role": _l("Role"),
    "affiliation": _l("Internal/external"),
    "until": _l("Until"),
    "status": _l("Status"),
    "line": _l("Line"),
    "result": _l("Result"),
    "reason": _l("Reason"),
}


@cache
def vocabulary() -> Vocabulary:
    """What these words mean; read from the catalogues once. Only inside an application."""
    values: dict[str, dict[str, str]] = {"title": {}, "locale": {}, "role": {}, "affiliation": {}}
    headers: dict[str, str] = {}
    for locale in Locale:
        with force_locale(locale.value):
            headers |= {header_key(word): column for column, word in _told(COLUMN_WORDS)}
            for column, words in (("title", TITLES), ("role", ROLES), ("affiliation", AFFILIATIONS)):
                values[column] |= {word_key(word): value for value, word in _told(words)}
            values["locale"] |= {word_key(word): value for value, word in _told(languages())}
    return Vocabulary(headers, values)


def _told(words: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    return ((str(value), str(word)) for value, word in words.items())
