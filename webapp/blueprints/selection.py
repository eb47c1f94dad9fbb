"""Several people at once: what is asked for all of them, the difference, its progress, each result, undoing it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, Response, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from directory.model import Affiliation, AttachmentChange, CompanyRole, Member
from webapp.errors import BatchRunningError, HiddenError, TooLateError
from webapp.http.context import actor, administration, context, parts, present, today
from webapp.http.csv_response import csv_file, file_name
from webapp.http.forms import day_error
from webapp.http.guards import Access, access, own_path
from webapp.http.responses import error_page, list_address, list_fields, see_other
from webapp.imports.csv_format import LIST_COLUMNS
from webapp.jobs import batches
from webapp.jobs.batches import Batch
from webapp.jobs.state import State
from webapp.listing.csv_rows import cells_of
from webapp.listing.query import query_of, select
from webapp.parallel import read_all
from webapp.people.administration import person
from webapp.people.end_dates import DayError, last_day
from webapp.people.policies import may_resend_activation
from webapp.people.undo import SHORTLY
from webapp.records import journal_reading
from webapp.records.journal import Action, Outcome
from webapp.records.journal_reading import Line
from webapp.selection.plan import MOST, Act, Asked, Plan, in_order, plan
from webapp.selection.worker import Done, asked_of
from webapp.storage import rate_limits
from webapp.text import fold
from webapp.wording.labels import gettext as _
from webapp.wording.labels import ngettext
from webapp.wording.times import waiting_time

DONE_AT_ONCE = 20
"""People of a selection that is done before the answer; a larger one continues in the background."""
PATIENCE = 20.0
"""Seconds that such an answer waits at most: then its page shows how far it is."""
REFRESH = 2
"""Seconds after which the page of a selection that is running asks for itself again."""
SHOWN = 1000
"""People of a selection that is too large who are kept on its page."""

blueprint = Blueprint("selection", __name__)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed for all of them; `errors` are by field."""

    asked: Asked | None
    errors: dict[str, str] = field(default_factory=dict)


@blueprint.post("/users/selection")
@access(Access.ADMINISTRATOR)
def act() -> ResponseReturnValue:
    """The people and what is asked for them; the difference; then done, with a result for each."""
    ids = _chosen_ids()
    company = request.form.get("company", "")
    if company:
        administration().company(company)
    if not ids or len(ids) > MOST:
        return _choose_page(ids, {"user": _wrong_number(len(ids))})
    members = _members(ids)
    if not members:
        raise HiddenError("none of these people")
    typed = _typed()
    if typed.asked is None or "back" in request.form:
        return _choose_page([m.user.id for m in members], {} if "back" in request.form else typed.errors)
    if typed.asked.act is Act.EXPORT:
        return _export(typed.asked, members)
    _say_left_out(len(ids) - len(members))
    return _resend(typed.asked, members) if typed.asked.act is Act.RESEND else _change(typed.asked, members)


@blueprint.get("/users/selection")
@access(Access.ADMINISTRATOR)
def results() -> ResponseReturnValue:
    """How far the last selection is; in the end, what became of each person. Opening it again does nothing."""
    batch = batches.latest(parts().database, actor().id)
    kept = asked_of(batch) if batch else None
    if batch is None or kept is None:
        return render_template("selection/results.html", batch=None)
    if batch.state is State.RUNNING:
        return _running_page(batch)
    return _result_page(batch, *kept)


@blueprint.post("/users/selection/undoing")
@access(Access.ADMINISTRATOR)
def undo() -> ResponseReturnValue:
    """Bring the people of my last selection back to what they were, unless somebody has changed them since."""
    administration()
    batch = batches.latest(parts().database, actor().id)
    kept = asked_of(batch) if batch else None
    if batch is None or kept is None or not _may_be_undone(batch, kept[0], in_time=False):
        raise HiddenError("no selection to undo")
    if not _may_be_undone(batch, kept[0]):
        raise TooLateError(kept[1])
    done = [user_id for user_id, outcome in batch.results if outcome in (Done.DONE, Done.LAST_ADMINISTRATOR)]
    return _begin(Asked(Act.UNDO, request=kept[1]), done)


@blueprint.errorhandler(BatchRunningError)
def running(_error: BatchRunningError) -> ResponseReturnValue:
    """One after the other: two at once might want the same people to be different."""
    batch = batches.latest(parts().database, actor().id)
    endpoint = "selection.results" if batch and batch.asked else "activations.results"
    return error_page(
        409,
        _("One of your changes for several people is in progress"),
        _("Nothing else was started. Wait until it has finished."),
        actions=((url_for(endpoint), _("View progress")),),
    )


def _chosen_ids() -> list[str]:
    """Whom the form names, each once; with `everyone` the whole result of the list that it was sent from."""
    if "everyone" not in request.form:
        return list(dict.fromkeys(request.form.getlist("user")))
    mine = administration()
    asked = dict(parse_qsl(urlsplit(own_path(request.form.get("next")) or "").query))
    found = select(parts().roster.seen(parts().directory, mine).members, query_of(asked, mine.ids), present())
    return [member.user.id for member in found]


def _members(ids: Sequence[str]) -> list[Member]:
    """Those of the people who are mine, as they are now; the others are unknown, whether they exist or not."""
    mine, directory = administration(), parts().directory

    def read(user_id: str) -> Member | None:
        try:
            return person(directory, mine, user_id)
        except HiddenError:
            return None

    return in_order((member for member in read_all(read, ids) if member), last=actor().id)


def _wrong_number(count: int) -> str:
    if not count:
        return _("Tick at least one person.")
    return _("You chose %(count)s people: %(most)s at most can be changed at once.", count=count, most=MOST)


def _typed() -> Typed:
    form = request.form
    if form.get("action", "") not in set(Act) - {Act.UNDO}:
        return Typed(None, {"action": _("Choose what is to be done.")})
    asked = Asked(Act(form["action"]), form.get("company", ""))
    match asked.act:
        case Act.ROLE:
            if form.get("role") not in set(CompanyRole):
                return Typed(None, {"role": _("Choose a role: administrator or user.")})
            return Typed(Asked(asked.act, asked.company, role=CompanyRole(form["role"])))
        case Act.AFFILIATION:
            if form.get("affiliation") not in set(Affiliation):
                return Typed(None, {"affiliation": _("Choose internal or external.")})
            return Typed(Asked(asked.act, asked.company, affiliation=Affiliation(form["affiliation"])))
        case Act.UNTIL:
            try:
                until = last_day(form.get("until", ""), today())
            except DayError as error:
                return Typed(None, {"until": day_error(error.fault)})
            return Typed(Asked(asked.act, asked.company, until=until))
        case _:
            return Typed(asked)


def _choose_page(ids: Sequence[str], errors: dict[str, str]) -> ResponseReturnValue:
    """The selection again, to be corrected: who is ticked, and what was typed."""
    mine = administration()
    wanted = set(ids)
    known = [m for m in parts().roster.seen(parts().directory, mine).members if m.user.id in wanted]
    page = render_template(
        "selection/choose.html",
        members=in_order(known)[:SHOWN],
        errors=errors,
        form=request.form,
        companies=[(company.id, company.name) for company in mine.companies],
        fields=list_fields(),
        back=list_address(),
    )
    return page, 422 if errors else 200


def _export(asked: Asked, members: Sequence[Member]) -> Response:
    now = _now()
    rows = (cells_of(Member(m.user, (one,)), now) for m in members for one in asked.at(m))
    return csv_file(file_name("users", asked.company), LIST_COLUMNS, rows)


def _resend(asked: Asked, members: Sequence[Member]) -> ResponseReturnValue:
    """Mails go to those who have not activated; who has, or is disabled, gets none and is named."""
    now = _now()
    waiting = [m for m in members if may_resend_activation(m.user.status(now)) and asked.at(m)]
    if "confirm" in request.form and waiting:
        parts().resendings.start(context(), administration(), waiting)
        batches.wait(parts().database, actor().id, _patience(len(waiting)))
        return see_other("activations.results")
    page = render_template(
        "selection/resend.html",
        waiting=waiting,
        others=[member for member in members if member not in waiting],
        left=rate_limits.left(parts().database, rate_limits.ACTIVATION_MAILS, actor().id),
        fields=_fields(asked, members),
        back=list_address(),
    )
    return page, 200 if waiting else 409


def _change(asked: Asked, members: Sequence[Member]) -> ResponseReturnValue:
    found = _planned(asked, members)
    names = {company.id: company.name for company in administration().companies}
    seen = set(request.form.get("seen", "").split())
    is_new = bool(seen) and not found.marks <= seen
    refused_all = bool(found.refused) and not found.groups
    if "confirm" in request.form and not is_new and not refused_all:
        return _begin(asked, [member.user.id for member in members])
    page = render_template(
        "selection/review.html",
        plan=found,
        groups=sorted(found.groups, key=lambda group: fold(names[group.change.company_id])),
        asked=asked,
        is_new=is_new,
        given_up=_given_up(found),
        companies={company.id: company for company in administration().companies},
        fields=[*_fields(asked, members), ("seen", " ".join(sorted(found.marks)))],
        back=list_address(),
    )
    return page, 409 if refused_all or is_new else 200


def _say_left_out(gone: int) -> None:
    """How many of the chosen people are at none of the actor's companies (any more)."""
    if gone:
        flash(
            ngettext(
                "%(num)s of the chosen people is at none of your companies any more and is left out.",
                "%(num)s of the chosen people are at none of your companies any more and are left out.",
                gone,
            ),
            "info",
        )


def _planned(asked: Asked, members: Sequence[Member]) -> Plan:
    """What would happen; the administrators of the companies that could lose one are read now."""
    losing = {one.company_id for m in members for one in asked.changes(m) if one.takes_administrator}
    companies = [company for company in administration().companies if company.id in losing]
    read = read_all(parts().directory.administrators, companies)
    return plan(members, asked, {company.id: found for company, found in zip(companies, read, strict=True)})


def _given_up(found: Plan) -> list[str]:
    """The companies that the actor would administer no more by this."""
    names = {company.id: company.name for company in administration().companies}
    return [
        names[group.change.company_id]
        for group in found.groups
        if group.change.takes_administrator and any(m.user.id == actor().id for m in group.members)
    ]


def _fields(asked: Asked, members: Sequence[Member]) -> list[tuple[str, str]]:
    """What the next step is sent: the people by name, what is asked, and the list to return to."""
    said = {
        "action": asked.act.value,
        "company": asked.company,
        "role": asked.role or "",
        "affiliation": asked.affiliation or "",
        "until": asked.until.isoformat() if asked.until else "",
    }
    return [
        *(("user", member.user.id) for member in members),
        *((name, str(value)) for name, value in said.items() if value),
        *list_fields(),
    ]


def _begin(asked: Asked, user_ids: Sequence[str]) -> ResponseReturnValue:
    parts().selections.start(context(), asked, user_ids)
    batches.wait(parts().database, actor().id, _patience(len(user_ids)))
    return see_other("selection.results")


def _patience(count: int) -> float | None:
    """A few people are done before the answer; of many a person sees the progress, and a program waits."""
    if count <= DONE_AT_ONCE:
        return PATIENCE
    return 0.0 if request.headers.get("Sec-Fetch-Mode") == "navigate" else None


def _running_page(batch: Batch) -> str:
    total = len(batch.results)
    seconds = batch.seconds_left(total)
    return render_template(
        "selection/running.html",
        done=batch.done,
        total=total,
        changed=batch.count(Done.DONE),
        left=waiting_time(int(seconds) + 1) if seconds else "",
        refresh=REFRESH if request.args.get("refresh") != "no" else None,
    )


def _result_page(batch: Batch, asked: Asked, made_by: str) -> str:
    """Each person with what was done: as the journal tells it, and as the list names those who are there."""
    mine = administration()
    lines: dict[str, list[Line]] = {}
    for line in journal_reading.by_request(parts().database, mine.ids, actor().id, made_by):
        lines.setdefault(line.person.id or "", []).append(line)
    people = {m.user.id: m.user for m in parts().roster.seen(parts().directory, mine).members}
    rows = []
    for user_id, outcome in batch.results:
        if user_id in people:
            named = (people[user_id].profile.full_name, people[user_id].email)
        elif user_id in lines:
            named = (lines[user_id][0].person.name, lines[user_id][0].person.email)
        else:
            continue
        changes = [
            AttachmentChange(
                line.company_ids[0],
                line.before.attachment(line.company_ids[0]) if line.before else None,
                line.after.attachment(line.company_ids[0]) if line.after else None,
            )
            for line in lines.get(user_id, ())
            if line.outcome is Outcome.DONE and line.action in _ABOUT_ATTACHMENTS
        ]
        rows.append((*named, outcome, changes))
    unseen = len(batch.results) - len(rows)
    return render_template(
        "selection/results.html",
        batch=batch,
        is_undoing=asked.act is Act.UNDO,
        rows=rows,
        unseen=unseen,
        summary=_summary(batch, asked),
        may_undo=_may_be_undone(batch, asked),
        companies={company.id: company for company in mine.companies},
    )


_ABOUT_ATTACHMENTS = frozenset({Action.ATTACH, Action.CHANGE, Action.DETACH, Action.LEAVE})


def _summary(batch: Batch, asked: Asked) -> str:
    changed = batch.count(Done.DONE)
    match asked.act:
        case Act.UNDO:
            return ngettext("%(num)s person is as before.", "%(num)s people are as before.", changed)
        case Act.DETACH:
            return ngettext("%(num)s person was detached.", "%(num)s people were detached.", changed)
        case _:
            return ngettext("%(num)s person was changed.", "%(num)s people were changed.", changed)


def _may_be_undone(batch: Batch, asked: Asked, *, in_time: bool = True) -> bool:
    is_ours = asked.act is not Act.UNDO and batch.count(Done.DONE, Done.LAST_ADMINISTRATOR) > 0
    if batch.state is State.RUNNING or not is_ours:
        return False
    return not in_time or batch.mark >= parts().clock() - SHORTLY


def _now() -> datetime:
    return datetime.fromtimestamp(parts().clock(), UTC)
