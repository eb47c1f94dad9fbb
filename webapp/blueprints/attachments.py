"""« Modifier »: one person's boxes at my companies."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, flash, render_template, request
from flask.typing import ResponseReturnValue

from directory.model import Attachment, AttachmentChange, Member, difference
from webapp.errors import ChangedMeanwhileError
from webapp.http.context import actor, administration, author, context, parts
from webapp.http.forms import Row, has_errors, present_rows, row_errors, seen_field, seen_states, typed_rows
from webapp.http.guards import Access, access
from webapp.http.responses import back_to_list, list_address, list_fields, offer_undo
from webapp.people import attachments
from webapp.people.administration import person
from webapp.people.three_way_merge import Merge, merge
from webapp.records import journal
from webapp.wording.labels import gettext as _

blueprint = Blueprint("attachments", __name__)


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What somebody else changed since the form was shown; `who` as far as the portal knows."""

    company_id: str
    before: Attachment | None
    now: Attachment | None
    who: str


@blueprint.route("/users/<id:user_id>/attachments", methods=["GET", "POST"])
@access(Access.ADMINISTRATOR)
def edit(user_id: str) -> ResponseReturnValue:
    """The rows, then the difference, then done. What the person has elsewhere is neither shown nor touched."""
    member = person(parts().directory, administration(), user_id)
    if request.method != "POST":
        return _rows_page(member, present_rows(administration().companies, member.attachments))
    rows, seen = typed_rows(administration().companies, request.form), seen_states(request.form)
    if has_errors(rows):
        return _rows_page(member, rows), 422
    if "back" in request.form:
        return _rows_page(member, rows)
    merged = merge(_present(member), {row.company.id: row.attachment for row in rows}, seen)
    if merged.conflicts:
        return _conflict_page(member, rows, merged, seen)
    if "confirm" in request.form:
        return _save(member, rows, merged, seen)
    changes = difference(member.attachments, [a for a in merged.wanted.values() if a])
    meanwhile = _meanwhile(member, merged.theirs, seen)
    if not changes:
        return _rows_page(member, rows_of(merged), unchanged=True, meanwhile=meanwhile)
    return _review_page(member, rows_of(merged), changes, meanwhile)


def _present(member: Member) -> dict[str, Attachment | None]:
    return {a.company_id: a for a in member.attachments}


def rows_of(merged: Merge) -> list[Row]:
    """The boxes as they stand once what others did is taken over."""
    return present_rows(administration().companies, [a for a in merged.wanted.values() if a])


def _save(
    member: Member, rows: list[Row], merged: Merge, seen: Mapping[str, Attachment | None]
) -> ResponseReturnValue:
    present = _present(member)
    try:
        changes = attachments.change(
            context(),
            administration().companies,
            member.user,
            merged.wanted,
            # Who says what he saw is told of a change up to the last moment.
            expected={company_id: present.get(company_id) for company_id in merged.wanted} if seen else None,
        )
    except ChangedMeanwhileError:
        fresh = person(parts().directory, administration(), member.user.id)
        again = merge(_present(fresh), {row.company.id: row.attachment for row in rows}, present)
        return _conflict_page(fresh, rows, again, present)
    name = member.user.profile.full_name
    if not changes:
        flash(_("Nothing had to be changed for %(name)s.", name=name), "info")
    elif all(change.is_detach for change in changes):
        flash(_("%(name)s was detached; the account itself stays active.", name=name), "success")
    else:
        flash(_("The attachments of %(name)s were changed.", name=name), "success")
    if changes and member.user.id != actor().id:
        offer_undo()
    return back_to_list()


def _conflict_page(
    member: Member, rows: list[Row], merged: Merge, seen: Mapping[str, Attachment | None]
) -> ResponseReturnValue:
    """Nothing is saved: the companies that both changed stand as they are now, the rest as it was typed."""
    meanwhile = _meanwhile(member, (*merged.conflicts, *merged.theirs), seen)
    return _rows_page(member, rows_of(merged), meanwhile=meanwhile, conflict=True), 409


def _meanwhile(
    member: Member, company_ids: tuple[str, ...], seen: Mapping[str, Attachment | None]
) -> list[Meanwhile]:
    found = []
    for company_id in company_ids:
        last = journal.last_author(parts().database, company_id, member.user.id)
        who = last.name if last and last.id != author().id else ""
        found.append(Meanwhile(company_id, seen.get(company_id), member.at(company_id), who))
    return found


def _rows_page(
    member: Member,
    rows: list[Row],
    *,
    unchanged: bool = False,
    meanwhile: list[Meanwhile] | None = None,
    conflict: bool = False,
) -> str:
    return render_template(
        "attachments/edit.html",
        member=member,
        rows=rows,
        summary=row_errors(rows),
        unchanged=unchanged,
        meanwhile=meanwhile or [],
        conflict=conflict,
        companies=_companies(),
        fields=[seen_field(administration().companies, member.attachments), *list_fields()],
        back=list_address(),
    )


def _review_page(
    member: Member, rows: list[Row], changes: tuple[AttachmentChange, ...], meanwhile: list[Meanwhile]
) -> str:
    for change in changes:
        attachments.refuse_last_administrator(
            parts().directory, administration().company(change.company_id), member.user, change
        )
    seen = seen_field(administration().companies, member.attachments)
    return render_template(
        "attachments/review.html",
        member=member,
        changes=changes,
        meanwhile=meanwhile,
        companies=_companies(),
        fields=[*(pair for row in rows for pair in row.fields), seen, *list_fields()],
        back=list_address(),
    )


def _companies() -> dict[str, object]:
    return {company.id: company for company in administration().companies}
