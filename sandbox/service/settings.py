"""What the sample service is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from sandbox.errors import SandboxError

CLIENT_ID = "sample-service"
REALM = "portal"


@dataclass(frozen=True)
class Settings:
    """Frozen; made from the environment once, at start."""

    service_url: str
    keycloak_url: str
    """Where this process reaches Keycloak."""
    keycloak_public_url: str
    """Where browsers reach it; the same unless a network lies between."""
    realm: str
    client_secret: str
    favourites_file: Path | None
    """Where favourites are kept; None forgets them when the process ends."""
    companies: Path | None
    """The company files, for what people read of services instead of ids; None leaves the ids.

    Names are the service's own configuration: they give no right, so no token has them.
    """

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """`SandboxError` names what is missing."""
        secret = environment.get("CLIENT_SAMPLE_SERVICE_SECRET")
        if not secret:
            raise SandboxError("the sample service needs CLIENT_SAMPLE_SERVICE_SECRET")
        keycloak = environment.get("KEYCLOAK_URL", "http://localhost:8080").rstrip("/")
        folder = environment.get("SERVICE_DATA_FOLDER")
        companies = environment.get("SERVICE_COMPANIES")
        return cls(
            service_url=environment.get("SERVICE_URL", "http://localhost:8001").rstrip("/"),
            keycloak_url=keycloak,
            keycloak_public_url=(environment.get("KEYCLOAK_PUBLIC_URL") or keycloak).rstrip("/"),
            realm=environment.get("KEYCLOAK_REALM", REALM),
            client_secret=secret,
            favourites_file=Path(folder) / "service.sqlite" if folder else None,
            companies=Path(companies) if companies else None,
        )

    @property
    def metadata_url(self) -> str:
        return f"{self.keycloak_url}/realms/{self.realm}/.well-known/openid-configuration"

    @property
    def sign_in_origin(self) -> str:
        parts = urlsplit(self.keycloak_public_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def secure(self) -> bool:
        return self.service_url.startswith("https:")
