"""« Modifier »: one person's boxes at my companies."""

from collections.abc import Sequence

from flask import Blueprint, flash, render_template, request
from flask.typing import ResponseReturnValue

from directory.model import AttachmentChange, Company, Member
from webapp.errors import LastAdministratorError
from webapp.http.context import actor, administration, context, parts
from webapp.http.forms import (
    ONLY,
    ROWS_PAGE,
    Row,
    has_errors,
    present_rows,
    row_errors,
    row_view,
    seen_field,
    seen_states,
    typed_rows,
)
from webapp.http.guards import Access, access
from webapp.http.responses import back_from, back_to_list, list_address, list_fields, offer_undo
from webapp.people import edit_attachments
from webapp.people.administration import person
from webapp.people.edit_attachments import Edit, EditConflictError, Meanwhile, Review
from webapp.wording.labels import gettext as _

blueprint = Blueprint("attachments", __name__)


@blueprint.route("/users/<id:user_id>/attachments", methods=["GET", "POST"])
@access(Access.ADMINISTRATOR)
def edit(user_id: str) -> ResponseReturnValue:
    """The rows, then the difference, then done. What the person has elsewhere is neither shown nor touched."""
    member = person(parts().directory, administration(), user_id)
    if request.method != "POST":
        return _rows_page(member, present_rows(administration().companies, member.attachments))
    rows = typed_rows(_concerned(), request.form)
    if ROWS_PAGE in request.form:
        return _rows_page(member, rows)
    if has_errors(rows):
        return _rows_page(member, rows), 422
    if "back" in request.form:
        return _rows_page(member, rows)
    asked = Edit({row.company.id: row.attachment for row in rows}, seen_states(request.form))
    try:
        if "confirm" in request.form:
            return _saved(member, edit_attachments.save(context(), administration(), member, asked))
        review = edit_attachments.review(context(), administration(), member, asked)
    except EditConflictError as error:
        return _conflict_page(error.review)
    except LastAdministratorError as error:
        return _rows_page(member, rows, needs_administrator=error.company), 409
    if not review.changes:
        return _rows_page(member, _rows_of(review), unchanged=True, meanwhile=review.meanwhile)
    return _review_page(review)


def _concerned() -> Sequence[Company]:
    """The companies that the form is about: all of the actor's, or the one that it names."""
    if only := request.form.get(ONLY):
        return [administration().company(only)]
    return administration().companies


def _only_field() -> list[tuple[str, str]]:
    return [(ONLY, company.id) for company in _concerned()] if ONLY in request.form else []


def _rows_of(review: Review) -> list[Row]:
    """The boxes with the changes of others."""
    return present_rows(_concerned(), [a for a in review.wanted.values() if a])


def _saved(member: Member, changes: Sequence[AttachmentChange]) -> ResponseReturnValue:
    name = member.user.profile.full_name
    if not changes:
        flash(_("Nothing had to be changed for %(name)s.", name=name), "info")
    elif member.user.id == actor().id:
        flash(_("Your own attachments were changed."), "success")
    elif all(change.is_detach for change in changes):
        flash(_("%(name)s was detached; the account itself stays active.", name=name), "success")
    else:
        flash(_("The attachments of %(name)s were changed.", name=name), "success")
    if changes and member.user.id != actor().id:
        offer_undo()
    before, detached = {at.company_id for at in member.attachments}, {c.company_id for c in changes if c.is_detach}
    is_gone = before == detached and len(changes) == len(detached)
    return back_from(member.user.id) if is_gone else back_to_list()


def _conflict_page(review: Review) -> ResponseReturnValue:
    """Nothing is saved: the companies that both changed have their present state, the others what was typed."""
    return _rows_page(review.member, _rows_of(review), meanwhile=review.meanwhile, conflict=True), 409


def _rows_page(
    member: Member,
    rows: list[Row],
    *,
    unchanged: bool = False,
    meanwhile: Sequence[Meanwhile] = (),
    conflict: bool = False,
    needs_administrator: Company | None = None,
) -> str:
    return render_template(
        "attachments/edit.html",
        member=member,
        rows=rows,
        view=row_view(rows, request.form),
        summary=row_errors(rows),
        unchanged=unchanged,
        meanwhile=meanwhile,
        conflict=conflict,
        needs_administrator=needs_administrator,
        is_me=member.user.id == actor().id,
        companies=_companies(),
        fields=[seen_field(administration().companies, member.attachments), *_only_field(), *list_fields()],
        back=list_address(),
    )


def _review_page(review: Review) -> str:
    seen = seen_field(administration().companies, review.member.attachments)
    return render_template(
        "attachments/review.html",
        member=review.member,
        changes=review.changes,
        meanwhile=review.meanwhile,
        given_up=_given_up(review),
        companies=_companies(),
        fields=[*(pair for row in _rows_of(review) for pair in row.fields), seen, *_only_field(), *list_fields()],
        back=list_address(),
    )


def _given_up(review: Review) -> list[Company]:
    """The companies that the actor would administer no more by this change of their own account."""
    if review.member.user.id != actor().id:
        return []
    ids = {change.company_id for change in review.changes if change.takes_administrator}
    return [company for company in administration().companies if company.id in ids]


def _companies() -> dict[str, object]:
    return {company.id: company for company in administration().companies}
