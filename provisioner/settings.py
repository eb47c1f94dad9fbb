"""The connection to the server, from options or else from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.errors import SettingsError

ADMIN_CLIENT = "admin-cli"
ADMIN_REALM = "master"


@dataclass(frozen=True, slots=True)
class Options:
    """The connection options of the command line, or None. Named like the variables, in lower case."""

    keycloak_url: str | None = None
    keycloak_realm: str | None = None
    keycloak_client_id: str | None = None
    keycloak_client_secret: str | None = None
    keycloak_username: str | None = None
    keycloak_password: str | None = None
    keycloak_login_realm: str | None = None

    def over(self, environment: Mapping[str, str]) -> "Options":
        """Return these options, with the variables of the environment where an option is missing or empty."""
        return Options(
            **{
                name: getattr(self, name) or environment.get(name.upper()) or None
                for name in Options.__dataclass_fields__
            }
        )


@dataclass(frozen=True, slots=True)
class Connection:
    """A server, and the credentials of a client (without a user name) or of a user."""

    url: str
    login_realm: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def connection(options: Options, realm: str) -> Connection:
    """Return the connection to the realm. Raises `SettingsError` if a setting is missing or contradictory."""
    if options.keycloak_url is None:
        raise SettingsError("KEYCLOAK_URL is not set")
    as_user = options.keycloak_username is not None or options.keycloak_password is not None
    as_client = options.keycloak_client_secret is not None
    if as_user and as_client:
        raise SettingsError(
            "set either KEYCLOAK_CLIENT_SECRET or KEYCLOAK_USERNAME and KEYCLOAK_PASSWORD, not both"
        )
    if as_user:
        return Connection(
            options.keycloak_url,
            options.keycloak_login_realm or ADMIN_REALM,
            options.keycloak_client_id or ADMIN_CLIENT,
            username=_given(options.keycloak_username, "KEYCLOAK_USERNAME"),
            password=_given(options.keycloak_password, "KEYCLOAK_PASSWORD"),
        )
    if as_client:
        return Connection(
            options.keycloak_url,
            options.keycloak_login_realm or realm,
            _given(options.keycloak_client_id, "KEYCLOAK_CLIENT_ID"),
            client_secret=options.keycloak_client_secret,
        )
    raise SettingsError(
        "set KEYCLOAK_CLIENT_ID and KEYCLOAK_CLIENT_SECRET, or KEYCLOAK_USERNAME and KEYCLOAK_PASSWORD"
    )


def _given(value: str | None, name: str) -> str:
    if value is None:
        raise SettingsError(f"{name} is not set")
    return value
