"""Whatever Keycloak imports, an apply takes, and what the two make of a file is the same.

`import, then plan: empty` is the judge: it compares with Keycloak's own reading of the file.
"""

import json
from pathlib import Path

import pytest
import yaml

from tests.keycloak.provisioner.imported import Foreign, ForeignRealm, content_of, differences
from tests.keycloak.provisioner.older_exports import export_of, named

CASES = Path(__file__).parent / "cases"
VERSIONS = ("10.0", "13.0", "24.0", "26.7")
"""Those whose exports differ most; `older_exports` has the others."""


MIGRATED = ("required-action/CONFIGURE_TOTP", "required-action/UPDATE_PASSWORD")
OTHER_BY_IMPORT = {
    "10.0": MIGRATED,
    "13.0": (*MIGRATED, "client-policy/", "client-profile/"),
    "24.0": MIGRATED,
}
"""An import gives these required actions other priorities, and drops client policies with keys of Keycloak 13."""


def of_case(foreign: Foreign, name: str) -> ForeignRealm:
    return foreign((CASES / name).read_text(encoding="utf-8"), Path(name).suffix)


def as_import(realm: ForeignRealm) -> dict:
    if realm.file.suffix == ".json":
        return content_of(realm.file)
    return yaml.safe_load(realm.file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", VERSIONS)
class TestFullExports:
    def test_it_is_applied_and_then_left_alone(self, version: str, foreign: Foreign):
        """An export of that Keycloak is applied to an empty server; the second plan is empty."""
        realm = foreign(json.dumps(named(export_of(version), "REALM"), indent=1))
        assert realm.plan().refused == ()
        outcome = realm.apply()
        assert outcome.complete, (str(outcome.error), str(outcome.failed and outcome.failed.address))
        assert differences(realm.plan()) == []

    def test_an_import_makes_the_same_realm(self, version: str, foreign: Foreign):
        """After Keycloak's own import, a plan with the file is empty, and one with an export of the realm too.

        `OTHER_BY_IMPORT` is not compared: an apply takes the values of the file as written.
        """
        realm = foreign(json.dumps(named(export_of(version), "REALM"), indent=1))
        realm.import_by_keycloak(content_of(realm.file))
        other = OTHER_BY_IMPORT.get(version, ())
        assert [each for each in differences(realm.plan()) if not each[1].startswith(other)] == []
        assert differences(realm.plan_after_export()) == []


UNTOUCHABLE = "Keycloak lets no one change realm-management"
NOWHERE = "defined nowhere: made, as an import does"
TAKEN: dict[str, list[str]] = {
    "attributes-1.json": [],
    "backchannel-protocol.json": [],
    "client-defaults.json": [],
    "client-policies-old.json": [],
    "config-in-two-own-flows.json": [],
    "config-of-two-flows.json": [],
    "empty-text-in-a-list.json": [],
    "keys-2.yaml": [],
    "made-with-its-client.json": [],
    "mapper-consent.json": ["Keycloak drops consentRequired and consentText of a mapper: left out"],
    "name-id.yaml": [],
    "own-flow-marked-built-in.json": ["marked as built-in, but Keycloak has no such flow: made as an own flow"],
    "priorities.json": [],
    "public-client-secret.json": ["a public client has no secret: left out"],
    "realm-management-attributes.json": [UNTOUCHABLE],
    "realm-management-mapper.json": [UNTOUCHABLE],
    "realm-management-role.json": [UNTOUCHABLE],
    "realm-management-scope-mapping.json": [UNTOUCHABLE],
    "realm-management-secret.json": [UNTOUCHABLE],
    "repeats-in-a-set.json": [],
    "role-of-a-group-nowhere.json": [NOWHERE],
    "role-of-a-new-client-nowhere.json": [NOWHERE],
    "role-of-a-user-nowhere.json": [NOWHERE, NOWHERE],
    "same-configuration-twice.json": [],
    "saml-client-defaults.json": [],
    "service-account-name.json": [],
    "undeclared-attribute.json": [
        "the user profile does not declare the attribute shoe (and of 1 more): Keycloak drops it"
    ],
}
"""Small files that Keycloak's import takes, and the warnings of the plan."""
NOT_AS_IMPORTED = {
    "client-policies-old.json": "an import drops a policy that has keys of Keycloak 13",
    "realm-management-secret.json": "an import turns the client's bearerOnly off and gives it a new secret",
    "same-configuration-twice.json": "an import makes two configurations of one alias",
}


@pytest.mark.parametrize("case", sorted(TAKEN))
def test_a_case_is_applied_and_then_left_alone(case: str, foreign: Foreign):
    """What the server does not take over is a warning; the second plan is empty."""
    realm = of_case(foreign, case)
    planned = realm.plan()
    assert planned.refused == ()
    found = [remark.reason for remark in planned.remarks]
    assert len(found) == len(TAKEN[case]), found
    assert all(wanted in reason for wanted, reason in zip(TAKEN[case], found, strict=True)), found
    outcome = realm.apply()
    assert outcome.complete, (str(outcome.error), str(outcome.failed and outcome.failed.address))
    again = realm.plan()
    assert again.writes == ()
    assert again.unmanaged == ()


@pytest.mark.parametrize("case", sorted(TAKEN.keys() - NOT_AS_IMPORTED.keys()))
def test_a_case_is_read_as_keycloak_reads_it(case: str, foreign: Foreign):
    """Keycloak's own import of the file leaves nothing to change."""
    realm = of_case(foreign, case)
    realm.import_by_keycloak(as_import(realm))
    assert differences(realm.plan()) == []


def test_a_client_has_nothing_that_its_file_does_not_say(foreign: Foreign):
    """Keycloak's defaults for a new client are a public client and an open redirect: neither for a moment."""
    realm = of_case(foreign, "client-defaults.json")
    assert realm.apply().complete
    (client,) = realm.get("clients?clientId=desk")
    assert (client["publicClient"], client["directAccessGrantsEnabled"]) == (False, False)
    assert (client["redirectUris"], client["webOrigins"]) == ([], [])
    assert client["secret"] == "only-a-test"


class TestKeysOfOurs:
    """A key that an apply set and the files drop is listed as a deletion, and made with --prune."""

    DROPPED = (
        "client/desk#attributes.x.two",
        "client/desk#authenticationFlowBindingOverrides.browser",
        "client-mapper/desk/m#config.introspection.token.claim",
        "group/depot#attributes.b",
        "identity-provider/x#config.prompt",
        "realm/{realm}#attributes.x.two",
        "realm/{realm}#browserSecurityHeaders.xRobotsTag",
        "realm/{realm}#smtpServer.replyTo",
        "role/reader#attributes.b",
    )

    def test_in_every_object_of_free_keys(self, foreign: Foreign):
        realm = of_case(foreign, "keys-1.yaml")
        assert realm.apply().complete
        assert realm.plan().changes == ()
        realm.write((CASES / "keys-2.yaml").read_text(encoding="utf-8"))
        planned = realm.plan()
        assert {str(change.address) for change in planned.deletions} == {
            address.format(realm=realm.name) for address in self.DROPPED
        }
        kept = realm.apply()
        assert kept.complete
        assert len(kept.kept) == len(self.DROPPED)
        assert realm.apply(prune=True).complete
        assert realm.plan().changes == ()

    def test_a_text_of_a_language(self, foreign: Foreign):
        realm = of_case(foreign, "texts-1.json")
        assert realm.apply().complete
        realm.write((CASES / "texts-2.json").read_text(encoding="utf-8"))
        assert realm.apply().complete
        realm.write((CASES / "texts-3.json").read_text(encoding="utf-8"))
        assert {str(change.address) for change in realm.plan().deletions} == {
            "localization/en",
            "localization/fr#emptyOne",
            "localization/fr#loginAccountTitle",
        }
        assert realm.apply(prune=True).complete
        assert realm.get("localization/fr") == {"doLogIn": "Entrer"}

    def test_an_empty_object_is_none_of_mine(self, foreign: Foreign):
        realm = of_case(foreign, "attributes-1.json")
        assert realm.apply().complete
        realm.write((CASES / "attributes-2.json").read_text(encoding="utf-8"))
        assert len(realm.plan().deletions) == 3
        assert realm.apply(prune=True).complete
        assert realm.plan().changes == ()


def test_a_profile_with_one_key_leaves_the_others(foreign: Foreign):
    """A key that is absent is untouched, in the user profile too."""
    realm = of_case(foreign, "profile-policy-only.json")
    assert realm.apply().complete
    assert realm.plan().writes == ()
    profile = realm.get("users/profile")
    assert profile["unmanagedAttributePolicy"] == "ADMIN_EDIT"
    assert [attribute["name"] for attribute in profile["attributes"]][:2] == ["username", "email"]


def test_a_shared_configuration_survives_the_flow_that_shared_it(foreign: Foreign):
    """Keycloak deletes a configuration together with any execution that has it: the other flow gets it back."""
    text = (CASES / "config-in-two-own-flows.json").read_text(encoding="utf-8")
    realm = foreign(text)
    assert realm.apply().complete
    content = json.loads(text)
    del content["authenticationFlows"][1]
    realm.write(json.dumps(content))
    assert [str(change.address) for change in realm.plan().deletions] == ["flow/two"]
    assert realm.apply(prune=True).complete
    assert realm.plan().changes == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"identityProviders": [{"alias": "x", "providerId": "nope", "config": {}}]}, "no identity provider nope"),
        ({"clients": [{"clientId": "x", "protocol": "nope"}]}, "no protocol nope"),
        ({"passwordPolicy": "nope(1)"}, "no password policy nope"),
        ({"clientScopes": [{"name": "a é", "protocol": "openid-connect"}]}, "the name of a scope"),
        ({"requiredActions": [{"alias": "NOPE", "providerId": "NOPE"}]}, "no required action NOPE"),
        (
            {"components": {"org.keycloak.keys.KeyProvider": [{"name": "x", "providerId": "nope", "config": {}}]}},
            "no nope of org.keycloak.keys.KeyProvider",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_server_does_not_offer_is_refused_before_the_realm_is_made(
    content: dict, reason: str, foreign: Foreign
):
    realm = foreign(json.dumps({"realm": "REALM", "enabled": True, **content}))
    (change,) = realm.plan().refused
    assert reason in change.reason
