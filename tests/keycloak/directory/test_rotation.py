"""The secret of the service account is changed while the portal works."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from directory.errors import UnavailableError
from tests.contract.realm import Realm
from webapp import settings as portal_settings
from webapp.settings import Settings

NAME = "client_portal_directory_secret"


@pytest.fixture
def client(keycloak_realm: Realm) -> Iterator[dict]:
    """The service account's client, whose tokens live a second here; afterwards as it was."""
    with keycloak_realm.tokens_living(1) as found:
        yield found


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

    portal = keycloak_realm.directory(secrets=lambda: settings.secrets(NAME))

    def works() -> None:
        time.sleep(1.1)  # past the life of the token before
        portal.check()

    works()
    file.write_text(f"{new}\n", encoding="utf-8")
    works()
    changed = {**client, "secret": new, "attributes": {"access.token.lifespan": "1"}}
    keycloak_realm.admin.put(f"/clients/{client['id']}", json=changed).raise_for_status()
    works()
    works()
    with pytest.raises(UnavailableError):
        keycloak_realm.directory(secrets=lambda: [old]).check()
