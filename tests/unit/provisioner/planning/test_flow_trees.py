"""Flows as trees: names, what a plan says of them, what an export has of them."""

from dataclasses import replace
from typing import Any

import pytest

from provisioner.kinds import flows
from provisioner.kinds.files import RealmFile
from provisioner.model.changes import Action
from provisioner.model.rules import EXPORTED_BY, MASK
from provisioner.model.state import Address, Json, Kind, RealmState, Resource, Source
from provisioner.planning import flow_trees
from provisioner.planning.flow_trees import AUTHENTICATORS, in_order, tree
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


def test_a_difference_shows_the_execution_it_is_in():
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


def test_a_description_that_no_file_gives_is_left_alone():
    present = state("f", sub("s", leaf("a"), description="by hand"), description="by hand, too")
    assert plan(state("f", sub("s", leaf("a"))), present).changes == ()


def test_a_mask_in_a_file_is_what_is_there():
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
        assert "nobody add executions: s > c;" in change.reason

    def test_a_file_that_names_less_takes_nothing_out(self):
        (change,) = plan(state("f", leaf("a", "DISABLED"), sub("s")), self.present)
        assert change.after == {"executions": {"a": {"requirement": "DISABLED"}}}
        assert plan(state("f", leaf("a")), self.present).changes == ()

    def test_of_an_older_version_counts_what_there_is(self):
        wanted = state("f", leaf("old"), sub("s", leaf("b", "DISABLED"), leaf("c")), **{EXPORTED_BY: "20.0.0"})
        (change,) = plan(wanted, self.present)
        assert change.after == {"executions": {"s": {"executions": {"b": {"requirement": "DISABLED"}}}}}

    def test_one_that_is_gone_is_nothing_to_make(self):
        wanted = state("gone", leaf("old"), **{EXPORTED_BY: "20.0.0"})
        assert plan(wanted, self.present).deletions == ()
        assert plan(wanted, self.present).writes == ()


def test_an_unknown_authenticator_is_refused():
    observed = replace(RealmState.of("portal", []), offers={AUTHENTICATORS: frozenset({"basic-flow/a"})})
    (change,) = plan(state("f", sub("s", leaf("a"), leaf("b"))), observed)
    assert (change.action, change.reason) == (Action.REFUSED, "the server has no authenticator b for a basic-flow")


def test_what_is_exported_is_read_back_as_it_was():
    config = {"alias": "c", "config": {"x": "y"}}
    inner = sub("t", leaf("b", config=config), leaf("b"), providerId="form-flow", authenticator="form")
    before = state("f", leaf("a", "DISABLED"), sub("s", inner, description="d"), description="e", builtIn=False)
    told: Json = {}
    flows.represent(before, told)
    file = RealmFile("portal", told, Source("a.json"), lambda *_: pytest.fail("complained"), lambda _: None)
    after = RealmState.of("portal", flows.desired(file))
    assert plan(after, before).changes == ()
    assert plan(before, after).changes == ()
    assert flow_trees.authenticators(after.resources[Address(Kind.FLOW, ("f",))].fields) == {
        "basic-flow/a",
        "form-flow/b",
        "form/form",
    }


def test_a_configuration_of_several_executions_is_one_that_an_import_made():
    shared = [leaf(name, config={"alias": "c", "config": {}}) for name in "ab"]
    (change,) = plan(state("f", *shared), state("f", shared[0]))
    assert change.reason == "several executions have the configuration c, which only an import can make"
    assert plan(state("f", *shared), state("f", *shared)).changes == ()


def test_a_sub_flow_is_one_of_one_flow():
    both = sub("both", leaf("a"))
    wanted = RealmState.of("portal", [*state("f", both).resources.values(), *state("g", both).resources.values()])
    changes = plan(wanted, state("h", leaf("a")))
    assert {change.reason for change in changes.refused} == {
        "the sub-flow both is one of the flow g",
        "the sub-flow both is one of the flow f",
    }
