"""« Ajouter un utilisateur »: a new account, or an account that exists already attached to my companies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, render_template, request, session
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from directory.errors import EmailTakenError, InvalidPersonError
from directory.model import Attachment, Company, Member, Profile, difference
from directory.person_data import email_spellings, normal_email
from webapp.errors import HiddenError
from webapp.http import steps
from webapp.http.context import actor, administration, context, parts
from webapp.http.forms import (
    ROWS_PAGE,
    PersonForm,
    Row,
    email_error,
    has_errors,
    present_rows,
    row_errors,
    row_view,
    seen_field,
    seen_states,
    typed_rows,
)
from webapp.http.guards import Access, access
from webapp.http.responses import ADDED, see_other
from webapp.people import accounts, edit_attachments, lookups
from webapp.people.administration import person
from webapp.people.edit_attachments import Edit, EditConflictError
from webapp.people.free_mailboxes import free_mailbox
from webapp.records.payloads import NewAccount
from webapp.wording.labels import gettext as _

blueprint = Blueprint("new_user", __name__)
SHOWN = "companies_shown"
ACCOUNT = "account"
LIKE = "like"
"""The field that names the person whose companies and roles are proposed."""
ADDRESS = "address"
"""The field with the address that the second step was shown for; the person may type another one there."""
NO_ACCOUNT = "none"
AN_ACCOUNT = "known"
CHECKED = "checked"
PERSON_FIELDS = ("last_name", "first_name", "title", "locale")


@dataclass(frozen=True, slots=True)
class Details:
    """The second step: the person and the boxes, and what is wrong with them.

    `known` is the account of the address with its attachments at my companies. `checked` says whether a missing
    tick is an error, `appeared` whether the account was made since the form was shown, `conflicts` at which
    companies somebody else changed it.
    """

    email: str
    known: Member | None
    form: PersonForm
    rows: list[Row]
    email_errors: Sequence[str] = ()
    checked: bool = False
    appeared: bool = False
    conflicts: Sequence[str] = ()


@blueprint.route("/users/new", methods=["GET", "POST"])
@access(Access.ADMINISTRATOR)
def create() -> ResponseReturnValue:
    """First the address; then the person, unless known, and the boxes; then the difference; then done."""
    if request.method != "POST":
        fields = steps.kept()
        return _kept_page(fields) if fields else _address_page(request.args.get("email", ""))
    typed = request.form.get("email", "")
    has_details = _has_details(request.form)
    if error := email_error(typed):
        if has_details:
            return _details_page(Details(typed, None, PersonForm(), _typed(), [error]))
        return _address_page(typed, error)
    email = normal_email(typed)
    if "confirm" in request.form:
        return _save(email)
    known = _look_up(email, again=has_details)
    if not has_details:
        return _step(_empty(email, known, request.form))
    if "back" in request.form or ROWS_PAGE in request.form or (known and _is_another(email)):
        return _step(Details(email, known, PersonForm(), _typed(known)))
    return _review(email, known)


def _step(details: Details) -> ResponseReturnValue:
    """The second step at an address of its own, so that « Back » from the next one sends nothing again."""
    if not steps.is_navigation():
        return _details_page(details)
    name = steps.keep(**{CHECKED: "1" if details.checked else ""})
    return see_other("new_user.create", step=name)


def _kept_page(fields: MultiDict[str, str]) -> ResponseReturnValue:
    """The second step as it was typed."""
    email = normal_email(fields["email"])
    if not lookups.is_counted(context(), email):
        return _address_page(email)
    known = _look_up(email, again=True)
    if not _has_details(fields):
        return _details_page(_empty(email, known, fields))
    form = PersonForm(formdata=fields)
    checked = CHECKED in fields
    if checked and known is None:
        form.validate()
    return _details_page(Details(email, known, form, _typed(known, fields), checked=checked))


def _empty(email: str, known: Member | None, fields: Mapping[str, str]) -> Details:
    like = _person_like(fields)
    rows = _open_rows(known, like.attachments if like else ())
    return Details(email, known, PersonForm(formdata=None, locale="fr"), rows)


def _person_like(fields: Mapping[str, str]) -> Member | None:
    """The person whose companies and roles are proposed, none when they are not mine."""
    user_id = fields.get(LIKE)
    if not user_id:
        return None
    try:
        return person(parts().directory, administration(), user_id)
    except HiddenError:
        return None


def _is_another(email: str) -> bool:
    """Whether the second step was shown for another address than the one that it sends."""
    return request.form.get(ADDRESS, email) != email


def _look_up(email: str, *, again: bool = False) -> Member | None:
    """The account of the address, with its attachments at my companies.

    The question is counted and written into the journal, once for all steps of one form.
    """
    user = lookups.find(context(), actor().administered_ids, email, again=again)
    if user is None:
        return None
    attachments = (attachment for _company, attachment in parts().directory.attachments_of(user.id))
    return Member(user, administration().mine(attachments))


def _appeared(known: Member | None) -> bool:
    """Whether the form was shown for a new account, and meanwhile the address has one."""
    return known is not None and request.form.get(ACCOUNT) == NO_ACCOUNT


def _has_details(fields: MultiDict[str, str]) -> bool:
    """Whether these are fields of the second step, not only the address."""
    return any(name in PERSON_FIELDS or name.startswith("company-") for name in fields)


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
                return _details_page(Details(email, None, form, _typed(), [_address_refused()]))
            return _attach(email, known, form)
        except InvalidPersonError as error:
            form.refuse(error.field)
            return _details_page(Details(email, None, form, _typed(), _email_errors(error.field)))
    known = _look_up(email, again=True)
    if known is None or has_errors(rows) or not wanted:
        return _review(email, known)
    return _attach(email, known, form)


def _create(profile: Profile, wanted: Sequence[Attachment]) -> ResponseReturnValue:
    made = accounts.create(context(), NewAccount(profile, tuple(wanted)), _named(wanted))
    steps.forget()
    name = profile.full_name
    if made.mail_sent:
        flash(_("The account of %(name)s was created, and the activation mail was sent.", name=name), "success")
    else:
        flash(
            _(
                "The account of %(name)s was created, but its mail could not be sent. Send it from the list.",
                name=name,
            ),
            "warning",
        )
    flash(made.user.id, ADDED)
    return see_other("users.index")


def _named(wanted: Sequence[Attachment]) -> Sequence[Company]:
    """The companies with their names, as the question just before showed them; read when there was none."""
    shown = session.pop(SHOWN, {})
    if all(a.company_id in shown for a in wanted):
        return [Company(a.company_id, shown[a.company_id]) for a in wanted]
    return administration().companies


def _attach(email: str, known: Member, form: PersonForm) -> ResponseReturnValue:
    """Attach, unless the form was shown for another state than there is now: then that is shown first."""
    if _appeared(known):
        return _conflict_page(email, known, form)
    try:
        changes = edit_attachments.save(context(), administration(), known, _edit())
    except EditConflictError as error:
        return _conflict_page(email, error.review.member, form, error.review.conflicts)
    steps.forget()
    name = known.user.profile.full_name
    if changes:
        flash(_("%(name)s is now attached as you asked.", name=name), "success")
    else:
        flash(_("%(name)s was attached already; nothing had to be changed.", name=name), "info")
    flash(known.user.id, ADDED)
    return see_other("users.index")


def _edit() -> Edit:
    """What the ticked boxes ask for; an unticked one asks for nothing here."""
    return Edit({row.company.id: row.attachment for row in _typed() if row.attached}, seen_states(request.form))


def _review(email: str, known: Member | None) -> ResponseReturnValue:
    """The difference, or what is wrong with the form."""
    form, rows = PersonForm(), _typed(known)
    valid = known is not None or form.validate()
    if not valid or has_errors(rows) or not any(row.attached for row in rows):
        return _step(Details(email, known, form, rows, checked=True))
    if known is None:
        session[SHOWN] = {row.company.id: row.company.name for row in rows if row.attached}
        profile, changes = form.profile(email), difference([], [row.attachment for row in rows if row.attachment])
    elif _appeared(known):
        return _conflict_page(email, known, form)
    else:
        try:
            changes = edit_attachments.review(context(), administration(), known, _edit()).changes
        except EditConflictError as error:
            return _conflict_page(email, known, form, error.review.conflicts)
        profile = known.user.profile
    return render_template(
        "users/review.html",
        email=email,
        known=known.user if known else None,
        profile=profile,
        changes=changes,
        companies=_companies(),
        fields=[
            ("email", email),
            *([] if known else _person_fields(profile)),
            *(f for row in rows for f in row.fields),
            *_state_fields(known),
            *([(steps.STEP, steps.keep())] if steps.is_navigation() else []),
        ],
    )


def _conflict_page(
    email: str, known: Member, form: PersonForm, conflicts: Sequence[str] = ()
) -> ResponseReturnValue:
    """Nothing is done: the account, or its attachments, are not what the form was shown for."""
    appeared = _appeared(known)
    page, _status = _details_page(
        Details(email, known, form, _open_rows(known), appeared=appeared, conflicts=conflicts)
    )
    return page, 409


def _state_fields(known: Member | None) -> list[tuple[str, str]]:
    """What the form is shown for: whether there is an account (not which), and its attachments at my companies."""
    account = AN_ACCOUNT if known else NO_ACCOUNT
    return [(ACCOUNT, account), seen_field(administration().companies, known.attachments if known else ())]


def _person_fields(profile: Profile) -> list[tuple[str, str]]:
    return [
        ("last_name", profile.last_name),
        ("first_name", profile.first_name),
        ("title", profile.title.value if profile.title else ""),
        ("locale", profile.locale.value),
    ]


def _address_page(email: str, error: str = "") -> ResponseReturnValue:
    page = render_template(
        "users/address.html",
        email=email,
        errors=[error] if error else [],
        like=_person_like(request.values),
    )
    return page, 422 if error else 200


def _details_page(details: Details) -> tuple[str, int]:
    """The person and the boxes; 422 when something is wrong with them."""
    form, rows, email_errors = details.form, details.rows, details.email_errors
    if email_errors:
        form.validate()
    is_ticked = any(row.attached for row in rows)
    box_errors = [] if is_ticked or not (details.checked or email_errors) else [_("Tick at least one company.")]
    summary = [("email", message) for message in email_errors]
    if details.known is None:
        summary += form.summary()
    summary += [("attachments", message) for message in box_errors] + row_errors(rows)
    page = render_template(
        "users/details.html",
        email=details.email,
        other_spellings=email_spellings(details.email)[1:] if details.known is None else (),
        known=details.known.user if details.known else None,
        form=form,
        rows=rows,
        view=row_view(rows, request.form if request.method == "POST" else steps.kept() or {}),
        attached=details.known.attachments if details.known else (),
        companies=_companies(),
        email_errors=email_errors,
        box_errors=box_errors,
        summary=summary,
        free_mailbox=free_mailbox(details.email) if details.known is None else "",
        fields=[(ADDRESS, details.email), *_state_fields(details.known), *_step_field()],
        appeared=details.appeared,
        conflicts=details.conflicts,
    )
    return page, 422 if summary else 200


def _companies() -> dict[str, Company]:
    return {company.id: company for company in administration().companies}


def _typed(known: Member | None = None, fields: MultiDict[str, str] | None = None) -> list[Row]:
    """The boxes as typed; without those where the person is already, unless they are ticked."""
    present = {a.company_id for a in known.attachments} if known else set()
    rows = typed_rows(administration().companies, request.form if fields is None else fields)
    return [row for row in rows if row.attached or row.company.id not in present]


def _step_field() -> list[tuple[str, str]]:
    found = request.values.get(steps.STEP)
    return [(steps.STEP, found)] if found else []


def _bare_rows() -> list[Row]:
    """The boxes without the companies' names: enough to create, and no call to Keycloak."""
    return typed_rows([Company(id_, id_) for id_ in sorted(actor().administered_ids)], request.form)


def _open_rows(known: Member | None, proposed: Iterable[Attachment] = ()) -> list[Row]:
    """The companies where the person is not attached; an attachment is changed under « Modifier »."""
    present = {a.company_id for a in known.attachments} if known else set()
    return present_rows((c for c in administration().companies if c.id not in present), proposed)


def _address_refused() -> str:
    return _("This address cannot be used here.")


def _email_errors(field: str) -> list[str]:
    return [_address_refused()] if field in {"email", ""} else []
