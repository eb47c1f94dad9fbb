"""Doubles that behave: small real implementations that pass the same contract suite as the real thing."""

import re
import time
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from threading import RLock
from typing import Any, Literal
from uuid import uuid4

from directory.encoding import Place, Step, Subgroup, attachments_of, places, steps
from directory.errors import (
    CompanyNotFoundError,
    DirectoryError,
    EmailTakenError,
    ForbiddenError,
    InvalidPersonError,
    MailRefusedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from directory.model import (
    Attachment,
    AttachmentChange,
    Company,
    Dossier,
    Invitation,
    Locale,
    Member,
    Profile,
    User,
)
from directory.rights import DIRECTORY_RIGHTS, MANAGEMENT, Rights
from directory.visibility import is_hidden

OPERATORS = "/operators"
"""A group that is no company's; its members are hidden from the portal."""

# As Keycloak judges them: its validators person-name-prohibited-characters, length, email and not-idn-homograph.
_BAD_IN_NAMES = re.compile(r"""[<>&"$%!#?§;*~/\\|^=\[\]{}()\x00-\x1f\x7f\x85\u2028\u2029]""")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"""{_ATOM}(\.{_ATOM})*|"[^"\\]+\"""")
_LABEL = r"[^\W_]([^\W_]|-)*(?<!-)"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*|\[[0-9.]+\]")
_MAX_LENGTH = 255
_MAX_LOCAL_PART = 64

Effect = Literal["none", "half", "whole"]


@dataclass
class _Fault:
    verb: str | None
    countdown: int
    error: DirectoryError
    effect: Effect


class FakeDirectory:
    """`directory.gateway.Directory` in memory, keeping people and groups the way Keycloak does.

    Memberships are kept per group path, so half-made states exist here too; an attachment change is made one
    membership at a time, and other threads may come in between. Switches for trouble:

    - `down`: every verb raises `UnavailableError` and does nothing
    - `mail`: `"refused"` makes every mail fail, the account untouched
    - `fail(...)`: makes a later call fail: before, in the middle of or after its effect
    - `own`: what the portal's own account holds
    - `clock_ahead`: seconds by which our clock is ahead of its
    - `latency`: seconds that each call (each membership of a change) takes, to make races likely

    `signed_in_at` has the sign-ins and `has_codes` the second factors, by id of the account.

    `calls` lists every verb called with its arguments, `mails` the addresses that were mailed; `failed` counts the
    calls that failed on purpose.
    """

    def __init__(self, *companies: Company) -> None:
        self.down = False
        self.mail: Literal["ok", "refused"] = "ok"
        self.latency = 0.0
        self.clock_ahead = 0.0
        self.own = Rights({MANAGEMENT: DIRECTORY_RIGHTS})
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.mails: list[str] = []
        self.failed = 0
        self._lock = RLock()
        self._companies: dict[str, Company] = {}
        self.made_at: dict[str, datetime] = {}
        self.signed_in_at: dict[str, datetime] = {}
        self.has_codes: set[str] = set()
        self._people: dict[str, User] = {}
        self._groups: dict[str, set[str]] = {OPERATORS: set()}
        self._ends: dict[str, dict[str, date]] = {}
        self._service_accounts: set[str] = set()
        self._faults: list[_Fault] = []
        for company in companies:
            self.add_company(company)

    # What a test sets up and asks.

    def add_company(self, company: Company) -> Company:
        """The company's group with its two subgroups, as operations would make them; with its key."""
        company = company if company.key else replace(company, key=str(uuid4()))
        with self._lock:
            self._companies[company.key] = company
            for subgroup in (None, *Subgroup):
                self._groups.setdefault(Place(company.id, subgroup).path, set())
        return company

    def remove_company(self, company: Company) -> None:
        """The company's groups vanish, and with them who was in them."""
        with self._lock:
            del self._companies[company.key]
            for subgroup in (None, *Subgroup):
                self._groups.pop(Place(company.id, subgroup).path, None)

    def add_user(
        self,
        profile: Profile,
        attachments: Iterable[Attachment] = (),
        *,
        password_required: bool = False,
        activation_sent_at: datetime | None = None,
        enabled: bool = True,
    ) -> User:
        """An account that is there already; active unless said otherwise."""
        profile = replace(profile, email=profile.email.lower())
        user = User(str(uuid4()), profile, enabled, password_required, activation_sent_at)
        self.made_at[user.id] = datetime.now(UTC)
        with self._lock:
            self._refuse_taken(profile.email)
            self._people[user.id] = user
            for attachment in attachments:
                self._end(user.id, attachment.company_id, attachment.until)
                for place in places(attachment):
                    self._groups[place.path].add(user.id)
        return user

    def add_operator(self, profile: Profile, attachments: Iterable[Attachment] = ()) -> User:
        """An account that the portal can neither see nor change; usually outside every company."""
        operator = self.add_user(profile, attachments)
        self.add_membership(operator.id, OPERATORS)
        return operator

    def add_service_account(self, attachments: Iterable[Attachment] = ()) -> User:
        """A client's own account: it has no e-mail address."""
        account = self.add_user(Profile(f"{uuid4()}", "", "", None, Locale.FR), attachments)
        self._service_accounts.add(account.id)
        return self._replace(account.id, profile=replace(account.profile, email=""))

    def add_group(self, path: str) -> None:
        """A group that is no company's."""
        with self._lock:
            self._groups.setdefault(path, set())

    def remove_group(self, path: str) -> None:
        """The group, and with it the memberships in it."""
        with self._lock:
            del self._groups[path]

    def add_membership(self, user_id: str, group: Place | str) -> None:
        """Put a person into a single group, without the portal."""
        with self._lock:
            self._groups[_path(group)].add(user_id)

    def remove_membership(self, user_id: str, group: Place | str) -> None:
        """Take a person out of a single group, without the portal; gives incomplete states."""
        with self._lock:
            self._groups[_path(group)].remove(user_id)

    def groups_of(self, user_id: str) -> set[str]:
        """The paths of all groups that a person is in."""
        with self._lock:
            return {path for path, people in self._groups.items() if user_id in people}

    def people(self) -> tuple[User, ...]:
        """Everybody, hidden or not."""
        with self._lock:
            return tuple(self._people.values())

    def activate(self, user_id: str) -> User:
        """The person has followed the link and chosen a password."""
        return self._replace(user_id, password_required=False)

    def disable(self, user_id: str) -> User:
        """Operations have disabled the account."""
        return self._replace(user_id, enabled=False)

    def fail(
        self,
        verb: str | None = None,
        *,
        nth: int = 1,
        error: DirectoryError | None = None,
        effect: Effect = "none",
    ) -> None:
        """Let the nth call from now (of that verb, or of any) raise the error (default: unavailable), once.

        `effect="whole"` does what was asked all the same: the answer was lost. `"half"` makes the first membership
        of a change and breaks off there.
        """
        if effect == "half" and verb != "change_attachment":
            raise ValueError("only a change of attachment can be made in part")
        with self._lock:
            self._faults.append(_Fault(verb, nth, error or UnavailableError("failed on purpose"), effect))

    def called(self, *verbs: str) -> list[tuple[str, tuple[object, ...]]]:
        """The calls made so far, only of those verbs when some are named."""
        with self._lock:
            return [call for call in self.calls if not verbs or call[0] in verbs]

    def snapshot(self) -> dict[str, object]:
        """Everything that can change, to compare before and after: people, groups, mails (but not `calls`)."""
        with self._lock:
            return {
                "people": dict(self._people),
                "groups": {path: frozenset(people) for path, people in self._groups.items()},
                "ends": {user_id: dict(ends) for user_id, ends in self._ends.items() if ends},
                "mails": tuple(self.mails),
            }

    # The verbs of `Directory`.

    def attachments_of(self, user_id: str, *, ends: bool = True) -> tuple[tuple[Company, Attachment], ...]:
        with self._call("attachments_of", user_id):
            self._person(user_id)
            return self._places(user_id, ends=ends)

    def companies(self) -> tuple[Company, ...]:
        with self._call("companies"):
            return tuple(self._companies.values())

    def members(self, company: Company) -> tuple[Member, ...]:
        with self._call("members", company):
            known = self._company(company)
            return tuple(
                Member(self._people[user_id], (attachment,))
                for user_id in self._groups[Place(known.id).path]
                if not self._hidden(user_id)
                for attachment in self._attachments(user_id)
                if attachment.company_id == known.id
            )

    def administrators(self, company: Company) -> tuple[Member, ...]:
        with self._call("administrators", company):
            known = self._company(company)
            return tuple(
                Member(self._people[user_id], (attachment,))
                for user_id in self._groups[Place(known.id).path]
                if not self._hidden(user_id)
                for attachment in self._attachments(user_id)
                if attachment.company_id == known.id and attachment.administers
            )

    def user(self, user_id: str) -> User:
        with self._call("user", user_id):
            return self._person(user_id)

    def dossier(self, user_id: str) -> Dossier:
        with self._call("dossier", user_id):
            return Dossier(
                self._person(user_id),
                self._places(user_id),
                self.signed_in_at.get(user_id),
                user_id in self.has_codes,
            )

    def users(self, user_ids: Collection[str]) -> tuple[User, ...]:
        with self._call("users", frozenset(user_ids)):
            return tuple(
                self._people[user_id]
                for user_id in set(user_ids)
                if user_id in self._people and not self._hidden(user_id)
            )

    def find_by_email(self, email: str) -> User | None:
        with self._call("find_by_email", email):
            found = self._by_email(email)
            return found if found and not self._hidden(found.id) else None

    def never_activated(self, before: datetime) -> tuple[User, ...]:
        with self._call("never_activated", before):
            return tuple(
                user
                for user in self._people.values()
                if user.password_required
                and not self._hidden(user.id)
                and (user.activation_sent_at or self.made_at[user.id]) < before
            )

    def made_before(self, before: datetime) -> tuple[User, ...]:
        with self._call("made_before", before):
            return tuple(
                user
                for user in self._people.values()
                if self.made_at[user.id] < before and not self._hidden(user.id)
            )

    def ending(self, by: date) -> tuple[User, ...]:
        with self._call("ending", by):
            return tuple(
                user
                for user in self._people.values()
                if not self._hidden(user.id) and any(end <= by for end in self._ends.get(user.id, {}).values())
            )

    def create_user(
        self, profile: Profile, attachments: Sequence[Attachment], invitation: Invitation | None = None
    ) -> User:
        with self._call("create_user", profile, tuple(attachments)):
            paths = [place.path for attachment in attachments for place in places(attachment)]
            if not paths:
                raise ForbiddenError("an account may only be made inside a company")
            self._refuse_taken(profile.email)
            _refuse_invalid(profile)
            if any(path not in self._groups for path in paths):
                raise CompanyNotFoundError("no such group")
            found = replace(profile, email=profile.email.lower())
            user = User(str(uuid4()), found, password_required=True, invitation=invitation)
            self._people[user.id] = user
            self.made_at[user.id] = datetime.now(UTC)
            for attachment in attachments:
                self._end(user.id, attachment.company_id, attachment.until)
            for path in paths:
                self._groups[path].add(user.id)
            return user

    def change_attachment(self, user_id: str, company: Company, change: AttachmentChange) -> None:
        if change.company_id != company.id:
            raise ValueError(f"a change at {change.company_id} cannot be made at {company.id}")
        fault = self._begin("change_attachment", user_id, company, change)
        todo = steps(change)
        for step in todo[:1] if fault and fault.effect == "half" else todo:
            with self._lock:
                self._take(user_id, company, step)
            time.sleep(self.latency)
        if change.before != change.after and not (fault and fault.effect == "half"):
            with self._lock:
                self._person(user_id)
                self._company(company)
                self._end(user_id, company.id, change.after.until if change.after else None)
        if fault:
            raise fault.error

    def send_activation(self, user_id: str) -> None:
        with self._call("send_activation", user_id):
            user = self._managed(user_id)
            if not user.enabled:
                raise RefusedError("the account is disabled")
            if self.mail == "refused":
                raise MailRefusedError("the mail server did not take the activation mail")
            self.mails.append(user.email)

    def record_activation_sent(self, user: User, at: datetime) -> User:
        with self._call("record_activation_sent", user, at):
            self._managed(user.id)
            sent_at = at.replace(microsecond=0)
            return self._replace(
                user.id, profile=user.profile, activation_sent_at=sent_at, invitation=user.invitation
            )

    def record_invitation(self, user: User, invitation: Invitation) -> User:
        with self._call("record_invitation", user, invitation):
            self._managed(user.id)
            return self._replace(
                user.id,
                profile=user.profile,
                activation_sent_at=user.activation_sent_at,
                invitation=invitation,
            )

    def correct_email(self, user: User, email: str, invitation: Invitation | None = None) -> User:
        with self._call("correct_email", user, email):
            self._managed(user.id)
            profile = replace(user.profile, email=email.lower())
            self._refuse_taken(email, except_for=user.id)
            _refuse_invalid(profile)
            said = invitation or user.invitation
            return self._replace(user.id, profile=profile, activation_sent_at=None, invitation=said)

    def delete_user(self, user_id: str) -> None:
        with self._call("delete_user", user_id):
            self._managed(user_id)
            del self._people[user_id]
            self._ends.pop(user_id, None)
            for people in self._groups.values():
                people.discard(user_id)

    def check(self) -> None:
        with self._call("check"):
            pass

    def sign_in(self) -> float:
        with self._call("sign_in"):
            return self.clock_ahead

    def own_rights(self) -> Rights:
        """Asked once by each process, whenever that is, so no call of anybody's: neither listed nor failed."""
        if self.down:
            raise UnavailableError("the directory is down")
        return self.own

    # How it works inside; the lock is held wherever state is read or written.

    def _begin(self, verb: str, *arguments: object) -> _Fault | None:
        """Note the call and let it fail if it has to; a fault that is returned is to be raised at the end."""
        with self._lock:
            self.calls.append((verb, arguments))
            if self.down:
                raise UnavailableError("the directory is down")
            due = None
            for fault in self._faults:
                if fault.verb in (None, verb):
                    fault.countdown -= 1
                    due = fault if fault.countdown == 0 else due
            self._faults = [fault for fault in self._faults if fault.countdown > 0]
            self.failed += due is not None
            if due and due.effect == "none":
                raise due.error
        time.sleep(self.latency)
        return due

    @contextmanager
    def _call(self, verb: str, *arguments: object) -> Iterator[None]:
        """One call to Keycloak: atomic."""
        fault = self._begin(verb, *arguments)
        with self._lock:
            yield
        if fault:
            raise fault.error

    def _hidden(self, user_id: str) -> bool:
        companies = {company.id for company in self._companies.values()}
        groups = [{"path": path} for path, people in self._groups.items() if user_id in people]
        return user_id in self._service_accounts or is_hidden(groups, companies)

    def _person(self, user_id: str) -> User:
        if user_id not in self._people or self._hidden(user_id):
            raise NotFoundError("no such person")
        return self._people[user_id]

    def _managed(self, user_id: str) -> User:
        """The right to change a person comes from their companies."""
        person = self._person(user_id)
        if not self._attachments(user_id):
            raise NotFoundError("no right to change this person")
        return person

    def _company(self, company: Company) -> Company:
        try:
            return self._companies[company.key]
        except KeyError as error:
            raise CompanyNotFoundError(f"no company {company.id}") from error

    def _attachments(self, user_id: str, *, ends: bool = True) -> tuple[Attachment, ...]:
        last_days = self._ends.get(user_id, {}) if ends else {}
        return attachments_of((path for path, people in self._groups.items() if user_id in people), last_days)

    def _end(self, user_id: str, company_id: str, until: date | None) -> None:
        ends = self._ends.setdefault(user_id, {})
        ends.pop(company_id, None)
        if until:
            ends[company_id] = until

    def _places(self, user_id: str, *, ends: bool = True) -> tuple[tuple[Company, Attachment], ...]:
        companies = {company.id: company for company in self._companies.values()}
        attachments = self._attachments(user_id, ends=ends)
        found = [(companies[a.company_id], a) for a in attachments if a.company_id in companies]
        return tuple(sorted(found, key=lambda pair: (pair[0].name.casefold(), pair[0].id)))

    def _take(self, user_id: str, company: Company, step: Step) -> None:
        self._person(user_id)
        people = self._groups[Place(self._company(company).id, step.place.subgroup).path]
        if step.join:
            people.add(user_id)
        else:
            people.discard(user_id)

    def _by_email(self, email: str) -> User | None:
        return next((user for user in self._people.values() if user.email == email.lower()), None)

    def _refuse_taken(self, email: str, except_for: str = "") -> None:
        found = self._by_email(email)
        if found and found.id != except_for:
            raise EmailTakenError("an account with this address exists")

    def _replace(self, user_id: str, **fields: Any) -> User:
        with self._lock:
            self._people[user_id] = replace(self._people[user_id], **fields)
            return self._people[user_id]


def _path(group: Place | str) -> str:
    return group.path if isinstance(group, Place) else group


def _refuse_invalid(profile: Profile) -> None:
    """What Keycloak's user profile refuses."""
    local_part, _, domain = profile.email.rpartition("@")
    if (
        not _LOCAL_PART.fullmatch(local_part)
        or not _DOMAIN.fullmatch(domain)
        or len(local_part) > _MAX_LOCAL_PART
        or len(profile.email) > _MAX_LENGTH
        or any(letter.isalpha() and "LATIN" not in unicodedata.name(letter, "") for letter in domain)
    ):
        raise InvalidPersonError("error-invalid-email", "email")
    for field, name in (("last_name", profile.last_name), ("first_name", profile.first_name)):
        if not name.strip(_JAVA_BLANKS):
            raise InvalidPersonError("error-user-attribute-required", field)
        if _java_length(name.strip(_JAVA_BLANKS)) > _MAX_LENGTH:
            raise InvalidPersonError("error-invalid-length-too-long", field)
        if _BAD_IN_NAMES.search(name):
            raise InvalidPersonError("error-person-name-invalid-character", field)
        if _java_length(name) > _MAX_LENGTH:
            raise RefusedError("Could not create user")  # blanks at the ends are counted by the database only


_JAVA_BLANKS = " \t\r\n\f\v"


def _java_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
