"""Identity providers and their mappers; the server shows no client secret."""

from typing import Any

import pytest

from tests.keycloak.provisioner.checks import applied, planned, reasons, repaired, says
from tests.keycloak.provisioner.realms import TestRealm

OWN: dict[str, Any] = {
    "alias": "own",
    "displayName": "Our own",
    "internalId": "11111111-2222-3333-4444-555555555555",
    "providerId": "oidc",
    "enabled": True,
    "updateProfileFirstLoginMode": "on",
    "trustEmail": True,
    "linkOnly": False,
    "firstBrokerLoginFlowAlias": "first broker login",
    "config": {
        "clientId": "x",
        "clientSecret": "sesame",
        "authorizationUrl": "https://own.example/authorize",
        "tokenUrl": "https://own.example/token",
        "hideOnLoginPage": "true",
        "guiOrder": "",
    },
}
MAPPER = {
    "name": "title",
    "identityProviderAlias": "own",
    "identityProviderMapper": "oidc-user-attribute-idp-mapper",
    "config": {"claim": "title", "user.attribute": "title", "syncMode": "INHERIT"},
}
PATH = "identity-provider/instances/own"


def with_config(provider: dict[str, Any], **config: str) -> dict[str, Any]:
    return {**provider, "config": {**provider["config"], **config}}


@pytest.fixture
def made(realm: TestRealm) -> TestRealm:
    says(realm, identityProviders=[OWN], identityProviderMappers=[MAPPER])
    applied(realm)
    return realm


def test_what_was_hidden_before_26_is(made: TestRealm):
    assert made.admin.get(PATH).json()["hideOnLogin"] is True


def test_changes_by_hand_are_seen_and_what_the_file_does_not_name_is_kept(made: TestRealm):
    present = made.admin.get(PATH).json()
    changed = {**with_config(present, tokenUrl="https://other.example/", prompt="login"), "trustEmail": False}
    made.admin.put(PATH, changed)
    repaired(made, "identity-provider/own", writes=1)
    after = made.admin.get(PATH).json()
    assert after["config"] == {**present["config"], "prompt": "login"}
    (mapper,) = made.admin.get(f"{PATH}/mappers").json()
    made.admin.put(f"{PATH}/mappers/{mapper['id']}", {**mapper, "config": {**mapper["config"], "claim": "x"}})
    repaired(made, "identity-provider-mapper/own/title", writes=1)
    made.admin.delete(f"{PATH}/mappers/{mapper['id']}")
    repaired(made, "identity-provider-mapper/own/title")


def test_a_secret_is_sent_when_it_is_new_and_survives_other_changes(made: TestRealm):
    says(made, identityProviders=[with_config(OWN, clientSecret="open")], identityProviderMappers=[MAPPER])
    repaired(made, "identity-provider/own")
    masked = with_config({**OWN, "displayName": "New"}, clientSecret="**********")
    says(made, identityProviders=[masked], identityProviderMappers=[MAPPER])
    repaired(made, "identity-provider/own", writes=1)
    says(made, identityProviders=[{**with_config(OWN, clientSecret="open"), "displayName": "New"}])
    assert planned(made) == []


def test_another_provider_takes_its_place_with_all_mappers(made: TestRealm):
    other = {**OWN, "providerId": "keycloak-oidc"}
    says(made, identityProviders=[other], identityProviderMappers=[MAPPER])
    found = [("replace", "identity-provider/own"), ("create", "identity-provider-mapper/own/title")]
    assert planned(made) == found
    applied(made)


def test_only_what_was_made_is_deleted(made: TestRealm):
    by_hand = {**MAPPER, "name": "by hand"}
    made.admin.post(f"{PATH}/mappers", by_hand).raise_for_status()
    says(made, identityProviders=[OWN], identityProviderMappers=[])
    assert planned(made) == [("delete", "identity-provider-mapper/own/title")]
    applied(made, prune=True)
    assert [each["name"] for each in made.admin.get(f"{PATH}/mappers").json()] == ["by hand"]
    says(made, identityProviders=[])
    applied(made, prune=True)
    assert made.admin.get(PATH).status_code == 404


def test_what_is_not_there_is_refused(made: TestRealm):
    mapper = {**MAPPER, "identityProviderAlias": "nobody"}
    flows = {"firstBrokerLoginFlowAlias": "no flow"}
    says(made, identityProviders=[{**OWN, **flows}], identityProviderMappers=[mapper])
    assert reasons(made) == {
        "identity-provider/own": "the flow no flow is neither in the files nor on the server",
        "identity-provider-mapper/nobody/title": (
            "the identity provider nobody is neither in the files nor on the server"
        ),
    }
