"""What is said of a file of people and of its lines, in the reader's language; what such words mean in a file."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from flask_babel import force_locale, format_decimal
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from directory.model import Locale
from webapp.imports.csv_format import COLUMNS, MAX_LINES, Fault, UnreadableFileError, header_key
from webapp.imports.plan import Problem, Reason
from webapp.imports.vocabulary import Vocabulary, word_key
from webapp.wording.labels import AFFILIATIONS, ROLES, TITLES, labelled, languages, one_of
from webapp.wording.labels import gettext as _
from webapp.wording.signs import signs_in_words

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
"""The columns by the words of the screen."""

REASONS: dict[Reason, LazyString] = {
    Reason.SURPLUS_CELLS: _l("the line has more cells than the header"),
    Reason.MISSING: _l("this is missing"),
    Reason.MALFORMED_EMAIL: _l("write an e-mail address like name@company.com, without accents before the @"),
    Reason.LONG_LOCAL_PART: _l("more than 64 characters before the @"),
    Reason.INVISIBLE: _l("remove %(signs)s"),
    Reason.TOO_LONG: _l("this is too long: 255 characters at most"),
    Reason.PROHIBITED: _l("remove %(signs)s"),
    Reason.NO_TITLE: _l("write %(choices)s"),
    Reason.NO_LOCALE: _l("write %(choices)s"),
    Reason.NO_ROLE: _l("write %(choices)s"),
    Reason.NO_AFFILIATION: _l("write %(choices)s"),
    Reason.NO_UNTIL: _l("write a day like 2027-06-30, or leave the cell empty"),
    Reason.NO_SUCH_DAY: _l("there is no such day in the calendar"),
    Reason.PAST_DAY: _l("this day is over"),
    Reason.LATE_DAY: _l("this day is too far away: 31 December 2099 at most"),
    Reason.UNKNOWN_COMPANY: _l("unknown company"),
    Reason.CONTRADICTION: _l("this contradicts line %(line)s about the same person"),
    Reason.LAST_ADMINISTRATOR: _l("this is the last active administrator of the company"),
    Reason.NOT_ACCEPTED: _l("this was not accepted; write it differently"),
    Reason.ADDRESS_REFUSED: _l("this address cannot be used here"),
    Reason.PERSON_GONE: _l("this account does not exist any more"),
    Reason.DIRECTORY_REFUSED: _l("the directory of people refused it"),
    Reason.DIRECTORY_UNAVAILABLE: _l("the directory of people did not answer"),
    Reason.MAIL_SERVER_REFUSES: _l("the mail server refuses mails"),
    Reason.REPEATS: _l("repeats line %(line)s"),
    Reason.EXAMPLE: _l("example of the template: left out"),
}

FAULTS: dict[Fault, LazyString] = {
    Fault.EMPTY: _l("The file is empty. Its first line must be: %(columns)s"),
    Fault.NO_LINES: _l("The file has a header, but no line below it."),
    Fault.ENCODING: _l(
        "Line %(line)s is not readable text: save the file as CSV in UTF-8 (or Windows-1252) and choose it again."
    ),
    Fault.WORKBOOK: _l(
        "This is an Excel workbook, not a CSV file. In Excel, save it as “CSV UTF-8” and choose that file."
    ),
    Fault.QUOTES: _l(
        "Line %(line)s cannot be read: a quotation mark is missing or superfluous, or a cell is too long."
    ),
    Fault.HEADER: _l(
        "Line %(line)s must be the header: %(columns)s (in any order, with commas, semicolons or tabs between "
        "them)."
    ),
    Fault.TOO_MANY_LINES: _l("The file is too long: %(lines)s lines of people at most; line %(line)s is beyond."),
}


@cache
def vocabulary() -> Vocabulary:
    """What these words mean; read from the catalogues once. Only inside an application."""
    values: dict[str, dict[str, str]] = {"title": {}, "locale": {}, "role": {}, "affiliation": {}}
    headers: dict[str, str] = {}
    for locale in Locale:
        with force_locale(locale.value):
            headers |= {header_key(word): column for column, word in _by_word(COLUMN_WORDS)}
            for column, words in (("title", TITLES), ("role", ROLES), ("affiliation", AFFILIATIONS)):
                values[column] |= {word_key(word): value for value, word in _by_word(words)}
            values["locale"] |= {word_key(word): value for value, word in _by_word(languages())}
    return Vocabulary(headers, values)


def _by_word(words: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    return ((str(value), str(word)) for value, word in words.items())


def explainer() -> Callable[[Problem], str]:
    """Says what is wrong with a line, the column first; each word is looked up once and not once a line."""
    words = {reason: str(text) for reason, text in REASONS.items()}
    columns = {column: str(text) for column, text in COLUMN_WORDS.items()}
    choices = {
        Reason.NO_TITLE: one_of(map(str, TITLES.values())),
        Reason.NO_LOCALE: one_of(languages().values()),
        Reason.NO_ROLE: one_of(map(str, ROLES.values())),
        Reason.NO_AFFILIATION: one_of(map(str, AFFILIATIONS.values())),
    }

    def why(problem: Problem) -> str:
        text = words[problem.reason] % {
            "line": problem.line,
            "choices": choices.get(problem.reason, ""),
            "signs": signs_in_words(problem.signs),
        }
        return labelled(columns[problem.column], text) if problem.column else text

    return why


def fault_words(error: UnreadableFileError) -> str:
    """What is wrong with the file."""
    values = {"line": error.line, "columns": ",".join(COLUMNS), "lines": format_decimal(MAX_LINES)}
    known = {column: str(word) for column, word in COLUMN_WORDS.items()}
    missing = ", ".join(known[name] for name in error.missing)
    doubled = ", ".join(known.get(name, name) for name in error.doubled)
    unknown = ", ".join(name or '""' for name in error.unknown)
    details = [
        (_("Missing: %(columns)s.", columns=missing), error.missing),
        (_("Duplicated: %(columns)s.", columns=doubled), error.doubled),
        (_("Unknown: %(columns)s.", columns=unknown), error.unknown),
    ]
    return " ".join([str(FAULTS[error.fault]) % values, *(words for words, there in details if there)])
