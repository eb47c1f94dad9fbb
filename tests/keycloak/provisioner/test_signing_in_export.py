"""All about signing in, exported: files that differ in nothing from the realm they were read from."""

import copy
import json
from pathlib import Path

from tests.keycloak.provisioner import test_client_policies, test_components, test_flows, test_identity_providers
from tests.keycloak.provisioner.checks import applied, planned, says
from tests.keycloak.provisioner.realms import TestRealm


def test_the_export_of_a_realm_plans_nothing(realm: TestRealm, tmp_path: Path):
    realm.gives_keys = False
    told = copy.deepcopy(test_flows.SIGN_IN)
    told["requiredActions"] = [{"alias": "UPDATE_PASSWORD", "enabled": False}]
    told["localizationTexts"] = {"fr": {"greeting": "Bonjour ${user}"}}
    mappers = [test_components.attribute("username", "uid")]
    says(
        realm,
        **told,
        **test_client_policies.BOTH,
        identityProviders=[test_identity_providers.OWN],
        identityProviderMappers=[test_identity_providers.MAPPER],
        components={test_components.USERS: [test_components.ldap(*mappers)]},
        clients=[
            {
                "clientId": "c",
                "publicClient": True,
                "authenticationFlowBindingOverrides": {"browser": "sign in"},
            }
        ],
    )
    applied(realm)
    folder = tmp_path / "exported"
    done = realm.command("--keycloak-realm", realm.name, "export", str(folder))
    assert done.returncode == 0, done.stderr
    exported = json.loads((folder / "realm-export.json").read_text(encoding="utf-8"))
    assert [flow["alias"] for flow in exported["authenticationFlows"]] == sorted(
        flow["alias"] for flow in told["authenticationFlows"]
    )
    assert "**********" not in json.dumps(exported)
    for name in variables(json.dumps(exported)):
        realm.environment[name] = "sesame"
    realm.content = exported
    realm.write()
    assert planned(realm) == []


def variables(text: str) -> set[str]:
    return {part.partition("}")[0] for part in text.split("${")[1:] if part[0].isupper()}
