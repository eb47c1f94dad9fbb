"""The list « Utilisateurs », and « Ajouter un utilisateur »."""

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, flash, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from directory.errors import EmailTakenError, InvalidPersonError
from directory.model import (
    ActivationStatus,
    Attachment,
    Company,
    Profile,
    User,
    difference,
)
from webapp.http.context import actor, administration, context, parts
from webapp.http.forms import (
    PersonForm,
    Row,
    email_error,
    has_errors,
    normal_email,
    present_rows,
    row_errors,
    seen_field,
    seen_states,
    typed_rows,
)
from webapp.http.guards import Access, access
from webapp.http.responses import see_other
from webapp.listing.cache import Progress, page_of
from webapp.listing.query import MOST_CHARACTERS, query_of
from webapp.listing.wording import choices, filter_words, ignored_words
from webapp.people import accounts, activations, attachments, lookups
from webapp.people.continuity import shortage
from webapp.people.three_way_merge import Merge, merge
from webapp.records import operations
from webapp.records.stored import NewAccount
from webapp.resend_all import store as resend_store
from webapp.wording.labels import gettext as _

blueprint = Blueprint("users", __name__)
SHOWN = "companies_shown"
ACCOUNT = "account"
NO_ACCOUNT = "none"
AN_ACCOUNT = "known"
WHOLE = "whole"
"""In the address of the list: wait until all has been read, and show no progress."""
REFRESH = 2
"""Seconds after which the page of a reading that is going on asks for the list again."""
PERSON_FIELDS = ("last_name", "first_name", "title", "locale")


@blueprint.get("/users")
@access(Access.ADMINISTRATOR)
def index() -> ResponseReturnValue:
    """Everybody at my companies."""
    mine, now = administration(), datetime.now(UTC)
    if _may_be_shown_progress() and (progress := parts().roster.first_reading(parts().directory, mine)):
        return _reading_page(progress)
    query = query_of(request.args, mine.ids)
    page, seen = page_of(parts().directory, parts().roster.seen(parts().directory, mine), query, now)
    companies = {company.id: company for company in mine.companies}

    def address(page: int | None = None, **changes: str) -> str:
        return url_for("users.index", **{**query.arguments, **changes}, page=page)  # type: ignore[arg-type]

    return render_template(
        "users/index.html",
        page=page,
        everybody=len(seen.members),
        expired=sum(m.user.status(now) is ActivationStatus.EXPIRED for m in seen.members),
        shortage=shortage(mine.companies, seen.members, now),
        old_minutes=round(seen.age / 60) if seen.is_old else 0,
        companies=companies,
        query=query,
        filters=filter_words(query, companies),
        ignored=ignored_words(query, page),
        choices={**choices(), "company": [(company.id, company.name) for company in mine.companies]},
        most_characters=MOST_CHARACTERS,
        now=now,
        resending=resend_store.is_running(parts().database, actor().id),
        waits=activations.waits(parts().database, [member.user.id for member in page.members]),
        address=address,
        unfinished=[
            (operation, [change.company_id for change in attachments.changes_of(operation.payload)])
            for operation in operations.partial_of(parts().database, actor().id)
        ],
        here=address(page.page if page.page > 1 else None),
        file=url_for("transfers.export", **query.arguments, spreadsheet=1),  # type: ignore[arg-type]
        site=parts().settings.portal_url,
    )


def _may_be_shown_progress() -> bool:
    """Whether somebody sits in front of it (Fetch Metadata): a program gets the list, however long it takes."""
    shown = request.headers.get("Sec-Fetch-Mode") == "navigate"
    ours = request.headers.get("Sec-Fetch-Site") == "same-origin"  # the script of such a page
    return (shown or ours) and WHOLE not in request.args


def _reading_page(progress: Progress) -> str:
    """How far the first reading of many companies is; it asks for the list again by itself."""
    asked = {name: value for name, value in request.args.items() if name != WHOLE}
    return render_template(
        "users/reading.html",
        progress=progress,
        refresh=REFRESH,
        here=url_for("users.index", **asked),  # type: ignore[arg-type]
        whole=url_for("users.index", **{**asked, WHOLE: "1"}),  # type: ignore[arg-type]
    )


@blueprint.route("/users/new", methods=["GET", "POST"])
@access(Access.ADMINISTRATOR)
def new() -> ResponseReturnValue:
    """First the address; then the person, unless known, and the boxes; then the difference; then done."""
    if request.method != "POST":
        return _address_page(request.args.get("email", ""))
    typed = request.form.get("email", "")
    has_details = _has_details()
    if error := email_error(typed):
        if has_details:
            return _details_page(typed, None, PersonForm(), _typed(), email_errors=[error])
        return _address_page(typed, error)
    email = normal_email(typed)
    if "confirm" in request.form:
        return _save(email)
    known = _look_up(email, again=has_details)
    if not has_details:
        return _details_page(email, known, PersonForm(formdata=None, locale="fr"), _open_rows(known))
    if "back" in request.form:
        return _details_page(email, known, PersonForm(), _typed())
    return _review(email, known)


def _look_up(email: str, *, again: bool = False) -> User | None:
    """Whether the address has an account: counted and journalled, once for all steps of one form."""
    return lookups.find(context(), actor().administered_ids, email, again=again)


def _appeared(known: User | None) -> bool:
    """Whether the form was shown for a new account, and meanwhile the address has one."""
    return known is not None and request.form.get(ACCOUNT) == NO_ACCOUNT


def _has_details() -> bool:
    """Whether the form of the second step was sent, not only the address."""
    return any(name in PERSON_FIELDS or name.startswith("company-") for name in request.form)


def _save(email: str) -> ResponseReturnValue:
    """Create at once; only an address that is taken is looked up (so a creation costs no look-up)."""
    form, rows = PersonForm(), _bare_rows()
    wanted = [row.attachment for row in rows if row.attached] if not has_errors(rows) else []
    if wanted and form.validate():
        try:
            return _create(form.profile(email), [a for a in wanted if a])
        except EmailTakenError:
            known = _look_up(email, again=True)
            if known is None:
                return _details_page(email, None, form, _typed(), email_errors=[_address_refused()])
            return _attach_or_show(email, known, form)
        except InvalidPersonError as error:
            form.refuse(error.field)
            return _details_page(email, None, form, _typed(), email_errors=_email_errors(error.field))
    known = _look_up(email, again=True)
    if known is None or has_errors(rows) or not wanted:
        return _review(email, known)
    return _attach_or_show(email, known, form)


def _attach_or_show(email: str, known: User, form: PersonForm) -> ResponseReturnValue:
    """Attach, unless the form speaks of another state than there is now: then that is shown first."""
    present = _present(known)
    merged = _merged(present)
    if _appeared(known) or merged.conflicts:
        return _conflict_page(email, known, form, merged)
    # Who says what he saw is told of a change up to the last moment.
    return _attach(known, merged, present if seen_states(request.form) else None)


def _named(wanted: Sequence[Attachment]) -> Sequence[Company]:
    """The companies with their names, as the question just before showed them; read when there was none."""
    shown = session.pop(SHOWN, {})
    if all(a.company_id in shown for a in wanted):
        return [Company(a.company_id, shown[a.company_id]) for a in wanted]
    return administration().companies


def _create(profile: Profile, wanted: list[Attachment]) -> ResponseReturnValue:
    made = accounts.create(context(), NewAccount(profile, tuple(wanted)), _named(wanted))
    name = profile.full_name
    if made.mail_sent:
        flash(_("The account of %(name)s was created, and the activation mail sent.", name=name), "success")
    else:
        flash(
            _(
                "The account of %(name)s was created, but its mail could not be sent. Send it from the list.",
                name=name,
            ),
            "warning",
        )
    return see_other("users.index")


def _attach(known: User, merged: Merge, present: tuple[Attachment, ...] | None) -> ResponseReturnValue:
    now = None if present is None else {a.company_id: a for a in present}
    changes = attachments.change(
        context(),
        administration().companies,
        known,
        merged.wanted,
        expected=None if now is None else {company_id: now.get(company_id) for company_id in merged.wanted},
    )
    name = known.profile.full_name
    if changes:
        flash(_("%(name)s is now attached as you asked.", name=name), "success")
    else:
        flash(_("%(name)s was attached already; nothing had to be changed.", name=name), "info")
    return see_other("users.index")


def _review(email: str, known: User | None) -> ResponseReturnValue:
    """The difference, or what is wrong with the form."""
    form, rows = PersonForm(), _typed()
    valid = known is not None or form.validate()
    if not valid or has_errors(rows) or not any(row.attached for row in rows):
        return _details_page(email, known, form, rows, checked=True)
    present = _present(known)
    merged = _merged(present)
    if _appeared(known) or merged.conflicts:
        return _conflict_page(email, known, form, merged)
    wanted = [a for a in merged.wanted.values() if a]
    kept = [a for a in present if a.company_id not in merged.wanted]
    profile = known.profile if known else form.profile(email)
    if known is None:
        session[SHOWN] = {row.company.id: row.company.name for row in rows if row.attached}
    return render_template(
        "users/review.html",
        email=email,
        known=known,
        profile=profile,
        changes=difference(present, [*kept, *wanted]),
        companies={company.id: company for company in administration().companies},
        fields=[
            ("email", email),
            *_person_fields(known, profile),
            *(f for row in rows for f in row.fields),
            *_state_fields(known),
        ],
    )


def _merged(present: tuple[Attachment, ...]) -> Merge:
    """What the ticked boxes ask for; an unticked one asks for nothing here."""
    typed = {row.company.id: row.attachment for row in _typed() if row.attached}
    return merge({a.company_id: a for a in present}, typed, seen_states(request.form))


def _conflict_page(email: str, known: User | None, form: PersonForm, merged: Merge) -> ResponseReturnValue:
    """Nothing is done: the account, or its attachments, are not what the form was shown for."""
    page, _status = _details_page(
        email, known, form, _open_rows(known), appeared=_appeared(known), conflicts=merged.conflicts
    )
    return page, 409


def _state_fields(known: User | None) -> list[tuple[str, str]]:
    """What the form is shown for: whether there is an account (not which), and what it is at my companies."""
    account = AN_ACCOUNT if known else NO_ACCOUNT
    return [(ACCOUNT, account), seen_field(administration().companies, _present(known))]


def _person_fields(known: User | None, profile: Profile) -> list[tuple[str, str]]:
    if known:
        return []
    return [
        ("last_name", profile.last_name),
        ("first_name", profile.first_name),
        ("title", profile.title.value if profile.title else ""),
        ("locale", profile.locale.value),
    ]


def _address_page(email: str, error: str = "") -> ResponseReturnValue:
    page = render_template("users/address.html", email=email, errors=[error] if error else [])
    return page, 422 if error else 200


def _details_page(
    email: str,
    known: User | None,
    form: PersonForm,
    rows: list[Row],
    *,
    email_errors: list[str] | None = None,
    checked: bool = False,
    appeared: bool = False,
    conflicts: tuple[str, ...] = (),
) -> tuple[str, int]:
    """The person and the boxes; 422 when something is wrong with them."""
    if email_errors:
        form.validate()
    box_errors = [_("Tick at least one company.")] if _nothing_ticked(rows, checked or email_errors) else []
    summary = [("email", message) for message in email_errors or []]
    if known is None:
        summary += form.summary()
    summary += [("attachments", message) for message in box_errors] + row_errors(rows)
    page = render_template(
        "users/details.html",
        email=email,
        known=known,
        form=form,
        rows=rows,
        attached=_present(known),
        companies={company.id: company for company in administration().companies},
        email_errors=email_errors or [],
        box_errors=box_errors,
        summary=summary,
        fields=_state_fields(known),
        appeared=appeared,
        conflicts=conflicts,
    )
    return page, 422 if summary else 200


def _nothing_ticked(rows: list[Row], checked: object) -> bool:
    return bool(checked) and not any(row.attached for row in rows)


def _typed() -> list[Row]:
    return typed_rows(administration().companies, request.form)


def _bare_rows() -> list[Row]:
    """The boxes without the companies' names: enough to create, and no call to Keycloak."""
    return typed_rows([Company(id_, id_) for id_ in sorted(actor().administered_ids)], request.form)


def _open_rows(known: User | None) -> list[Row]:
    """The companies where the person is not yet; what he is at the others is changed under « Modifier »."""
    present = {a.company_id for a in _present(known)}
    return present_rows(c for c in administration().companies if c.id not in present)


def _present(known: User | None) -> tuple[Attachment, ...]:
    """What a known person is at my companies."""
    if known is None:
        return ()
    found = (attachment for _company, attachment in parts().directory.attachments_of(known.id))
    return administration().mine(found)


def _address_refused() -> str:
    return _("This address cannot be used here.")


def _email_errors(field: str) -> list[str]:
    return [_address_refused()] if field in {"email", ""} else []
