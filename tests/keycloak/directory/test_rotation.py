"""The secret of the service account is changed while the portal works."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from directory.errors import UnavailableError
from directory.keycloak_gateway.directory import KeycloakDirectory
from tests.contract.realm import Realm
from webapp import settings as portal_settings
from webapp.settings import Settings

NAME = "client_portal_directory_secret"


@pytest.fixture
def client(keycloak_realm: Realm) -> Iterator[dict]:
    """The service account's client, whose tokens live a second here; afterwards as it was."""
    path = "/clients"
    (found,) = keycloak_realm.admin.get(path, params={"clientId": keycloak_realm.directory_client_id}).json()
    change(
        keycloak_realm,
        {**found, "attributes": {**found.get("attributes", {}), "access.token.lifespan": "1"}},
        found,
    )
    yield found
    secret = keycloak_realm.directory_client_secret
    change(keycloak_realm, {**found, "secret": secret}, found)


def change(realm: Realm, representation: dict, client: dict) -> None:
    realm.admin.put(f"/clients/{client['id']}", json=representation).raise_for_status()


def test_without_a_pause(
    keycloak_realm: Realm, client: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the file, then Keycloak: each call in between and after succeeds, each with a token of its own.

    A portal that has only the old one is refused, so it is the new one that serves.
    """
    monkeypatch.setattr(portal_settings, "SECRETS_FOLDER", tmp_path)
    file = tmp_path / NAME
    old, new = keycloak_realm.directory_client_secret, "a-new-secret-of-the-service-account"
    file.write_text(f"{old}\n", encoding="utf-8")
    settings = Settings(client_portal_secret="unused", secret_key="a key for tests only")

    def make(secrets) -> KeycloakDirectory:
        return KeycloakDirectory(
            keycloak_realm.url,
            keycloak_realm.realm,
            keycloak_realm.directory_client_id,
            secrets,
            portal_client_id=keycloak_realm.portal_client_id,
            redirect_uri=f"{keycloak_realm.portal_url}/",
        )

    portal = make(lambda: settings.secrets(NAME))

    def works() -> None:
        time.sleep(1.1)  # past the life of the token before
        portal.check()

    works()
    file.write_text(f"{new}\n", encoding="utf-8")
    works()
    change(keycloak_realm, {**client, "secret": new, "attributes": {"access.token.lifespan": "1"}}, client)
    works()
    works()
    with pytest.raises(UnavailableError):
        make(lambda: [old]).check()
