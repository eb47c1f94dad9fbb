"""What the portal reads from its environment, and by files of secrets."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from babel.dates import get_timezone
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS_FOLDER = Path(os.environ.get("SECRETS_DIR", "/run/secrets"))
"""Where container engines put secrets: one file each, named like the setting."""


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
    session_idle_minutes: int = 30
    session_absolute_hours: int = 10
    notifications: bool = True
    smtp_host: str = "localhost"
    smtp_port: int = 25
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
    privacy_contact: str = ""
    operator_contact: str = ""

    @field_validator("portal_url", "service_url", "keycloak_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname:
            raise ValueError("must be an address that starts with http:// or https://")
        return value.rstrip("/")

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
