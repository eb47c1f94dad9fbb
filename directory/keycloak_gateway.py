"""The directory on a real Keycloak, over python-keycloak: the portal's one door to it.

The library replays writes, asks for tokens without a lock and types errors by HTTP verb (7.1.1); this module
switches the first off, puts a lock around the second and translates the third by response code.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import RLock
from typing import Any, TypeVar

from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakError, PermissionDefinitionError

from directory.encoding import (
    ACTIVATION_MAIL_ACTIONS,
    Json,
    Place,
    Step,
    Subgroup,
    attachments_of,
    company_of,
    is_company,
    new_user,
    profile_representation,
    steps,
    user_of,
)
from directory.errors import (
    CompanyNotFoundError,
    ConflictError,
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
    ACTIVATION_LIFESPAN,
    Affiliation,
    Attachment,
    AttachmentChange,
    Company,
    CompanyRole,
    Member,
    Profile,
    User,
)

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 5.0
MAIL_READ_TIMEOUT = 15.0
"""Seconds. Keycloak itself gives a silent mail server up after 10.07 s (measured)."""

PAGE_SIZE = 500
TRIES = 3
RETRY_BUDGET = 2.0
"""Seconds after the first try in which an idempotent call may be repeated."""

T = TypeVar("T")

_FIELDS = {"email": "email", "username": "email", "firstName": "first_name", "lastName": "last_name"}


class KeycloakDirectory:
    """`directory.gateway.Directory` on a realm, signed in as a service account. Safe to share between threads.

    Make it after a server has forked, one per process. `redirect_uri` is where the activation ends.
    """

    def __init__(
        self,
        url: str,
        realm: str,
        client_id: str,
        client_secret: str,
        *,
        portal_client_id: str,
        redirect_uri: str,
    ) -> None:
        def admin(read_timeout: float) -> KeycloakAdmin:
            return KeycloakAdmin(
                connection=_Connection(
                    server_url=url,
                    realm_name=realm,
                    client_id=client_id,
                    client_secret_key=client_secret,
                    timeout=(CONNECT_TIMEOUT, read_timeout),
                    max_retries=0,
                    pool_maxsize=32,
                )
            )

        self._admin = admin(READ_TIMEOUT)
        self._mailer = admin(MAIL_READ_TIMEOUT)
        self._activation = {"client_id": portal_client_id, "redirect_uri": redirect_uri}
        # A subgroup's id never changes while its company's group lives, and that is the key here.
        self._subgroup_ids: dict[str, dict[Subgroup, str]] = {}

    def attachments_of(self, user_id: str) -> tuple[tuple[Company, Attachment], ...]:
        def read() -> list[Json]:
            return _pages(lambda query: self._admin.get_user_groups(user_id, query, brief_representation=False))

        groups = _repeated(read)
        companies = {group["name"]: company_of(group) for group in groups if is_company(group)}
        found = [
            (companies[attachment.company_id], attachment)
            for attachment in attachments_of(group["path"] for group in groups)
            if attachment.company_id in companies
        ]
        return tuple(sorted(found, key=lambda pair: (pair[0].name.casefold(), pair[0].id)))

    def members(self, company: Company) -> tuple[Member, ...]:
        subgroups = self._subgroups(company)
        people = [user_of(person) for person in self._people_in(company.key, brief=False)]
        marked = {
            subgroup: {person["id"] for person in self._people_in(subgroups[subgroup], brief=True)}
            for subgroup in Subgroup
            if subgroup in subgroups
        }
        administrators = marked.get(Subgroup.ADMINISTRATORS, set())
        externals = marked.get(Subgroup.EXTERNALS, set())
        return tuple(
            Member(
                user,
                (
                    Attachment(
                        company.id,
                        CompanyRole.ADMINISTRATOR if user.id in administrators else CompanyRole.USER,
                        Affiliation.EXTERNAL if user.id in externals else Affiliation.INTERNAL,
                    ),
                ),
            )
            for user in people
        )

    def user(self, user_id: str) -> User:
        return user_of(_repeated(lambda: self._admin.get_user(user_id)))

    def find_by_email(self, email: str) -> User | None:
        query = {"email": email, "exact": "true", "briefRepresentation": "false", "first": 0, "max": 2}
        found = _repeated(lambda: self._admin.get_users(dict(query)))
        exact = [user_of(person) for person in found if person.get("email", "").casefold() == email.casefold()]
        return exact[0] if exact else None

    def create_user(self, profile: Profile, attachments: Sequence[Attachment]) -> User:
        with _translated(conflict=EmailTakenError):
            user_id = self._admin.create_user(new_user(profile, attachments))
        return User(user_id, profile, password_required=True)

    def change_attachment(self, user_id: str, company: Company, change: AttachmentChange) -> None:
        for step in steps(change):
            self._take(user_id, company, step)

    def send_activation(self, user_id: str) -> None:
        try:
            with _translated():
                self._mailer.send_update_account(
                    user_id,
                    list(ACTIVATION_MAIL_ACTIONS),
                    lifespan=int(ACTIVATION_LIFESPAN.total_seconds()),
                    **self._activation,
                )
        except _ServerError as error:
            raise MailRefusedError("the mail server did not take the activation mail") from error

    def record_activation_sent(self, user: User, at: datetime) -> User:
        with _translated():
            self._admin.update_user(user.id, profile_representation(user.profile, at))
        return User(user.id, user.profile, user.enabled, user.password_required, at)

    def correct_email(self, user: User, email: str) -> User:
        old = user.profile
        profile = Profile(email, old.last_name, old.first_name, old.title, old.locale)
        with _translated(conflict=EmailTakenError):
            self._admin.update_user(user.id, profile_representation(profile, activation_sent_at=None))
        return User(user.id, profile, user.enabled, user.password_required)

    def delete_user(self, user_id: str) -> None:
        with _translated():
            self._admin.delete_user(user_id)

    def check(self) -> None:
        with _translated():
            self._admin.get_users({"first": 0, "max": 1, "briefRepresentation": "true"})

    def _take(self, user_id: str, company: Company, step: Step) -> None:
        """One membership more or less; both calls are idempotent, and a raced join may answer 409 (measured)."""
        act = self._admin.group_user_add if step.join else self._admin.group_user_remove
        try:
            _repeated(lambda: act(user_id, self._group_id(company, step.place)), also=ConflictError)
        except NotFoundError:
            self._subgroup_ids.pop(company.key, None)
            raise

    def _group_id(self, company: Company, place: Place) -> str:
        if place.subgroup is None:
            return company.key
        try:
            return self._subgroups(company)[place.subgroup]
        except KeyError as error:
            raise CompanyNotFoundError(f"the company {company.id} has no group {place.path}") from error

    def _subgroups(self, company: Company) -> dict[Subgroup, str]:
        """The ids of the company's subgroups; one call the first time, none later."""
        known = self._subgroup_ids.get(company.key)
        if known is None or len(known) < len(Subgroup):
            query = {"briefRepresentation": "true"}
            children = _repeated(
                lambda: _pages(lambda page: self._admin.get_group_children(company.key, {**query, **page}))
            )
            known = {Subgroup(c["name"]): c["id"] for c in children if c["name"] in set(Subgroup)}
            self._subgroup_ids[company.key] = known
        return known

    def _people_in(self, group_id: str, *, brief: bool) -> list[Json]:
        query = {"briefRepresentation": json.dumps(brief)}
        try:
            return _repeated(
                lambda: _pages(lambda page: self._admin.get_group_members(group_id, {**query, **page}))
            )
        except NotFoundError:
            self._subgroup_ids.clear()
            raise


class _Connection(KeycloakOpenIDConnection):
    """Asks for a token once however many threads find it expired; a refused sign-in means unavailable."""

    def __init__(self, **arguments: Any) -> None:
        self._lock = RLock()
        super().__init__(**arguments)

    def _refresh_if_required(self) -> None:
        with self._lock:
            super()._refresh_if_required()

    def refresh_token(self) -> None:
        with self._lock:
            try:
                # A client's own grant has no refresh token: ask anew.
                self.get_token()
            except KeycloakError as error:
                raise UnavailableError(
                    f"Keycloak did not sign in the client {self.client_id}: {error.response_code}"
                ) from error


class _ServerError(UnavailableError):
    """Keycloak answered 5xx."""


def _pages(fetch: Callable[[dict[str, int]], list[Json]]) -> list[Json]:
    """All rows of a paged list. (The library's own paging always asks for one empty page more.)"""
    rows: list[Json] = []
    while True:
        page = fetch({"first": len(rows), "max": PAGE_SIZE})
        rows += page
        if len(page) < PAGE_SIZE:
            return rows


def _repeated(call: Callable[[], T], also: type[DirectoryError] | None = None) -> T:
    """The answer of an idempotent call, tried again when the directory stumbles and there is time left."""
    again = (UnavailableError, also) if also else (UnavailableError,)
    deadline = time.monotonic() + RETRY_BUDGET
    for attempt in range(1, TRIES):
        try:
            with _translated():
                return call()
        except again:
            pause = random.uniform(0.05, 0.2) * attempt  # noqa: S311 (jitter, no secret)
            if time.monotonic() + pause > deadline:
                raise
            time.sleep(pause)
    with _translated():
        return call()


@contextmanager
def _translated(conflict: type[ConflictError] = ConflictError) -> Iterator[None]:
    """Errors of the library, by what they mean."""
    try:
        yield
    except PermissionDefinitionError as error:
        raise RefusedError("Keycloak refused a permission") from error
    except KeycloakError as error:
        raise translation(error, conflict) from error


def translation(error: KeycloakError, conflict: type[ConflictError] = ConflictError) -> DirectoryError:
    """What an error of the library means, judged by its response code (none: Keycloak was not reached)."""
    match error.response_code:
        case None:
            return UnavailableError("Keycloak could not be reached")
        case 401:
            return UnavailableError("Keycloak does not accept our token")
        case 403:
            return ForbiddenError("Keycloak grants us no right to that")
        case 404:
            return NotFoundError("Keycloak knows no such thing")
        case 409:
            return conflict("Keycloak says that it exists already")
        case 400:
            return _refusal(error)
        case code if code >= 500:
            return _ServerError(f"Keycloak failed inside ({code})")
        case code:
            return RefusedError(f"Keycloak refused ({code})")


def _refusal(error: KeycloakError) -> RefusedError:
    """A 400: the body of a refused user profile names the field."""
    try:
        body = json.loads(error.response_body or b"{}")
    except ValueError:
        body = {}
    first = (body.get("errors") or [body])[0] if isinstance(body, dict) else {}
    if name := first.get("field"):
        return InvalidPersonError(str(first.get("errorMessage", "invalid")), _FIELDS.get(name, name))
    return RefusedError("Keycloak refused the request as malformed")
