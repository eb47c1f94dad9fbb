"""Another account for a person whose address has changed."""

from dataclasses import dataclass

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from directory.errors import EmailTakenError, InvalidPersonError
from directory.model import Member
from directory.person_data import email_spellings, normal_email
from webapp.http.context import actor, administration, context, parts
from webapp.http.forms import email_error
from webapp.http.guards import Access, access
from webapp.http.responses import back_from, back_to_list, error_page, list_address, list_fields, offer_undo
from webapp.people import lookups, replacement
from webapp.people.administration import person
from webapp.people.policies import may_resend_activation
from webapp.people.replacement import Replaced
from webapp.records import journal_reading
from webapp.wording.labels import gettext as _

blueprint = Blueprint("replacement", __name__)
EXISTING = "existing"
"""The field that says: attach the account that this address has already."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The person with the old account, and the address of the other one."""

    old: Member
    email: str


@blueprint.route("/users/<id:user_id>/replacement", methods=["GET", "POST"])
@access(Access.ADMINISTRATOR)
def replace(user_id: str) -> ResponseReturnValue:
    """The new address, then the difference, then done. What the person has elsewhere stays, and is not shown."""
    old = person(parts().directory, administration(), user_id)
    if may_resend_activation(old.user.status()):
        return _pending_page(user_id)
    if request.method != "POST":
        return _address_page(old, "")
    typed = request.form.get("email", "")
    if error := email_error(typed):
        return _address_page(old, typed, error)
    email = normal_email(typed)
    if email in (one.lower() for one in email_spellings(old.user.email)):
        return _address_page(old, typed, _("This is the address that the account already has: write another one."))
    if "back" in request.form:
        return _address_page(old, typed)
    return _answer(Asked(old, email))


def _answer(asked: Asked) -> ResponseReturnValue:
    known = _known(asked.email)
    if known and known.user.id == asked.old.user.id:
        text = _("This is the address that the account already has: write another one.")
        return _address_page(asked.old, asked.email, text)
    agrees = known is None or EXISTING in request.form
    if "confirm" not in request.form or not agrees:
        return _review_page(asked, known)
    found = replacement.replacement_of(context(), administration(), asked.old, known)
    try:
        if known:
            done = replacement.replace_by_known(context(), administration(), found, known.user)
        else:
            done = replacement.replace_by_new(context(), administration(), found, asked.email)
    except (EmailTakenError, InvalidPersonError):
        return _address_page(asked.old, asked.email, _("This address cannot be used here."))
    _say(asked, done, is_new=known is None)
    if known is None and asked.old.user.id != actor().id:
        offer_undo(journal_reading.creation_made)
    return back_from(asked.old.user.id) if done.is_detached else back_to_list()


def _known(email: str) -> Member | None:
    """The account of the address, counted and journalled once for all steps, with what it is at my companies."""
    user = lookups.find(context(), actor().administered_ids, email, again=True)
    if user is None:
        return None
    found = (attachment for _company, attachment in parts().directory.attachments_of(user.id))
    return Member(user, administration().mine(found))


def _say(asked: Asked, done: Replaced, *, is_new: bool) -> None:
    name = asked.old.user.profile.full_name
    values = {"name": name, "email": done.user.email}
    if is_new and done.mail_sent:
        flash(_("%(name)s has another account, %(email)s; its activation mail was sent.", **values), "success")
    elif is_new:
        flash(_("%(name)s has another account, %(email)s, but its mail was not sent.", **values), "warning")
    else:
        flash(_("The account %(email)s was attached for %(name)s.", **values), "success")
    if not done.is_detached:
        flash(_("The old account could not be detached: detach it with “Modify”."), "warning")


def _pending_page(user_id: str) -> ResponseReturnValue:
    return error_page(
        409,
        _("This account was never activated"),
        _("It needs no other account: its address can be corrected. Nothing was changed."),
        actions=((url_for("accounts.email", user_id=user_id), _("Correct the address")),),
    )


def _address_page(old: Member, typed: str, error: str = "") -> ResponseReturnValue:
    page = render_template(
        "replacement/address.html",
        user=old.user,
        email=typed,
        errors=[error] if error else [],
        back=list_address(),
        fields=list_fields(),
    )
    return page, 422 if error else 200


def _review_page(asked: Asked, known: Member | None) -> ResponseReturnValue:
    """The difference; of an address that has an account the offer to attach that one instead (409)."""
    found = replacement.replacement_of(context(), administration(), asked.old, known)
    page = render_template(
        "replacement/review.html",
        user=asked.old.user,
        email=asked.email,
        known=known,
        found=found,
        companies={company.id: company for company in administration().companies},
        back=list_address(),
        fields=[("email", asked.email), *([(EXISTING, "1")] if known else []), *list_fields()],
    )
    return page, 409 if known else 200
