"""Users of a realm file, their credentials and their links to identity providers: on a real Keycloak."""

import copy
import json

import pytest
import requests

from tests.keycloak.provisioner.realms import TestRealm

HASHED = {
    "type": "password",
    "userLabel": "from elsewhere",
    "secretData": json.dumps(
        {"value": "zi1IqUbXQpqVcs5uHXsnfTZUBRfVlTXNU4Bcy1XTqYg=", "salt": "GJXlDLYx6kWOGPFVbk65Zw=="}
    ),
    "credentialData": json.dumps({"hashIterations": 27500, "algorithm": "pbkdf2-sha256"}),
}
USERS = {
    "roles": {"realm": [{"name": "auditor"}]},
    "groups": [{"name": "a/b"}, {"name": "staff"}],
    "clients": [{"clientId": "Shop", "serviceAccountsEnabled": True, "secret": "s"}],
    "users": [
        {
            "username": "Olive",
            "email": "olive@portal.example",
            "firstName": "Olive",
            "lastName": "Petit",
            "enabled": True,
            "emailVerified": True,
            "requiredActions": ["UPDATE_PASSWORD"],
            "credentials": [{"type": "password", "value": "a-Password-of-16", "temporary": False}],
            "groups": ["/a/b", "staff"],
            "realmRoles": ["auditor"],
            "clientRoles": {"account": ["view-profile"]},
            "federatedIdentities": [{"identityProvider": "elsewhere", "userId": "17", "userName": "olive"}],
        },
        {"username": "oscar", "enabled": True, "credentials": [HASHED]},
        {"username": "service-account-shop", "serviceAccountClientId": "Shop", "groups": ["/staff"]},
    ],
}


@pytest.fixture
def applied(realm: TestRealm) -> TestRealm:
    realm.content = {"realm": realm.name, "enabled": True}
    realm.write()
    assert realm.apply().complete
    provider = {"alias": "elsewhere", "providerId": "oidc", "config": {"clientId": "x", "clientSecret": "y"}}
    realm.admin.post("identity-provider/instances", provider).raise_for_status()
    realm.content.update(copy.deepcopy(USERS))
    realm.write()
    outcome = realm.apply()
    assert outcome.complete, outcome.error
    return realm


def planned(realm: TestRealm) -> list[str]:
    return [f"{change.action} {change.address}" for change in realm.plan().writes]


def user(realm: TestRealm, name: str) -> dict:
    return realm.admin.get("users", username=name, exact="true").json()[0]


def groups(realm: TestRealm, name: str) -> set[str]:
    return {each["name"] for each in realm.admin.get(f"users/{user(realm, name)['id']}/groups").json()}


def test_they_are_there_and_a_second_apply_writes_nothing(applied: TestRealm):
    assert planned(applied) == []
    assert applied.apply().complete
    assert applied.api.writes == []
    olive = user(applied, "olive")
    assert (olive["firstName"], olive["requiredActions"]) == ("Olive", ["UPDATE_PASSWORD"])
    assert groups(applied, "olive") == {"a/b", "staff"}
    assert groups(applied, "service-account-shop") == {"staff"}
    (link,) = applied.admin.get(f"users/{olive['id']}/federated-identity").json()
    assert (link["identityProvider"], link["userId"]) == ("elsewhere", "17")
    (credential,) = applied.admin.get(f"users/{user(applied, 'oscar')['id']}/credentials").json()
    assert (credential["type"], json.loads(credential["credentialData"])["hashIterations"]) == ("password", 27500)


def test_a_credential_is_given_once_and_never_sent_again(applied: TestRealm):
    """Who has lost his password gets the one of the file; who has another keeps it."""
    olive, oscar = user(applied, "olive")["id"], user(applied, "oscar")["id"]
    new = {"type": "password", "value": "Another-one-of-17", "temporary": False}
    applied.admin.put(f"users/{olive}/reset-password", new)
    (credential,) = applied.admin.get(f"users/{oscar}/credentials").json()
    applied.admin.delete(f"users/{oscar}/credentials/{credential['id']}")
    applied.admin.put(f"users/{olive}", {**user(applied, "olive"), "requiredActions": []})
    (change,) = applied.plan().writes
    assert (str(change.address), change.after) == ("user/oscar", {"credentialTypes": ["password"]})
    assert applied.apply().complete
    assert planned(applied) == []
    assert len(applied.admin.get(f"users/{oscar}/credentials").json()) == 1
    form = {"grant_type": "password", "client_id": "admin-cli", "username": "olive", "password": new["value"]}
    address = f"{applied.url}/realms/{applied.name}/protocol/openid-connect/token"
    assert requests.post(address, data=form, timeout=30).status_code == 200


def test_what_was_changed_by_hand(applied: TestRealm):
    olive = user(applied, "olive")
    applied.admin.put(f"users/{olive['id']}", {**olive, "lastName": "Grand", "enabled": False})
    applied.admin.delete(f"users/{olive['id']}/federated-identity/elsewhere")
    applied.admin.delete(f"users/{olive['id']}/groups/{applied.group('/staff')}")
    applied.admin.put(f"users/{user(applied, 'oscar')['id']}/groups/{applied.group('/staff')}")
    assert planned(applied) == ["update user/olive", "create federated-identity/olive/elsewhere"]
    assert applied.apply().complete
    assert planned(applied) == []
    assert groups(applied, "oscar") == {"staff"}
    applied.content["users"] = [{**applied.content["users"][0]}]
    applied.content["users"][0]["federatedIdentities"] = [
        {"identityProvider": "elsewhere", "userId": "18", "userName": "olive"}
    ]
    applied.write()
    assert planned(applied) == ["replace federated-identity/olive/elsewhere"]
    assert applied.apply().complete
    assert planned(applied) == []


def test_the_address_is_the_name_where_the_realm_says_so(realm: TestRealm):
    person = {"username": "olive", "email": "Olive@portal.example", "enabled": True}
    realm.content = {"realm": realm.name, "registrationEmailAsUsername": True, "users": [person]}
    realm.write()
    assert realm.apply().complete
    assert planned(realm) == []
    del realm.content["registrationEmailAsUsername"]
    realm.write()
    assert planned(realm) == []
    person["groups"] = ["/nowhere"]
    realm.write()
    assert realm.plan().refused[0].reason == "the group /nowhere is neither in the files nor on the server"
