"""An administrator of the test server that signs in by a client's secret: no password is hashed for each token."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import requests

from provisioner.settings import Connection
from sandbox.administrator import admin_token, client_token

CLIENT = "tests"
SECRET = "secret-of-the-tests"
TOKEN_SECONDS = 30
"""How long a token is used again; it lives for a minute."""


@cache
def administrator(url: str) -> Connection:
    """Return how to reach the server as administrator; make the client in `master` the first time."""
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {admin_token(url)}"
    master = f"{url}/admin/realms/master"
    client = {"clientId": CLIENT, "secret": SECRET, "serviceAccountsEnabled": True, "standardFlowEnabled": False}
    made = http.post(f"{master}/clients", json=client, timeout=30)
    if made.status_code != 409:  # another process has made it
        made.raise_for_status()
        account = http.get(f"{made.headers['Location']}/service-account-user", timeout=30).json()["id"]
        role = http.get(f"{master}/roles/admin", timeout=30).json()
        given = http.post(f"{master}/users/{account}/role-mappings/realm", json=[role], timeout=30)
        given.raise_for_status()
    return Connection(url, "master", CLIENT, client_secret=SECRET)


def ask(http: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
    """The answer to one request; a read that Keycloak answers with 500 is repeated once.

    Each realm that is made or dropped changes the administrator's role. When two requests need that role right
    after it, one can fail (26.7.5: NullPointerException in `DefaultLazyLoader`, which is not safe for threads).
    Processes that share one Keycloak meet that now and then.
    """
    answer = http.request(method, url, timeout=30, **options)
    if method == "GET" and answer.status_code == requests.codes.internal_server_error:
        answer = http.request(method, url, timeout=30, **options)
    return answer


class Token:
    """An access token of the administrator, renewed in time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._value = ""
        self._until = 0.0

    def __call__(self) -> str:
        if time.monotonic() > self._until:
            self._until = time.monotonic() + TOKEN_SECONDS
            self._value = self._ask()
        return self._value

    def _ask(self) -> str:
        connection = administrator(self._url)
        return client_token(self._url, connection.login_realm, connection.client_id, connection.client_secret)
