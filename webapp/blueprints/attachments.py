"""« Modifier »: one person's boxes at my companies."""

from flask import Blueprint, flash, render_template, request
from flask.typing import ResponseReturnValue

from directory.model import AttachmentChange, Member, difference
from webapp.answers import see_other
from webapp.context import administration, author, parts
from webapp.forms import Row, has_errors, present_rows, row_errors, typed_rows
from webapp.guards import Access, access
from webapp.labels import gettext as _
from webapp.services import attachments
from webapp.services.administration import person

blueprint = Blueprint("attachments", __name__)


@blueprint.route("/users/<id:user_id>/attachments", methods=["GET", "POST"])
@access(Access.ADMINISTRATOR)
def edit(user_id: str) -> ResponseReturnValue:
    """The rows, then the difference, then done. What the person has elsewhere is neither shown nor touched."""
    member = person(parts().directory, administration(), user_id)
    if request.method != "POST":
        return _rows_page(member, present_rows(administration().companies, member.attachments))
    rows = typed_rows(administration().companies, request.form)
    if has_errors(rows):
        return _rows_page(member, rows), 422
    changes = difference(member.attachments, [row.attachment for row in rows if row.attachment])
    if "confirm" in request.form:
        return _save(member, rows)
    if not changes:
        return _rows_page(member, rows, unchanged=True)
    return _review_page(member, rows, changes)


def _save(member: Member, rows: list[Row]) -> ResponseReturnValue:
    changes = attachments.change(
        parts().directory,
        parts().database,
        author(),
        administration().companies,
        member.user,
        {row.company.id: row.attachment for row in rows},
    )
    profile = member.user.profile
    name = f"{profile.first_name} {profile.last_name}"
    if not changes:
        flash(_("Nothing had to be changed for %(name)s.", name=name), "info")
    elif all(change.is_detach for change in changes):
        flash(_("%(name)s was detached; the account itself stays active.", name=name), "success")
    else:
        flash(_("The attachments of %(name)s were changed.", name=name), "success")
    return see_other("users.index")


def _rows_page(member: Member, rows: list[Row], *, unchanged: bool = False) -> str:
    return render_template(
        "attachments/edit.html", member=member, rows=rows, summary=row_errors(rows), unchanged=unchanged
    )


def _review_page(member: Member, rows: list[Row], changes: tuple[AttachmentChange, ...]) -> str:
    for change in changes:
        attachments.refuse_last_administrator(
            parts().directory, administration().company(change.company_id), member.user, change
        )
    return render_template(
        "attachments/review.html",
        member=member,
        changes=changes,
        companies={company.id: company for company in administration().companies},
        fields=[pair for row in rows for pair in row.fields],
    )
