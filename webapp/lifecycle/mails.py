"""The mails of a day: attachments and access reviews that end soon, invitations; one for each reader."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

from flask_babel import force_locale, get_locale

from directory.gateway import Directory
from directory.model import Locale, User
from webapp.lifecycle.endings import Day, Ending, active_administrators
from webapp.lifecycle.invitations import Notes, Waiting
from webapp.lifecycle.reviewing import Reminder
from webapp.mail.messages import LISTED, rendered
from webapp.records.outbox import Mail
from webapp.settings import Settings
from webapp.wording.labels import STATUSES, ngettext
from webapp.wording.labels import gettext as _
from webapp.wording.times import last_day

NAMED = 3
"""Companies in a subject."""
Thing = TypeVar("Thing")


def mails_of_day(directory: Directory, settings: Settings, day: Day) -> list[Mail]:
    """What to send; nothing when mails are switched off. Raises what the directory raises."""
    if not settings.notifications:
        return []
    administrators = active_administrators(directory)
    made = []
    for user, soon in _by_reader((one.user, one) for one in day.soon):
        made.append(_to_person(settings, day, user, soon))
    to_administrators = (
        (user, one) for one in day.soon for user in administrators(one.company) if user.id != one.user.id
    )
    for user, soon in _by_reader(to_administrators):
        made.append(_to_administrator(settings, day, user, soon))
    for user, kept in _by_reader((user, one) for one in day.kept for user in administrators(one.company)):
        made.append(_of_kept(settings, day, user.profile.locale, user.email, kept))
    if day.kept and "@" in settings.operator_contact:
        operator = settings.operator_contact.removeprefix("mailto:")
        made.append(_of_kept(settings, day, Locale.FR, operator, day.kept))
    return made


def mails_of_notes(settings: Settings, notes: Notes, today: date) -> list[Mail]:
    """What to send about invitations that were not accepted; nothing when mails are switched off."""
    if not settings.notifications:
        return []
    expired = [_of_expired(settings, today, user, people) for user, people in _by_reader(notes.expired)]
    return [*expired, *(_of_pending(settings, today, user, people) for user, people in _by_reader(notes.pending))]


def mails_of_reviews(
    directory: Directory, settings: Settings, reminders: Iterable[Reminder], today: date
) -> list[Mail]:
    """What to send about access reviews that have begun by themselves or end soon; nothing without mails."""
    if not settings.notifications:
        return []
    administrators = active_administrators(directory)
    made = []
    for is_new, write in ((True, _of_new_reviews), (False, _of_reviews)):
        some = [one for one in reminders if one.is_new is is_new]
        readers = _by_reader((user, one) for one in some for user in administrators(one.company))
        made += [write(settings, today, user, mine) for user, mine in readers]
    return made


def _of_new_reviews(settings: Settings, today: date, user: User, reminders: Sequence[Reminder]) -> Mail:
    with force_locale(user.profile.locale.value):
        return _mail(
            settings,
            ("new-reviews", today, user.email),
            ngettext("%(num)s access review has begun", "%(num)s access reviews have begun", len(reminders)),
            _("Regularly, everyone who works for a company is to be confirmed or detached by its administrators:"),
            [_review(one) for one in reminders],
            ("/reviews", _("Access reviews")),
        )


def _of_reviews(settings: Settings, today: date, user: User, reminders: Sequence[Reminder]) -> Mail:
    with force_locale(user.profile.locale.value):
        return _mail(
            settings,
            ("reviews", today, user.email),
            ngettext("%(num)s access review ends soon", "%(num)s access reviews end soon", len(reminders)),
            _("In these access reviews of your companies, some people have no decision yet:"),
            [_review(one) for one in reminders],
            ("/reviews", _("Access reviews")),
        )


def _review(one: Reminder) -> str:
    decided = _("%(decided)s of %(total)s decided", decided=one.review.decided, total=one.review.total)
    until = _("until %(day)s", day=last_day(one.review.until))
    return _("%(filter)s: %(value)s", filter=one.company.name, value=f"{until}, {decided}")


def _of_expired(settings: Settings, today: date, user: User, people: Sequence[Waiting]) -> Mail:
    count = len(people)
    with force_locale(user.profile.locale.value):
        return _mail(
            settings,
            ("expired", today, user.email),
            ngettext(
                "%(num)s of your invitations has expired",
                "%(num)s of your invitations have expired",
                count,
            ),
            _("The links of these activation mails no longer work; the list lets you send another one:"),
            [_waiting(each) for each in people],
            ("/users?status=expired", _("Users")),
        )


def _of_pending(settings: Settings, today: date, user: User, people: Sequence[Waiting]) -> Mail:
    count = len(people)
    with force_locale(user.profile.locale.value):
        return _mail(
            settings,
            ("pending", today, user.email),
            ngettext("%(num)s account is not activated yet", "%(num)s accounts are not activated yet", count),
            _("These people of your companies have not activated their account:"),
            [_waiting(each) for each in people],
            ("/users?sort=status", _("Users")),
        )


def _waiting(one: Waiting) -> str:
    companies = ", ".join(company.name for company in one.companies)
    who = f"{one.user.profile.full_name} ({one.user.email}), {companies}"
    return _("%(filter)s: %(value)s", filter=who, value=str(STATUSES[one.user.status()]))


def _by_reader(pairs: Iterable[tuple[User, Thing]]) -> list[tuple[User, list[Thing]]]:
    found: dict[str, tuple[User, list[Thing]]] = {}
    for user, one in pairs:
        found.setdefault(user.id, (user, []))[1].append(one)
    return list(found.values())


def _to_person(settings: Settings, day: Day, user: User, soon: Sequence[Ending]) -> Mail:
    with force_locale(user.profile.locale.value):
        return _mail(
            settings,
            ("soon", day.today, user.email),
            _("Your attachment to %(companies)s ends soon", companies=_names(soon)),
            _("Your attachment to these companies ends; an administrator of the company may extend it:"),
            [_("%(filter)s: %(value)s", filter=one.company.name, value=_until(one)) for one in soon],
            ("/profile", _("My profile")),
        )


def _to_administrator(settings: Settings, day: Day, user: User, soon: Sequence[Ending]) -> Mail:
    with force_locale(user.profile.locale.value):
        return _mail(
            settings,
            ("soon-at", day.today, user.email),
            ngettext("%(num)s attachment ends soon", "%(num)s attachments end soon", len(soon)),
            _("These attachments at your companies end; you may extend them, or leave them to end by themselves:"),
            [_line(one) for one in soon],
            ("/endings", _("Extend attachments")),
        )


def _of_kept(settings: Settings, day: Day, locale: Locale, email: str, kept: Sequence[Ending]) -> Mail:
    with force_locale(locale.value):
        return _mail(
            settings,
            ("kept", day.today, email),
            _("The last administrator of a company has reached the end of their attachment"),
            _("They stay attached until the company has another active administrator, or a later end:"),
            [_line(one) for one in kept],
            ("/endings", _("Extend attachments")),
        )


def _names(soon: Sequence[Ending]) -> str:
    """The companies by name, three at most: the mail lists all."""
    return ", ".join([one.company.name for one in soon[:NAMED]] + ["…"] * (len(soon) > NAMED))


def _line(one: Ending) -> str:
    who = f"{one.user.profile.full_name} ({one.user.email}), {one.company.name}"
    return _("%(filter)s: %(value)s", filter=who, value=_until(one))


def _until(one: Ending) -> str:
    return _("until %(day)s", day=last_day(one.until))


def _mail(
    settings: Settings,
    kind: tuple[str, date, str],
    subject: str,
    opening: str,
    lines: Sequence[str],
    page: tuple[str, str],
) -> Mail:
    name, today, email = kind
    values = {
        "subject": subject,
        "opening": opening,
        "lines": lines[:LISTED],
        "others": max(0, len(lines) - LISTED),
        "url": settings.portal_url + page[0],
        "words": page[1],
        "language": str(get_locale()),
    }
    return Mail(
        message_id=f"<{name}-{today}.{email.partition('@')[0]}@{settings.mail_domain}>",
        recipient=email,
        subject=subject,
        text=rendered("mails/endings.txt", values),
        html=rendered("mails/endings.html", values),
    )
