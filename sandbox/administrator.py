"""The administrator of the sandbox's Keycloak: fixed, for throw-away servers on the loopback only; and tokens."""

from __future__ import annotations

from dataclasses import dataclass

import requests


@dataclass(frozen=True)
class Credentials:
    """What the bootstrap administrator of the realm `master` signs in with."""

    username: str = "admin"
    password: str = "admin-of-the-sandbox"


ADMIN = Credentials()


def admin_token(url: str) -> str:
    """An access token of the administrator (it lives one minute)."""
    return access_token(
        url,
        "master",
        grant_type="password",
        client_id="admin-cli",
        username=ADMIN.username,
        password=ADMIN.password,
    )


def client_token(url: str, realm: str, client_id: str, client_secret: str) -> str:
    """An access token of a client's service account."""
    return access_token(
        url, realm, grant_type="client_credentials", client_id=client_id, client_secret=client_secret
    )


def access_token(url: str, realm: str, **form: str) -> str:
    """The token that the realm gives for this form (RFC 6749, 4.3 and 4.4)."""
    answer = requests.post(f"{url}/realms/{realm}/protocol/openid-connect/token", data=form, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["access_token"])
