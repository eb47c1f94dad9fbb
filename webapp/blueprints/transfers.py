"""The list as a file, and a file of people: what it would do, and the order to do it.

A file is sent twice: once to see what it would do, once with `confirm` to do it; `confirm` with the file does it
at once. The answer redirects to the page of the import (`webapp.blueprints.imports`).
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from directory.errors import UnavailableError
from directory.model import Member
from webapp.errors import ImportRunningError
from webapp.http.context import actor, administration, author, context, parts, present, today
from webapp.http.csv_response import csv_file, file_name
from webapp.http.guards import Access, access
from webapp.http.kept_form import RetryForm
from webapp.http.responses import RETRY_AFTER, error_page, see_other
from webapp.imports import store as import_store
from webapp.imports.csv_format import (
    LIST_COLUMNS,
    MAX_LINES,
    TEMPLATE_COLUMNS,
    File,
    UnreadableFileError,
    example,
    pack,
    read,
    unpack,
)
from webapp.imports.dry_run import Questions, dry_run
from webapp.imports.fewer_administrators import fewer_administrators
from webapp.imports.plan import Outcome, Row
from webapp.imports.wording import explainer, fault_words, vocabulary
from webapp.imports.worker import do_now
from webapp.jobs.state import KEPT
from webapp.listing.csv_rows import cells_of
from webapp.listing.query import query_of, select
from webapp.people.administration import people
from webapp.storage import rate_limits
from webapp.wording.labels import gettext as _
from webapp.wording.labels import languages, one_of

DONE_AT_ONCE = 20
"""Lines of a file that is done before the answer; a longer one continues in the background."""

blueprint = Blueprint("transfers", __name__)


@blueprint.get("/users.csv")
@access(Access.ADMINISTRATOR)
def export() -> ResponseReturnValue:
    """The list as it is filtered, all its pages; one line for each attachment that matches."""
    query, at = query_of(request.args), present()
    everybody = people(parts().directory, administration())
    lines = select((Member(m.user, (one,)) for m in everybody for one in m.attachments), query, at)
    rows = (cells_of(member, at.now) for member in lines)
    return csv_file(file_name("users", query.company), LIST_COLUMNS, rows)


@blueprint.get("/users/import.csv")
@access(Access.ADMINISTRATOR)
def template() -> ResponseReturnValue:
    """A file to fill in, with an example line that no import takes for a person."""
    return csv_file("import.csv", TEMPLATE_COLUMNS, [example(administration().companies[0].id)])


@blueprint.route("/users/import", methods=["GET", "POST"])
@access(Access.ADMINISTRATOR)
def upload() -> ResponseReturnValue:
    """Choose a file; see what it would do; do it. A file whose accents look wrong is shown before it is done."""
    if request.method != "POST":
        return _upload_page()
    data = _sent()
    if data is None:
        return _upload_page(_("Choose a file."))
    rate_limits.take(parts().database, rate_limits.IMPORTS, actor().id)
    try:
        file = _understood(data)
    except UnreadableFileError as error:
        return _upload_page(fault_words(error))
    if "confirm" in request.form and ("seen" in request.form or not file.doubts):
        return _begin(file)
    questions = Questions(context(), administration())
    return _review_page(data, file, dry_run(parts().directory, administration(), file.lines, questions, today()))


def _understood(data: bytes) -> File:
    """The file with the words of the screen read as what they stand for; `UnreadableFileError`."""
    words = vocabulary()
    file = read(data, words.headers)
    words = words.with_companies(administration().companies)
    return replace(file, lines=tuple(map(words.understood, file.lines)))


def _begin(file: File) -> ResponseReturnValue:
    """Write the import down and do it, or let it be done; its page shows how far it is."""
    administration()
    mails = "no_mails" not in request.form
    import_id = import_store.begin(parts().database, author(), file.lines, mails=mails)
    if len(file.lines) <= DONE_AT_ONCE:
        do_now(parts().directory, parts().database, import_id, today())
    else:
        parts().imports.start(parts().directory, parts().database, import_id, today())
    return see_other("imports.show", import_id=import_id)


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    """The limit of the whole application, in words for a file."""
    return error_page(
        413,
        _("That file is too large"),
        _(
            "A file may have at most %(megabytes)s MB and %(lines)s lines. Nothing was changed; split the file.",
            megabytes=_max_bytes() // 1024**2,
            lines=MAX_LINES,
        ),
    )


@blueprint.errorhandler(ImportRunningError)
def running(error: ImportRunningError) -> ResponseReturnValue:
    """One after the other: two files at once might want the same people to be different."""
    return error_page(
        409,
        _("One of your imports is in progress"),
        _("Nothing in this file was imported. Wait for the other import to finish, then send the file again."),
        actions=((url_for("imports.show", import_id=error.import_id), _("View the import in progress")),),
    )


@blueprint.errorhandler(UnavailableError)
def unavailable(_error: UnavailableError) -> ResponseReturnValue:
    """Nothing was begun; the file is kept, to be sent again."""
    data = _sent() if request.method == "POST" else None
    content = pack(data) if data else ""
    fields = [("content", content), *((name, "1") for name in ("confirm", "no_mails") if name in request.form)]
    page = render_template(
        "errors/error.html",
        code=503,
        title=_("The service is not available"),
        text=_("The directory of people cannot be reached now. Nothing was changed; try again soon."),
        actions=(),
        retry_form=RetryForm(request.path, tuple(fields)) if content else None,
    )
    return Response(page, 503, {"Retry-After": str(RETRY_AFTER)}, content_type="text/html; charset=utf-8")


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
        example=dict(zip(TEMPLATE_COLUMNS, example(administration().companies[0].id), strict=True)),
        max_lines=MAX_LINES,
        locales=one_of(languages()),
        imports=import_store.latest(parts().database, actor().id),
        kept_days=int(KEPT // 86_400),
    )
    return page, 422 if error else 200


def _review_page(data: bytes, file: File, rows: tuple[Row, ...]) -> ResponseReturnValue:
    """What would happen. The page says how many mails will be sent."""
    now = datetime.fromtimestamp(parts().clock(), UTC)
    counts = Counter(row.outcome for row in rows)
    return render_template(
        "transfers/review.html",
        file=file,
        rows=rows,
        counts=counts,
        uncertain=sum(not row.is_certain for row in rows),
        quota=rate_limits.LOOK_UPS.limit,
        changes=counts[Outcome.CREATE] + counts[Outcome.ATTACH] + counts[Outcome.CHANGE],
        companies=_company_names(),
        content=pack(data),
        fewer=fewer_administrators(parts().directory, administration(), rows, now),
        why=explainer(),
    )


def _company_names() -> dict[str, str]:
    return {company.id: company.name for company in administration().companies}
