"""Applying: order, batches, failures, and a second run that writes nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from provisioner import loader
from provisioner.errors import (
    InterruptedRunError,
    MailRefusedError,
    PlanRefusedError,
    RejectedError,
    StalePlanError,
    UnavailableError,
)
from provisioner.kinds.company import BATCH
from provisioner.kinds.kind import Kind
from provisioner.model.changes import Action, Change, Plan
from provisioner.model.state import Address, RealmState, Resource
from provisioner.planning.apply import apply
from provisioner.planning.plan import plan
from tests.unit.provisioner.fakes import FakeRealm

REALM_FILE = Path(__file__).parents[4] / "keycloak" / "realm-export.json"
SECRETS = {
    "CLIENT_PORTAL_SECRET": "p",
    "CLIENT_SAMPLE_SERVICE_SECRET": "s",
    "CLIENT_PORTAL_DIRECTORY_SECRET": "d",
}
COMPANY_FILE = """
companies:
  - {id: acme, name: Acme, services: [data], administrators: [anne@acme.example]}
  - {id: globex, name: Globex, administrators: [anne@acme.example]}
people:
  - {email: anne@acme.example, last_name: Durand, first_name: Anne, title: mme}
"""


@pytest.fixture
def desired(tmp_path: Path) -> RealmState:
    """The realm file of the project and two companies."""
    file = tmp_path / "companies.yaml"
    file.write_text(COMPANY_FILE, encoding="utf-8")
    return loader.load([REALM_FILE, file], SECRETS).desired


def run(desired: RealmState, realm: FakeRealm, **options):
    return apply(desired, plan(desired, realm.state), realm.state, realm, **options)


def companies(count: int) -> RealmState:
    fields = {"attributes": {}, "subGroups": []}
    found = [Resource(Address(Kind.COMPANY, (f"company-{number}",)), fields) for number in range(count)]
    return RealmState.of("portal", found)


@pytest.mark.slow
def test_a_second_plan_is_empty(desired):
    """The project's files on an empty server: everything exists afterwards, and a second run writes nothing."""
    realm = FakeRealm(exists=False)
    assert run(desired, realm).complete
    writes = len(realm.writes)
    assert plan(desired, realm.observe(desired)).changes == ()
    assert run(desired, realm).done == []
    assert len(realm.writes) == writes


@pytest.mark.slow
def test_changes_are_made_in_the_order_of_kinds(desired):
    realm = FakeRealm(exists=False)
    run(desired, realm)
    order = [address.split("/")[0] for write in realm.writes for address in write]
    assert order == sorted(order, key=[kind.value for kind in Kind].index)


@pytest.mark.slow
def test_a_person_is_created_with_groups_and_the_mail_is_last(desired):
    realm = FakeRealm(exists=False)
    run(desired, realm)
    assert ["person/anne@acme.example"] in realm.writes
    assert not any(address.startswith("administrator/") for write in realm.writes for address in write)
    assert realm.writes[-1] == ["activation-mail/anne@acme.example"]


@pytest.mark.parametrize(("count", "batches"), [(1, [1]), (BATCH, [BATCH]), (BATCH + 1, [BATCH, 1])])
def test_companies_are_created_together(count, batches):
    realm = FakeRealm()
    run(companies(count), realm)
    assert [len(write) for write in realm.writes] == batches


def test_a_failure_stops_and_reports_done_and_left_changes():
    realm = FakeRealm(fails={f"company/company-{BATCH}": RejectedError("no")})
    outcome = run(companies(BATCH * 2 + 1), realm)
    assert not outcome.complete
    assert isinstance(outcome.error, RejectedError)
    assert str(outcome.failed.address) == f"company/company-{BATCH}"
    assert len(outcome.done) == BATCH
    assert len(outcome.left) == BATCH + 1
    assert len(realm.writes) == 1


def test_a_second_run_makes_the_changes_left_by_a_failure():
    realm = FakeRealm(fails={f"company/company-{BATCH}": UnavailableError("not now")})
    run(companies(BATCH + 1), realm)
    realm.fails.clear()
    outcome = run(companies(BATCH + 1), realm)
    assert [str(change.address) for change in outcome.done] == [f"company/company-{BATCH}"]


@pytest.mark.slow
def test_a_refused_mail_is_a_warning_and_other_changes_are_made(desired):
    mail = "activation-mail/anne@acme.example"
    realm = FakeRealm(exists=False, fails={mail: MailRefusedError("550")})
    outcome = run(desired, realm)
    assert outcome.complete
    assert len(outcome.warnings) == 1
    assert "the next apply sends it" in outcome.warnings[0].reason
    realm.fails.clear()
    assert [str(change.address) for change in run(desired, realm).done] == [mail]


def test_an_interrupted_run_reports_done_changes():
    realm = FakeRealm(fails={f"company/company-{BATCH}": KeyboardInterrupt()})
    outcome = run(companies(BATCH + 1), realm)
    assert isinstance(outcome.error, InterruptedRunError)
    assert (len(outcome.done), len(outcome.left)) == (BATCH, 1)


def test_a_plan_with_a_refused_change_is_not_applied():
    address = Address(Kind.ADMINISTRATOR, ("acme", "x@acme.example"))
    planned = Plan("portal", (Change(Action.REFUSED, address, reason="not there"),))
    realm = FakeRealm()
    with pytest.raises(PlanRefusedError, match=r"x@acme\.example"):
        apply(companies(1), planned, realm.state, realm)
    assert realm.writes == []


def test_a_failed_creation_of_the_realm_leaves_all_other_changes():
    desired = RealmState.of(
        "portal", [Resource(Address(Kind.REALM, ("portal",)), {}), *companies(2).resources.values()]
    )
    realm = FakeRealm(exists=False, fails={"realm/portal": RejectedError("no")})
    outcome = run(desired, realm)
    assert (len(outcome.done), len(outcome.left)) == (0, 3)


def test_a_server_that_fails_after_the_creation_of_the_realm():
    """Between the two plans of a new realm, done and left changes are still reported."""

    class Vanishing(FakeRealm):
        def observe(self, desired):
            if self.writes:
                raise UnavailableError("gone")
            return super().observe(desired)

    realm_itself = Resource(Address(Kind.REALM, ("portal",)), {})
    desired = RealmState.of("portal", [realm_itself, *companies(2).resources.values()])
    outcome = run(desired, Vanishing(exists=False))
    assert isinstance(outcome.error, UnavailableError)
    assert (len(outcome.done), len(outcome.left)) == (1, 2)


def test_progress_counts_every_change():
    counts = []
    desired = companies(BATCH + 3)
    realm = FakeRealm()
    apply(desired, plan(desired, realm.state), realm.state, realm, progress=counts.append)
    assert sum(counts) == BATCH + 3


class TestOwnership:
    """Creations are recorded in the realm, so that any machine knows what may be deleted later."""

    def client(self, name: str) -> Resource:
        return Resource(Address(Kind.CLIENT, (name,)), {"enabled": True})

    def desired(self, *names: str) -> RealmState:
        state = RealmState.of("portal", map(self.client, names))
        return replace(state, contains=frozenset({Address(Kind.CLIENT, ())}))

    def test_creations_are_recorded_before_they_are_made(self):
        realm = FakeRealm(fails={"client/b": KeyboardInterrupt()})
        run(self.desired("a", "b"), realm)
        assert {str(address) for address in realm.state.record.made} == {"client/a", "client/b"}

    def test_present_resources_are_not_recorded(self):
        realm = FakeRealm(resources=[Resource(Address(Kind.CLIENT, ("a",)), {"enabled": False})])
        assert run(self.desired("a"), realm).complete
        assert realm.state.record.made == frozenset()
        assert realm.saves == 0

    def test_it_is_only_deleted_with_prune(self):
        realm = FakeRealm()
        run(self.desired("a", "b"), realm)
        left = self.desired("a")

        outcome = run(left, realm)
        assert ([str(each.address) for each in outcome.kept], outcome.done) == (["client/b"], [])
        assert realm.state.get(Kind.CLIENT, "b")

        outcome = run(left, realm, prune=True)
        assert [str(each.address) for each in outcome.done] == ["client/b"]
        assert realm.state.get(Kind.CLIENT, "b") is None
        assert {str(address) for address in realm.state.record.made} == {"client/a"}
        assert plan(left, realm.state).changes == ()

    def test_a_resource_created_again_by_hand_is_unmanaged(self):
        realm = FakeRealm()
        run(self.desired("a", "b"), realm)
        run(self.desired("a"), realm, prune=True)
        realm.state = realm.state.with_resources([*realm.state.resources.values(), self.client("b")])
        (change,) = plan(self.desired("a"), realm.state).changes
        assert change.action is Action.UNMANAGED

    def test_parts_created_with_their_owner_are_recorded(self):
        owner = self.client("a")
        part = Resource(Address(Kind.CLIENT_MAPPER, ("a", "m")), {})
        realm = FakeRealm()
        run(RealmState.of("portal", [owner, part]), realm)
        assert part.address in realm.state.record.made

    def test_files_without_a_kind_keep_its_record(self):
        realm = FakeRealm()
        run(self.desired("a"), realm)
        run(companies(1), realm)
        assert {str(address) for address in realm.state.record.made} == {"client/a", "company/company-0"}


class TestLock:
    def test_several_changes_are_made_under_it(self):
        realm = FakeRealm()
        run(companies(BATCH + 1), realm)
        assert realm.locks == 1

    def test_one_change_or_none_takes_no_lock(self):
        realm = FakeRealm()
        run(companies(1), realm)
        run(companies(1), realm)
        assert realm.locks == 0

    def test_it_says_in_the_realm_that_it_is_at_work_and_has_ended(self):
        realm = FakeRealm()
        seen = []
        run(companies(BATCH + 1), realm, progress=lambda _: seen.append(realm.state.record.unfinished))
        assert seen == [True, True]
        first = realm.state.record
        assert not first.unfinished
        run(companies(BATCH + 3), realm)
        assert realm.state.record.run not in ("", first.run)

    def test_one_that_fails_has_not_ended(self):
        realm = FakeRealm(fails={"company/company-1": RejectedError("409")})
        run(companies(2), realm)
        assert realm.state.record.unfinished

    def test_one_change_without_it_says_nothing_of_the_run(self):
        realm = FakeRealm()
        run(companies(BATCH + 1), realm)
        before = realm.state.record.run
        run(companies(BATCH + 2), realm)
        assert realm.state.record.run == before

    def test_the_same_changes_by_another_run_stop_it(self):
        realm = FakeRealm()
        realm.another_run = lambda: setattr(
            realm, "state", RealmState.of("portal", companies(3).resources.values())
        )
        with pytest.raises(StalePlanError, match="plan again"):
            run(companies(2), realm)
        assert realm.writes == []

    def test_an_unrelated_change_of_another_run_does_not_stop_it(self):
        realm = FakeRealm()
        realm.another_run = lambda: None
        assert run(companies(2), realm).complete


def test_a_replacement_is_a_deletion_and_a_creation():
    address = Address(Kind.IDENTITY_PROVIDER, ("partner",))
    realm = FakeRealm(resources=[Resource(address, {"providerId": "saml", "enabled": True})])
    desired = RealmState.of("portal", [Resource(address, {"providerId": "oidc"})])
    (change,) = plan(desired, realm.state).changes
    assert (change.action, change.reason) == (Action.REPLACE, "cannot be changed on the server: providerId")
    assert run(desired, realm).complete
    assert realm.state.resources[address].fields == {"providerId": "oidc"}
