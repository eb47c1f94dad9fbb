"""The mails of one operation, in each reader's language: to the person, and to the other administrators.

Each reader is informed about their own companies only, and receives one mail for all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import force_locale, get_locale

from directory.errors import CompanyNotFoundError, NotFoundError
from directory.gateway import Directory
from directory.model import AttachmentChange, Company, User, administering_now
from directory.person_data import locale_of
from webapp.records.notice import OperationNotice
from webapp.records.outbox import Mail, Notice
from webapp.settings import Settings
from webapp.wording.labels import attachment_words, ngettext
from webapp.wording.labels import gettext as _
from webapp.wording.services import service_names

SUBJECT_LENGTH = 200
PERSON = ("mails/person.txt", "mails/person.html")
ADMINISTRATOR = ("mails/administrator.txt", "mails/administrator.html")
SEVERAL = ("mails/several.txt", "mails/several.html")
LISTED = 100
"""Changes that one mail lists; the rest is a number, and the journal has all."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one operation, with its company as it is called now."""

    company: Company
    change: AttachmentChange
    operation: OperationNotice


def mails_of(directory: Directory, settings: Settings, notice: Notice) -> list[Mail]:
    """What to send for a notice. Reads the administrators of each company; raises what the directory raises."""
    named: dict[str, Company] = {}
    changes = [one for operation in notice.operations for one in _changes(directory, operation, named)]
    to_people = [_to_person(settings, notice, his) for his in _by_person(changes)]
    to_readers = [_to_administrator(settings, notice, user, his) for user, his in _readers(directory, changes)]
    return [*to_people, *to_readers]


def _changes(directory: Directory, operation: OperationNotice, named: dict[str, Company]) -> list[Change]:
    """The changes with their companies; those that only say an id are looked up at the person, who is there.

    `named` remembers them for the rest of a batch: a file of a thousand lines is about a few companies.
    """
    if any(not one.company.key and one.company.id not in named for one in operation.changes):
        try:
            found_there = directory.attachments_of(operation.person.id)
        except NotFoundError:
            found_there = ()
        named.update((company.id, company) for company, _at in found_there)
    found = []
    for one in operation.changes:
        known = one.company if one.company.key else named.get(one.company.id)
        if known is not None:
            found.append(Change(known, AttachmentChange(known.id, one.before, one.after), operation))
    return found


def _by_person(changes: Iterable[Change]) -> list[list[Change]]:
    """Return the changes to report to each person, without their own and those of a creation or cancellation."""
    found: dict[str, list[Change]] = {}
    for one in changes:
        operation = one.operation
        if not (operation.is_about_the_author or operation.created or operation.cancelled):
            found.setdefault(operation.person.id, []).append(one)
    return list(found.values())


def _readers(directory: Directory, changes: Sequence[Change]) -> list[tuple[User, list[Change]]]:
    """The other active administrators, each with the changes at their companies."""
    administrators: dict[str, tuple[User, ...]] = {}
    found: dict[str, tuple[User, list[Change]]] = {}
    for one in changes:
        if one.company.id not in administrators:
            try:
                members = directory.administrators(one.company)
            except CompanyNotFoundError:
                members = ()  # it vanished, and with it who administered it
            administrators[one.company.id] = administering_now(members, one.company.id)
        for user in administrators[one.company.id]:
            if user.id not in {one.operation.author.id, one.operation.person.id}:
                found.setdefault(user.id, (user, []))[1].append(one)
    return list(found.values())


def _to_person(settings: Settings, notice: Notice, changes: Sequence[Change]) -> Mail:
    person = changes[0].operation.person
    with force_locale(_locale(person.locale)):
        names = _names(changes)
        if all(one.change.is_attach for one in changes):
            subject = _("You are attached to %(companies)s", companies=names)
        elif all(one.change.is_detach for one in changes):
            subject = _("You are no longer attached to %(companies)s", companies=names)
        else:
            subject = _("Your attachment to %(companies)s has changed", companies=names)
        return _mail(PERSON, notice, person.id, person.email, subject, settings, changes)


def _to_administrator(settings: Settings, notice: Notice, user: User, changes: Sequence[Change]) -> Mail:
    with force_locale(_locale(user.profile.locale.value)):
        people = {one.operation.person.id for one in changes}
        if len(people) > 1:
            if not changes[0].operation.author.id:
                subject = _("%(companies)s: attachments have ended", companies=_names(changes))
                return _mail(SEVERAL, notice, user.id, user.email, subject, settings, changes)
            subject = ngettext(
                "%(companies)s: %(num)s person was changed",
                "%(companies)s: %(num)s people were changed",
                len(people),
                companies=_names(changes),
            )
            return _mail(SEVERAL, notice, user.id, user.email, subject, settings, changes)
        subject = _about_one(changes)
        return _mail(ADMINISTRATOR, notice, user.id, user.email, subject, settings, changes)


def _about_one(changes: Sequence[Change]) -> str:
    operation = changes[0].operation
    values = {"person": operation.person.name, "companies": _names(changes)}
    if operation.created:
        return _("%(companies)s: an account was created for %(person)s", **values)
    if operation.cancelled:
        return _("%(companies)s: the invitation of %(person)s was cancelled", **values)
    if all(one.change.is_attach for one in changes):
        return _("%(companies)s: %(person)s was attached", **values)
    if all(one.change.is_detach for one in changes):
        return _("%(companies)s: %(person)s was detached", **values)
    return _("%(companies)s: the attachment of %(person)s has changed", **values)


def _opening(changes: Sequence[Change]) -> str:
    """Say who did what, as the first sentence of a mail to an administrator."""
    operation = changes[0].operation
    if not operation.author.id:
        return _(
            "The attachment of %(person)s (%(email)s) has reached its planned end:",
            person=operation.person.name,
            email=operation.person.email,
        )
    values = {"author": operation.author.name, "person": operation.person.name, "email": operation.person.email}
    if operation.is_about_the_author:
        return _("%(person)s (%(email)s) has left:", **values)
    if operation.created:
        return _("%(author)s has created an account for %(person)s (%(email)s):", **values)
    if operation.cancelled:
        return _("%(author)s has cancelled the invitation of %(person)s (%(email)s):", **values)
    if all(one.change.is_attach for one in changes):
        return _("%(author)s has attached %(person)s (%(email)s):", **values)
    if all(one.change.is_detach for one in changes):
        return _("%(author)s has detached %(person)s (%(email)s):", **values)
    return _("%(author)s has changed the attachment of %(person)s (%(email)s):", **values)


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
    operation = changes[0].operation
    values = {
        "subject": subject,
        "author": operation.author,
        "person": operation.person,
        "opening": _opening(changes),
        "sentences": [(one.company.name, _sentences(one)) for one in changes],
        "people": _people(changes[:LISTED]),
        "others": max(0, len(changes) - LISTED),
        "portal_url": settings.portal_url,
        "language": str(get_locale()),
    }
    return Mail(
        message_id=f"<notice-{notice.id}.{reader_id}@{settings.mail_domain}>",
        recipient=address,
        subject=" ".join(subject.split())[:SUBJECT_LENGTH],
        text=rendered(text, values),
        html=rendered(html, values),
    )


def _people(changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    """Person, company and what happened there, a line each."""
    found = []
    for one in changes:
        person = one.operation.person
        what = _("account created") if one.operation.created else _sentences(one)[0]
        found.append((f"{person.name} ({person.email})", one.company.name, what))
    return found


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """Return the text of a mail.

    Not by `flask.render_template`: that adds what pages need of a request, and there is none.
    """
    return current_app.jinja_env.get_template(template).render(values)


def _sentences(one: Change) -> list[str]:
    """What happened at one company, in words."""
    change, services = one.change, ", ".join(service_names(one.company))
    found = []
    if change.after is not None and change.before is None:
        found.append(_("attached as: %(words)s", words=attachment_words(change.after)))
        if services:
            found.append(_("services added: %(services)s", services=services))
    elif change.before is not None and change.after is None:
        found.append(_("detached (was: %(words)s)", words=attachment_words(change.before)))
        if services:
            found.append(_("services removed: %(services)s", services=services))
    elif change.before is not None and change.after is not None:
        found.append(
            _(
                "%(before)s → %(after)s",
                before=attachment_words(change.before),
                after=attachment_words(change.after),
            )
        )
    return found


def _names(changes: Sequence[Change]) -> str:
    """The companies by name: three at most, the rest as a number."""
    names = list(dict.fromkeys(one.company.name for one in changes))
    if len(names) <= 3:
        return ", ".join(names)
    return ngettext(
        "%(names)s and %(num)s more", "%(names)s and %(num)s more", len(names) - 3, names=", ".join(names[:3])
    )


def _locale(value: str) -> str:
    return locale_of(value).value
