"""« Journal »: who did what, to whom, at my companies; as a page and as a file."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import to_user_timezone, to_utc

from webapp.http.context import actor, administration, parts
from webapp.http.csv_response import asked_variety, file_name
from webapp.http.guards import Access, access
from webapp.imports.csv_format import lines
from webapp.records import journal_reading
from webapp.records.journal import Action
from webapp.records.journal_query import EVERYTHING, Asked, asked
from webapp.records.journal_reading import Found, Line
from webapp.storage import rate_limits
from webapp.wording import times
from webapp.wording.journal_words import reason_in_words, values_in_words
from webapp.wording.labels import ACTIONS, OUTCOMES
from webapp.wording.labels import gettext as _

blueprint = Blueprint("journal", __name__)

FIELDS = ("q", "company", "person", "action", "from", "to")


@blueprint.get("/journal")
@access(Access.ADMINISTRATOR)
def index() -> ResponseReturnValue:
    """The newest lines first."""
    wanted = _asked()
    found = journal_reading.read(parts().database, administration().ids, wanted.search, wanted.page)
    given: dict[str, Any] = {name: request.args[name] for name in FIELDS if request.args.get(name)}
    return render_template(
        "journal/index.html",
        found=found,
        search=wanted.search,
        ignored=_ignored_words(wanted),
        given=given,
        companies={company.id: company for company in administration().companies},
        company_choices=[(company.id, company.name) for company in administration().companies],
        words=values_in_words,
        reason_words=reason_in_words,
        kinds=[(EVERYTHING, _("Everything, address look-ups included")), *_kinds()],
        kind=request.args.get("action", "") if "action" not in wanted.ignored else "",
        only=_person_name(found, wanted),
        without_person=_without("person", given),
        with_look_ups=_without("page", {**given, "action": Action.LOOK_UP.value}),
        about=lambda person_id: url_for("journal.index", person=person_id),
        address=lambda number: url_for("journal.index", **given, page=number),
        file_address=url_for("journal.export", **given, spreadsheet=1),
        actions=ACTIONS,
        outcomes=OUTCOMES,
        kept=times.span(parts().settings.journal_days),
    )


@blueprint.get("/journal.csv")
@access(Access.ADMINISTRATOR)
def export() -> ResponseReturnValue:
    """The same lines, all of them, as a file; one row for each of my companies that a line is about."""
    rate_limits.take(parts().database, rate_limits.JOURNAL_EXPORTS, actor().id)
    wanted = _asked()
    found = journal_reading.every(parts().database, administration().ids, wanted.search)
    answer = Response(
        stream_with_context(lines(_headings(), (row for line in found for row in _rows(line)), asked_variety())),
        content_type="text/csv; charset=utf-8",
    )
    name = file_name("journal", request.args.get("company", ""))
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _asked() -> Asked:
    return asked(request.args, administration().ids, to_utc)


def _ignored_words(wanted: Asked) -> list[str]:
    words = {
        "from": _("The first day is not a day like 2026-03-14, so it was left out."),
        "to": _("The last day is not a day like 2026-03-14, so it was left out."),
        "company": _("That company is not one of your companies, so all your companies are shown."),
        "action": _("That kind of line does not exist, so all kinds are shown."),
        "page": _("There is no such page; this is the first one."),
        "q": _("The search was long; only its first 200 characters were looked for."),
    }
    return [words[name] for name in wanted.ignored]


def _kinds() -> list[tuple[str, str]]:
    return [(action.value, str(word)) for action, word in ACTIONS.items()]


def _person_name(found: Found, wanted: Asked) -> str:
    """Whom the lines are about, as the newest one calls them; empty when all people are asked for."""
    if not wanted.search.person:
        return ""
    return next((line.person.name for line in found.lines), "") or _("one person")


def _without(field: str, given: dict[str, Any]) -> str:
    return url_for("journal.index", **{name: value for name, value in given.items() if name != field})


def _headings() -> list[str]:
    return [
        _("When"),
        _("Who"),
        _("E-mail of who"),
        _("What"),
        _("Company"),
        _("Whom"),
        _("E-mail of whom"),
        _("Before"),
        _("After"),
        _("Result"),
        _("Reason"),
        _("Request"),
    ]


def _rows(line: Line) -> Iterator[list[str]]:
    """In the reader's words; the moment as spreadsheets read one, by the clock of the installation."""
    names = {company.id: company.name for company in administration().companies}
    for company_id in line.company_ids:
        yield [
            to_user_timezone(line.at).replace(tzinfo=None).isoformat(" ", "seconds"),
            line.author.name,
            line.author.email,
            str(ACTIONS[line.action]),
            names.get(company_id, company_id),
            line.person.name,
            line.person.email,
            values_in_words(line.before),
            values_in_words(line.after),
            str(OUTCOMES[line.outcome]),
            reason_in_words(line.reason) if line.reason else "",
            line.request_id,
        ]
