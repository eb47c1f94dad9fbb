"""Accounts of the realm: reading them by id or exact address, and the writes on one."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress

from keycloak import KeycloakAdmin

from directory.budget import unlimited
from directory.encoding import ACTIVATION_MAIL_ACTIONS, Json
from directory.errors import ForbiddenError, MailRefusedError
from directory.keycloak_gateway import calls
from directory.keycloak_gateway.calls import identified, pages, repeated
from directory.keycloak_gateway.translation import OF_NEW_PERSON, OF_PERSON, InternalError, Meanings, translated
from directory.model import ACTIVATION_LIFESPAN

IDS_PAGE_SIZE = 80
"""Ids that fit into one address: Keycloak takes 4,096 bytes of request line."""


class Accounts:
    """Calls about accounts; `mailer` waits longer than `admin`. Safe to share between threads."""

    def __init__(self, admin: KeycloakAdmin, mailer: KeycloakAdmin, readers: Executor) -> None:
        self._admin = admin
        self._mailer = mailer
        self._readers = readers

    def with_id(self, user_id: str) -> Json:
        """Return the account with that id; `NotFoundError`."""
        person = identified(user_id)
        found: Json = repeated(lambda: self._admin.get_user(person), OF_PERSON)
        return found

    def sessions_of(self, user_id: str) -> list[Json]:
        """Return the open sessions of an account, none where these may not be read; `NotFoundError`."""
        person = identified(user_id)
        found: list[Json] = []
        with suppress(ForbiddenError):
            found = repeated(lambda: self._admin.get_sessions(person))
        return found

    def with_ids(self, user_ids: Sequence[str]) -> list[Json]:
        """Return the accounts with those ids, without those that do not exist."""
        parts = [user_ids[first : first + IDS_PAGE_SIZE] for first in range(0, len(user_ids), IDS_PAGE_SIZE)]
        begun = [self._readers.submit(self._page_of_ids, part) for part in parts[1:]]
        found = [self._page_of_ids(part) for part in parts[:1]] + [read.result() for read in begun]
        return [account for page in found for account in page]

    def _page_of_ids(self, user_ids: Sequence[str]) -> list[Json]:
        """Keycloak answers this query from its cache."""
        query = {
            "search": f"id:{' '.join(user_ids)}",
            "briefRepresentation": "false",
            "first": 0,
            "max": IDS_PAGE_SIZE,
        }
        found: list[Json] = repeated(lambda: self._admin.get_users(dict(query)))
        return found

    def with_email(self, email: str) -> Json | None:
        """Return the account with exactly that address (case ignored), if there is one."""
        query = {"email": email, "exact": "true", "briefRepresentation": "false", "first": 0, "max": 2}
        found: list[Json] = repeated(lambda: self._admin.get_users(dict(query)))
        return next((one for one in found if str(one.get("email", "")).lower() == email.lower()), None)

    def every(self) -> list[Json]:
        """Return all accounts of the realm."""
        query = {"briefRepresentation": "false"}
        return repeated(
            lambda: pages(lambda page: self._admin.get_users({**query, **page}), calls.PEOPLE_PAGE_SIZE)
        )

    def any_one(self) -> list[Json]:
        """Return one account or none. Not repeated."""
        with translated():
            found: list[Json] = self._admin.get_users({"first": 0, "max": 1, "briefRepresentation": "true"})
            return found

    def create(self, account: Json) -> str:
        """Create the account and return its id; never repeated."""
        with translated(OF_NEW_PERSON):
            return self._admin.create_user(account)

    def update(self, user_id: str, description: Json, meanings: Meanings) -> None:
        """Write who the person is, whole; never repeated."""
        with translated(meanings):
            self._admin.update_user(identified(user_id), description)

    def delete(self, user_id: str) -> None:
        """Delete the account; never repeated."""
        with translated(OF_PERSON):
            self._admin.delete_user(identified(user_id))

    def mail(self, user_id: str, query: Mapping[str, str]) -> None:
        """Have Keycloak send the activation mail; never repeated. `MailRefusedError`."""
        try:
            # The mail server's time, not Keycloak's.
            with unlimited(), translated(OF_PERSON):
                self._mailer.send_update_account(
                    identified(user_id),
                    list(ACTIVATION_MAIL_ACTIONS),
                    lifespan=int(ACTIVATION_LIFESPAN.total_seconds()),
                    **query,
                )
        except InternalError as error:
            raise MailRefusedError("the mail server did not take the activation mail") from error
