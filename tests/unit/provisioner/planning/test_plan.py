"""Plans. Each folder of `tests/plans` has files, a server's state, and the plan as text."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.text import Text

from provisioner import loader
from provisioner.errors import Problem
from provisioner.kinds.kind import Kind
from provisioner.model.changes import Plan
from provisioner.model.differences import same
from provisioner.model.state import Address, RealmState, Record, Resource
from provisioner.planning.plan import plan
from provisioner.rendering import render
from provisioner.server import baseline

CASES = Path(__file__).parents[3] / "plans"
FOLDERS = sorted(path for path in CASES.iterdir() if path.is_dir())


def planned(case: Path) -> Plan:
    desired = loader.load([case / "desired.yaml"], {}).desired
    content = json.loads((case / "observed.json").read_text(encoding="utf-8"))
    resources = [
        Resource(Address(Kind(kind), tuple(names)), fields) for kind, names, fields in content["resources"]
    ]
    observed = RealmState.of("portal", resources, content["exists"])
    return plan(
        desired,
        replace(observed, record=Record(addresses(content, "made")), builtin=addresses(content, "builtin")),
    )


def as_text(found: Plan) -> str:
    warnings = [Problem("", 0, str(remark.address), remark.reason) for remark in found.remarks]
    return Text.from_markup(render.as_text(found, warnings)).plain


def addresses(told: dict, key: str) -> frozenset[Address]:
    return frozenset(Address(Kind(kind), tuple(names)) for kind, names in told.get(key, ()))


@pytest.mark.parametrize("case", FOLDERS, ids=lambda path: path.name)
def test_the_plan_is_the_expected_one(case: Path):
    """Word for word, so that a change of wording is seen, too."""
    text = as_text(planned(case))
    assert text + "\n" == (case / "expected-plan.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", FOLDERS, ids=lambda path: path.name)
def test_the_json_says_the_same_and_no_secret(case: Path):
    found = planned(case)
    text = render.as_json(found)
    assert [each["address"] for each in json.loads(text)["changes"]] == [str(each.address) for each in found]
    assert "not-to-be-seen" not in text
    assert "the-new-one" not in text
    assert "the-old-one" not in text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", None),
        (False, None),
        ([], None),
        (60, "60"),
        (True, "true"),
        (["a", "b"], ["b", "a"]),
        ({"a": {}}, {}),
        ([{"name": "a", "size": 1}], [{"size": 1, "name": "a"}]),
    ],
)
def test_these_mean_the_same_to_keycloak(one, other):
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", None),
        (True, None),
        (True, False),
        (1, 2),
        (["a"], ["a", "b"]),
        ([{"name": "a"}, {"name": "b"}], [{"name": "b"}, {"name": "a"}]),
        ({"a": 1}, {"a": 1, "b": 2}),
    ],
)
def test_these_differ(one, other):
    assert not same(one, other)
    assert not same(other, one)


def resource(kind: Kind, *names: str, **fields) -> Resource:
    return Resource(Address(kind, names), fields)


def test_parts_of_a_replaced_resource_are_created_again():
    provider = resource(Kind.IDENTITY_PROVIDER, "own", providerId="oidc")
    mapper = resource(Kind.IDENTITY_PROVIDER_MAPPER, "own", "title", config={"claim": "title"})
    other = resource(Kind.IDENTITY_PROVIDER, "other", providerId="oidc")
    observed = RealmState.of("portal", [provider, mapper, other])
    wanted = resource(Kind.IDENTITY_PROVIDER, "own", providerId="keycloak-oidc")
    found = plan(RealmState.of("portal", [wanted, mapper, other]), observed)
    assert [(str(each.address), each.action.value) for each in found] == [
        ("identity-provider/own", "replace"),
        ("identity-provider-mapper/own/title", "create"),
    ]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (
            resource(Kind.REALM_BINDING, "browserFlow", alias="nowhere"),
            "the flow nowhere is neither in the files nor on the server",
        ),
        (
            resource(Kind.CLIENT, "c", authenticationFlowBindingOverrides={"browser": "nowhere", "x": ""}),
            "the flow nowhere is neither in the files nor on the server",
        ),
        (
            resource(Kind.IDENTITY_PROVIDER, "i", postBrokerLoginFlowAlias="nowhere"),
            "the flow nowhere is neither in the files nor on the server",
        ),
        (
            resource(Kind.IDENTITY_PROVIDER_MAPPER, "i", "m"),
            "the identity provider i is neither in the files nor on the server",
        ),
        (
            resource(Kind.CLIENT_POLICY, "q", profiles=["built in", "p"]),
            "the client profile p is neither in the files nor on the server",
        ),
        (resource(Kind.REQUIRED_ACTION, "a", providerId="b"), "the server has no required action b"),
    ],
)
def test_a_missing_reference_is_refused(wanted: Resource, reason: str):
    offers = {Kind.REQUIRED_ACTION: frozenset("a"), Kind.CLIENT_PROFILE: frozenset({"built in"})}
    observed = replace(RealmState.of("portal", []), offers=offers)
    assert [each.reason for each in plan(RealmState.of("portal", [wanted]), observed).refused] == [reason]


def test_what_nobody_can_change_is_left_out_with_a_warning():
    """Keycloak answers every write to realm-management with 403, though exports have it in full."""
    address = Address(Kind.CLIENT, ("realm-management",))
    desired = RealmState.of("portal", [Resource(address, {"description": "mine"})])
    found = plan(desired, RealmState.of("portal", [Resource(address, {"description": ""})]))
    (remark,) = found.remarks
    assert found.changes == ()
    assert remark.address == address
    assert (
        remark.reason == "Keycloak lets no one change realm-management: left out, though it differs in description"
    )


def test_the_default_role_is_named_in_lower_case():
    assert Address(Kind.ROLE, ("", "default-roles-portal")) in baseline.addresses("Portal")
