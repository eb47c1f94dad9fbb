"""The page of one person: everything about them at my companies, and every action."""

from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from directory.model import Affiliation, CompanyRole
from webapp.http.context import actor, administration, context, parts
from webapp.http.forms import ONLY, present_rows, seen_field
from webapp.http.guards import Access, access
from webapp.http.responses import list_address, person_address
from webapp.people.dossier import Place, page_of
from webapp.wording.invitation_text import invitation_text
from webapp.wording.journal_words import reason_in_words, values_in_words
from webapp.wording.labels import ACTIONS, OUTCOMES

blueprint = Blueprint("person", __name__)

Fields = list[tuple[str, str]]


@blueprint.get("/users/<id:user_id>")
@access(Access.ADMINISTRATOR)
def show(user_id: str) -> ResponseReturnValue:
    """A person, as far as my companies are concerned."""
    page = page_of(context(), administration(), user_id)
    user, names = page.member.user, [place.company.name for place in page.places]
    now = datetime.fromtimestamp(parts().clock(), UTC)
    here = person_address(user_id)
    return render_template(
        "person/show.html",
        page=page,
        user=user,
        status=user.status(now),
        now=now,
        here=here,
        back=list_address(),
        is_self=user_id == actor().id,
        changes={place.company.id: _changes(place, here) for place in page.places},
        invitation=invitation_text(user, names, actor().profile.full_name, parts().settings.smtp_from),
        companies={company.id: company for company in administration().companies},
        actions=ACTIONS,
        outcomes=OUTCOMES,
        words=values_in_words,
        reason_words=reason_in_words,
        journal=url_for("journal.index", q=user.email),
    )


def _changes(place: Place, here: str) -> dict[str, Fields]:
    """What the forms of the changes of one attachment send to « Modifier »: they concern that company only."""
    (row,) = present_rows([place.company], [place.attachment])
    role = CompanyRole.USER if place.attachment.administers else CompanyRole.ADMINISTRATOR
    is_internal = place.attachment.affiliation is Affiliation.INTERNAL
    affiliation = Affiliation.EXTERNAL if is_internal else Affiliation.INTERNAL
    always: Fields = [
        (ONLY, place.company.id),
        seen_field([place.company], [place.attachment]),
        ("next", here),
    ]
    return {
        "role": [*always, *replace(row, role=role.value).fields],
        "affiliation": [*always, *replace(row, affiliation=affiliation.value).fields],
        "detach": always,
    }
