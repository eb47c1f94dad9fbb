"""A file of people: what each of its lines would do. Pure.

`webapp.imports.dry_run` finds out what has to be known for that, `webapp.imports.apply` does it.

A file adds and changes, it never takes away: no one is detached, and the account of somebody known is left as it
is; of their lines only the company, the role, the affiliation and the last day count, and an empty last day leaves
the present one. What is there already is `UNCHANGED`, so a
file may be sent again at any time.

A company that is not the actor's and one that does not exist are refused alike.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum

from directory.model import (
    Affiliation,
    Attachment,
    AttachmentChange,
    CompanyRole,
    Locale,
    Member,
    Profile,
    Title,
    User,
)
from directory.person_data import (
    EmailError,
    EmailFault,
    NameFault,
    name_fault,
    normal_email,
    normal_name,
    prohibited_signs,
)
from webapp.imports.csv_format import EXAMPLE_EMAIL, UNTIL, Line
from webapp.people.end_dates import DayError, DayFault, last_day
from webapp.people.policies import may_administer, would_be_last_administrator

PERSON_COLUMNS = frozenset({"last_name", "first_name", "title", "locale"})
"""What is looked at of a new account only."""


class Outcome(StrEnum):
    """What a line would do, or did. The last two are of applying only."""

    CREATE = "create"
    ATTACH = "attach"
    CHANGE = "change"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


TO_DO = frozenset({Outcome.CREATE, Outcome.ATTACH, Outcome.CHANGE})
"""What a line can ask for; the others are settled without doing anything."""


class Reason(StrEnum):
    """Why a line was refused, or not done; the last two are of lines that are left out."""

    SURPLUS_CELLS = "surplus_cells"
    MISSING = "missing"
    MALFORMED_EMAIL = "malformed_email"
    LONG_LOCAL_PART = "long_local_part"
    INVISIBLE = "invisible"
    TOO_LONG = "too_long"
    PROHIBITED = "prohibited"
    NO_TITLE = "no_title"
    NO_LOCALE = "no_locale"
    NO_ROLE = "no_role"
    NO_AFFILIATION = "no_affiliation"
    NO_UNTIL = "no_until"
    NO_SUCH_DAY = "no_such_day"
    PAST_DAY = "past_day"
    LATE_DAY = "late_day"
    UNKNOWN_COMPANY = "unknown_company"
    CONTRADICTION = "contradiction"
    LAST_ADMINISTRATOR = "last_administrator"
    NOT_ACCEPTED = "not_accepted"
    ADDRESS_REFUSED = "address_refused"
    PERSON_GONE = "person_gone"
    DIRECTORY_REFUSED = "directory_refused"
    DIRECTORY_UNAVAILABLE = "directory_unavailable"
    MAIL_SERVER_REFUSES = "mail_server_refuses"
    REPEATS = "repeats"
    EXAMPLE = "example"


_EMAIL_REASONS = {
    EmailFault.MALFORMED: Reason.MALFORMED_EMAIL,
    EmailFault.LOCAL_PART_TOO_LONG: Reason.LONG_LOCAL_PART,
    EmailFault.INVISIBLE: Reason.INVISIBLE,
}
_DAY_REASONS = {
    DayFault.MALFORMED: Reason.NO_UNTIL,
    DayFault.IMPOSSIBLE: Reason.NO_SUCH_DAY,
    DayFault.PAST: Reason.PAST_DAY,
    DayFault.TOO_LATE: Reason.LATE_DAY,
}
_NAME_REASONS = {
    NameFault.MISSING: Reason.MISSING,
    NameFault.TOO_LONG: Reason.TOO_LONG,
    NameFault.PROHIBITED: Reason.PROHIBITED,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why, and in which column; `line` is the other line that it is about, `signs` the characters that are."""

    reason: Reason
    column: str = ""
    line: int = 0
    signs: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file and what it does.

    `user` is the account when there is one, `profile` what a new one is to be; `before` and `attachment` are the
    two ends of the change at the company. `is_certain` is false of a new account whose address was not looked up:
    it may have one. `mail_sent` is of applying: false when an account was created, but no activation mail was
    handed over.
    """

    line: Line
    outcome: Outcome
    problems: tuple[Problem, ...] = ()
    email: str = ""
    user: User | None = None
    profile: Profile | None = None
    before: Attachment | None = None
    attachment: Attachment | None = None
    is_certain: bool = True
    mail_sent: bool = True

    @property
    def change(self) -> AttachmentChange | None:
        """The change at the company; none of a refused line."""
        if self.attachment is None:
            return None
        return AttachmentChange(self.attachment.company_id, self.before, self.attachment)

    @property
    def takes_administrator(self) -> bool:
        return self.change is not None and self.change.takes_administrator

    def ended(self, outcome: Outcome, *problems: Problem) -> "Row":
        """The same line with another outcome."""
        return replace(self, outcome=outcome, problems=problems)


def plan(
    lines: Sequence[Line], company_ids: frozenset[str], known: Mapping[str, Member], today: date = date.min
) -> tuple[Row, ...]:
    """What the lines would do, given the accounts that exist (by address, with their attachments). Pure."""
    return _with_administrators(judge_together(lines, company_ids, known, today), known.values())


def judge_together(
    lines: Iterable[Line], company_ids: frozenset[str], known: Mapping[str, Member], today: date = date.min
) -> list[Row]:
    """As `plan`, but no one is asked who the last administrators are: doing the lines tells."""
    rows = [_judged(line, company_ids, known, today) for line in lines]
    return _without_repeats(_without_contradictions(rows))


# Judging one line.


def _judged(line: Line, company_ids: frozenset[str], known: Mapping[str, Member], today: date) -> Row:
    if line["email"].lower() == EXAMPLE_EMAIL:
        return Row(line, Outcome.UNCHANGED, (Problem(Reason.EXAMPLE),))
    email, email_problems = _address(line["email"], known)
    member = known.get(email)
    problems = [*_surplus(line), *email_problems]
    if member is None:
        problems += _person_problems(line)
    before = member.at(line["company"]) if member else None
    present = before.until if before else None
    until, day_problems = _until(line, today, present)
    problems += [*_attachment_problems(line, company_ids), *day_problems]
    if problems:
        return Row(line, Outcome.REFUSED, tuple(problems), email)
    role, affiliation = CompanyRole(_word(line, "role")), Affiliation(_word(line, "affiliation"))
    attachment = Attachment(line["company"], role, affiliation, until or present)
    if member is None:
        return Row(line, Outcome.CREATE, email=email, profile=_profile(line, email), attachment=attachment)
    outcome = Outcome.ATTACH if before is None else Outcome.UNCHANGED if before == attachment else Outcome.CHANGE
    return Row(line, outcome, email=email, user=member.user, before=before, attachment=attachment)


def _address(cell: str, known: Mapping[str, Member]) -> tuple[str, list[Problem]]:
    """The address as accounts have it, or what is wrong with it. One that exists is never malformed."""
    if cell.lower() in known:
        return cell.lower(), []
    if not cell:
        return "", [Problem(Reason.MISSING, "email")]
    try:
        return normal_email(cell), []
    except EmailError as error:
        return "", [Problem(_EMAIL_REASONS[error.fault], "email", signs=error.signs)]


def _surplus(line: Line) -> list[Problem]:
    return [Problem(Reason.SURPLUS_CELLS)] if line.surplus else []


def _person_problems(line: Line) -> list[Problem]:
    problems = []
    for column in ("last_name", "first_name"):
        name = normal_name(line[column])
        if fault := name_fault(name):
            signs = prohibited_signs(name) if fault is NameFault.PROHIBITED else ""
            problems.append(Problem(_NAME_REASONS[fault], column, signs=signs))
    if _word(line, "title") not in set(Title):
        problems.append(Problem(Reason.NO_TITLE, "title"))
    if _word(line, "locale") not in set(Locale):
        problems.append(Problem(Reason.NO_LOCALE, "locale"))
    return problems


def _attachment_problems(line: Line, company_ids: frozenset[str]) -> list[Problem]:
    problems = []
    if not line["company"]:
        problems.append(Problem(Reason.MISSING, "company"))
    elif not may_administer(company_ids, line["company"]):
        problems.append(Problem(Reason.UNKNOWN_COMPANY, "company"))
    if _word(line, "role") not in set(CompanyRole):
        problems.append(Problem(Reason.NO_ROLE, "role"))
    if _word(line, "affiliation") not in set(Affiliation):
        problems.append(Problem(Reason.NO_AFFILIATION, "affiliation"))
    return problems


def _until(line: Line, today: date, present: date | None) -> tuple[date | None, list[Problem]]:
    """The last day that a line says, or what is wrong with it."""
    try:
        return last_day(line[UNTIL], today, present), []
    except DayError as error:
        return None, [Problem(_DAY_REASONS[error.fault], UNTIL)]


def _word(line: Line, column: str) -> str:
    """A word of an enumeration, in whatever case it was typed."""
    return line[column].lower()


def _profile(line: Line, email: str) -> Profile:
    return Profile(
        email,
        normal_name(line["last_name"]),
        normal_name(line["first_name"]),
        Title(_word(line, "title")),
        Locale(_word(line, "locale")),
    )


# Judging lines together.


def _without_contradictions(rows: Sequence[Row]) -> list[Row]:
    """Refuse lines that call one new account by two names, or mark one attachment in two ways: none is believed.

    Each problem names the first line that differs.
    """
    claimed: dict[tuple[str, str], dict[Profile | Attachment, int]] = {}
    for row in rows:
        for key, value in _claims(row):
            claimed.setdefault(key, {}).setdefault(value, row.line.number)

    def contradiction(row: Row) -> Problem | None:
        for key, value in _claims(row):
            for other, number in claimed[key].items():
                if column := _first_difference(value, other):
                    return Problem(Reason.CONTRADICTION, column, number)
        return None

    return [row.ended(Outcome.REFUSED, problem) if (problem := contradiction(row)) else row for row in rows]


def _claims(row: Row) -> Iterator[tuple[tuple[str, str], Profile | Attachment]]:
    """What a line says that another line may contradict: of a new account, of an attachment."""
    if row.profile:
        yield (row.email, ""), row.profile
    if row.attachment:
        yield (row.email, row.attachment.company_id), row.attachment


def _first_difference(one: Profile | Attachment, other: Profile | Attachment) -> str:
    """The first column in which the two differ (fields are named as the columns); empty when there is none."""
    names = (field.name for field in fields(one))
    return next((name for name in names if getattr(one, name) != getattr(other, name)), "")


def _without_repeats(rows: Iterable[Row]) -> list[Row]:
    """The first line of a new account creates it, its next ones attach it; one that adds nothing repeats it."""
    created: set[str] = set()
    attached: dict[tuple[str, str], int] = {}
    found = []
    for row in rows:
        if row.attachment is not None and row.outcome is not Outcome.REFUSED:
            key = (row.email, row.attachment.company_id)
            if first := attached.get(key):
                row = row.ended(Outcome.UNCHANGED, Problem(Reason.REPEATS, line=first))
            elif row.outcome is Outcome.CREATE and row.email in created:
                row = row.ended(Outcome.ATTACH)
            attached.setdefault(key, row.line.number)
            created.add(row.email)
        found.append(row)
    return found


def _with_administrators(rows: Sequence[Row], known: Iterable[Member]) -> tuple[Row, ...]:
    """Refuse what would leave a company without an active administrator, after all else in the file is done."""
    members = {member.user.id: member for member in known}
    refused: dict[int, Row] = {}
    for row in _in_order(row for row in rows if row.outcome in {Outcome.ATTACH, Outcome.CHANGE}):
        if row.user is None or row.change is None or row.attachment is None:
            continue  # a new account is not active, so it is no one's last administrator
        if would_be_last_administrator(members.values(), row.user, row.change):
            refused[row.line.number] = row.ended(Outcome.REFUSED, Problem(Reason.LAST_ADMINISTRATOR, "role"))
            continue
        others = [a for a in members[row.user.id].attachments if a.company_id != row.attachment.company_id]
        members[row.user.id] = Member(row.user, (*others, row.attachment))
    return tuple(refused.get(row.line.number, row) for row in rows)


def _in_order(rows: Iterable[Row]) -> list[Row]:
    """In the order of the file, but what takes an administrator away comes last."""
    return sorted(rows, key=lambda row: row.takes_administrator)
