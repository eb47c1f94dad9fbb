"""From any state to any other: a plan and its apply reach the desired state, and a second plan is empty."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.kinds.kind import Kind
from provisioner.kinds.registry import KINDS, owners
from provisioner.model.differences import difference
from provisioner.model.state import Address, RealmState, Record, Resource
from provisioner.planning.apply import apply
from provisioner.planning.plan import plan
from tests.unit.provisioner.fakes import FakeRealm

NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["", "x", "y", "3", "true"]))
FIELDS = st.dictionaries(
    st.sampled_from(["p", "q", "attributes"]),
    st.one_of(VALUES, st.lists(st.sampled_from(["x", "y", "z"]), unique=True), st.dictionaries(NAMES, VALUES)),
)
ADDRESSES = st.one_of(
    st.builds(lambda name: Address(Kind.IDENTITY_PROVIDER, (name,)), NAMES),
    st.builds(lambda owner, name: Address(Kind.IDENTITY_PROVIDER_MAPPER, (owner, name)), NAMES, NAMES),
    st.builds(lambda name: Address(Kind.GROUP, (f"/{name}",)), NAMES),
    st.builds(lambda parent, name: Address(Kind.GROUP, (f"/{parent}/{name}",)), NAMES, NAMES),
)
STATES = st.dictionaries(ADDRESSES, FIELDS, max_size=8).map(
    lambda found: {address: Resource(address, fields) for address, fields in found.items()}
)
LISTS = st.frozensets(st.sampled_from([Kind.IDENTITY_PROVIDER, Kind.IDENTITY_PROVIDER_MAPPER, Kind.GROUP])).map(
    lambda kinds: frozenset(Address(kind, ()) for kind in kinds)
)


def without_orphans(resources: dict[Address, Resource]) -> dict[Address, Resource]:
    """Remove the resources without their owner, which neither files nor a server can have."""
    while True:
        kept = {key: each for key, each in resources.items() if all(owner in resources for owner in owners(key))}
        if len(kept) == len(resources):
            return kept
        resources = kept


def realm_with(resources: dict[Address, Resource], made: frozenset[Address]) -> FakeRealm:
    realm = FakeRealm()
    realm.state = RealmState("portal", resources, record=Record(made & resources.keys()))
    realm.noted = realm.state.record
    return realm


@pytest.mark.slow
@given(STATES, STATES, LISTS, st.frozensets(ADDRESSES), st.booleans())
def test_any_state_can_be_reached_and_is_stable(wanted, there, contains, made, prune):
    wanted, there = without_orphans(wanted), without_orphans(there)
    desired = RealmState("portal", wanted, contains=contains)
    realm = realm_with(there, made)

    planned = plan(desired, realm.state)
    deleted = {change.address for change in planned.deletions}
    outcome = apply(desired, planned, realm.state, realm, prune=prune)

    assert outcome.complete
    for address, resource in wanted.items():
        _, left = difference(resource.fields, realm.state.resources[address].fields, KINDS[address.kind].rule)
        assert left == {}
    foreign = there.keys() - wanted.keys() - realm_made(there, made)
    assert foreign <= realm.state.resources.keys() | below(deleted, foreign)
    assert plan(desired, realm.state).to_make(prune) == ()
    writes, saves = len(realm.writes), realm.saves
    assert apply(desired, plan(desired, realm.state), realm.state, realm, prune=prune).done == []
    assert (len(realm.writes), realm.saves) == (writes, saves)


def realm_made(there: dict[Address, Resource], made: frozenset[Address]) -> frozenset[Address]:
    return made & there.keys()


def below(deleted: set[Address], addresses: set[Address]) -> set[Address]:
    """Return the resources that the deletion of others deletes."""
    gone = set(deleted)
    while True:
        more = {address for address in addresses if gone.intersection(owners(address))} | gone
        if more == gone:
            return gone
        gone = more


@pytest.mark.slow
@given(STATES, STATES, LISTS, st.frozensets(ADDRESSES))
def test_nothing_is_deleted_that_no_apply_made(wanted, there, contains, made):
    wanted, there = without_orphans(wanted), without_orphans(there)
    realm = realm_with(there, made)
    planned = plan(RealmState("portal", wanted, contains=contains), realm.state)
    deleted = {change.address for change in planned.deletions}
    assert deleted <= made
    assert not deleted & wanted.keys()
    assert all(Address(address.kind, ()) in contains for address in deleted)
    unmanaged = {change.address for change in planned.unmanaged}
    assert not unmanaged & made
    assert not unmanaged & wanted.keys()


@pytest.mark.slow
@given(STATES, STATES)
def test_a_plan_does_not_depend_on_the_order_of_resources(wanted, there):
    wanted, there = without_orphans(wanted), without_orphans(there)
    one = plan(RealmState("portal", wanted), RealmState("portal", there))
    turned = dict(reversed(there.items()))
    assert one == plan(RealmState("portal", wanted), replace(RealmState("portal", turned)))
