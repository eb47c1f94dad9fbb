"""Doing what the lines of a file ask for: one after the other, so that a failure of one stops no other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from directory.errors import (
    CompanyNotFoundError,
    DirectoryError,
    EmailTakenError,
    InvalidPersonError,
    NotFoundError,
    UnavailableError,
)
from directory.gateway import Directory
from directory.model import Company
from webapp.actor import Author
from webapp.database import Database
from webapp.errors import LastAdministratorError, NotAdministratorError
from webapp.services import attachments, users
from webapp.services.administration import Administration, administration_of
from webapp.services.imports import Outcome, Problem, Reason, Row, in_order

RIGHTS_EVERY = 50
"""Rows after which the actor's rights are read again: an import lasts, and a right can end meanwhile."""
GIVE_UP_AFTER = 3
"""Failures in a row after which no more is tried: of the directory anything, of the mail server creations."""


def apply(
    directory: Directory,
    database: Database,
    author: Author,
    administration: Administration,
    rows: Sequence[Row],
) -> tuple[Row, ...]:
    """Do what was planned; what became of each row, in the order of the file.

    Lines that take an administrator away come last, so that a file may hand a company over. Never raises for one
    row: what the directory does not answer is `FAILED`, what was not tried after that `NOT_TRIED`; both are safe
    to send again.
    """
    run = _Run(directory, database, author, administration)
    done = {row.line.number: row for unit in _units(rows) for row in run.do(unit)}
    return tuple(done.get(row.line.number, row) for row in rows)


def _units(rows: Iterable[Row]) -> list[tuple[Row, ...]]:
    """What is done at once: all the lines of one new account, or else one line."""
    units: dict[object, list[Row]] = {}
    for row in in_order(row for row in rows if row.outcome in {Outcome.CREATE, Outcome.ATTACH, Outcome.CHANGE}):
        units.setdefault(row.email if row.user is None else row.line.number, []).append(row)
    return [tuple(unit) for unit in units.values()]


@dataclass(slots=True)
class _Run:
    """One pass over the rows, which knows when to give up."""

    directory: Directory
    database: Database
    author: Author
    administration: Administration
    count: int = 0
    failures: int = 0
    mails_refused: int = 0
    stopped: bool = False
    companies: Mapping[str, Company] = field(default_factory=dict)

    def do(self, unit: tuple[Row, ...]) -> tuple[Row, ...]:
        """Do what belongs together; what became of it."""
        creates = unit[0].user is None
        if self.stopped:
            return _all(unit, Outcome.NOT_TRIED, Reason.DIRECTORY_UNAVAILABLE)
        if creates and self.mails_refused >= GIVE_UP_AFTER:
            return _all(unit, Outcome.NOT_TRIED, Reason.MAIL_SERVER_REFUSES)
        try:
            self._read_rights()
            if not all(row.attachment and row.attachment.company_id in self.companies for row in unit):
                return _all(unit, Outcome.REFUSED, Reason.UNKNOWN_COMPANY, "company")
            done = self._create(unit) if creates else (self._attach(unit[0]),)
        except UnavailableError:
            self._stumble()
            return _all(unit, Outcome.FAILED, Reason.DIRECTORY_UNAVAILABLE)
        self.failures = 0
        return done

    def _read_rights(self) -> None:
        if self.count % RIGHTS_EVERY == 0:
            try:
                now = administration_of(self.directory, self.administration.actor)
            except NotAdministratorError:
                self.companies = {}
            else:
                self.companies = {company.id: company for company in now.companies}
        self.count += 1

    def _create(self, unit: tuple[Row, ...]) -> tuple[Row, ...]:
        profile = unit[0].profile
        if profile is None:
            raise ValueError("a new account has a profile")
        wanted = [row.attachment for row in unit if row.attachment]
        try:
            made = users.create(self.directory, self.database, self.author, profile, wanted)
        except EmailTakenError:
            return self._attach_known(unit, profile.email)
        except UnavailableError:
            raise
        except DirectoryError as error:
            return tuple(row.ended(Outcome.REFUSED, _problem(error)) for row in unit)
        self.mails_refused = 0 if made.mail_sent else self.mails_refused + 1
        return tuple(replace(row, user=made.user, mail_sent=made.mail_sent) for row in unit)

    def _attach_known(self, unit: tuple[Row, ...], email: str) -> tuple[Row, ...]:
        """Somebody else created the account meanwhile, or it is one that the portal may not see."""
        user = self.directory.find_by_email(email)
        if user is None:
            return _all(unit, Outcome.REFUSED, Reason.ADDRESS_REFUSED, "email")
        return tuple(self._attach(replace(row, user=user)) for row in unit)

    def _attach(self, row: Row) -> Row:
        if row.user is None or row.attachment is None:
            raise ValueError("a line that attaches has an account and an attachment")
        company = self.companies[row.attachment.company_id]
        wanted = {company.id: row.attachment}
        try:
            # Whether somebody is active decides here, and what was planned is minutes old.
            user = self.directory.user(row.user.id) if row.takes_administrator else row.user
            made = attachments.change(self.directory, self.database, self.author, [company], user, wanted)
        except UnavailableError:
            raise
        except (DirectoryError, LastAdministratorError) as error:
            return row.ended(Outcome.REFUSED, _problem(error))
        if not made:
            return row.ended(Outcome.UNCHANGED)
        return replace(row, outcome=Outcome.ATTACH if made[0].is_attach else Outcome.CHANGE, before=made[0].before)

    def _stumble(self) -> None:
        """Go on after a single failure, as long as the directory answers at all."""
        self.failures += 1
        try:
            self.directory.check()
        except DirectoryError:
            self.stopped = True
        self.stopped = self.stopped or self.failures >= GIVE_UP_AFTER


def _all(unit: tuple[Row, ...], outcome: Outcome, reason: Reason, column: str = "") -> tuple[Row, ...]:
    return tuple(row.ended(outcome, Problem(reason, column)) for row in unit)


def _problem(error: Exception) -> Problem:
    match error:
        case LastAdministratorError():
            return Problem(Reason.LAST_ADMINISTRATOR, "role")
        case InvalidPersonError():
            return Problem(Reason.NOT_ACCEPTED, error.field)
        case CompanyNotFoundError():
            return Problem(Reason.UNKNOWN_COMPANY, "company")
        case NotFoundError():
            return Problem(Reason.PERSON_GONE, "email")
        case _:
            return Problem(Reason.DIRECTORY_REFUSED)
