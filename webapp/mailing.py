"""The mails of one operation, in each reader's language: to the person, and to the other administrators.

Whoever reads is told of his own companies only, and gets one mail however many they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import force_locale, get_locale

from directory.errors import CompanyNotFoundError, NotFoundError
from directory.gateway import Directory
from directory.model import (
    ActivationStatus,
    Affiliation,
    Attachment,
    AttachmentChange,
    Company,
    CompanyRole,
    Locale,
    User,
)
from webapp.labels import AFFILIATIONS, ROLES
from webapp.labels import gettext as _
from webapp.notices import Mail, Notice
from webapp.settings import Settings

SUBJECT_LENGTH = 200
PERSON = ("mails/person.txt", "mails/person.html")
ADMINISTRATOR = ("mails/administrator.txt", "mails/administrator.html")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a notice, with its company as it is called now."""

    company: Company
    change: AttachmentChange


def mails_of(directory: Directory, settings: Settings, notice: Notice) -> list[Mail]:
    """What to send for a notice. Reads the administrators of each company; raises what the directory raises."""
    payload = notice.payload
    changes = _changes(directory, payload)
    found: list[Mail] = []
    person = payload["person"]
    if not (payload["created"] or payload["cancelled"]) and person["id"] != payload["author"]["id"]:
        found.append(_to_person(settings, notice, changes))
    for user, his in _readers(directory, payload, changes):
        found.append(_to_administrator(settings, notice, user, his))
    return found


def _changes(directory: Directory, payload: Mapping[str, Any]) -> list[Change]:
    """The changes with their companies; those that only say an id are looked up at the person, who is there."""
    companies: dict[str, Company] = {}
    if any(not one["company"]["key"] for one in payload["changes"]):
        try:
            companies = {company.id: company for company, _at in directory.attachments_of(payload["person"]["id"])}
        except NotFoundError:
            companies = {}
    found = []
    for one in payload["changes"]:
        kept = one["company"]
        whole = Company(**{**kept, "services": tuple(kept["services"])})
        known = whole if whole.key else companies.get(whole.id)
        if known is not None:
            ends = AttachmentChange(known.id, _attachment(one["before"]), _attachment(one["after"]))
            found.append(Change(known, ends))
    return found


def _attachment(kept: Mapping[str, str] | None) -> Attachment | None:
    if kept is None:
        return None
    return Attachment(kept["company_id"], CompanyRole(kept["role"]), Affiliation(kept["affiliation"]))


def _readers(
    directory: Directory, payload: Mapping[str, Any], changes: Sequence[Change]
) -> list[tuple[User, list[Change]]]:
    """The other active administrators, each with the changes at his companies."""
    besides = {payload["author"]["id"], payload["person"]["id"]}
    found: dict[str, tuple[User, list[Change]]] = {}
    for one in changes:
        try:
            administrators = directory.administrators(one.company)
        except CompanyNotFoundError:
            continue  # it vanished, and with it who administered it
        for member in administrators:
            if member.user.id not in besides and member.user.status() is ActivationStatus.ACTIVE:
                found.setdefault(member.user.id, (member.user, []))[1].append(one)
    return list(found.values())


def _to_person(settings: Settings, notice: Notice, changes: Sequence[Change]) -> Mail:
    person = notice.payload["person"]
    with force_locale(_locale(person["locale"])):
        names = _names(changes)
        if all(one.change.is_attach for one in changes):
            subject = _("You are attached to %(companies)s", companies=names)
        elif all(one.change.is_detach for one in changes):
            subject = _("You are no longer attached to %(companies)s", companies=names)
        else:
            subject = _("Your attachment to %(companies)s has changed", companies=names)
        return _mail(PERSON, notice, person["id"], person["email"], subject, settings, changes)


def _to_administrator(settings: Settings, notice: Notice, user: User, changes: Sequence[Change]) -> Mail:
    payload = notice.payload
    with force_locale(_locale(user.profile.locale.value)):
        values = {"person": payload["person"]["name"], "companies": _names(changes)}
        if payload["created"]:
            subject = _("%(companies)s: an account was created for %(person)s", **values)
        elif payload["cancelled"]:
            subject = _("%(companies)s: the invitation of %(person)s was cancelled", **values)
        elif all(one.change.is_attach for one in changes):
            subject = _("%(companies)s: %(person)s was attached", **values)
        elif all(one.change.is_detach for one in changes):
            subject = _("%(companies)s: %(person)s was detached", **values)
        else:
            subject = _("%(companies)s: the attachment of %(person)s has changed", **values)
        return _mail(ADMINISTRATOR, notice, user.id, user.email, subject, settings, changes)


def _mail(
    templates: tuple[str, str],
    notice: Notice,
    reader_id: str,
    address: str,
    subject: str,
    settings: Settings,
    changes: Sequence[Change],
) -> Mail:
    text, html = templates
    values = {
        "subject": subject,
        "author": notice.payload["author"],
        "person": notice.payload["person"],
        "itself": notice.payload["author"]["id"] == notice.payload["person"]["id"],
        "sentences": [(one.company.name, _sentences(one)) for one in changes],
        "portal_url": settings.portal_url,
        "language": str(get_locale()),
    }
    return Mail(
        message_id=f"<notice-{notice.id}.{reader_id}@{settings.mail_domain}>",
        recipient=address,
        subject=" ".join(subject.split())[:SUBJECT_LENGTH],
        text=_rendered(text, values),
        html=_rendered(html, values),
    )


def _rendered(template: str, values: Mapping[str, Any]) -> str:
    """Not `flask.render_template`: that adds what pages need of a request, and there is none."""
    return current_app.jinja_env.get_template(template).render(values)


def _sentences(one: Change) -> list[str]:
    """What happened at one company, in words."""
    change, services = one.change, ", ".join(one.company.services)
    found = []
    if change.after is not None and change.before is None:
        found.append(_("attached as: %(words)s", words=_words(change.after)))
        if services:
            found.append(_("services that open: %(services)s", services=services))
    elif change.before is not None and change.after is None:
        found.append(_("detached (was: %(words)s)", words=_words(change.before)))
        if services:
            found.append(_("services that close: %(services)s", services=services))
    elif change.before is not None and change.after is not None:
        found.append(_("%(before)s → %(after)s", before=_words(change.before), after=_words(change.after)))
    return found


def _words(attachment: Attachment) -> str:
    return f"{ROLES[attachment.role]}, {AFFILIATIONS[attachment.affiliation]}"


def _names(changes: Sequence[Change]) -> str:
    """The companies by name: three at most, the rest as a number."""
    names = [one.company.name for one in changes]
    if len(names) <= 3:
        return ", ".join(names)
    return _("%(names)s and %(count)s more", names=", ".join(names[:3]), count=len(names) - 3)


def _locale(value: str) -> str:
    return value if value in set(Locale) else Locale.FR.value
