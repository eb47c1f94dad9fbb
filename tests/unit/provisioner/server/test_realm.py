"""The requests of changes that could be made by more than one kind of request."""

import json

import pytest

from directory.encoding import company_group
from directory.model import Company
from provisioner.kinds import attachment
from provisioner.kinds.kind import Kind
from provisioner.model.changes import Action, Change
from provisioner.model.state import Address, RealmState, Resource
from provisioner.server.realm import KeycloakRealm
from tests.unit.provisioner.server.conftest import REALM, asked


class TestCalls:
    """The requests of changes."""

    @pytest.fixture
    def realm(self, wire, api, monkeypatch) -> KeycloakRealm:
        """A realm with the people and groups of one company."""
        realm = KeycloakRealm(api)
        monkeypatch.setattr("provisioner.server.realm.FAMILIES", (attachment.FAMILY,))
        wire.get(REALM, json={"realm": "portal"})
        wire.get(f"{REALM}/users", json=[{"id": "anne", "email": "anne@acme.example", "requiredActions": []}])
        wire.get(f"{REALM}/users/anne/groups", json=[])
        administrator = Address(Kind.ADMINISTRATOR, ("acme", "anne@acme.example"))
        company = company_group(Company("acme", "Acme Énergie"))
        resources = [
            Resource(administrator, {"attached": True}),
            Resource(Address(Kind.COMPANY, ("acme",)), {"attributes": company["attributes"]}),
        ]
        realm.observe(RealmState.of("portal", resources))
        wire.calls.reset()
        return realm

    def test_new_companies_are_one_request(self, wire, realm):
        wire.post(f"{REALM}/partialImport", json={"added": 2})
        changes = []
        for id in ("acme", "globex"):
            group = company_group(Company(id, id.title()))
            fields = {key: group[key] for key in ("attributes", "subGroups")}
            changes.append(Change(Action.CREATE, Address(Kind.COMPANY, (id,)), None, fields))
        realm.perform(*changes)
        assert asked(wire) == [f"POST {REALM}/partialImport"]
        body = json.loads(wire.calls[0].request.body)
        assert body["ifResourceExists"] == "SKIP"
        assert [group["path"] for group in body["groups"]] == ["/acme", "/globex"]
        assert [child["path"] for child in body["groups"][0]["subGroups"]] == [
            "/acme/administrators",
            "/acme/externals",
        ]

    def test_an_administrator_joins_the_company_first(self, wire, realm):
        for path, id in (("/acme", "top"), ("/acme/administrators", "sub")):
            wire.get(f"{REALM}/group-by-path{path}", json={"id": id})
            wire.put(f"{REALM}/users/anne/groups/{id}", status=204)
        address = Address(Kind.ADMINISTRATOR, ("acme", "anne@acme.example"))
        realm.perform(Change(Action.CREATE, address, None, {"attached": True}))
        assert [each for each in asked(wire) if each.startswith("PUT")] == [
            f"PUT {REALM}/users/anne/groups/top",
            f"PUT {REALM}/users/anne/groups/sub",
        ]

    def test_an_account_is_created_with_its_groups_in_one_request(self, wire, realm):
        wire.post(f"{REALM}/users", status=201, headers={"Location": f"{REALM}/users/new"})
        fields = {
            "email": "new@acme.example",
            "last_name": "New",
            "first_name": "Nora",
            "title": "mme",
            "locale": "fr",
            "administers": ["acme"],
        }
        realm.perform(Change(Action.CREATE, Address(Kind.PERSON, ("new@acme.example",)), None, fields))
        assert asked(wire) == [f"POST {REALM}/users"]
        body = json.loads(wire.calls[0].request.body)
        assert body["groups"] == ["/acme", "/acme/administrators"]
        invitation = {"by": "", "to": ["Acme Énergie"], "others": 0}
        assert json.loads(body["attributes"]["invitation"][0]) == invitation
        assert body["requiredActions"] == ["UPDATE_PASSWORD", "VERIFY_EMAIL"]
