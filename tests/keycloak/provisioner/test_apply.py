"""Plan and apply on a real Keycloak: what is made, that a second run writes nothing, what is left alone."""

import base64
import json
import re
import secrets
from datetime import UTC, datetime, timedelta

import pytest
import requests

from provisioner.kinds import company_groups
from sandbox.mail_catcher import Behaviour, MailCatcher
from tests.keycloak.provisioner.realms import PORTAL_URL, TestRealm

PEOPLE = """
companies:
  - id: acme
    name: Acme Énergie
    services: [data, cataliz]
    administrators: [{email}]
people:
  - {{email: {email}, last_name: Durand, first_name: Anne, title: mme, locale: fr}}
"""
PASSWORD = "a-Password-of-16"
BY_HAND = {"clientId": "by-hand", "redirectUris": ["https://by-hand.example/"]}


@pytest.fixture
def email() -> str:
    return f"anne.{secrets.token_hex(4)}@acme.example"


def addresses(changes) -> list[str]:
    return [str(change.address) for change in changes]


def claims(token: str) -> dict:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def mails_to(mail: MailCatcher, email: str) -> list[dict]:
    messages = requests.get(f"{mail.url}/api/messages", timeout=10).json()
    return [message for message in messages if email in message["to"]]


class TestTwice:
    def test_the_second_apply_writes_nothing(self, realm: TestRealm, email):
        """Counted on the wire and in Keycloak's own admin events."""
        realm.write_companies(PEOPLE.format(email=email))
        first = realm.apply()
        assert first.complete
        assert first.warnings == []
        before = len(realm.admin.get("admin-events", max="1000").json())

        second = realm.apply()

        assert second.done == []
        assert realm.api.writes == []
        assert len(realm.admin.get("admin-events", max="1000").json()) == before

    def test_the_command_says_so(self, realm: TestRealm):
        path = str(realm.folder)
        assert realm.command("plan", path).returncode == 2
        assert realm.command("apply", path).returncode == 1
        assert realm.command("apply", path, "--yes").returncode == 0
        again = realm.command("plan", path, "--json")
        assert (again.returncode, json.loads(again.stdout)) == (0, {"changes": [], "warnings": []})
        for secret in ("portal-secret", "service-secret", "directory-secret"):
            assert secret not in again.stdout + again.stderr


class TestDrift:
    @pytest.fixture
    def applied(self, shared_realm: TestRealm) -> TestRealm:
        return shared_realm

    def client(self, realm: TestRealm, name: str) -> dict:
        return realm.admin.get("clients", clientId=name).json()[0]

    def repaired(self, realm: TestRealm, expected: str) -> None:
        """One difference, one write, and nothing left."""
        assert addresses(realm.plan()) == [expected]
        assert realm.apply().complete
        assert len(realm.api.writes) == 1
        assert realm.plan().writes == ()

    def test_a_setting(self, applied):
        present = applied.admin.get("").json()
        applied.admin.put(
            "", {**present, "failureFactor": 99, "attributes": {**present["attributes"], "own": "x"}}
        )
        self.repaired(applied, f"realm/{applied.name}")
        after = applied.admin.get("").json()
        assert after["failureFactor"] == 10
        assert after["attributes"]["own"] == "x"
        assert after["smtpServer"] == present["smtpServer"]

    def test_a_mail_setting(self, applied):
        present = applied.admin.get("").json()
        applied.admin.put("", {**present, "smtpServer": {**present["smtpServer"], "host": "elsewhere.example"}})
        self.repaired(applied, f"realm/{applied.name}")
        assert applied.admin.get("").json()["smtpServer"] == present["smtpServer"]

    def test_the_user_profile(self, applied):
        present = applied.admin.get("users/profile").json()
        email = next(each for each in present["attributes"] if each["name"] == "email")
        email["permissions"]["edit"].append("user")
        applied.admin.put("users/profile", {**present, "unmanagedAttributePolicy": "ENABLED"})
        self.repaired(applied, "user-profile")
        assert "unmanagedAttributePolicy" not in applied.admin.get("users/profile").json()

    def test_a_secret(self, applied):
        client = self.client(applied, "portal")
        applied.admin.post(f"clients/{client['id']}/client-secret")
        self.repaired(applied, "client/portal")
        after = self.client(applied, "portal")
        assert after["secret"] == "portal-secret"
        for kept in ("protocolMappers", "defaultClientScopes", "redirectUris"):
            assert sorted(map(str, after[kept])) == sorted(map(str, client[kept]))

    def test_an_address_and_an_attribute_of_a_client(self, applied):
        client = self.client(applied, "sample-service")
        client["redirectUris"].append("https://invader.example/")
        client["attributes"]["backchannel.logout.session.required"] = "false"
        client["attributes"]["own"] = "x"
        applied.admin.put(f"clients/{client['id']}", client)
        self.repaired(applied, "client/sample-service")
        after = self.client(applied, "sample-service")
        assert after["attributes"]["own"] == "x"
        assert after["attributes"]["backchannel.logout.session.required"] == "true"

    def test_a_mapper(self, applied):
        client = self.client(applied, "portal")
        mapper = next(each for each in client["protocolMappers"] if each["name"] == "groups")
        mapper["config"]["access.token.claim"] = "true"
        path = f"clients/{client['id']}/protocol-mappers/models/{mapper['id']}"
        applied.admin.put(path, mapper)
        self.repaired(applied, "client-mapper/portal/groups")
        applied.admin.delete(path)
        self.repaired(applied, "client-mapper/portal/groups")

    def test_a_mapper_of_a_scope(self, applied):
        scope = next(each for each in applied.admin.get("client-scopes").json() if each["name"] == "attachments")
        mapper = next(each for each in scope["protocolMappers"] if each["name"] == "attachments")
        mapper["config"]["aggregate.attrs"] = "false"
        applied.admin.put(f"client-scopes/{scope['id']}/protocol-mappers/models/{mapper['id']}", mapper)
        self.repaired(applied, "client-scope-mapper/attachments/attachments")

    def test_a_scope_taken_from_a_client(self, applied):
        client = self.client(applied, "portal")
        scope = next(each for each in applied.admin.get("client-scopes").json() if each["name"] == "attachments")
        applied.admin.delete(f"clients/{client['id']}/default-client-scopes/{scope['id']}")
        self.repaired(applied, "assigned-scope/portal/attachments")

    def test_a_scope_mapping(self, applied):
        client, account = self.client(applied, "portal"), self.client(applied, "account")
        path = f"clients/{client['id']}/scope-mappings/clients/{account['id']}"
        role = next(each for each in applied.admin.get(path).json() if each["name"] == "manage-account")
        applied.admin.call("DELETE", path, [role])
        self.repaired(applied, "scope-mapping/client/portal/account/manage-account")

    def test_the_attributes_of_a_company(self, applied):
        group = applied.admin.get("group-by-path/acme").json()
        attributes = {**group["attributes"], "displayName": ["Changed"], "own": ["kept"]}
        applied.admin.put(f"groups/{group['id']}", {**group, "attributes": attributes})
        self.repaired(applied, "company/acme")
        after = applied.admin.get("group-by-path/acme").json()
        assert after["id"] == group["id"]
        assert after["attributes"] == {**group["attributes"], "own": ["kept"]}

    def test_a_subgroup_of_a_company(self, applied):
        applied.admin.delete(f"groups/{applied.group('/globex/externals')}")
        self.repaired(applied, "company-subgroup/globex/externals")
        after = applied.admin.get("group-by-path/globex/externals").json()
        assert after["attributes"] == {"affiliation": ["external"], "attachment": ["globex:external"]}

    def test_a_policy_and_a_permission(self, applied):
        client = self.client(applied, "admin-permissions")
        base = f"clients/{client['id']}/authz/resource-server"
        for folder, name in (("policy", "not portal-directory"), ("permission", "portal-directory: people")):
            found = next(
                each for each in applied.admin.get(f"{base}/{folder}", max="100").json() if each["name"] == name
            )
            applied.admin.delete(f"{base}/{folder}/{found['id']}")
        assert "permission/admin-permissions/portal-directory: people" in addresses(applied.plan())
        assert applied.apply().complete
        assert applied.plan().changes == ()

    def test_what_others_made_is_left_alone(self, applied):
        made = applied.admin.post("clients", BY_HAND).headers["Location"].rpartition("/")[2]
        applied.admin.post("client-scopes", {"name": "by-hand", "protocol": "openid-connect"})
        person = applied.add_person("by-hand@elsewhere.example", "/globex", "/globex/administrators")
        child = applied.admin.post(f"groups/{applied.group('/acme')}/children", {"name": "by-hand"})
        assert child.status_code == 201
        assert applied.apply().done == []
        assert applied.admin.get(f"clients/{made}").status_code == 200
        assert len(applied.admin.get(f"users/{person}/groups").json()) == 2


class TestFirstAdministrator:
    def test_he_has_an_account_his_place_and_a_mail_that_works_thirty_days(self, realm, mail, email):
        realm.write_companies(PEOPLE.format(email=email))
        assert realm.apply().complete

        user = realm.admin.get(f"users/{realm.id_of(email)}").json()
        assert (user["firstName"], user["lastName"]) == ("Anne", "Durand")
        assert sorted(user["requiredActions"]) == ["UPDATE_PASSWORD", "VERIFY_EMAIL"]
        assert user["attributes"]["title"] == ["mme"]
        sent_at = datetime.fromisoformat(user["attributes"]["activationSentAt"][0])
        assert abs(datetime.now(UTC) - sent_at) < timedelta(minutes=2)
        paths = {group["path"] for group in realm.admin.get(f"users/{user['id']}/groups").json()}
        assert paths == {"/acme", "/acme/administrators"}

        (message,) = mails_to(mail, email)
        token = claims(re.search(r"key=([\w.-]+)", message["text"])[1])
        assert token["exp"] - token["iat"] == 2_592_000
        assert token["rqac"] == ["VERIFY_EMAIL"]
        assert token["reduri"] == f"{PORTAL_URL}/"

    def test_his_mail_names_his_companies_and_nobody_as_inviting(self, realm, mail, email):
        realm.write_companies(PEOPLE.format(email=email))
        assert realm.apply().complete
        user = realm.admin.get(f"users/{realm.id_of(email)}").json()
        assert json.loads(user["attributes"]["invitation"][0]) == {"by": "", "to": ["Acme Énergie"], "others": 0}
        assert "activationSentAt" in user["attributes"], "noting the mail leaves the rest as it is"

    def test_a_mail_that_is_refused_is_sent_by_the_next_apply(self, realm, mail, email):
        realm.write_companies(PEOPLE.format(email=email))
        mail.behaviour = Behaviour.REFUSE
        try:
            ended = realm.command("apply", str(realm.folder), "--yes")
        finally:
            mail.behaviour = Behaviour.ACCEPT
        assert ended.returncode == 0
        assert f"warning activation-mail/{email}" in ended.stdout
        assert "activationSentAt" not in realm.admin.get(f"users/{realm.id_of(email)}").json()["attributes"]
        (change,) = realm.plan()
        assert (str(change.address), change.action) == (f"activation-mail/{email}", "update")

        assert realm.apply().complete

        assert len(mails_to(mail, email)) == 1
        assert realm.plan().writes == ()

    def test_an_account_that_is_there_is_attached_and_nothing_else(self, realm, mail, email):
        realm.write_companies("companies: [{id: acme, name: Acme}]")
        assert realm.apply().complete
        person = realm.add_person(email, attributes={"locale": ["en"]})
        realm.write_companies(PEOPLE.format(email=email).replace("Acme Énergie", "Acme"))

        assert addresses(realm.plan())[-1] == f"administrator/acme/{email}"
        assert realm.apply().complete

        user = realm.admin.get(f"users/{person}").json()
        assert (user["firstName"], user["attributes"]) == ("Paul", {"locale": ["en"]})
        assert mails_to(mail, email) == []
        assert realm.plan().writes == ()

    def test_an_address_in_capitals_is_the_same_person(self, realm, mail, email):
        realm.write_companies(PEOPLE.format(email=email.upper()))
        assert realm.apply().complete
        assert realm.plan().writes == ()

    def test_nobody_knows_him(self, realm, email):
        realm.write_companies(f"companies: [{{id: acme, name: Acme, administrators: [{email}]}}]")
        ended = realm.command("apply", str(realm.folder), "--yes")
        assert ended.returncode == 1
        assert "neither in `people` nor on the server" in ended.stdout
        assert realm.admin.get("").status_code == 404


class TestManyCompanies:
    def test_batches_of_twenty_five(self, realm):
        lines = "".join(f"  - {{id: c-{number:03}, name: Company {number}}}\n" for number in range(120))
        assert realm.apply().complete
        realm.write_companies(f"companies:\n{lines}")
        assert realm.apply().complete
        lock, begun, *batches, ended, unlock = realm.api.writes
        assert (lock, begun, ended) == ("POST roles", "PUT ", "PUT ")
        assert batches == ["POST partialImport"] * 5
        assert unlock.startswith("DELETE roles-by-id/")
        groups = realm.admin.get("groups", max="1000").json()
        assert len(groups) == 121
        assert realm.plan().writes == ()

    def test_more_than_are_read_at_once(self, realm, monkeypatch):
        """Pages overlap and miss some, as the server has it; what they missed is read one by one."""
        monkeypatch.setattr(company_groups, "AT_ONCE", 10)
        monkeypatch.setattr(company_groups, "CHUNK", 20)
        lines = "".join(f"  - {{id: c-{number:03}, name: Company {number}}}\n" for number in range(130))
        realm.content = {"realm": realm.name, "enabled": True}
        realm.write()
        realm.write_companies(f"companies:\n{lines}")
        assert realm.apply().complete
        for _ in range(3):
            assert realm.plan().changes == ()
        pages = [each for each in realm.api.requests if each == "GET groups"]
        assert len(pages) == 1 + 2 * (1 + 7)


class TestUsersOfTheRealmFile:
    def test_they_are_made_and_joined_and_their_own_changes_of_password_kept(self, realm: TestRealm):
        realm.content["users"].append(
            {
                "username": "olive@portal.example",
                "email": "olive@portal.example",
                "firstName": "Olive",
                "lastName": "Petit",
                "enabled": True,
                "emailVerified": True,
                "attributes": {"title": ["mme"], "locale": ["fr"]},
                "credentials": [{"type": "password", "value": PASSWORD}],
                "groups": ["/operators"],
                "realmRoles": ["offline_access"],
            }
        )
        realm.write()
        assert realm.apply().complete
        assert realm.plan().writes == ()
        user = realm.admin.get(f"users/{realm.id_of('olive@portal.example')}").json()
        assert user["attributes"] == {"title": ["mme"], "locale": ["fr"]}
        realm.admin.put(f"users/{user['id']}", {**user, "firstName": "Olivia"})
        realm.admin.delete(f"users/{user['id']}/groups/{realm.group('/operators')}")
        (change,) = realm.plan()
        assert change.after == {"firstName": "Olive", "groups": ["/operators"]}
        assert realm.apply().complete
        after = realm.admin.get(f"users/{user['id']}").json()
        assert (after["firstName"], after["lastName"], after["attributes"]) == (
            "Olive",
            "Petit",
            user["attributes"],
        )
        assert realm.plan().writes == ()
