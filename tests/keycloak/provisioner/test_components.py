"""Components: keys, a user federation with its mappers, policies of client registration."""

from typing import Any

import pytest

from tests.keycloak.provisioner.checks import applied, planned, repaired, says
from tests.keycloak.provisioner.realms import TestRealm

KEYS = "org.keycloak.keys.KeyProvider"
POLICIES = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy"
USERS = "org.keycloak.storage.UserStorageProvider"
MAPPERS = "org.keycloak.storage.ldap.mappers.LDAPStorageMapper"


def attribute(name: str, ldap: str) -> dict[str, Any]:
    config = {
        "ldap.attribute": [ldap],
        "user.model.attribute": [name],
        "read.only": ["true"],
        "is.mandatory.in.ldap": ["false"],
        "always.read.value.from.ldap": ["false"],
    }
    return {"name": name, "providerId": "user-attribute-ldap-mapper", "subComponents": {}, "config": config}


def ldap(*mappers: dict[str, Any], **config: str) -> dict[str, Any]:
    told = {
        "connectionUrl": "ldap://directory.example",
        "usersDn": "ou=people,dc=example",
        "authType": "simple",
        "bindDn": "cn=reader,dc=example",
        "bindCredential": "sesame",
        "vendor": "other",
        "editMode": "READ_ONLY",
        "usernameLDAPAttribute": "uid",
        "rdnLDAPAttribute": "uid",
        "uuidLDAPAttribute": "entryUUID",
        "userObjectClasses": "inetOrgPerson",
        "customUserSearchFilter": "",
        "enabled": "false",
        **config,
    }
    return {
        "name": "directory",
        "providerId": "ldap",
        "subComponents": {MAPPERS: list(mappers)},
        "config": {key: [value] for key, value in told.items()},
    }


def found(realm: TestRealm, type: str) -> list[dict]:
    return [each for each in realm.admin.get("components").json() if each["providerType"] == type]


class TestUserFederation:
    @pytest.fixture
    def made(self, realm: TestRealm) -> TestRealm:
        told = ldap(attribute("username", "uid"), attribute("nickname", "displayName"))
        says(realm, components={USERS: [told]})
        applied(realm)
        return realm

    def test_its_mappers_are_those_of_the_file(self, made: TestRealm):
        """Keycloak gives a new one seven of its own."""
        assert sorted(each["name"] for each in found(made, MAPPERS)) == ["nickname", "username"]

    def test_changes_by_hand(self, made: TestRealm):
        (provider,) = found(made, USERS)
        path = f"components/{provider['id']}"
        changed = {**provider["config"], "usersDn": ["ou=other"], "pagination": ["true"]}
        made.admin.put(path, {**provider, "config": changed}).raise_for_status()
        repaired(made, f"component/{USERS}/directory", writes=1)
        assert made.admin.get(path).json()["config"] == {**provider["config"], "pagination": ["true"]}
        mapper = next(each for each in found(made, MAPPERS) if each["name"] == "nickname")
        changed = {**mapper["config"], "ldap.attribute": ["cn"]}
        made.admin.put(f"components/{mapper['id']}", {**mapper, "config": changed}).raise_for_status()
        repaired(made, f"component/{USERS}/directory/{MAPPERS}/nickname", writes=1)

    def test_a_secret_is_sent_when_it_is_new(self, made: TestRealm):
        told = ldap(attribute("username", "uid"), attribute("nickname", "displayName"), bindCredential="open")
        says(made, components={USERS: [told]})
        repaired(made, f"component/{USERS}/directory")
        told["config"]["bindCredential"] = ["**********"]
        says(made, components={USERS: [told]})
        assert planned(made) == []

    def test_only_what_was_made_is_deleted(self, made: TestRealm):
        (provider,) = found(made, USERS)
        by_hand = {"providerType": MAPPERS, "parentId": provider["id"], **attribute("by hand", "cn")}
        del by_hand["subComponents"]
        made.admin.post("components", by_hand).raise_for_status()
        says(made, components={USERS: [ldap(attribute("username", "uid"))]})
        assert planned(made) == [("delete", f"component/{USERS}/directory/{MAPPERS}/nickname")]
        applied(made, prune=True)
        assert sorted(each["name"] for each in found(made, MAPPERS)) == ["by hand", "username"]
        says(made, components={USERS: []})
        assert planned(made) == [("delete", f"component/{USERS}/directory")]
        applied(made, prune=True)
        assert found(made, USERS) == []


def test_keys_that_the_server_does_not_show(realm: TestRealm):
    """An export of the whole realm has the generated keys, a later read has them not even as a mask."""
    key: dict[str, Any] = {"name": "more", "providerId": "hmac-generated", "config": {"priority": ["7"]}}
    key["config"] |= {
        "algorithm": ["HS256"],
        "kid": ["our-own"],
        "secret": ["MDEyMzQ1Njc4OWFiY2RlZg=="],
        "active": [""],
    }
    says(realm, components={KEYS: [key]})
    applied(realm)
    assert {each["name"] for each in found(realm, KEYS)} >= {"more", "rsa-generated", "aes-generated"}
    key["config"]["kid"] = ["another"]
    says(realm, components={KEYS: [key]})
    repaired(realm, f"component/{KEYS}/more")


def test_those_of_one_name_are_told_apart_and_an_export_is_no_difference(realm: TestRealm):
    says(realm)
    applied(realm)
    exported = realm.admin.post("partial-export").json()["components"]
    says(realm, components=exported)
    assert planned(realm) == []
    scopes = [each for each in exported[POLICIES] if each["name"] == "Allowed Client Scopes"]
    anonymous = next(each for each in scopes if each["subType"] == "anonymous")
    anonymous["config"] = {"allow-default-scopes": ["true"], "allowed-client-scopes": ["email", "profile"]}
    says(realm, components=exported)
    # the other write notes the key that is ours now
    repaired(realm, f"component/{POLICIES}/Allowed Client Scopes (anonymous)", writes=2)
    kept = {
        each["subType"]: each["config"] for each in found(realm, POLICIES) if each["name"] == scopes[0]["name"]
    }
    assert sorted(kept["anonymous"]["allowed-client-scopes"]) == ["email", "profile"]
    assert kept["authenticated"] == {"allow-default-scopes": ["true"]}
