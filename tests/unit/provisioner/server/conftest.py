"""An API whose requests are answered by the test."""

from collections.abc import Iterator

import pytest
import responses

from provisioner.server.calls import KeycloakApi
from provisioner.settings import Connection

URL = "http://keycloak.invalid:8080"
REALM = f"{URL}/admin/realms/portal"
TOKEN = f"{URL}/realms/master/protocol/openid-connect/token"
CONNECTION = Connection(URL, "master", "admin-cli", username="admin", password="pw")


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        mock.post(TOKEN, json={"access_token": "t", "expires_in": 300})
        yield mock


@pytest.fixture
def api() -> KeycloakApi:
    return KeycloakApi("portal", CONNECTION)


def asked(wire: responses.RequestsMock) -> list[str]:
    """The requests that were made, without the sign-in."""
    return [f"{call.request.method} {call.request.url}" for call in wire.calls if call.request.url != TOKEN]
