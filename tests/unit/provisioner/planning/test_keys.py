"""Keys in attributes, configurations and texts: each belongs to whoever sets it."""

from dataclasses import replace

from provisioner.kinds import record
from provisioner.kinds.kind import Kind
from provisioner.model.changes import Action
from provisioner.model.state import Address, Json, RealmState, Record, Resource
from provisioner.planning.apply import apply
from provisioner.planning.plan import plan
from tests.unit.provisioner.fakes import FakeRealm

DEPOT = Address(Kind.GROUP, ("/depot",))
FLOOR = Address(Kind.GROUP, ("/depot",), ("attributes", "floor"))


def state(**fields: Json) -> RealmState:
    return RealmState.of("portal", [Resource(DEPOT, fields)])


def after_apply(desired: RealmState, realm: FakeRealm, *, prune: bool = False) -> FakeRealm:
    assert apply(desired, plan(desired, realm.state), realm.state, realm, prune=prune).complete
    return realm


def test_one_that_an_apply_set_and_the_files_drop_is_a_deletion():
    realm = after_apply(state(attributes={"floor": ["2"], "tag": ["a"]}), FakeRealm())
    (change,) = plan(state(attributes={"tag": ["a"]}), realm.state).changes
    assert (change.action, change.address) == (Action.DELETE, FLOOR)
    assert str(change.address) == "group/depot#attributes.floor"
    assert change.before == {"attributes": {"floor": ["2"]}}


def test_it_is_deleted_with_prune_and_forgotten():
    realm = after_apply(state(attributes={"floor": ["2"], "tag": ["a"]}), FakeRealm())
    wanted = state(attributes={"tag": ["a"]})
    after_apply(wanted, realm)
    assert realm.state.resources[DEPOT].fields["attributes"] == {"floor": ["2"], "tag": ["a"]}
    after_apply(wanted, realm, prune=True)
    assert realm.state.resources[DEPOT].fields["attributes"] == {"tag": ["a"]}
    assert FLOOR not in realm.state.record.keys
    assert plan(wanted, realm.state).changes == ()


def test_an_empty_object_is_none_of_mine_and_an_absent_one_says_nothing():
    realm = after_apply(state(attributes={"floor": ["2"]}), FakeRealm())
    assert [change.address for change in plan(state(attributes={}), realm.state).deletions] == [FLOOR]
    assert plan(state(), realm.state).changes == ()


def test_one_that_somebody_else_set_is_left_alone():
    realm = FakeRealm(resources=[Resource(DEPOT, {"attributes": {"floor": ["2"]}})])
    after_apply(state(attributes={"tag": ["a"]}), realm)
    assert plan(state(attributes={"tag": ["a"]}), realm.state).changes == ()


def test_one_that_was_there_with_the_same_value_is_not_ours():
    realm = FakeRealm(resources=[Resource(DEPOT, {"attributes": {"floor": ["2"], "tag": ["a"]}})])
    after_apply(state(attributes={"floor": ["2"], "tag": ["b"]}), realm)
    assert plan(state(attributes={"tag": ["b"]}), realm.state).changes == ()


def test_a_secret_that_the_files_no_longer_have_is_kept():
    """An export has none, and a plan of it takes none away."""
    address = Address(Kind.IDENTITY_PROVIDER, ("partner",))

    def provider(**config: str) -> RealmState:
        return RealmState.of("portal", [Resource(address, {"providerId": "oidc", "config": config})])

    realm = after_apply(provider(clientId="portal", clientSecret="s", prompt="login"), FakeRealm())
    deletions = plan(provider(clientId="portal"), realm.state).deletions
    assert [str(change.address) for change in deletions] == ["identity-provider/partner#config.prompt"]


def test_null_takes_one_away_at_once():
    realm = FakeRealm(resources=[Resource(DEPOT, {"attributes": {"floor": "2"}})])
    (change,) = plan(state(attributes={"floor": None}), realm.state).changes
    assert (change.action, change.after) == (Action.UPDATE, {"attributes": {"floor": None}})
    after_apply(state(attributes={"floor": None}), realm)
    assert realm.state.resources[DEPOT].fields["attributes"] == {}


def test_those_of_a_realm_that_is_made_are_ours_too():
    address = Address(Kind.REALM, ("portal",))

    def settings(attributes: Json) -> RealmState:
        return RealmState.of("portal", [Resource(address, {"attributes": attributes}), Resource(DEPOT, {})])

    realm = after_apply(settings({"a": "1", "b": "2"}), FakeRealm(exists=False))
    (change,) = plan(settings({"a": "1"}), realm.state).deletions
    assert str(change.address) == "realm/portal#attributes.b"


def test_those_of_a_realm_and_of_its_objects_are_each_taken_away_once():
    address = Address(Kind.REALM, ("portal",))

    def both(attributes: Json) -> RealmState:
        return RealmState.of("portal", [Resource(each, {"attributes": attributes}) for each in (address, DEPOT)])

    realm = after_apply(both({"floor": "1", "tag": "2"}), FakeRealm())
    planned = plan(both({"tag": "2"}), realm.state)
    outcome = apply(both({"tag": "2"}), planned, realm.state, realm, prune=True)
    assert sorted(str(each.address) for each in outcome.done) == [
        "group/depot#attributes.floor",
        "realm/portal#attributes.floor",
    ]
    assert plan(both({"tag": "2"}), realm.state).changes == ()


def test_the_record_is_read_as_it_was_written():
    kept = Record(keys=frozenset({FLOOR, Address(Kind.LOCALIZATION, ("fr",), ("a.b",))}))
    assert record.read(record.attributes(kept)) == kept
    assert record.read({**record.attributes(kept), "provisioner.made": "{}"}).made == frozenset()


def test_what_goes_with_its_resource_is_no_deletion_of_its_own():
    made = Record(frozenset({DEPOT}), keys=frozenset({FLOOR}))
    observed = replace(state(attributes={"floor": ["2"]}), record=made)
    desired = RealmState("portal", {}, contains=frozenset({Address(Kind.GROUP, ())}))
    assert [change.address for change in plan(desired, observed).deletions] == [DEPOT]
