"""What is said of a file of people and of its lines, in the reader's language."""

from collections.abc import Callable

from flask_babel import format_decimal
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webapp.imports.csv_format import COLUMNS, MAX_LINES, Fault, UnreadableFileError
from webapp.imports.plan import Problem, Reason
from webapp.wording.labels import gettext as _
from webapp.wording.labels import labelled, languages, one_of

REASONS: dict[Reason, LazyString] = {
    Reason.SURPLUS_CELLS: _l("the line has more cells than the header"),
    Reason.MISSING: _l("this is missing"),
    Reason.MALFORMED_EMAIL: _l("write an e-mail address like name@company.com, without accents before the @"),
    Reason.TOO_LONG: _l("this is too long: 255 characters at most"),
    Reason.PROHIBITED: _l("remove characters that are not part of a name, such as < > & ( ) = / or a line break"),
    Reason.NO_TITLE: _l("write m or mme"),
    Reason.NO_LOCALE: _l("write %(locales)s"),
    Reason.NO_ROLE: _l("write administrator or user"),
    Reason.NO_AFFILIATION: _l("write internal or external"),
    Reason.UNKNOWN_COMPANY: _l("unknown company"),
    Reason.CONTRADICTION: _l("this contradicts line %(line)s about the same person"),
    Reason.LAST_ADMINISTRATOR: _l("this is the last active administrator of the company"),
    Reason.NOT_ACCEPTED: _l("this was not accepted; write it differently"),
    Reason.ADDRESS_REFUSED: _l("this address cannot be used here"),
    Reason.PERSON_GONE: _l("this account does not exist any more"),
    Reason.DIRECTORY_REFUSED: _l("the directory of people refused it"),
    Reason.DIRECTORY_UNAVAILABLE: _l("the directory of people did not answer"),
    Reason.MAIL_SERVER_REFUSES: _l("the mail server refuses mails"),
}

FAULTS: dict[Fault, LazyString] = {
    Fault.EMPTY: _l("The file is empty. Its first line must be: %(columns)s"),
    Fault.NO_LINES: _l("The file has a header, but no line below it."),
    Fault.ENCODING: _l(
        "Line %(line)s is not readable text: save the file as CSV in UTF-8 (or Windows-1252) and choose it again."
    ),
    Fault.QUOTES: _l(
        "Line %(line)s cannot be read: a quotation mark is missing or superfluous, or a cell is too long."
    ),
    Fault.HEADER: _l("Line %(line)s must be the header: %(columns)s (in any order, with , or ; between them)."),
    Fault.TOO_MANY_LINES: _l("The file is too long: %(lines)s lines of people at most; line %(line)s is beyond."),
}


def explainer() -> Callable[[Problem], str]:
    """Says what is wrong with a line, the column first; each word is looked up once and not once a line."""
    words = {reason: str(text) for reason, text in REASONS.items()}
    locales = one_of(languages())

    def why(problem: Problem) -> str:
        text = words[problem.reason] % {"line": problem.line, "locales": locales}
        return labelled(problem.column, text) if problem.column else text

    return why


def fault_words(error: UnreadableFileError) -> str:
    """What is wrong with the file."""
    values = {"line": error.line, "columns": ",".join(COLUMNS), "lines": format_decimal(MAX_LINES)}
    details = [
        (_("Missing: %(columns)s.", columns=", ".join(error.missing)), error.missing),
        (_("Duplicated: %(columns)s.", columns=", ".join(error.doubled)), error.doubled),
        (_("Unknown: %(columns)s.", columns=", ".join(name or '""' for name in error.unknown)), error.unknown),
    ]
    return " ".join([str(FAULTS[error.fault]) % values, *(words for words, there in details if there)])
