"""Doing what the lines of a file ask for, several at a time; a failure of one stops no other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event, Lock

from directory.errors import (
    CompanyNotFoundError,
    DirectoryError,
    EmailTakenError,
    InvalidPersonError,
    NotFoundError,
    UnavailableError,
)
from directory.model import Company
from webapp.errors import LastAdministratorError, NotAdministratorError
from webapp.imports.plan import TO_DO, Outcome, Problem, Reason, Row
from webapp.parallel import for_each
from webapp.people import accounts, attachments
from webapp.people.administration import Administration, administration_now
from webapp.people.context import Context
from webapp.records.payloads import NewAccount

RIGHTS_EVERY = 50
"""Rows after which the author's rights are read again: an import lasts, and a right can end meanwhile."""
GIVE_UP_AFTER = 3
"""Failures in a row after which no more is tried: of the directory anything, of the mail server creations."""

Unit = tuple[Row, ...]
"""What is done at once: all the lines of one new account, or else one line."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How rows are applied.

    `mails`: whether new accounts get their activation mail; the notices of one `batch` are sent together;
    `at_once` rows are under way at a time; `record` is called with every row as soon as it is done; once
    `stopping` is set no row is begun.
    """

    mails: bool = True
    batch: str = ""
    at_once: int = 1
    record: Callable[[Unit], None] = lambda _rows: None
    stopping: Event = field(default_factory=Event)


def apply(
    context: Context, administration: Administration, rows: Sequence[Row], manner: Manner
) -> tuple[Row, ...]:
    """Do what was planned; return what became of each row, in the order of the file.

    New accounts are made at the same time; so are the companies, each with its lines one after the other. Lines
    that take an administrator away come last, so that a file may hand a company over. Never raises for one row:
    what the directory does not answer is `FAILED`, what was not tried after that `NOT_TRIED`; both are safe to
    send again. Rows that were not begun when it was stopped stay as planned.
    """
    run = _Run(context, administration, manner)
    done: dict[int, Row] = {}

    def do(lane: Sequence[Unit]) -> None:
        for unit in lane:
            if manner.stopping.is_set():
                return
            ended = run.do(unit)
            manner.record(ended)
            done.update((row.line.number, row) for row in ended)

    todo = [row for row in rows if row.outcome in TO_DO]
    for_each(do, _lanes(row for row in todo if not row.takes_administrator), manner.at_once)
    do([(row,) for row in todo if row.takes_administrator])
    return tuple(done.get(row.line.number, row) for row in rows)


def _lanes(rows: Iterable[Row]) -> list[list[Unit]]:
    """What may be done side by side, each lane in order: the new accounts, and the people of each company.

    Attaching takes the company's lock, so two lanes for one company would only wait for each other.
    """
    created: dict[str, list[Row]] = {}
    companies: dict[str, list[Unit]] = {}
    for row in rows:
        if row.user is None:
            created.setdefault(row.email, []).append(row)
        elif row.attachment is not None:
            companies.setdefault(row.attachment.company_id, []).append((row,))
    return [*([tuple(unit)] for unit in created.values()), *companies.values()]


@dataclass(slots=True)
class _Run:
    """One pass over the rows, which knows when to give up. Several threads share it."""

    context: Context
    administration: Administration
    manner: Manner
    count: int = 0
    failures: int = 0
    mails_refused: int = 0
    stopped: bool = False
    companies: Mapping[str, Company] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def do(self, unit: Unit) -> Unit:
        """Do what belongs together; what became of it."""
        creates = unit[0].user is None
        if self.stopped:
            return _all(unit, Outcome.NOT_TRIED, Reason.DIRECTORY_UNAVAILABLE)
        if creates and self.mails_refused >= GIVE_UP_AFTER:
            return _all(unit, Outcome.NOT_TRIED, Reason.MAIL_SERVER_REFUSES)
        try:
            companies = self._rights()
            if not all(row.attachment and row.attachment.company_id in companies for row in unit):
                return _all(unit, Outcome.REFUSED, Reason.UNKNOWN_COMPANY, "company")
            done = self._create(unit) if creates else (self._attach(unit[0]),)
        except UnavailableError:
            self._stumble()
            return _all(unit, Outcome.FAILED, Reason.DIRECTORY_UNAVAILABLE)
        with self.lock:
            self.failures = 0
        return done

    def _rights(self) -> Mapping[str, Company]:
        """The author's companies, read again every so many rows."""
        with self.lock:
            if self.count % RIGHTS_EVERY == 0:
                try:
                    now = administration_now(self.context.directory, self.context.author)
                except NotAdministratorError:
                    self.companies = {}
                else:
                    mine = self.administration.ids
                    self.companies = {company.id: company for company in now.companies if company.id in mine}
            self.count += 1
            return self.companies

    def _create(self, unit: Unit) -> Unit:
        profile = unit[0].profile
        if profile is None:
            raise ValueError("a new account has a profile")
        wanted = tuple(row.attachment for row in unit if row.attachment)
        account = NewAccount(profile, wanted, mail=self.manner.mails, batch=self.manner.batch)
        try:
            made = accounts.create(self.context, account, self.companies.values())
        except EmailTakenError:
            return self._attach_known(unit, profile.email)
        except UnavailableError:
            raise
        except DirectoryError as error:
            return tuple(row.ended(Outcome.REFUSED, _problem(error)) for row in unit)
        with self.lock:
            self.mails_refused = 0 if made.mail_sent or not self.manner.mails else self.mails_refused + 1
        return tuple(replace(row, user=made.user, mail_sent=made.mail_sent) for row in unit)

    def _attach_known(self, unit: Unit, email: str) -> Unit:
        """Somebody else created the account meanwhile, or it is one that the portal may not see."""
        user = self.context.directory.find_by_email(email)
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
            user = self.context.directory.user(row.user.id) if row.takes_administrator else row.user
            made = attachments.change(self.context, [company], user, wanted, batch=self.manner.batch)
        except UnavailableError:
            raise
        except (DirectoryError, LastAdministratorError) as error:
            return row.ended(Outcome.REFUSED, _problem(error))
        if not made:
            return row.ended(Outcome.UNCHANGED)
        return replace(row, outcome=Outcome.ATTACH if made[0].is_attach else Outcome.CHANGE, before=made[0].before)

    def _stumble(self) -> None:
        """Go on after a single failure, as long as the directory answers at all."""
        try:
            self.context.directory.check()
            answers = True
        except DirectoryError:
            answers = False
        with self.lock:
            self.failures += 1
            self.stopped = self.stopped or not answers or self.failures >= GIVE_UP_AFTER


def _all(unit: Unit, outcome: Outcome, reason: Reason, column: str = "") -> Unit:
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
