"""Access reviews: a company's people to be confirmed or detached until a day, and the evidence of it."""

from datetime import date
from math import ceil

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.http.context import actor, administration, context, parts, today
from webapp.http.csv_response import csv_file
from webapp.http.forms import day_error
from webapp.http.guards import Access, access
from webapp.http.responses import error_page, see_other
from webapp.people.end_dates import DayError, last_day
from webapp.records import journal_reading
from webapp.reviews import review as reviewing
from webapp.reviews import store
from webapp.reviews.review import Decided, ReviewRunningError
from webapp.reviews.store import Decision, Item, Review, Start, Undecided
from webapp.wording.labels import gettext as _
from webapp.wording.labels import ngettext

blueprint = Blueprint("reviews", __name__)
PAGE_SIZE = 50
MOST_AT_ONCE = 200


@blueprint.route("/reviews", methods=["GET", "POST"])
@access(Access.ADMINISTRATOR)
def index() -> ResponseReturnValue:
    """The reviews of my companies, and the start of one."""
    if request.method != "POST":
        return _index_page({})
    errors: dict[str, str] = {}
    ids = [company.id for company in administration().companies]
    chosen = request.form.get("company", "") or (ids[0] if len(ids) == 1 else "")
    if not chosen:
        errors["company"] = _("Choose a company.")
    until = _last_day(errors)
    undecided = request.form.get("undecided", "")
    if undecided not in set(Undecided):
        errors["undecided"] = _("Choose what happens to people without a decision.")
    company = administration().company(chosen) if chosen else None
    if errors or company is None or until is None:
        return _index_page(errors)
    review_id = reviewing.start(context(), Start(company, until, Undecided(undecided)))
    flash(_("The review was started."), "success")
    return see_other("reviews.show", review_id=review_id)


@blueprint.errorhandler(ReviewRunningError)
def running(error: ReviewRunningError) -> ResponseReturnValue:
    """One at a time: two at once would ask the same questions."""
    return error_page(
        409,
        _("This company is being reviewed already"),
        _("A company has one review at a time. Nothing was started; decide in the one that is in progress."),
        actions=((url_for("reviews.show", review_id=error.review_id), _("Open the review")),),
    )


@blueprint.route("/reviews/<id:review_id>", methods=["GET", "POST"])
@access(Access.ADMINISTRATOR)
def show(review_id: str) -> ResponseReturnValue:
    """Who is to be decided on; deciding, of several at once. Detaching is asked first."""
    review = reviewing.review_of(context(), administration(), review_id)
    if request.method != "POST":
        return _review_page(review)
    decision, chosen = request.form.get("decision", ""), request.form.getlist("user")
    if decision not in (Decision.CONFIRM, Decision.DETACH):
        return _review_page(review, _("Choose “Confirm” or “Detach”.")), 422
    if not chosen:
        return _review_page(review, _("Tick at least one person.")), 422
    if len(chosen) > MOST_AT_ONCE:
        return _review_page(review, _("Tick 200 people at most.")), 422
    if decision == Decision.DETACH and "confirm" not in request.form:
        return _question_page(review, chosen)
    company = administration().company(review.company_id)
    _say(reviewing.decide(context(), company, review, chosen, Decision(decision)))
    return see_other("reviews.show", review_id=review_id)


@blueprint.get("/reviews/<id:review_id>.csv")
@access(Access.ADMINISTRATOR)
def export(review_id: str) -> ResponseReturnValue:
    """The evidence: who decided what when. Once the review has ended, its SHA-256 is the one in the journal."""
    review = reviewing.review_of(context(), administration(), review_id)
    people = store.items(parts().database, review.id)
    name = f"review-{review.company_id}-{review.until}.csv"
    return csv_file(name, store.COLUMNS, store.evidence(review, people))


def _last_day(errors: dict[str, str]) -> date | None:
    try:
        until = last_day(request.form.get("until", ""), today())
    except DayError as error:
        errors["until"] = day_error(error.fault)
        return None
    if until is None:
        errors["until"] = _("Write the last day of the review.")
    return until


def _index_page(errors: dict[str, str]) -> ResponseReturnValue:
    page = render_template(
        "reviews/index.html",
        reviews=store.of_companies(parts().database, administration().ids),
        companies={company.id: company for company in administration().companies},
        choices=[(company.id, company.name) for company in administration().companies],
        today=today(),
        errors=errors,
        typed=request.form,
    )
    return page, 422 if errors else 200


def _review_page(review: Review, error: str = "") -> str:
    people = store.items(parts().database, review.id)
    pages = max(1, ceil(len(people) / PAGE_SIZE))
    number = request.args.get("page", "1")
    page = min(max(1, int(number)), pages) if number.isdecimal() and len(number) < 9 else 1
    shown = people[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    since = {item.user_id: journal_reading.attached_since(parts().database, item.user_id) for item in shown}
    return render_template(
        "reviews/review.html",
        review=review,
        company=administration().company(review.company_id),
        people=shown,
        since={user_id: found.get(review.company_id) for user_id, found in since.items()},
        users={user.id: user for user in parts().directory.users([item.user_id for item in shown])},
        me=actor().id,
        error=error,
        ticked=request.form.getlist("user"),
        page=page,
        pages=pages,
        address=lambda number: url_for("reviews.show", review_id=review.id, page=number),
    )


def _question_page(review: Review, chosen: list[str]) -> str:
    people: list[Item] = [item for item in store.items(parts().database, review.id) if item.user_id in chosen]
    return render_template(
        "reviews/question.html",
        review=review,
        company=administration().company(review.company_id),
        people=people,
        fields=[("decision", Decision.DETACH.value), *(("user", item.user_id) for item in people)],
    )


def _say(result: Decided) -> None:
    if result.done:
        flash(ngettext("%(num)s decision was saved.", "%(num)s decisions were saved.", result.done), "success")
    if result.already:
        names = _names(result.already)
        flash(_("Decided already, perhaps by somebody else: %(names)s", names=names), "warning")
    if result.oneself:
        flash(_("You cannot confirm yourself: another administrator does."), "warning")
    if result.last:
        flash(_("The last active administrator stays: %(names)s", names=_names(result.last)), "warning")


def _names(people: list[Item]) -> str:
    return ", ".join(item.name for item in people)
