"""What the portal reads from its environment, and by files of secrets."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from babel.dates import get_timezone
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

SECRETS_FOLDER = Path(os.environ.get("SECRETS_DIR", "/run/secrets"))
"""Where container engines put secrets: one file each, named like the setting."""

_SERVER_NUMBERS = {"PORTAL_PORT": (8000, 1, 65535), "PORTAL_WORKERS": (1, 1, 64), "PORTAL_THREADS": (32, 1, 512)}
"""What the server itself reads: the default, the least and the most."""


class WrongSettingsError(Exception):
    """The portal cannot start with these settings; `problems` names each variable, never its value."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """In place of the value of a secret whose file cannot be read; no field accepts it."""

    reason: str


class _SecretFiles(SecretsSettingsSource):
    """Files of secrets. One that cannot be read is an error of its field, reported with all the others."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = SECRETS_FOLDER / field_name
        try:
            if path.is_dir():
                return _Unreadable("it is a folder"), field_name, False
            return super().get_field_value(field, field_name)
        except OSError as error:
            return _Unreadable(str(error.strerror)), field_name, False
        except UnicodeDecodeError:
            return _Unreadable("it is not UTF-8 text"), field_name, False


class Settings(BaseSettings):
    """Frozen settings; every missing or malformed one is named when it is made (`pydantic.ValidationError`).

    A setting may also be a file of its name (`secret_key`) in `SECRETS_DIR`, by default `/run/secrets`; the
    environment wins. No setting is ever taken from a command line, which every user of the machine can read.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    portal_url: str = "http://localhost:8000"
    portal_timezone: str = "Europe/Paris"
    service_url: str = "http://localhost:8001"
    keycloak_url: str = "http://localhost:8080"
    keycloak_public_url: str = ""
    keycloak_realm: str = "portal"
    client_portal_id: str = "portal"
    client_portal_secret: SecretStr
    client_portal_directory_id: str = "portal-directory"
    client_portal_directory_secret: SecretStr
    database_url: str = "sqlite:///var/portal.sqlite"
    secret_key: SecretStr = Field(min_length=16)
    secret_key_previous: SecretStr = SecretStr("")
    proxies: int = Field(default=0, ge=0, le=5)
    session_idle_minutes: int = Field(default=30, ge=1)
    session_absolute_hours: int = Field(default=10, ge=1)
    notifications: bool = True
    smtp_host: str = "localhost"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_from: str = "no-reply@portal.example"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_starttls: bool = False
    journal_days: int = Field(default=3 * 365, ge=1)
    pending_days: int = Field(default=180, ge=31)
    activation_reminders: bool = True
    expiry_notes: bool = True
    pending_lists: bool = True
    external_days: int = Field(default=365, ge=0, le=3650)
    review_months: int = Field(default=0, ge=0, le=24)
    privacy_contact: str = ""
    operator_contact: str = ""

    @field_validator("portal_url", "service_url", "keycloak_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not _is_address(value):
            raise ValueError("must be an address that starts with http:// or https://")
        return value.rstrip("/")

    @field_validator("keycloak_public_url")
    @classmethod
    def _address_or_none(cls, value: str) -> str:
        if value and not _is_address(value):
            raise ValueError("must be empty or an address that starts with http:// or https://")
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        try:
            make_url(value).get_dialect()
        except (ArgumentError, NoSuchModuleError, ValueError):
            # Without the cause, whose words have the address and the password in it.
            raise ValueError("must be the address of a database, such as sqlite:///var/portal.sqlite") from None
        return value

    @field_validator("portal_url")
    @classmethod
    def _root(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.path or parts.query or parts.fragment:
            raise ValueError("must end after the host and port: the portal answers at the root of its address")
        return value

    @field_validator("portal_timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        try:
            get_timezone(value)
        except LookupError as error:
            raise ValueError("must be the name of a time zone, such as Europe/Paris") from error
        return value

    def __init__(self, **values: Any) -> None:
        super().__init__(_secrets_dir=SECRETS_FOLDER if SECRETS_FOLDER.is_dir() else None, **values)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = _SecretFiles(settings_cls, SECRETS_FOLDER) if SECRETS_FOLDER.is_dir() else file_secret_settings
        return init_settings, env_settings, files

    def secrets(self, name: str) -> tuple[str, ...]:
        """The values of a secret that are worth a try now: what its file says at this moment, then the start's.

        Between the moment a secret is changed here and the moment it is changed at Keycloak, either may be right.
        """
        known: str = getattr(self, name).get_secret_value()
        try:
            fresh = (SECRETS_FOLDER / name).read_text(encoding="utf-8").strip()
        except OSError:
            fresh = ""  # it was given by the environment
        return tuple(dict.fromkeys(value for value in (fresh, known) if value))

    @property
    def sign_in_origin(self) -> str:
        """Where browsers meet Keycloak; by default where we do."""
        parts = urlsplit(self.keycloak_public_url or self.keycloak_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def mail_domain(self) -> str:
        """What the ids of our mails end with."""
        return self.smtp_from.rpartition("@")[2] or "localhost"

    @property
    def secure(self) -> bool:
        """Whether people reach the portal over TLS."""
        return self.portal_url.startswith("https://")


def read_settings() -> Settings:
    """Return what the environment says; `WrongSettingsError` names all that is missing or wrong at once."""
    missing = _missing_folder()
    try:
        settings = Settings()
    except ValidationError as error:
        raise WrongSettingsError((*missing, *map(_problem, error.errors()))) from error
    if missing:
        raise WrongSettingsError(missing)
    return settings


def server_number(name: str) -> int:
    """Return the server's setting of that name; its default where `wrong_server_numbers` names it."""
    default, least, most = _SERVER_NUMBERS[name]
    given = os.environ.get(name) or str(default)
    return int(given) if _fits(given, least, most) else default


def wrong_server_numbers() -> list[str]:
    """Return a line for each setting of the server that is not a number it can take."""
    return [
        f"{name}: must be a whole number from {least} to {most}"
        for name, (default, least, most) in _SERVER_NUMBERS.items()
        if not _fits(os.environ.get(name) or str(default), least, most)
    ]


def sockets_are_inherited() -> bool:
    """Whether the server is given sockets that are already open, by systemd or by its predecessor."""
    return "GUNICORN_FD" in os.environ or "LISTEN_FDS" in os.environ


def _fits(given: str, least: int, most: int) -> bool:
    return given.isascii() and given.isdecimal() and least <= int(given) <= most


def _missing_folder() -> tuple[str, ...]:
    if "SECRETS_DIR" in os.environ and not SECRETS_FOLDER.is_dir():
        return ("SECRETS_DIR: is not a folder",)
    return ()


def _problem(error: Any) -> str:
    """An error of a field in words without its value, which may be a secret."""
    name = ".".join(map(str, error["loc"])).upper()
    given = error.get("input")
    why = f"its file cannot be read: {given.reason}" if isinstance(given, _Unreadable) else error["msg"]
    return f"{name}: {why}"


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half an IPv6 address
        return False
