"""Authentication flows: made, changed in place, bound; the built-in ones; what cannot be had."""

import copy
from typing import Any

import pytest

from tests.keycloak.provisioner.checks import applied, planned, reasons, repaired, says
from tests.keycloak.provisioner.realms import TestRealm


def leaf(authenticator: str, requirement: str, **more: Any) -> dict:
    return {"authenticator": authenticator, "requirement": requirement, "authenticatorFlow": False, **more}


def sub(alias: str, requirement: str, **more: Any) -> dict:
    return {"flowAlias": alias, "requirement": requirement, "authenticatorFlow": True, **more}


def flow(alias: str, *executions: dict, **more: Any) -> dict:
    told = [{"priority": index * 10, **each} for index, each in enumerate(executions)]
    return {
        "alias": alias,
        "description": f"About {alias}",
        "providerId": "basic-flow",
        "topLevel": False,
        "builtIn": False,
        "authenticationExecutions": told,
        **more,
    }


SIGN_IN: dict[str, Any] = {
    "authenticationFlows": [
        flow(
            "sign in",
            leaf("auth-cookie", "ALTERNATIVE"),
            leaf("identity-provider-redirector", "ALTERNATIVE", authenticatorConfig="to our own"),
            sub("sign in forms", "ALTERNATIVE"),
            topLevel=True,
        ),
        flow(
            "sign in forms",
            leaf("auth-username-password-form", "REQUIRED"),
            sub("sign in second factor", "CONDITIONAL"),
        ),
        flow(
            "sign in second factor",
            leaf("conditional-user-configured", "REQUIRED"),
            leaf("auth-otp-form", "REQUIRED"),
        ),
        flow(
            "join",
            {**sub("join form", "REQUIRED"), "authenticator": "registration-page-form"},
            topLevel=True,
        ),
        flow(
            "join form",
            leaf("registration-user-creation", "REQUIRED"),
            leaf("registration-password-action", "DISABLED"),
            providerId="form-flow",
        ),
    ],
    "authenticatorConfig": [{"alias": "to our own", "config": {"defaultProvider": "own"}}],
    "browserFlow": "sign in",
    "registrationFlow": "join",
}


@pytest.fixture
def told() -> dict[str, Any]:
    return copy.deepcopy(SIGN_IN)


def executions(told: dict[str, Any], alias: str) -> list[dict]:
    return next(each for each in told["authenticationFlows"] if each["alias"] == alias)["authenticationExecutions"]


def on_server(realm: TestRealm, alias: str) -> list[dict]:
    return realm.admin.get(f"authentication/flows/{alias}/executions").json()


def outline(realm: TestRealm, alias: str) -> list[tuple[int, str, str]]:
    return [
        (each["level"], each.get("providerId") or each["displayName"], each["requirement"])
        for each in on_server(realm, alias)
    ]


def ids(realm: TestRealm, alias: str) -> dict[str, str]:
    return {each.get("providerId") or each["displayName"]: each["id"] for each in on_server(realm, alias)}


class TestMade:
    def test_flows_with_all_that_is_in_them(self, realm: TestRealm, told):
        says(realm, **told)
        applied(realm)
        assert outline(realm, "sign in") == [
            (0, "auth-cookie", "ALTERNATIVE"),
            (0, "identity-provider-redirector", "ALTERNATIVE"),
            (0, "sign in forms", "ALTERNATIVE"),
            (1, "auth-username-password-form", "REQUIRED"),
            (1, "sign in second factor", "CONDITIONAL"),
            (2, "conditional-user-configured", "REQUIRED"),
            (2, "auth-otp-form", "REQUIRED"),
        ]
        assert outline(realm, "join") == [
            (0, "registration-page-form", "REQUIRED"),
            (1, "registration-user-creation", "REQUIRED"),
            (1, "registration-password-action", "DISABLED"),
        ]
        config = realm.admin.get(
            f"authentication/config/{on_server(realm, 'sign in')[1]['authenticationConfig']}"
        ).json()
        assert config["config"] == {"defaultProvider": "own"}
        found = realm.admin.get("").json()
        assert (found["browserFlow"], found["registrationFlow"]) == ("sign in", "join")

    def test_the_same_authenticator_twice(self, realm: TestRealm):
        twice = [leaf("identity-provider-redirector", "ALTERNATIVE", authenticatorConfig=name) for name in "ab"]
        configs = [{"alias": name, "config": {"defaultProvider": name}} for name in "ab"]
        flows = [flow("two", *twice, topLevel=True)]
        says(realm, authenticationFlows=flows, authenticatorConfig=configs)
        applied(realm)
        assert [each["alias"] for each in on_server(realm, "two")] == ["a", "b"]

    def test_what_is_masked_is_known_again(self, realm: TestRealm):
        """Keycloak shows none of the values whose names it does not know."""
        flows = [
            flow("f", leaf("identity-provider-redirector", "ALTERNATIVE", authenticatorConfig="a"), topLevel=True)
        ]
        says(realm, authenticationFlows=flows, authenticatorConfig=[{"alias": "a", "config": {"own": "sesame"}}])
        applied(realm)
        says(realm, authenticationFlows=flows, authenticatorConfig=[{"alias": "a", "config": {"own": "open"}}])
        repaired(realm, "flow/f")


class TestInPlace:
    """The flow in use keeps its id and every execution that stays keeps its own."""

    @pytest.fixture
    def before(self, realm: TestRealm, told) -> dict[str, str]:
        says(realm, **told)
        applied(realm)
        return ids(realm, "sign in")

    def test_a_requirement_is_one_write(self, realm: TestRealm, told, before):
        executions(told, "sign in second factor")[1]["requirement"] = "ALTERNATIVE"
        says(realm, **told)
        repaired(realm, "flow/sign in", writes=1)
        assert ids(realm, "sign in") == before

    def test_executions_come_and_go_and_move(self, realm: TestRealm, told, before):
        inner = executions(told, "sign in second factor")
        inner[1] = leaf("webauthn-authenticator", "REQUIRED", priority=5)
        inner.append(leaf("conditional-user-role", "DISABLED", priority=7))
        executions(told, "sign in")[0]["priority"] = 99
        says(realm, **told)
        applied(realm)
        assert outline(realm, "sign in") == [
            (0, "identity-provider-redirector", "ALTERNATIVE"),
            (0, "sign in forms", "ALTERNATIVE"),
            (1, "auth-username-password-form", "REQUIRED"),
            (1, "sign in second factor", "CONDITIONAL"),
            (2, "conditional-user-configured", "REQUIRED"),
            (2, "webauthn-authenticator", "REQUIRED"),
            (2, "conditional-user-role", "DISABLED"),
            (0, "auth-cookie", "ALTERNATIVE"),
        ]
        after = ids(realm, "sign in")
        kept = before.keys() & after.keys()
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}

    def test_a_sub_flow_and_a_configuration_change_place(self, realm: TestRealm, told, before):
        """Their aliases are taken as long as the old ones are there."""
        outer, forms = executions(told, "sign in"), executions(told, "sign in forms")
        outer.append(forms.pop())
        outer[1]["authenticator"] = "auth-spnego"
        outer[1], moved = {**outer[1]}, dict(outer[1])
        del outer[1]["authenticatorConfig"]
        outer[-1]["priority"] = 50
        forms.append({**moved, "authenticator": "identity-provider-redirector", "priority": 60})
        says(realm, **told)
        applied(realm)
        assert [name for _, name, _ in outline(realm, "sign in")] == [
            "auth-cookie",
            "auth-spnego",
            "sign in forms",
            "auth-username-password-form",
            "identity-provider-redirector",
            "sign in second factor",
            "conditional-user-configured",
            "auth-otp-form",
        ]

    def test_what_was_done_by_hand(self, realm: TestRealm, told, before):
        otp = next(each for each in on_server(realm, "sign in") if each.get("providerId") == "auth-otp-form")
        realm.admin.put("authentication/flows/sign in/executions", {**otp, "requirement": "DISABLED"})
        repaired(realm, "flow/sign in", writes=1)
        realm.admin.delete(f"authentication/executions/{before['sign in second factor']}")
        repaired(realm, "flow/sign in")
        config = on_server(realm, "sign in")[1]["authenticationConfig"]
        realm.admin.delete(f"authentication/config/{config}")
        repaired(realm, "flow/sign in", writes=2)
        flows = realm.admin.get("authentication/flows").json()
        mine = next(each for each in flows if each["alias"] == "sign in")
        realm.admin.put(f"authentication/flows/{mine['id']}", {**mine, "description": "other"})
        forms = next(each for each in on_server(realm, "sign in") if each["displayName"] == "sign in forms")
        realm.admin.put("authentication/flows/sign in/executions", {**forms, "description": "other"})
        repaired(realm, "flow/sign in", writes=2)
        assert outline(realm, "sign in")[-1] == (2, "auth-otp-form", "REQUIRED")

    def test_a_run_that_was_killed_in_between(self, realm: TestRealm, told, before):
        """Half of a flow is a difference, which the next run finishes."""
        for name in ("auth-otp-form", "sign in forms"):
            realm.admin.delete(f"authentication/executions/{before[name]}")
        body = {"alias": "sign in second factor", "type": "basic-flow", "description": "", "provider": ""}
        realm.admin.post("authentication/flows/sign in/executions/flow", body).raise_for_status()
        repaired(realm, "flow/sign in")
        applied(realm)


class TestDeleted:
    def test_only_what_was_made_and_is_not_in_use(self, realm: TestRealm, told):
        says(realm, **told)
        applied(realm)
        by_hand = {"alias": "by hand", "providerId": "basic-flow", "topLevel": True, "builtIn": False}
        realm.admin.post("authentication/flows", by_hand)
        says(realm, authenticationFlows=[])
        assert planned(realm) == [("delete", "flow/join"), ("delete", "flow/sign in")]
        outcome = realm.apply(prune=True)
        assert "the flow join is in use: it is the realm's registrationFlow" in str(outcome.error)
        says(realm, authenticationFlows=[], browserFlow="browser", registrationFlow="registration")
        applied(realm, prune=True)
        flows = {each["alias"] for each in realm.admin.get("authentication/flows").json()}
        assert {"by hand", "browser"} <= flows
        assert not {"join", "sign in"} & flows


class TestBuiltIn:
    @pytest.fixture
    def exported(self, realm: TestRealm) -> dict[str, Any]:
        """All flows as Keycloak itself writes them."""
        says(realm)
        applied(realm)
        found = realm.admin.post("partial-export").json()
        keys = ("keycloakVersion", "authenticationFlows", "authenticatorConfig", "browserFlow", "requiredActions")
        told = {key: found[key] for key in keys}
        says(realm, **told)
        return told

    def test_an_export_is_no_difference(self, realm: TestRealm, exported):
        assert planned(realm) == []

    def test_a_requirement_and_a_configuration_can_change(self, realm: TestRealm, exported):
        executions(exported, "Browser - Conditional 2FA")[2]["requirement"] = "REQUIRED"
        exported["authenticatorConfig"][0]["config"] = {"credentials": "webauthn"}
        says(realm, **exported)
        repaired(realm, "flow/browser", writes=3)
        applied(realm)

    def test_what_it_is_made_of_cannot(self, realm: TestRealm, exported):
        executions(exported, "forms").append(leaf("auth-otp-form", "REQUIRED"))
        del executions(exported, "browser")[1]
        says(realm, **exported)
        (reason,) = reasons(realm).values()
        assert "does not allow new executions: forms > auth-otp-form" in reason

    def test_that_of_an_older_version_is_taken_as_far_as_it_goes(self, realm: TestRealm, exported):
        executions(exported, "forms").append(leaf("a-provider-of-then", "REQUIRED"))
        executions(exported, "forms")[1]["requirement"] = "REQUIRED"
        del executions(exported, "browser")[1]
        exported["authenticationFlows"].append(
            flow("http challenge", leaf("no-cookie-redirect", "REQUIRED"), topLevel=True, builtIn=True)
        )
        exported["keycloakVersion"] = "21.0.1"
        says(realm, **exported)
        repaired(realm, "flow/browser", writes=1)
        applied(realm)


class TestRefused:
    def test_before_anything_is_written(self, realm: TestRealm):
        says(realm)
        applied(realm)
        says(
            realm,
            authenticationFlows=[
                flow("f", leaf("hand-shake", "REQUIRED"), sub("both", "REQUIRED"), topLevel=True),
                flow("both", leaf("auth-cookie", "REQUIRED")),
                flow("g", sub("both", "REQUIRED"), topLevel=True),
            ],
            browserFlow="nowhere",
            clients=[{"clientId": "c", "authenticationFlowBindingOverrides": {"browser": "elsewhere"}}],
        )
        assert reasons(realm) == {
            "flow/f": "the server has no authenticator hand-shake for a basic-flow",
            "flow/g": "the sub-flow both belongs to the flow f",
            "realm-binding/browserFlow": "the flow nowhere is neither in the files nor on the server",
            "client/c": "the flow elsewhere is neither in the files nor on the server",
        }


class TestOfAClient:
    def test_by_alias_or_by_an_id_of_the_same_file(self, realm: TestRealm, told):
        """The ids of a file mean nothing on this server."""
        told["authenticationFlows"][0]["id"] = "11111111-2222-3333-4444-555555555555"
        own = {"browser": "11111111-2222-3333-4444-555555555555", "direct_grant": "direct grant"}
        says(realm, **told, clients=[{"clientId": "c", "authenticationFlowBindingOverrides": own}])
        applied(realm)
        flows = {each["alias"]: each["id"] for each in realm.admin.get("authentication/flows").json()}
        (client,) = realm.admin.get("clients", clientId="c").json()
        expected = {"browser": flows["sign in"], "direct_grant": flows["direct grant"]}
        assert client["authenticationFlowBindingOverrides"] == expected
        client["authenticationFlowBindingOverrides"] = {"browser": flows["browser"], "direct_grant": ""}
        realm.admin.put(f"clients/{client['id']}", client)
        repaired(realm, "client/c", writes=1)
        none = {"browser": ""}
        says(realm, clients=[{"clientId": "c", "authenticationFlowBindingOverrides": none}])
        dropped = "client/c#authenticationFlowBindingOverrides.direct_grant"
        assert planned(realm) == [("update", "client/c"), ("delete", dropped)]
        assert realm.apply().complete
        (client,) = realm.admin.get("clients", clientId="c").json()
        assert client["authenticationFlowBindingOverrides"] == {"direct_grant": flows["direct grant"]}
        applied(realm, prune=True)
        (client,) = realm.admin.get("clients", clientId="c").json()
        assert client["authenticationFlowBindingOverrides"] == {}
