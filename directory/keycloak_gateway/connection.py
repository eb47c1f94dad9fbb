"""The signed-in connection to Keycloak: time-outs, tokens, secrets that change while it is in use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import RLock

from keycloak import KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakError, PermissionDefinitionError

from directory.encoding import issued_at, subject_and_roles
from directory.errors import UnavailableError
from directory.keycloak_gateway.translation import NOISE
from directory.transport import Gate, mount

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 5.0
"""Seconds. A read that takes longer (the first list of members after a start on a busy machine did) is tried once
more, and found ready."""
POOL = 32
"""Connections that are kept open."""
MAIL_READ_TIMEOUT = 15.0
"""Seconds. Keycloak itself gives up on a silent mail server after 10.07 s (measured)."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Where Keycloak is, and the client that signs in.

    `client_secrets` returns the secrets that may be right now, the likeliest first. It is called for each token,
    so a secret is changed without a pause.
    """

    url: str
    realm: str
    client_id: str
    client_secrets: Callable[[], Sequence[str]]


class Connection(KeycloakOpenIDConnection):
    """Asks for a token once however many threads find it expired; a refused sign-in means unavailable.

    The library's replaying of writes is switched off.
    """

    def __init__(self, account: ServiceAccount, read_timeout: float, gate: Gate) -> None:
        self._lock = RLock()
        self._client_secrets = account.client_secrets
        super().__init__(
            client_secret_key=account.client_secrets()[0],
            server_url=account.url,
            realm_name=account.realm,
            client_id=account.client_id,
            timeout=(CONNECT_TIMEOUT, read_timeout),  # type: ignore[arg-type]  # requests takes both
            max_retries=0,
            pool_maxsize=POOL,
        )
        mount(self._s, gate, max_retries=0, pool_maxsize=POOL)
        # Asking for a token changes nothing, so it may be sent again when an idle connection was closed.
        mount(self.keycloak_openid.connection._s, gate, max_retries=1, pool_maxsize=POOL)

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
        # A call whose token is still good does not wait for one that asks for another.
        if self._is_expired():
            with self._lock:
                super()._refresh_if_required()

    def _is_expired(self) -> bool:
        return self.expires_at is not None and datetime.now(tz=UTC) >= self.expires_at

    def refresh_token(self) -> None:
        with self._lock:
            try:
                # A client's own grant has no refresh token: ask for a new one.
                self.get_token()
            except (KeycloakError, PermissionDefinitionError, *NOISE) as error:
                answer = getattr(error, "response_code", None) or "no answer that makes sense"
                raise UnavailableError(
                    f"Keycloak did not sign in the client {self.client_id}: {answer}"
                ) from error

    def issued_at(self) -> float | None:
        """Return when Keycloak's clock says that the present token was issued, in seconds since 1970."""
        try:
            return issued_at((self.token or {})["access_token"])
        except NOISE:
            return None

    def own_id(self) -> str:
        """Return the id of the service account, as the present token names it; empty when it names none."""
        try:
            return subject_and_roles((self.token or {})["access_token"])[0]
        except NOISE:
            return ""
