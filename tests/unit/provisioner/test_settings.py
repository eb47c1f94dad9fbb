"""The connection: complete and contradictory settings."""

import pytest

from provisioner.errors import SettingsError
from provisioner.settings import Options, connection

URL = {"KEYCLOAK_URL": "http://localhost:8080"}
AS_USER = {**URL, "KEYCLOAK_USERNAME": "admin", "KEYCLOAK_PASSWORD": "pw"}
AS_CLIENT = {**URL, "KEYCLOAK_CLIENT_ID": "operations", "KEYCLOAK_CLIENT_SECRET": "hush"}


def made(environment, **options):
    return connection(Options(**options).over(environment), "portal")


def test_a_user_signs_in_at_master():
    found = made(AS_USER)
    assert (found.login_realm, found.client_id, found.username) == ("master", "admin-cli", "admin")
    assert found.client_secret is None


def test_a_client_signs_in_at_the_realm():
    found = made(AS_CLIENT)
    assert (found.login_realm, found.client_id, found.client_secret) == ("portal", "operations", "hush")
    assert found.username is None


@pytest.mark.parametrize("environment", [AS_USER, AS_CLIENT])
def test_the_sign_in_realm_can_be_set(environment):
    assert made({**environment, "KEYCLOAK_LOGIN_REALM": "other"}).login_realm == "other"


def test_options_override_the_environment():
    assert made(AS_USER, keycloak_url="http://other").url == "http://other"


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "KEYCLOAK_URL"),
        (URL, "KEYCLOAK_CLIENT_ID and KEYCLOAK_CLIENT_SECRET, or"),
        ({**AS_USER, "KEYCLOAK_PASSWORD": ""}, "KEYCLOAK_PASSWORD"),
        ({**URL, "KEYCLOAK_PASSWORD": "pw"}, "KEYCLOAK_USERNAME"),
        ({**URL, "KEYCLOAK_CLIENT_SECRET": "hush"}, "KEYCLOAK_CLIENT_ID"),
        ({**AS_USER, "KEYCLOAK_CLIENT_SECRET": "hush"}, "not both"),
    ],
)
def test_missing_settings_are_named(environment, message):
    with pytest.raises(SettingsError, match=message):
        made(environment)


def test_no_secret_shows_when_a_connection_is_printed():
    assert "hush" not in repr(made(AS_CLIENT))
    assert "pw" not in repr(made(AS_USER))
