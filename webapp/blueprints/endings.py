"""Attachments that end soon at my companies, and one more year for one of them."""

from dataclasses import replace
from datetime import date

from flask import Blueprint, flash, render_template, request
from flask.typing import ResponseReturnValue

from directory.model import Attachment, Member
from webapp.errors import HiddenError
from webapp.http.context import administration, context, parts, today
from webapp.http.guards import Access, access
from webapp.http.responses import see_other
from webapp.people import edit_attachments
from webapp.people.administration import person
from webapp.people.edit_attachments import Edit, EditConflictError
from webapp.people.end_dates import a_year_after, is_soon
from webapp.text import fold
from webapp.wording.labels import gettext as _
from webapp.wording.times import last_day

blueprint = Blueprint("endings", __name__)


@blueprint.get("/endings")
@access(Access.ADMINISTRATOR)
def index() -> ResponseReturnValue:
    """What ends within a month, or has ended and stays, the earliest first."""
    mine = administration()
    members = parts().roster.seen(parts().directory, mine).members
    found = [(member, one) for member in members for one in member.attachments if is_soon(one.until, today())]
    return render_template(
        "endings/index.html",
        endings=sorted(found, key=_order),
        companies={company.id: company for company in mine.companies},
        extended=lambda one: a_year_after(max(one.until, today())),
    )


@blueprint.post("/users/<id:user_id>/extension")
@access(Access.ADMINISTRATOR)
def extend(user_id: str) -> ResponseReturnValue:
    """One more year for the attachment of a person at `company`; `until` is the end that the page showed."""
    member = person(parts().directory, administration(), user_id)
    company = administration().company(request.form.get("company", ""))
    present = member.at(company.id)
    if present is None:
        raise HiddenError(company.id)
    name = member.user.profile.full_name
    if present.until is None:
        flash(_("The attachment of %(name)s has no end.", name=name), "info")
        return see_other("endings.index")
    later = replace(present, until=a_year_after(max(present.until, today())))
    seen = replace(present, until=_day(request.form.get("until", "")) or present.until)
    try:
        edit_attachments.save(context(), administration(), member, Edit({company.id: later}, {company.id: seen}))
    except EditConflictError:
        flash(_("The end for %(name)s was changed meanwhile; nothing was done.", name=name), "warning")
        return see_other("endings.index")
    words = last_day(later.until or today())
    said = {"name": name, "company": company.name, "day": words}
    flash(_("The attachment of %(name)s to %(company)s now ends on %(day)s.", **said), "success")
    return see_other("endings.index")


def _order(pair: tuple[Member, Attachment]) -> tuple[date, str, str]:
    member, attachment = pair
    return attachment.until or date.max, fold(member.user.profile.last_name), attachment.company_id


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
