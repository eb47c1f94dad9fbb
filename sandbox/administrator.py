"""The administrator of the sandbox's Keycloak: fixed, for throw-away servers on the loopback only."""

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
    answer = requests.post(
        f"{url}/realms/master/protocol/openid-connect/token",
        data={
            "grant_type": "password",
            "client_id": "admin-cli",
            "username": ADMIN.username,
            "password": ADMIN.password,
        },
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])
