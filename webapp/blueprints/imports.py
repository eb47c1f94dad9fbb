"""One import: its progress, the result of each line, and resuming it. Only its author sees it."""

from collections import Counter
from collections.abc import Iterable

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from werkzeug.datastructures import MultiDict

from webapp.errors import ImportRunningError
from webapp.http.context import actor, administration, parts
from webapp.http.csv_response import csv_file, file_name
from webapp.http.guards import Access, access
from webapp.http.responses import error_page, see_other
from webapp.imports import store as import_store
from webapp.imports.csv_format import RESULT_COLUMNS, TEMPLATE_COLUMNS
from webapp.imports.plan import Outcome, Row
from webapp.imports.store import TROUBLED, Job
from webapp.imports.wording import explainer
from webapp.jobs.state import State
from webapp.wording.labels import gettext as _
from webapp.wording.times import waiting_time

REFRESH = 2
"""Seconds after which the page of an import that is running asks for itself again."""
PAGE_SIZE = 100

blueprint = Blueprint("imports", __name__)


@blueprint.get("/users/import/<id:import_id>")
@access(Access.ADMINISTRATOR)
def show(import_id: str) -> ResponseReturnValue:
    """How far it is; in the end, what became of each line. Loading it again changes nothing."""
    job = import_store.job(parts().database, actor().id, import_id)
    if job.state is State.RUNNING:
        return _running_page(job)
    return _result_page(job)


@blueprint.post("/users/import/<id:import_id>")
@access(Access.ADMINISTRATOR)
def go_on(import_id: str) -> ResponseReturnValue:
    """Do what is left: an import that was interrupted, or lines that could not be done."""
    administration()
    if import_store.take_up(parts().database, actor().id, import_id):
        parts().imports.start(parts().directory, parts().database, import_id)
    return see_other("imports.show", import_id=import_id)


@blueprint.get("/users/import/<id:import_id>.csv")
@access(Access.ADMINISTRATOR)
def result(import_id: str) -> ResponseReturnValue:
    """The lines as they were sent, each with what became of it and why: to be corrected and sent again."""
    job = import_store.job(parts().database, actor().id, import_id)
    rows = import_store.rows_of(parts().database, job.id, _wanted(request.args))
    why = explainer()
    lines = ([*_cells(row), "; ".join(map(why, row.problems))] for row in rows)
    return csv_file(file_name("import-result"), RESULT_COLUMNS, lines)


@blueprint.errorhandler(ImportRunningError)
def running(error: ImportRunningError) -> ResponseReturnValue:
    """It continues, or another one is running: there is nothing to start."""
    return error_page(
        409,
        _("One of your imports is in progress"),
        _("Nothing else was started. Wait until it has finished."),
        actions=((url_for("imports.show", import_id=error.import_id), _("View the import in progress")),),
    )


def _running_page(job: Job) -> ResponseReturnValue:
    left = (job.total - job.done) / job.rate if job.rate else 0.0
    return render_template(
        "imports/running.html",
        job=job,
        counts=Counter(job.counts),
        refresh=REFRESH if request.args.get("refresh") != "no" else None,
        left=waiting_time(int(left) + 1) if left else "",
        rate=format_decimal(job.rate, "0.0"),
    )


def _result_page(job: Job) -> ResponseReturnValue:
    wanted = _wanted(request.args)
    total = sum(job.counts.get(outcome, 0) for outcome in wanted)
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(_page_number(request.args), pages)
    rows = import_store.rows_of(parts().database, job.id, wanted, (page - 1) * PAGE_SIZE, PAGE_SIZE)
    chosen = wanted if len(wanted) < len(Outcome) else frozenset()
    return render_template(
        "imports/result.html",
        job=job,
        counts=Counter(job.counts),
        rows=rows,
        chosen=sorted(chosen),
        total=total,
        page=page,
        pages=pages,
        page_url=lambda number: url_for("imports.show", import_id=job.id, outcome=sorted(chosen), page=number),
        troubled=sorted(TROUBLED),
        outcomes=[outcome for outcome in Outcome if job.counts.get(outcome)],
        companies={company.id: company.name for company in administration().companies},
        why=explainer(),
    )


def _wanted(arguments: MultiDict[str, str]) -> frozenset[Outcome]:
    """The outcomes that the address asks for; all when it asks for none that there is."""
    asked = frozenset(Outcome(word) for word in arguments.getlist("outcome") if word in set(Outcome))
    return asked or frozenset(Outcome)


def _page_number(arguments: MultiDict[str, str]) -> int:
    asked = arguments.get("page", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 20 else 1


def _cells(row: Row) -> Iterable[str]:
    return (
        *(row.line.cells.get(column, "") for column in TEMPLATE_COLUMNS),
        str(row.line.number),
        row.outcome.value,
    )
