"""The directory on a real Keycloak, over python-keycloak: the only code of the portal that calls it.

The library replays writes, asks for tokens without a lock and types errors by HTTP verb (7.1.1): `connection`
switches the first off and puts a lock around the second, `translation` translates the third by response code.
`accounts` and `groups` make the calls; `directory.visibility` decides whom the portal knows.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

from keycloak import KeycloakAdmin

from directory.encoding import (
    Json,
    Subgroup,
    attachments_of,
    company_of,
    ends_of,
    is_company,
    new_user,
    profile_representation,
    signed_in_at,
    steps,
    user_of,
    with_end,
)
from directory.errors import (
    CompanyNotFoundError,
    ForbiddenError,
    InvalidPersonError,
    NotFoundError,
    UnavailableError,
)
from directory.keycloak_gateway import connection, own_rights
from directory.keycloak_gateway.accounts import Accounts
from directory.keycloak_gateway.calls import Readers, identified, is_id
from directory.keycloak_gateway.connection import Connection, ServiceAccount
from directory.keycloak_gateway.groups import Groups
from directory.keycloak_gateway.outsiders import Look, Outsiders
from directory.keycloak_gateway.translation import OF_ADDRESS, OF_PERSON, Meanings, ServerError
from directory.model import (
    Affiliation,
    Attachment,
    AttachmentChange,
    Company,
    CompanyRole,
    Dossier,
    Invitation,
    Member,
    Profile,
    User,
)
from directory.rights import Rights
from directory.transport import Gate
from directory.visibility import is_hidden, is_open, is_service_account, open_companies, undecided

READERS = 16
"""Calls made at the same time, in addition to those in the callers' own threads: more than one person may have
(`transport.AT_ONCE_FOR_ONE`), so that calls that hang for one do not stop those of the others."""
END_TRIES = 3
"""Times that the end of an attachment is written before it is an error that it does not stay."""
JUST_CREATED = 30.0
"""Seconds during which an account that this process created is known without being read."""


class KeycloakDirectory:
    """`directory.gateway.Directory` on a realm, signed in as a service account. Safe to share between threads.

    Make it after a server has forked, one per process. `redirect_uri` is where the activation ends.
    """

    def __init__(
        self,
        url: str,
        realm: str,
        client_id: str,
        client_secrets: Callable[[], Sequence[str]],
        *,
        portal_client_id: str,
        redirect_uri: str,
    ) -> None:
        account = ServiceAccount(url, realm, client_id, client_secrets)
        gate = Gate()
        self._connection = Connection(account, connection.READ_TIMEOUT, gate)
        self._admin = KeycloakAdmin(connection=self._connection)
        self._mailer = KeycloakAdmin(connection=Connection(account, connection.MAIL_READ_TIMEOUT, gate))
        self._activation = {"client_id": portal_client_id, "redirect_uri": redirect_uri}
        self._readers = Readers(READERS, "directory")
        self._accounts = Accounts(self._admin, self._mailer, self._readers)
        self._groups = Groups(self._admin)
        self._outsiders = Outsiders(self._groups, self._readers, self._is_hidden)
        # By id, when this process created the account (a monotonic time).
        self._created: dict[str, float] = {}

    def attachments_of(self, user_id: str, *, ends: bool = True) -> tuple[tuple[Company, Attachment], ...]:
        groups = self._groups_of(user_id)
        # As good as all service accounts are in no group.
        account = self._known_account(user_id) if ends or not groups else {}
        return _places(groups, account)

    def companies(self) -> tuple[Company, ...]:
        return tuple(company_of(group) for group in self._groups.top_level() if is_open(group))

    def members(self, company: Company) -> tuple[Member, ...]:
        return self._groups.with_fresh_ids(company, lambda: self._members(company))

    def _members(self, company: Company) -> tuple[Member, ...]:
        subgroups = self._groups.subgroups(company)
        look = self._outsiders.look()
        begun = {
            subgroup: self._readers.submit(self._groups.people_in, group_id, brief=True)
            for subgroup, group_id in subgroups.items()
        }
        people = self._groups.people_in(company.key, brief=False)
        marked = {subgroup: {person["id"] for person in read.result()} for subgroup, read in begun.items()}
        administrators = marked.get(Subgroup.ADMINISTRATORS, set())
        externals = marked.get(Subgroup.EXTERNALS, set())
        last_days = {person["id"]: ends_of(person).get(company.id) for person in people}
        return tuple(
            Member(
                user,
                (
                    Attachment(
                        company.id,
                        CompanyRole.ADMINISTRATOR if user.id in administrators else CompanyRole.USER,
                        Affiliation.EXTERNAL if user.id in externals else Affiliation.INTERNAL,
                        last_days[user.id],
                    ),
                ),
            )
            for user in self._known(people, look)
        )

    def administrators(self, company: Company) -> tuple[Member, ...]:
        return self._groups.with_fresh_ids(company, lambda: self._administrators(company))

    def _administrators(self, company: Company) -> tuple[Member, ...]:
        group_id = self._groups.subgroups(company).get(Subgroup.ADMINISTRATORS)
        people = self._groups.people_in(group_id, brief=False) if group_id else []
        found = []
        ends = {person["id"]: ends_of(person) for person in people}
        for user in _people(people):
            # Who is in the subgroup alone is not attached; Keycloak has their groups in its cache.
            with suppress(NotFoundError):  # hidden, or deleted just now
                groups = self._groups_of(user.id)
                attachments = attachments_of((group["path"] for group in groups), ends[user.id])
                at = Member(user, attachments).at(company.id)
                if at is not None and at.administers:
                    found.append(Member(user, (at,)))
        return tuple(found)

    def user(self, user_id: str) -> User:
        self._groups_of(user_id)
        return user_of(self._known_account(user_id))

    def dossier(self, user_id: str) -> Dossier:
        groups = self._groups_of(user_id)
        sessions = self._readers.submit(self._accounts.sessions_of, user_id)
        account = self._accounts.with_id(user_id)
        return Dossier(
            _known_user(account),
            _places(groups, account),
            signed_in_at(sessions.result()),
            bool(account.get("totp")),
        )

    def users(self, user_ids: Collection[str]) -> tuple[User, ...]:
        wanted = sorted(user_id for user_id in set(user_ids) if is_id(user_id))
        if not wanted:
            return ()
        look = self._outsiders.look()
        return tuple(self._known(self._accounts.with_ids(wanted), look))

    def find_by_email(self, email: str) -> User | None:
        if not email:
            return None  # Keycloak would leave the condition out and list anybody
        account = self._accounts.with_email(email)
        # An unknown address costs as many calls as a known one, so the time does not tell them apart.
        user_id = account["id"] if account else self._connection.own_id() or str(uuid4())
        try:
            self._groups_of(user_id)
            return _known_user(account) if account else None
        except NotFoundError:
            return None

    def never_activated(self, before: datetime) -> tuple[User, ...]:
        look = self._outsiders.look()
        accounts = self._accounts.every()
        made_at = {account["id"]: _made_at(account) for account in accounts}
        return tuple(
            user
            for user in self._known(accounts, look)
            if user.password_required and (user.activation_sent_at or made_at[user.id]) < before
        )

    def made_before(self, before: datetime) -> tuple[User, ...]:
        look = self._outsiders.look()
        accounts = [account for account in self._accounts.every() if _made_at(account) < before]
        return tuple(self._known(accounts, look))

    def ending(self, by: date) -> tuple[User, ...]:
        look = self._outsiders.look()
        accounts = [
            account for account in self._accounts.every() if any(end <= by for end in ends_of(account).values())
        ]
        return tuple(self._known(accounts, look))

    def create_user(
        self, profile: Profile, attachments: Sequence[Attachment], invitation: Invitation | None = None
    ) -> User:
        _require_address(profile.email)
        try:
            user_id = self._accounts.create(new_user(profile, attachments, invitation))
        except (ForbiddenError, ServerError):
            # So is an unknown group, which one depends on our rights; no account is made then (measured).
            for attachment in attachments:
                self._groups.require(attachment)
            raise
        self._created = {**self._lately_created(), user_id: time.monotonic()}
        return User(
            user_id,
            replace(profile, email=profile.email.lower()),
            password_required=True,
            invitation=invitation,
        )

    def change_attachment(self, user_id: str, company: Company, change: AttachmentChange) -> None:
        if change.company_id != company.id:
            raise ValueError(f"a change at {change.company_id} cannot be made at {company.id}")
        if change.before == change.after:
            return
        identified(company.key, CompanyNotFoundError)
        groups = self._groups_of(user_id)
        account = self._known_account(user_id)
        todo = steps(change)
        leaves, joins = [step for step in todo if not step.join], [step for step in todo if step.join]
        # The right to write an end comes from a company: who is in none joins first.
        first, rest = (joins, []) if change.after is None else ([], joins) if groups else (joins[:1], joins[1:])
        for step in (*leaves, *first):
            self._groups.take(user_id, company, step)
        if change.after is not None:
            self._end(account, company.id, change.after.until)
        else:
            with suppress(NotFoundError):  # in no company any more; attaching again removes what is left
                self._end(account, company.id, None)
        for step in rest:
            self._groups.take(user_id, company, step)

    def _end(self, account: Json, company_id: str, until: date | None) -> None:
        """Write the end unless it is so; read it again, since a parallel write of the account loses this one."""
        for _ in range(END_TRIES):
            if ends_of(account).get(company_id) == until:
                return
            fresh = self._accounts.with_id(account["id"])
            self._accounts.update(account["id"], with_end(fresh, company_id, until), OF_PERSON)
            account = self._accounts.with_id(account["id"])
        if ends_of(account).get(company_id) != until:
            raise UnavailableError("another change of the account is in the way")

    def send_activation(self, user_id: str) -> None:
        self._require_known(user_id)
        self._accounts.mail(user_id, self._activation)

    def record_invitation(self, user: User, invitation: Invitation) -> User:
        return self._described(replace(user, invitation=invitation), OF_PERSON)

    def record_activation_sent(self, user: User, at: datetime) -> User:
        sent_at = at.astimezone(UTC).replace(microsecond=0)
        return self._described(replace(user, activation_sent_at=sent_at), OF_PERSON)

    def correct_email(self, user: User, email: str, invitation: Invitation | None = None) -> User:
        _require_address(email)
        profile = replace(user.profile, email=email.lower())
        corrected = replace(
            user, profile=profile, activation_sent_at=None, invitation=invitation or user.invitation
        )
        return self._described(corrected, OF_ADDRESS)

    def delete_user(self, user_id: str) -> None:
        self._require_known(user_id)
        self._accounts.delete(user_id)

    def check(self) -> None:
        self._accounts.any_one()

    def sign_in(self) -> float:
        self._connection.refresh_token()
        return time.time() - (self._connection.issued_at() or time.time())

    def own_rights(self) -> Rights:
        return own_rights.read(self._admin, self._connection)

    def _groups_of(self, user_id: str) -> list[Json]:
        """Return the groups of a person; `NotFoundError` when they are hidden."""
        groups = self._groups.of_person(user_id)
        companies = set(open_companies(groups))
        for name in undecided(groups):
            with suppress(NotFoundError):
                companies |= open_companies([self._groups.by_path(name)])
        if is_hidden(groups, companies):
            raise NotFoundError("Keycloak knows no such thing")
        return groups

    def _is_hidden(self, user_id: str) -> bool:
        try:
            self._groups_of(user_id)
        except NotFoundError:
            return True
        return False

    def _known(self, accounts: Collection[Json], look: Future[Look]) -> Iterator[User]:
        """Yield the people among the accounts whom the portal knows; `look` was begun for them."""
        hidden = self._outsiders.among([account["id"] for account in accounts], look)
        return (user for user in _people(accounts) if user.id not in hidden)

    def _known_account(self, user_id: str) -> Json:
        """Return the account with that id, whose groups have been judged; `NotFoundError`."""
        account = self._accounts.with_id(user_id)
        if is_service_account(account):
            raise NotFoundError("Keycloak knows no such thing")
        return account

    def _require_known(self, user_id: str) -> None:
        """Raise `NotFoundError` for a hidden account, judged now; not asked for those just created."""
        if user_id not in self._lately_created():
            self.user(user_id)

    def _lately_created(self) -> dict[str, float]:
        return {id: at for id, at in self._created.items() if time.monotonic() - at < JUST_CREATED}

    def _described(self, user: User, meanings: Meanings) -> User:
        """Write who the person is, whole, with the ends of their attachments as they are now."""
        if user.id not in self._lately_created():
            self._groups_of(user.id)
        ends = ends_of(self._known_account(user.id))
        described = profile_representation(user.profile, user.activation_sent_at, user.invitation, ends)
        self._accounts.update(user.id, described, meanings)
        return user


def _places(groups: Collection[Json], account: Json) -> tuple[tuple[Company, Attachment], ...]:
    """Return the attachments that these groups of one person are, with their companies, by company name.

    Their last days are read from the account, when it has them.
    """
    companies = {group["name"]: company_of(group) for group in groups if is_company(group)}
    found = [
        (companies[attachment.company_id], attachment)
        for attachment in attachments_of((group["path"] for group in groups), ends_of(account))
        if attachment.company_id in companies
    ]
    return tuple(sorted(found, key=lambda pair: (pair[0].name.casefold(), pair[0].id)))


def _people(accounts: Iterable[Json]) -> Iterator[User]:
    """Yield the accounts without service accounts."""
    return (user_of(account) for account in accounts if not is_service_account(account))


def _known_user(account: Json) -> User:
    if is_service_account(account):
        raise NotFoundError("Keycloak knows no such thing")
    return user_of(account)


def _made_at(account: Json) -> datetime:
    """Return when the account was created, as Keycloak tells it (milliseconds since 1970); else this moment."""
    made = account.get("createdTimestamp")
    return datetime.fromtimestamp(made / 1000, UTC) if made else datetime.now(UTC)


def _require_address(email: str) -> None:
    """Keycloak refuses an empty one too, but as a missing user name and without naming the field."""
    if not email:
        raise InvalidPersonError("error-user-attribute-required", "email")
