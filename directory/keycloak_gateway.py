"""The directory on a real Keycloak, over python-keycloak: the portal's one door to it.

The library replays writes, asks for tokens without a lock and types errors by HTTP verb (7.1.1); this module
switches the first off, puts a lock around the second and translates the third by response code.
"""

import json
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from re import IGNORECASE
from re import compile as regex
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
    places,
    profile_representation,
    standing_of,
    steps,
    told_by_token,
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
    Invitation,
    Member,
    Profile,
    User,
)
from directory.rights import Standing

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 10.0
"""Seconds. The first list of members after a start took more than 5 on a busy machine (measured, H2)."""
MAIL_READ_TIMEOUT = 15.0
"""Seconds. Keycloak itself gives a silent mail server up after 10.07 s (measured)."""

PAGE_SIZE = 500
PEOPLE_PAGE_SIZE = 1000
"""A list of members has a price before its first person, on each of its pages: 2,000 people took 1.5 s as one page
and 3.2 s as four (measured). More on one page might outlast `READ_TIMEOUT` on a server that has just started."""
IDS_PAGE_SIZE = 80
"""Ids that fit into one address: Keycloak takes 4,096 bytes of request line."""
READERS = 8
"""Calls beside each other, over those of who asks."""
TRIES = 3
RETRY_BUDGET = 2.0
"""Seconds, from the beginning of the first try, within which a try may follow one that stumbled."""

T = TypeVar("T")

Meanings = Mapping[int, type[DirectoryError]]
"""What certain response codes mean in one call, where that is more than they mean in general."""

NOTHING_SPECIAL: Meanings = {}
# A person whom we may not see is answered with 403, and must look like one who does not exist.
_OF_PERSON: Meanings = {403: NotFoundError}
_OF_COMPANY: Meanings = {403: CompanyNotFoundError, 404: CompanyNotFoundError}
_OF_NEW_PERSON: Meanings = {409: EmailTakenError}
_OF_ADDRESS: Meanings = {403: NotFoundError, 409: EmailTakenError}

_ID = regex(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", IGNORECASE)
_FIELDS = {"email": "email", "username": "email", "firstName": "first_name", "lastName": "last_name"}


class KeycloakDirectory:
    """`directory.gateway.Directory` on a realm, signed in as a service account. Safe to share between threads.

    Make it after a server has forked, one per process. `client_secrets` gives those that may be right now, the
    likeliest first: it is asked for each token, so a secret is changed without a pause. `redirect_uri` is where
    the activation ends.
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
        def admin(read_timeout: float) -> KeycloakAdmin:
            return KeycloakAdmin(
                connection=_Connection(
                    client_secrets,
                    server_url=url,
                    realm_name=realm,
                    client_id=client_id,
                    timeout=(CONNECT_TIMEOUT, read_timeout),
                    max_retries=0,
                    pool_maxsize=32,
                )
            )

        self._admin = admin(READ_TIMEOUT)
        self._mailer = admin(MAIL_READ_TIMEOUT)
        self._activation = {"client_id": portal_client_id, "redirect_uri": redirect_uri}
        self._readers = ThreadPoolExecutor(READERS, "directory")
        # By the key of the company. They only change when operations make a subgroup anew.
        self._subgroup_ids: dict[str, dict[Subgroup, str]] = {}

    def attachments_of(self, user_id: str) -> tuple[tuple[Company, Attachment], ...]:
        person = _identified(user_id)
        groups = _repeated(
            lambda: _pages(
                lambda page: self._admin.get_user_groups(person, page, brief_representation=False), PAGE_SIZE
            ),
            _OF_PERSON,
        )
        companies = {group["name"]: company_of(group) for group in groups if is_company(group)}
        found = [
            (companies[attachment.company_id], attachment)
            for attachment in attachments_of(group["path"] for group in groups)
            if attachment.company_id in companies
        ]
        return tuple(sorted(found, key=lambda pair: (pair[0].name.casefold(), pair[0].id)))

    def members(self, company: Company) -> tuple[Member, ...]:
        return self._with_fresh_ids(company, lambda: self._members(company))

    def _members(self, company: Company) -> tuple[Member, ...]:
        begun = {
            subgroup: self._readers.submit(self._people_in, group_id, brief=True)
            for subgroup, group_id in self._subgroups(company).items()
        }
        people = [user_of(person) for person in self._people_in(company.key, brief=False)]
        marked = {subgroup: {person["id"] for person in read.result()} for subgroup, read in begun.items()}
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

    def administrators(self, company: Company) -> tuple[Member, ...]:
        return self._with_fresh_ids(company, lambda: self._administrators(company))

    def _administrators(self, company: Company) -> tuple[Member, ...]:
        group_id = self._subgroups(company).get(Subgroup.ADMINISTRATORS)
        people = self._people_in(group_id, brief=False) if group_id else []
        found = []
        for person in people:
            # Who is in the subgroup alone is not attached; his groups come from Keycloak's cache.
            groups = self._groups_of(person["id"])
            at = next((a for a in attachments_of(g["path"] for g in groups) if a.company_id == company.id), None)
            if at is not None and at.administers:
                found.append(Member(user_of(person), (at,)))
        return tuple(found)

    def _groups_of(self, user_id: str) -> list[Json]:
        """A person's groups; none when he vanished just now."""
        try:
            return _repeated(
                lambda: _pages(
                    lambda page: self._admin.get_user_groups(user_id, page, brief_representation=True), PAGE_SIZE
                ),
                _OF_PERSON,
            )
        except NotFoundError:
            return []

    def user(self, user_id: str) -> User:
        person = _identified(user_id)
        return user_of(_repeated(lambda: self._admin.get_user(person), _OF_PERSON))

    def users(self, user_ids: Collection[str]) -> tuple[User, ...]:
        wanted = sorted(user_id for user_id in set(user_ids) if _ID.fullmatch(user_id))
        parts = [wanted[first : first + IDS_PAGE_SIZE] for first in range(0, len(wanted), IDS_PAGE_SIZE)]
        begun = [self._readers.submit(self._with_ids, part) for part in parts[1:]]
        found = [self._with_ids(part) for part in parts[:1]] + [read.result() for read in begun]
        return tuple(user_of(person) for people in found for person in people)

    def _with_ids(self, user_ids: Sequence[str]) -> list[Json]:
        """Those of the people who are there: Keycloak answers from its cache, without whom we may not see."""
        query = {
            "search": f"id:{' '.join(user_ids)}",
            "briefRepresentation": "false",
            "first": 0,
            "max": IDS_PAGE_SIZE,
        }
        found: list[Json] = _repeated(lambda: self._admin.get_users(dict(query)))
        return found

    def find_by_email(self, email: str) -> User | None:
        if not email:
            return None  # Keycloak would leave the condition out and list anybody
        query = {"email": email, "exact": "true", "briefRepresentation": "false", "first": 0, "max": 2}
        found = _repeated(lambda: self._admin.get_users(dict(query)))
        same = [person for person in found if str(person.get("email", "")).lower() == email.lower()]
        return user_of(same[0]) if same else None

    def never_activated(self, before: datetime) -> tuple[User, ...]:
        query = {"briefRepresentation": "false"}
        people = _repeated(lambda: _pages(lambda page: self._admin.get_users({**query, **page}), PEOPLE_PAGE_SIZE))
        return tuple(
            user
            for person in people
            if (user := user_of(person)).password_required
            and (user.activation_sent_at or _made_at(person)) < before
        )

    def create_user(
        self, profile: Profile, attachments: Sequence[Attachment], invitation: Invitation | None = None
    ) -> User:
        _require_address(profile.email)
        try:
            with _translated(_OF_NEW_PERSON):
                user_id = self._admin.create_user(new_user(profile, attachments, invitation))
        except (ForbiddenError, _ServerError):
            # So is an unknown group, which one depends on our rights; no account is made then (measured).
            for attachment in attachments:
                self._require_groups(attachment)
            raise
        return User(
            user_id,
            replace(profile, email=profile.email.lower()),
            password_required=True,
            invitation=invitation,
        )

    def change_attachment(self, user_id: str, company: Company, change: AttachmentChange) -> None:
        if change.company_id != company.id:
            raise ValueError(f"a change at {change.company_id} cannot be made at {company.id}")
        for step in steps(change):
            self._take(_identified(user_id), company, step)

    def send_activation(self, user_id: str) -> None:
        try:
            with _translated(_OF_PERSON):
                self._mailer.send_update_account(
                    _identified(user_id),
                    list(ACTIVATION_MAIL_ACTIONS),
                    lifespan=int(ACTIVATION_LIFESPAN.total_seconds()),
                    **self._activation,
                )
        except _InternalError as error:
            raise MailRefusedError("the mail server did not take the activation mail") from error

    def record_invitation(self, user: User, invitation: Invitation) -> User:
        return self._described(replace(user, invitation=invitation), _OF_PERSON)

    def record_activation_sent(self, user: User, at: datetime) -> User:
        sent_at = at.astimezone(UTC).replace(microsecond=0)
        return self._described(replace(user, activation_sent_at=sent_at), _OF_PERSON)

    def correct_email(self, user: User, email: str, invitation: Invitation | None = None) -> User:
        _require_address(email)
        profile = replace(user.profile, email=email.lower())
        corrected = replace(
            user, profile=profile, activation_sent_at=None, invitation=invitation or user.invitation
        )
        return self._described(corrected, _OF_ADDRESS)

    def delete_user(self, user_id: str) -> None:
        with _translated(_OF_PERSON):
            self._admin.delete_user(_identified(user_id))

    def check(self) -> None:
        with _translated():
            self._admin.get_users({"first": 0, "max": 1, "briefRepresentation": "true"})

    def standing(self) -> Standing:
        one = {"first": 0, "max": 1, "briefRepresentation": "true"}
        people = self._seen(lambda: self._admin.get_users(dict(one)))
        connection = self._admin.connection
        with _translated():
            connection.refresh_token()  # a role that was given since is named by a new token only
            own_id, roles = told_by_token((connection.token or {})["access_token"])
        return standing_of(
            roles,
            profile=self._seen(self._admin.get_realm_users_profile),
            person=self._seen(lambda: self._admin.get_user(people[0]["id"])) if people else {},
            companies=self._seen(lambda: self._admin.get_groups(dict(one))),
            itself=self._seen(lambda: self._admin.get_user(_identified(own_id))),
        )

    def _described(self, user: User, meanings: Meanings) -> User:
        """Write who the person is, whole."""
        described = profile_representation(user.profile, user.activation_sent_at, user.invitation)
        with _translated(meanings):
            self._admin.update_user(_identified(user.id), described)
        return user

    def _seen(self, read: Callable[[], Any]) -> Any:
        """What a call finds; nothing when it is not for us."""
        try:
            return _repeated(read)
        except (ForbiddenError, NotFoundError):
            return {}

    def _require_groups(self, attachment: Attachment) -> None:
        """Raise `CompanyNotFoundError` unless all groups of the attachment are there."""
        for place in places(attachment):
            _repeated(partial(self._admin.get_group_by_path, place.path.removeprefix("/")), _OF_COMPANY)

    def _take(self, user_id: str, company: Company, step: Step) -> None:
        """One membership more or less; both calls are idempotent, and a raced join may answer 409 (measured)."""
        act = self._admin.group_user_add if step.join else self._admin.group_user_remove

        def take() -> None:
            group_id = self._group_id(company, step.place)
            _repeated(lambda: act(user_id, group_id), _OF_PERSON, also=ConflictError)

        if step.place.subgroup:
            self._with_fresh_ids(company, take)
        else:
            take()

    def _with_fresh_ids(self, company: Company, act: Callable[[], T]) -> T:
        """What the act gives, tried again with the subgroups looked up anew if remembered ones led nowhere."""
        remembered = company.key in self._subgroup_ids
        try:
            return act()
        except NotFoundError:
            self._subgroup_ids.pop(company.key, None)
            if not remembered:
                raise
            return act()

    def _group_id(self, company: Company, place: Place) -> str:
        if place.subgroup is None:
            return _identified(company.key, CompanyNotFoundError)
        try:
            return self._subgroups(company)[place.subgroup]
        except KeyError as error:
            raise CompanyNotFoundError(f"the company {company.id} has no group {place.path}") from error

    def _subgroups(self, company: Company) -> dict[Subgroup, str]:
        """The ids of the company's subgroups; one call the first time, none later."""
        known = self._subgroup_ids.get(company.key)
        if known is None or len(known) < len(Subgroup):
            key = _identified(company.key, CompanyNotFoundError)
            query = {"briefRepresentation": "true"}
            children = _repeated(
                lambda: _pages(lambda page: self._admin.get_group_children(key, {**query, **page}), PAGE_SIZE),
                _OF_COMPANY,
            )
            known = {Subgroup(c["name"]): c["id"] for c in children if c["name"] in set(Subgroup)}
            self._subgroup_ids[company.key] = known
        return known

    def _people_in(self, group_id: str, *, brief: bool) -> list[Json]:
        query = {"briefRepresentation": json.dumps(brief)}
        return _repeated(
            lambda: _pages(
                lambda page: self._admin.get_group_members(group_id, {**query, **page}), PEOPLE_PAGE_SIZE
            ),
            _OF_COMPANY,
        )


class _Connection(KeycloakOpenIDConnection):
    """Asks for a token once however many threads find it expired; a refused sign-in means unavailable."""

    def __init__(self, client_secrets: Callable[[], Sequence[str]], **arguments: Any) -> None:
        self._lock = RLock()
        self._client_secrets = client_secrets
        super().__init__(client_secret_key=client_secrets()[0], **arguments)

    def get_token(self) -> None:
        refused: KeycloakError | None = None
        for secret in self._client_secrets():
            self.keycloak_openid.client_secret_key = secret
            try:
                super().get_token()
                return
            except KeycloakError as error:
                if error.response_code != 401:
                    raise
                refused = error
        if refused is not None:
            raise refused

    def _refresh_if_required(self) -> None:
        with self._lock:
            super()._refresh_if_required()

    def refresh_token(self) -> None:
        with self._lock:
            try:
                # A client's own grant has no refresh token: ask anew.
                self.get_token()
            except (KeycloakError, PermissionDefinitionError, *_NOISE) as error:
                answer = getattr(error, "response_code", None) or "no answer that makes sense"
                raise UnavailableError(
                    f"Keycloak did not sign in the client {self.client_id}: {answer}"
                ) from error


class _ServerError(UnavailableError):
    """Keycloak, or what stands before it, answered 5xx."""


class _InternalError(_ServerError):
    """Keycloak itself failed: 500, and not a proxy's 502 to 504."""


# What the library lets through when an answer is not what it expects (HTML of a proxy, no Location, ...).
_NOISE = (TypeError, KeyError, ValueError, AttributeError)


def _made_at(person: Json) -> datetime:
    """When the account was made, as far as Keycloak knows (milliseconds since 1970); else this moment."""
    made = person.get("createdTimestamp")
    return datetime.fromtimestamp(made / 1000, UTC) if made else datetime.now(UTC)


def _identified(identifier: str, missing: type[NotFoundError] = NotFoundError) -> str:
    """The id, if it can be one; the library writes ids into addresses as they are, `../groups` as well."""
    if not _ID.fullmatch(identifier):
        raise missing("that is no id of Keycloak's")
    return identifier


def _require_address(email: str) -> None:
    """Keycloak refuses an empty one too, but as a missing user name and without naming the field."""
    if not email:
        raise InvalidPersonError("error-user-attribute-required", "email")


def _pages(fetch: Callable[[dict[str, int]], list[Json]], size: int) -> list[Json]:
    """All rows of a paged list. (The library's own paging always asks for one empty page more.)"""
    rows: list[Json] = []
    while True:
        page = fetch({"first": len(rows), "max": size})
        rows += page
        if len(page) < size:
            return rows


def _repeated(
    call: Callable[[], T], meanings: Meanings = NOTHING_SPECIAL, also: type[DirectoryError] = UnavailableError
) -> T:
    """The answer of an idempotent call, tried again when the directory stumbles and there is time left.

    After the error `also` there always is: a directory that says so is not at a loss.
    """
    deadline = time.monotonic() + RETRY_BUDGET
    for attempt in range(1, TRIES):
        try:
            with _translated(meanings):
                return call()
        except (UnavailableError, also) as error:
            pause = random.uniform(0.05, 0.2) * attempt  # noqa: S311 (jitter, no secret)
            if isinstance(error, UnavailableError) and time.monotonic() + pause > deadline:
                raise
            time.sleep(pause)
    with _translated(meanings):
        return call()


@contextmanager
def _translated(meanings: Meanings = NOTHING_SPECIAL) -> Iterator[None]:
    """Errors of the library, by what they mean. Wraps calls of the library only."""
    try:
        yield
    except PermissionDefinitionError as error:
        raise RefusedError("Keycloak refused a permission") from error
    except KeycloakError as error:
        raise translation(error, meanings) from error
    except _NOISE as error:
        raise UnavailableError("Keycloak's answer makes no sense") from error


def translation(error: KeycloakError, meanings: Meanings = NOTHING_SPECIAL) -> DirectoryError:
    """What an error of the library means, judged by its response code (none: Keycloak was not reached)."""
    code = error.response_code
    if code is not None and code in meanings:
        return meanings[code](f"Keycloak answered {code}")
    match code:
        case None:
            return UnavailableError("Keycloak could not be reached")
        case 400:
            return _refusal(error)
        case 401:
            return UnavailableError("Keycloak does not accept our token")
        case 403:
            return ForbiddenError("Keycloak grants us no right to that")
        case 404:
            return NotFoundError("Keycloak knows no such thing")
        case 409:
            return ConflictError("Keycloak says that it exists already")
        case 500:
            return _InternalError("Keycloak failed inside")
        case _ if code > 500:
            return _ServerError(f"Keycloak is not at our service ({code})")
        case _:
            return RefusedError(f"Keycloak refused ({code})")


def _refusal(error: KeycloakError) -> RefusedError:
    """A 400: the body of a refused user profile names the field."""
    try:
        body = json.loads(error.response_body or b"{}")
    except ValueError:
        body = {}
    several = body.get("errors") if isinstance(body, dict) else None
    first = several[0] if isinstance(several, list) and several else body
    name = first.get("field") if isinstance(first, dict) else None
    if name:
        return InvalidPersonError(str(first.get("errorMessage", "invalid")), _FIELDS.get(name, str(name)))
    return RefusedError("Keycloak refused the request as malformed")
