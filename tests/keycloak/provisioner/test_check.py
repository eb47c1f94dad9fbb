"""`check` on the real server, by the command line, and the least rights a run can do with."""

import json

import pytest

from provisioner.checking.findings import NEEDED_RIGHTS
from tests.keycloak.provisioner.realms import TestRealm

COMPANIES = """
companies:
  - {id: acme, name: Acme, administrators: [anne@acme.example]}
  - {id: globex, name: Globex}
people:
  - {email: anne@acme.example, last_name: Durand, first_name: Anne}
"""


def findings(realm: TestRealm) -> dict[tuple[str, str], str]:
    ended = realm.command("--keycloak-realm", realm.name, "check", "--json")
    assert ended.stderr == ""
    told = {(each["kind"], each["about"]): each["message"] for each in json.loads(ended.stdout)["findings"]}
    assert ended.returncode == (2 if told else 0)
    return told


def test_what_no_file_says(realm: TestRealm):
    realm.write_companies(COMPANIES)
    assert realm.apply().complete
    realm.add_person("paul@globex.example", "/globex/externals")
    eve = realm.add_person("eve@globex.example", "/globex")
    management = realm.admin.get("clients", clientId="realm-management").json()[0]["id"]
    roles = {each["name"]: each for each in realm.admin.get(f"clients/{management}/roles").json()}
    realm.admin.post(f"users/{eve}/role-mappings/clients/{management}", [roles["view-users"]]).raise_for_status()
    account = realm.admin.get("users", username="service-account-portal-directory", exact="true").json()[0]["id"]
    path = f"users/{account}/role-mappings/clients/{management}"
    realm.admin.post(path, [roles["view-events"]]).raise_for_status()
    realm.admin.call("DELETE", path, [roles["query-groups"]]).raise_for_status()

    told = findings(realm)

    anne = told.pop(("never-activated", "anne@acme.example"))
    assert anne.startswith("the link works until ")
    assert told == {
        ("no-active-administrator", "acme"): "none of its administrators is active: 1 never activated",
        ("no-active-administrator", "globex"): "nobody administers this company",
        ("subgroup-without-company", "paul@globex.example"): "in globex/externals, but not attached to globex",
        ("foreign-right", "eve@globex.example"): "holds view-users of realm-management directly",
        ("right-too-many", "the portal's directory account"): "holds view-events",
        ("right-missing", "the portal's directory account"): "lacks query-groups",
    }


class TestLeastRights:
    @pytest.fixture
    def account(self, realm: TestRealm):
        """A service account in the realm with exactly the rights given, and the command run as it."""
        realm.write_companies("companies:\n  - {id: acme, name: Acme}\n")
        assert realm.apply().complete
        body = {
            "clientId": "provisioner",
            "secret": "provisioner-secret",
            "serviceAccountsEnabled": True,
            "standardFlowEnabled": False,
        }
        realm.admin.post("clients", body).raise_for_status()
        management = realm.admin.get("clients", clientId="realm-management").json()[0]["id"]
        user = realm.admin.get("users", username="service-account-provisioner", exact="true").json()[0]["id"]

        def run_with(rights: frozenset[str], *arguments: str):
            path = f"users/{user}/role-mappings/clients/{management}"
            held = realm.admin.get(path).json()
            if held:
                realm.admin.call("DELETE", path, held).raise_for_status()
            roles = realm.admin.get(f"clients/{management}/roles").json()
            wanted = [role for role in roles if role["name"] in rights]
            realm.admin.post(path, wanted).raise_for_status()
            return realm.command_as("provisioner", "provisioner-secret", *arguments)

        return run_with

    def test_they_are_enough_to_repair_everything(self, realm: TestRealm, account):
        realm.content["displayName"] = "Another"
        realm.content["clients"][0]["name"] = "Another"
        realm.content["groups"].append({"name": "auditors"})
        realm.write()
        realm.write_companies("companies:\n  - {id: acme, name: Acme Énergie}\n  - {id: globex, name: Globex}\n")
        ended = account(NEEDED_RIGHTS, "apply", str(realm.folder), "--yes")
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert account(NEEDED_RIGHTS, "plan", str(realm.folder)).returncode == 0
        assert realm.plan().writes == ()

    def test_a_check_names_the_one_that_is_missing(self, account):
        ended = account(NEEDED_RIGHTS - {"manage-realm"}, "check")
        assert ended.returncode == 2
        assert "the account of this run: lacks manage-realm" in ended.stdout
        assert ended.stdout.count("the account of this run") == 1

    def test_without_one_an_apply_says_what_was_refused(self, realm: TestRealm, account):
        realm.content["displayName"] = "Another"
        realm.write()
        ended = account(NEEDED_RIGHTS - {"manage-realm"}, "apply", str(realm.folder), "--yes")
        assert ended.returncode == 1
        assert "403" in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
