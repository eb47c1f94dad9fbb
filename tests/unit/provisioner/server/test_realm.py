"""The calls that a change amounts to, where more than one kind of call could do it."""

import json

import pytest

from directory.model import Company
from provisioner.kinds import companies
from provisioner.model.changes import Action, Change
from provisioner.model.state import Address, Kind, RealmState, Resource
from provisioner.server.realm import KeycloakRealm
from tests.unit.provisioner.server.conftest import REALM, asked


class TestCalls:
    """The calls that a change amounts to, where more than one kind of call could do it."""

    @pytest.fixture
    def realm(self, wire, api, monkeypatch) -> KeycloakRealm:
        """One that knows the people and groups of one company, and nothing else."""
        realm = KeycloakRealm(api)
        monkeypatch.setattr("provisioner.server.realm.READERS", (companies.observe,))
        wire.get(REALM, json={"realm": "portal"})
        wire.get(f"{REALM}/users", json=[{"id": "anne", "email": "anne@acme.example", "requiredActions": []}])
        wire.get(f"{REALM}/users/anne/groups", json=[])
        wire.get(f"{REALM}/groups/count", json={"count": 0})
        administrator = Address(Kind.ADMINISTRATOR, ("acme", "anne@acme.example"))
        company = companies.company_group(Company("acme", "Acme Énergie"))
        told = [
            Resource(administrator, {"attached": True}),
            Resource(Address(Kind.COMPANY, ("acme",)), {"attributes": company["attributes"]}),
        ]
        realm.observe(RealmState.of("portal", told))
        wire.calls.reset()
        return realm

    def test_new_companies_are_one_request(self, wire, realm):
        wire.post(f"{REALM}/partialImport", json={"added": 2})
        changes = []
        for id in ("acme", "globex"):
            group = companies.company_group(Company(id, id.title()))
            fields = {key: group[key] for key in ("attributes", "subGroups")}
            changes.append(Change(Action.CREATE, Address(Kind.COMPANY, (id,)), None, fields))
        realm.create_companies(changes)
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

    def test_an_account_comes_with_its_places_in_one_request(self, wire, realm):
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
        said = {"by": "", "to": ["Acme Énergie"], "others": 0}
        assert json.loads(body["attributes"]["invitation"][0]) == said
        assert body["requiredActions"] == ["UPDATE_PASSWORD", "VERIFY_EMAIL"]
