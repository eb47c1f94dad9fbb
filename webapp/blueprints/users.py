"""The list « Utilisateurs »."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from directory.model import ActivationStatus
from webapp.http.context import actor, administration, context, parts, present, today
from webapp.http.guards import Access, access
from webapp.listing.cache import page_of
from webapp.listing.counts import counts_of
from webapp.listing.query import MOST_CHARACTERS, query_of
from webapp.listing.wording import choices, filter_words, ignored_words
from webapp.people import activations
from webapp.people.continuity import shortage
from webapp.people.end_dates import is_soon
from webapp.records import operations
from webapp.records.payloads import AttachmentChanges
from webapp.resend_all import store as resend_store
from webapp.selection.worker import is_running as selection_is_running

blueprint = Blueprint("users", __name__)


@blueprint.get("/users")
@access(Access.ADMINISTRATOR)
def index() -> ResponseReturnValue:
    """Everybody at my companies."""
    mine, at = administration(), present()
    query, now = query_of(request.args, mine.ids), at.now
    page, seen = page_of(parts().directory, parts().roster.seen(parts().directory, mine), query, at)
    companies = {company.id: company for company in mine.companies}

    def address(page: int | None = None, **changes: str) -> str:
        return url_for("users.index", **{**query.arguments, **changes}, page=page)  # type: ignore[arg-type]

    return render_template(
        "users/index.html",
        page=page,
        everybody=len(seen.members),
        counts=counts_of(seen.members, query, at),
        expired=sum(m.user.status(now) is ActivationStatus.EXPIRED for m in seen.members),
        ending=sum(is_soon(one.until, today()) for m in seen.members for one in m.attachments),
        shortage=shortage(mine.companies, seen.members, now),
        old_minutes=round(seen.age / 60) if seen.is_old else 0,
        companies=companies,
        query=query,
        filters=filter_words(query, companies),
        ignored=ignored_words(query, page),
        choices=choices(mine.companies),
        most_characters=MOST_CHARACTERS,
        now=now,
        selected=request.args.get("select") == "page",
        changing=selection_is_running(parts().database, actor().id),
        resending=resend_store.is_running(parts().database, actor().id),
        waits=activations.waits(context(), [member.user.id for member in page.members]),
        address=address,
        unfinished=[
            (operation, [change.company_id for change in operation.payload.changes])
            for operation in operations.partial_of(parts().database, actor().id)
            if isinstance(operation.payload, AttachmentChanges)
        ],
        here=address(page.page if page.page > 1 else None),
        file=url_for("transfers.export", **query.arguments, spreadsheet=1),  # type: ignore[arg-type]
        site=parts().settings.portal_url,
    )
