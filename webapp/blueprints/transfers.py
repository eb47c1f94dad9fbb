"""The list as a file, and people from a file.

An import is sent twice: once to see what it would do, once with `confirm` to do it; `confirm` with the file does
it at once. The result is the answer to that POST itself: reloading it sends the file again, which is harmless, for
what is done is not done twice.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.exceptions import RequestEntityTooLarge

from directory.errors import UnavailableError
from directory.model import Locale, Member
from webapp.answers import RETRY_AFTER, RetryForm, error_page
from webapp.context import administration, author, parts
from webapp.guards import Access, access, current_locale
from webapp.labels import gettext as _
from webapp.services.administration import people
from webapp.services.csvfiles import (
    COLUMNS,
    LIST_COLUMNS,
    MAX_LINES,
    Fault,
    File,
    UnreadableFileError,
    Variety,
    pack,
    read,
    unpack,
    write,
)
from webapp.services.import_runs import apply
from webapp.services.imports import Outcome, Problem, Reason, Row, dry_run, prepared
from webapp.services.listing import query_of, select

blueprint = Blueprint("transfers", __name__)

REASONS: dict[Reason, LazyString] = {
    Reason.SURPLUS_CELLS: _l("the line has more cells than the header"),
    Reason.MISSING: _l("this is missing"),
    Reason.MALFORMED_EMAIL: _l("write an e-mail address like name@company.com, without accents before the @"),
    Reason.TOO_LONG: _l("this is too long: 255 characters at most"),
    Reason.PROHIBITED: _l("remove characters that are not part of a name, such as < > & ( ) = / or a line break"),
    Reason.NO_TITLE: _l("write m or mme"),
    Reason.NO_LOCALE: _l("write fr or en"),
    Reason.NO_ROLE: _l("write administrator or user"),
    Reason.NO_AFFILIATION: _l("write internal or external"),
    Reason.UNKNOWN_COMPANY: _l("unknown company"),
    Reason.CONTRADICTION: _l("this contradicts line %(line)d about the same person"),
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
        "Line %(line)d is no text that can be read: save the file as CSV in UTF-8 (or Windows-1252) and choose it "
        "again."
    ),
    Fault.QUOTES: _l(
        "Line %(line)d cannot be read: a quotation mark is missing or too many, or a cell is far too long."
    ),
    Fault.HEADER: _l("Line %(line)d must be the header: %(columns)s (in any order, with , or ; between them)."),
    Fault.TOO_MANY_LINES: _l("The file is too long: %(lines)d lines of people at most; line %(line)d is beyond."),
}


@blueprint.get("/users.csv")
@access(Access.ADMINISTRATOR)
def export() -> ResponseReturnValue:
    """The list as it is filtered, all its pages; one line for each attachment that matches."""
    query, now = query_of(request.args), datetime.now(UTC)
    everybody = people(parts().directory, administration())
    lines = select((Member(m.user, (one,)) for m in everybody for one in m.attachments), query, now)
    return _download("users.csv", LIST_COLUMNS, (_cells(member, now) for member in lines))


@blueprint.get("/users/import.csv")
@access(Access.ADMINISTRATOR)
def template() -> ResponseReturnValue:
    """An empty file to fill in."""
    return _download("import.csv", COLUMNS, ())


@blueprint.route("/users/import", methods=["GET", "POST"])
@access(Access.ADMINISTRATOR)
def upload() -> ResponseReturnValue:
    """Choose a file; see what it would do; do it."""
    if request.method != "POST":
        return _upload_page()
    data = _sent()
    if data is None:
        return _upload_page(_("Choose a file."))
    try:
        file = read(data)
    except UnreadableFileError as error:
        return _upload_page(_fault(error))
    if "confirm" in request.form:
        rows = prepared(parts().directory, administration(), file.lines)
        return _result_page(data, apply(parts().directory, parts().database, author(), administration(), rows))
    return _review_page(data, file, dry_run(parts().directory, administration(), file.lines))


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    """The limit of the whole application, in words for a file."""
    return error_page(
        413,
        _("That file is too large"),
        _(
            "A file may have %(megabytes)d MB and %(lines)d lines at most. Nothing was changed; cut it in two.",
            megabytes=_max_bytes() // 1024**2,
            lines=MAX_LINES,
        ),
    )


@blueprint.errorhandler(UnavailableError)
def unavailable(_error: UnavailableError) -> ResponseReturnValue:
    """Nothing was begun; the file is kept, to be sent again."""
    data = _sent() if request.method == "POST" else None
    content = pack(data) if data else ""
    fields = [("content", content), *([("confirm", "1")] if "confirm" in request.form else [])]
    page = render_template(
        "errors/error.html",
        code=503,
        title=_("The service is not available"),
        text=_("The directory of people cannot be reached now. Nothing was changed; try again soon."),
        actions=(),
        retry_form=RetryForm(request.path, tuple(fields)) if content else None,
    )
    return Response(page, 503, {"Retry-After": str(RETRY_AFTER)}, content_type="text/html; charset=utf-8")


def _explainer() -> Callable[[Problem], str]:
    """Says what is wrong with a line, the column first; each word is looked up once and not once a line."""
    words = {reason: str(text) for reason, text in REASONS.items()}

    def why(problem: Problem) -> str:
        text = words[problem.reason] % {"line": problem.line}
        return f"{problem.column}: {text}" if problem.column else text

    return why


def _fault(error: UnreadableFileError) -> str:
    """What is wrong with the file, in words."""
    values = {"line": error.line, "columns": ",".join(COLUMNS), "lines": MAX_LINES}
    details = [
        (_("Missing: %(columns)s.", columns=", ".join(error.missing)), error.missing),
        (_("There twice: %(columns)s.", columns=", ".join(error.doubled)), error.doubled),
        (_("Not known: %(columns)s.", columns=", ".join(name or '""' for name in error.unknown)), error.unknown),
    ]
    return " ".join([str(FAULTS[error.fault]) % values, *(words for words, there in details if there)])


def _cells(member: Member, now: datetime) -> list[str]:
    profile, (attachment,) = member.user.profile, member.attachments
    return [
        profile.email,
        profile.last_name,
        profile.first_name,
        profile.title.value if profile.title else "",
        profile.locale.value,
        attachment.company_id,
        attachment.role.value,
        attachment.affiliation.value,
        member.user.status(now).value,
    ]


def _download(name: str, columns: tuple[str, ...], rows: Iterable[list[str]]) -> Response:
    """The file; with `spreadsheet` in the address as Excel wants it: a mark for UTF-8, and `;` in French."""
    variety = Variety()
    if request.args.get("spreadsheet"):
        variety = Variety(";" if current_locale() is Locale.FR else ",", mark=True)
    answer = Response(write(columns, rows, variety), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _sent() -> bytes | None:
    """The file of this request: chosen now, or brought along by the page before; none when there is none."""
    chosen = request.files.get("file")
    if chosen is not None and chosen.filename:
        chosen.stream.seek(0)
        return chosen.stream.read()
    kept = request.form.get("content")
    if not kept:
        return None
    try:
        return unpack(kept, _max_bytes())
    except UnreadableFileError:
        return None


def _max_bytes() -> int:
    return int(current_app.config["MAX_CONTENT_LENGTH"])


def _upload_page(error: str = "") -> ResponseReturnValue:
    page = render_template(
        "transfers/upload.html",
        errors=[error] if error else [],
        companies=administration().companies,
        columns=COLUMNS,
        max_lines=MAX_LINES,
    )
    return page, 422 if error else 200


def _review_page(data: bytes, file: File, rows: tuple[Row, ...]) -> ResponseReturnValue:
    """What would happen. Whoever is shown it knows how many mails will leave."""
    counts = Counter(row.outcome for row in rows)
    return render_template(
        "transfers/review.html",
        file=file,
        rows=rows,
        counts=counts,
        changes=counts[Outcome.CREATE] + counts[Outcome.ATTACH] + counts[Outcome.CHANGE],
        companies=_company_names(),
        content=pack(data),
        why=_explainer(),
    )


def _result_page(data: bytes, rows: tuple[Row, ...]) -> ResponseReturnValue:
    """What became of each line; 503 when some could not be done, to be sent again."""
    counts = Counter(row.outcome for row in rows)
    left = counts[Outcome.FAILED] + counts[Outcome.NOT_TRIED]
    page = render_template(
        "transfers/result.html",
        rows=rows,
        counts=counts,
        left=left,
        unsent=sum(row.outcome is Outcome.CREATE and not row.mail_sent for row in rows),
        companies=_company_names(),
        content=pack(data),
        why=_explainer(),
    )
    return (page, 503, {"Retry-After": str(RETRY_AFTER)}) if left else page


def _company_names() -> dict[str, str]:
    return {company.id: company.name for company in administration().companies}
