"""The fields of a person and the boxes of their companies, as they are typed.

Unknown fields are ignored; so are fields of companies that are not the actor's, since only those are read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import Field, StringField
from wtforms.validators import InputRequired, StopValidation

from directory.model import Affiliation, Attachment, Company, CompanyRole, Locale, Profile, Title
from directory.person_data import (
    NAME_LENGTH,
    EmailError,
    EmailFault,
    NameFault,
    name_fault,
    normal_email,
    normal_name,
    prohibited_signs,
)
from webapp.http.context import today
from webapp.people.end_dates import DayError, DayFault, last_day
from webapp.text import fold
from webapp.wording.labels import TITLES, gettext, labelled, languages
from webapp.wording.signs import signs_in_words

SEEN = "seen"
MANY_ROWS = 10
"""Companies up to which a form shows them all alike."""
ROWS_SHOWN = 20
"""Rows at a time of a longer one, for a reader without scripts."""
FIND, ROWS_PAGE, TICKED = "find", "rows_page", "ticked"
"""The fields that look for a company and turn the pages of the rows, and the page of the ticked ones."""
FIND_LENGTH = 200
ONLY = "only"
"""The field that names the one company that a form is about; the other attachments stay as they are."""


def email_error(text: str) -> str:
    """What is wrong with the address, in words; empty when it is well formed."""
    if not text.strip():
        return gettext("Enter an e-mail address.")
    try:
        normal_email(text)
    except EmailError as error:
        match error.fault:
            case EmailFault.INVISIBLE:
                return gettext("Remove %(signs)s from the e-mail address.", signs=signs_in_words(error.signs))
            case EmailFault.LOCAL_PART_TOO_LONG:
                return gettext("The e-mail address has more than 64 characters before the @.")
            case EmailFault.MALFORMED:
                return gettext("Enter an e-mail address like name@company.com, without accents before the @.")
    return ""


class PersonName:
    """A name that `directory.person_data` accepts; the three messages are those of the field."""

    def __init__(self, missing: Any, too_long: Any, prohibited: Any) -> None:
        self.field_flags = {"required": True, "maxlength": NAME_LENGTH}
        self._missing = missing
        self._too_long = too_long
        self._prohibited = prohibited

    def __call__(self, _form: FlaskForm, name: Field) -> None:
        match name_fault(name.data or ""):
            case NameFault.MISSING:
                raise StopValidation(str(self._missing))
            case NameFault.TOO_LONG:
                raise StopValidation(str(self._too_long))
            case NameFault.PROHIBITED:
                signs = signs_in_words(prohibited_signs(name.data))
                raise StopValidation(str(self._prohibited) % {"signs": signs})


def _strip(text: str | None) -> str:
    return normal_name(text or "")


class OneOf(StringField):
    """One of a few values; `choices` are pairs of value and label."""

    def __init__(self, labels: Callable[[], Mapping[Any, Any]], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.choices = [(str(value), label) for value, label in labels().items()]


class PersonForm(FlaskForm):
    """Last name, first name, title and language."""

    class Meta:
        csrf = False  # the whole application is protected, see webapp.http.extensions

    last_name = StringField(
        filters=[_strip],
        validators=[
            PersonName(
                lazy_gettext("Enter the last name."),
                lazy_gettext("The last name is too long: 255 characters at most."),
                lazy_gettext("Remove %(signs)s from the last name."),
            )
        ],
    )
    first_name = StringField(
        filters=[_strip],
        validators=[
            PersonName(
                lazy_gettext("Enter the first name."),
                lazy_gettext("The first name is too long: 255 characters at most."),
                lazy_gettext("Remove %(signs)s from the first name."),
            )
        ],
    )
    title = OneOf(lambda: TITLES, validators=[InputRequired(lazy_gettext("Choose a title."))])
    locale = OneOf(languages, validators=[InputRequired(lazy_gettext("Choose a language."))])

    def validate_title(self, title: Field) -> None:
        if title.data not in set(Title):
            raise StopValidation(gettext("Choose a title."))

    def validate_locale(self, locale: Field) -> None:
        if locale.data not in set(Locale):
            raise StopValidation(gettext("Choose a language."))

    def refuse(self, name: str) -> None:
        """Mark a field that Keycloak did not accept although it looked right."""
        if name in self:
            self[name].errors = [gettext("This was not accepted; write it differently.")]

    def summary(self) -> list[tuple[str, str]]:
        """What is wrong, as pairs of field and message, in the order of the form."""
        return [(name, str(message)) for name, messages in self.errors.items() for message in messages]

    def profile(self, email: str) -> Profile:
        """What was typed, once it is valid."""
        return Profile(
            email=email,
            last_name=str(self.last_name.data),
            first_name=str(self.first_name.data),
            title=Title(str(self.title.data)),
            locale=Locale(str(self.locale.data)),
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One company of the administrator, as its boxes stand; `until` is an ISO date once it has no error."""

    company: Company
    attached: bool = False
    role: str = CompanyRole.USER.value
    affiliation: str = Affiliation.INTERNAL.value
    until: str = ""
    errors: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def attachment(self) -> Attachment | None:
        """What the boxes ask for; only of a row without errors."""
        if not self.attached:
            return None
        until = date.fromisoformat(self.until) if self.until else None
        return Attachment(self.company.id, CompanyRole(self.role), Affiliation(self.affiliation), until)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The same boxes as hidden fields of the next step."""
        if not self.attached:
            return []
        prefix = f"company-{self.company.id}"
        return [
            (f"{prefix}-attached", "1"),
            (f"{prefix}-role", self.role),
            (f"{prefix}-affiliation", self.affiliation),
            *([(f"{prefix}-until", self.until)] if self.until else []),
        ]


def present_rows(companies: Iterable[Company], attachments: Iterable[Attachment] = ()) -> list[Row]:
    """The boxes as the attachments are now; what is not attached proposes the least: user, internal."""
    now = {a.company_id: a for a in attachments}
    return [
        Row(company, True, now[company.id].role.value, now[company.id].affiliation.value, _iso(now[company.id]))
        if company.id in now
        else Row(company)
        for company in companies
    ]


def typed_rows(companies: Iterable[Company], form: Mapping[str, str]) -> list[Row]:
    """The boxes as typed, with what is wrong; an unticked row is never wrong, and proposes what is missing."""
    seen = seen_states(form)
    return [_typed_row(company, form, seen.get(company.id)) for company in companies]


@dataclass(frozen=True, slots=True)
class RowView:
    """Which rows of a long form a reader without scripts sees; the others are there, with what was ticked.

    `page` is a number from 1, or `TICKED`; none when all rows are shown.
    """

    find: str = ""
    page: str = ""
    pages: int = 1
    shown: frozenset[str] = frozenset()


def row_view(rows: Sequence[Row], fields: Mapping[str, str]) -> RowView:
    """What of many rows is looked for, or which page of them; of a few rows all are shown."""
    if len(rows) <= MANY_ROWS:
        return RowView()
    words = fold(fields.get(FIND, "")[:FIND_LENGTH]).split()
    asked = fields.get(ROWS_PAGE, "")
    found = [
        row
        for row in rows
        if all(word in fold(f"{row.company.name} {row.company.id}") for word in words)
        and (asked != TICKED or row.attached)
    ]
    pages = 1 if asked == TICKED else max(1, -(-len(found) // ROWS_SHOWN))
    number = min(int(asked), pages) if asked.isdecimal() and 0 < len(asked) < 5 and int(asked) else 1
    shown = found if asked == TICKED else found[(number - 1) * ROWS_SHOWN : number * ROWS_SHOWN]
    return RowView(
        fields.get(FIND, "")[:FIND_LENGTH],
        TICKED if asked == TICKED else str(number),
        pages,
        frozenset(row.company.id for row in shown),
    )


def has_errors(rows: Iterable[Row]) -> bool:
    """Whether any row is wrong."""
    return any(row.errors for row in rows)


def row_errors(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """What is wrong with the rows, as pairs of field and message."""
    return [
        (f"company-{row.company.id}-{name}", labelled(row.company.name, message))
        for row in rows
        for name, messages in row.errors.items()
        for message in messages
    ]


def seen_field(companies: Iterable[Company], attachments: Iterable[Attachment]) -> tuple[str, str]:
    """A hidden field: what the person was at these companies when the form was shown."""
    now = {a.company_id: f"{a.role.value}:{a.affiliation.value}:{_iso(a)}".rstrip(":") for a in attachments}
    return SEEN, " ".join(f"{company.id}={now.get(company.id, '')}" for company in companies)


def seen_states(form: Mapping[str, str]) -> dict[str, Attachment | None]:
    """The inverse of `seen_field`; what is malformed, or missing, was not seen."""
    found: dict[str, Attachment | None] = {}
    for word in form.get(SEEN, "").split():
        company_id, _, state = word.partition("=")
        role, affiliation, day = (*state.split(":"), "", "")[:3]
        if not state:
            found[company_id] = None
        elif role in set(CompanyRole) and affiliation in set(Affiliation):
            until = _until_seen(day)
            found[company_id] = Attachment(company_id, CompanyRole(role), Affiliation(affiliation), until)
    return found


def day_error(fault: DayFault) -> str:
    """What is wrong with a last day, in words."""
    match fault:
        case DayFault.MALFORMED:
            return gettext("Write the last day as 2027-06-30 or 30/06/2027, or leave it empty.")
        case DayFault.IMPOSSIBLE:
            return gettext("There is no such day in the calendar.")
        case DayFault.PAST:
            return gettext("This day is over: choose today or a later day, or detach the person.")
        case DayFault.TOO_LATE:
            return gettext("The last day is too far away: 31 December 2099 at most, or leave it empty.")


def _iso(attachment: Attachment) -> str:
    return attachment.until.isoformat() if attachment.until else ""


def _until_seen(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _typed_row(company: Company, form: Mapping[str, str], seen: Attachment | None) -> Row:
    prefix = f"company-{company.id}"
    until = form.get(f"{prefix}-until", "").strip()
    role, affiliation = form.get(f"{prefix}-role", ""), form.get(f"{prefix}-affiliation", "")
    right_role, right_affiliation = role in set(CompanyRole), affiliation in set(Affiliation)
    if not form.get(f"{prefix}-attached"):
        proposed = Row(company)
        return replace(
            proposed,
            role=role if right_role else proposed.role,
            affiliation=affiliation if right_affiliation else proposed.affiliation,
            until=until,
        )
    errors: dict[str, list[str]] = {}
    if not right_role:
        errors["role"] = [gettext("Choose a role: administrator or user.")]
    if not right_affiliation:
        errors["affiliation"] = [gettext("Choose internal or external.")]
    try:
        day = last_day(until, today(), seen.until if seen else None) if until else None
        until = day.isoformat() if day else ""
    except DayError as error:
        errors["until"] = [day_error(error.fault)]
    return Row(company, True, role, affiliation, until, errors)
