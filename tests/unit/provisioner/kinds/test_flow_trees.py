"""Flows as trees: names, plans and exports."""

from dataclasses import replace
from typing import Any

import pytest

from provisioner.kinds import flow_files, flow_trees, flows
from provisioner.kinds.flow_trees import AUTHENTICATORS, EXPORTED_BY, in_order, tree
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.model.changes import Action
from provisioner.model.rules import MASK
from provisioner.model.state import Address, Json, RealmState, Resource, Source
from provisioner.planning.plan import plan


def leaf(authenticator: str, requirement: str = "REQUIRED", **more: Any) -> Json:
    return {"authenticator": authenticator, "requirement": requirement, **more}


def sub(alias: str, *executions: Json, **more: Any) -> Json:
    return {"flow": alias, "providerId": "basic-flow", "requirement": "REQUIRED", **more, **tree(executions)}


def state(alias: str, *executions: Json, **more: Any) -> RealmState:
    fields = {"providerId": "basic-flow", **more, **tree(executions)}
    return RealmState.of("portal", [Resource(Address(Kind.FLOW, (alias,)), fields)])


def test_the_same_authenticator_twice_has_two_names():
    found = tree([leaf("a"), leaf("b"), leaf("a", "DISABLED")])
    assert found["order"] == "a, b, a (2)"
    assert [(name, each["requirement"]) for name, each in in_order(found)] == [
        ("a", "REQUIRED"),
        ("b", "REQUIRED"),
        ("a (2)", "DISABLED"),
    ]


def test_a_difference_names_its_execution():
    wanted = state("f", sub("inner", leaf("a", "DISABLED"), leaf("b")))
    (change,) = plan(wanted, state("f", sub("inner", leaf("a"), leaf("b"))))
    assert change.after == {"executions": {"inner": {"executions": {"a": {"requirement": "DISABLED"}}}}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([leaf("a"), leaf("b")], [leaf("b"), leaf("a")]),
        ([leaf("a")], [leaf("a"), leaf("b")]),
        ([leaf("a")], [leaf("a", config={"alias": "c", "config": {"x": "y"}})]),
        ([sub("s", leaf("a"))], [sub("s", leaf("a"), providerId="form-flow")]),
    ],
)
def test_order_surplus_and_configurations_are_differences(one, other):
    assert [change.action for change in plan(state("f", *one), state("f", *other))] == [Action.UPDATE]
    assert [change.action for change in plan(state("f", *other), state("f", *one))] == [Action.UPDATE]


def test_a_description_missing_in_files_stays():
    present = state("f", sub("s", leaf("a"), description="by hand"), description="by hand, too")
    assert plan(state("f", sub("s", leaf("a"))), present).changes == ()


def test_a_mask_in_a_file_keeps_the_present_value():
    def with_secret(secret: str) -> RealmState:
        return state("f", leaf("a", config={"alias": "c", "config": {"secret": secret}}))

    assert plan(with_secret(MASK), with_secret(MASK)).changes == ()
    assert plan(with_secret(MASK), with_secret("shown")).changes == ()
    (change,) = plan(with_secret(MASK), state("f", leaf("a")))
    assert MASK not in str(change.after)


class TestBuiltIn:
    present = state("f", leaf("a"), sub("s", leaf("b"), description="x"), builtIn=True)

    def test_its_structure_stays(self):
        (change,) = plan(state("f", leaf("a"), sub("s", leaf("b"), leaf("c"))), self.present)
        assert change.action is Action.REFUSED
        assert "does not allow new executions: s > c;" in change.reason

    def test_a_file_with_fewer_executions_removes_none(self):
        (change,) = plan(state("f", leaf("a", "DISABLED"), sub("s")), self.present)
        assert change.after == {"executions": {"a": {"requirement": "DISABLED"}}}
        assert plan(state("f", leaf("a")), self.present).changes == ()

    def test_an_older_export_is_compared_by_common_executions(self):
        wanted = state("f", leaf("old"), sub("s", leaf("b", "DISABLED"), leaf("c")), **{EXPORTED_BY: "20.0.0"})
        (change,) = plan(wanted, self.present)
        assert change.after == {"executions": {"s": {"executions": {"b": {"requirement": "DISABLED"}}}}}

    def test_one_that_is_gone_is_nothing_to_make(self):
        wanted = state("http challenge", leaf("old"), builtIn=True, **{EXPORTED_BY: "20.0.0"})
        found = plan(wanted, self.present)
        assert found.writes == ()
        (remark,) = found.remarks
        assert "no longer built into Keycloak" in remark.reason

    def test_an_own_flow_that_is_only_marked_as_built_in_is_made(self):
        found = plan(state("own", leaf("a"), builtIn=True, **{EXPORTED_BY: "20.0.0"}), self.present)
        (change,) = found.writes
        assert change.action is Action.CREATE
        (remark,) = found.remarks
        assert "made as an own flow" in remark.reason

    def test_other_executions_of_several_flows_are_one_remark(self):
        wanted = state("f", leaf("old"), sub("s", leaf("b")), **{EXPORTED_BY: "20.0.0"})
        (remark,) = plan(wanted, self.present).remarks
        assert remark.reason.endswith("stay as they are: f")


def test_an_unknown_authenticator_is_refused():
    observed = replace(RealmState.of("portal", []), offers={AUTHENTICATORS: frozenset({"basic-flow/a"})})
    (change,) = plan(state("f", sub("s", leaf("a"), leaf("b"))), observed)
    assert (change.action, change.reason) == (Action.REFUSED, "the server has no authenticator b for a basic-flow")


def test_an_exported_flow_is_read_back_unchanged():
    config = {"alias": "c", "config": {"x": "y"}}
    twice = (leaf("b", config=config, priority=3), leaf("b", priority=4))
    inner = sub("t", *twice, providerId="form-flow", authenticator="form", priority=0)
    outer = (leaf("a", "DISABLED", priority=10), sub("s", inner, description="d", priority=27))
    before = state("f", *outer, description="e", builtIn=False)
    told: Json = {}
    flow_files.represent(before, told)
    file = RealmFile("portal", told, Source("a.json"), lambda *_: pytest.fail("complained"), lambda _: None)
    after = RealmState.of("portal", flows.desired(file))
    assert plan(after, before).changes == ()
    assert plan(before, after).changes == ()
    assert flow_trees.authenticators(after.resources[Address(Kind.FLOW, ("f",))].fields) == {
        "basic-flow/a",
        "form-flow/b",
        "form/form",
    }


def test_several_executions_can_have_one_configuration():
    shared = [leaf(name, config={"alias": "c", "config": {}}) for name in "ab"]
    (change,) = plan(state("f", *shared), state("f", shared[0]))
    assert change.action is Action.UPDATE
    assert plan(state("f", *shared), state("f", *shared)).changes == ()


def test_a_configuration_of_another_flow_is_not_given_other_values():
    def one(alias: str, value: str) -> RealmState:
        return state(alias, leaf("a", config={"alias": "c", "config": {"x": value}}))

    assert plan(one("f", "1"), one("g", "1")).refused == ()
    (change,) = plan(one("f", "1"), one("g", "2")).refused
    assert change.reason == "the configuration c is that of the flow g, with other values: give it another alias"


def test_a_sub_flow_is_one_of_one_flow():
    both = sub("both", leaf("a"))
    wanted = RealmState.of("portal", [*state("f", both).resources.values(), *state("g", both).resources.values()])
    changes = plan(wanted, state("h", leaf("a")))
    assert {change.reason for change in changes.refused} == {
        "the sub-flow both belongs to the flow g",
        "the sub-flow both belongs to the flow f",
    }
