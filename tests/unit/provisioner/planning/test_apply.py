"""Applying: the order, the batches, what happens when a change fails, and that a second run writes nothing."""

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
from provisioner.model.changes import Action, Change, Plan
from provisioner.model.state import Address, Kind, RealmState, Resource
from provisioner.planning.apply import BATCH, apply
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
    """Our own realm file and two companies."""
    file = tmp_path / "companies.yaml"
    file.write_text(COMPANY_FILE, encoding="utf-8")
    return loader.load([REALM_FILE, file], SECRETS).desired


def run(desired: RealmState, realm: FakeRealm, **options):
    return apply(desired, plan(desired, realm.state), realm.state, realm, **options)


def companies(count: int) -> RealmState:
    fields = {"attributes": {}, "subGroups": []}
    found = [Resource(Address(Kind.COMPANY, (f"company-{number}",)), fields) for number in range(count)]
    return RealmState.of("portal", found)


def test_what_was_applied_is_not_planned_again(desired):
    """Our own files, on nothing: everything is there afterwards, and a second run makes no write."""
    realm = FakeRealm(exists=False)
    assert run(desired, realm).complete
    writes = len(realm.writes)
    assert plan(desired, realm.observe(desired)).changes == ()
    assert run(desired, realm).done == []
    assert len(realm.writes) == writes


def test_what_others_need_is_made_first(desired):
    realm = FakeRealm(exists=False)
    run(desired, realm)
    order = [address.split("/")[0] for write in realm.writes for address in write]
    assert order == sorted(order, key=[kind.value for kind in Kind].index)


def test_a_person_comes_with_his_places_and_his_mail_last(desired):
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


def test_a_failure_stops_and_tells_what_was_done_and_what_was_not():
    realm = FakeRealm(fails={f"company/company-{BATCH}": RejectedError("no")})
    outcome = run(companies(BATCH * 2 + 1), realm)
    assert not outcome.complete
    assert isinstance(outcome.error, RejectedError)
    assert str(outcome.failed.address) == f"company/company-{BATCH}"
    assert len(outcome.done) == BATCH
    assert len(outcome.left) == BATCH + 1
    assert len(realm.writes) == 1


def test_the_run_after_a_failure_makes_the_rest():
    realm = FakeRealm(fails={f"company/company-{BATCH}": UnavailableError("not now")})
    run(companies(BATCH + 1), realm)
    realm.fails.clear()
    outcome = run(companies(BATCH + 1), realm)
    assert [str(change.address) for change in outcome.done] == [f"company/company-{BATCH}"]


def test_a_mail_that_is_refused_is_a_warning_and_the_rest_goes_on(desired):
    mail = "activation-mail/anne@acme.example"
    realm = FakeRealm(exists=False, fails={mail: MailRefusedError("550")})
    outcome = run(desired, realm)
    assert outcome.complete
    assert len(outcome.warnings) == 1
    assert "the next apply sends it" in outcome.warnings[0]
    realm.fails.clear()
    assert [str(change.address) for change in run(desired, realm).done] == [mail]


def test_an_interrupted_run_tells_what_was_done():
    realm = FakeRealm(fails={f"company/company-{BATCH}": KeyboardInterrupt()})
    outcome = run(companies(BATCH + 1), realm)
    assert isinstance(outcome.error, InterruptedRunError)
    assert (len(outcome.done), len(outcome.left)) == (BATCH, 1)


def test_a_plan_with_something_refused_is_not_begun():
    address = Address(Kind.ADMINISTRATOR, ("acme", "x@acme.example"))
    planned = Plan("portal", (Change(Action.REFUSED, address, reason="not there"),))
    realm = FakeRealm()
    with pytest.raises(PlanRefusedError, match=r"x@acme\.example"):
        apply(companies(1), planned, realm.state, realm)
    assert realm.writes == []


def test_a_realm_that_cannot_be_made_leaves_everything_else():
    desired = RealmState.of(
        "portal", [Resource(Address(Kind.REALM, ("portal",)), {}), *companies(2).resources.values()]
    )
    realm = FakeRealm(exists=False, fails={"realm/portal": RejectedError("no")})
    outcome = run(desired, realm)
    assert (len(outcome.done), len(outcome.left)) == (0, 3)


def test_a_server_that_goes_away_after_the_realm_was_made():
    """Between the two plans of a new realm: what is done and what is not is still told."""

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
    told = []
    desired = companies(BATCH + 3)
    realm = FakeRealm()
    apply(desired, plan(desired, realm.state), realm.state, realm, progress=told.append)
    assert sum(told) == BATCH + 3


class TestOwnership:
    """What an apply makes is noted in the realm, so that any machine knows later what may be deleted."""

    def client(self, name: str) -> Resource:
        return Resource(Address(Kind.CLIENT, (name,)), {"enabled": True})

    def desired(self, *names: str) -> RealmState:
        state = RealmState.of("portal", map(self.client, names))
        return replace(state, contains=frozenset({Address(Kind.CLIENT, ())}))

    def test_what_is_created_is_noted_before_it_is_made(self):
        realm = FakeRealm(fails={"client/b": KeyboardInterrupt()})
        run(self.desired("a", "b"), realm)
        assert {str(address) for address in realm.state.record.made} == {"client/a", "client/b"}

    def test_what_was_there_is_not(self):
        realm = FakeRealm(resources=[Resource(Address(Kind.CLIENT, ("a",)), {"enabled": False})])
        assert run(self.desired("a"), realm).complete
        assert realm.state.record.made == frozenset()
        assert realm.saves == 0

    def test_it_is_deleted_only_when_asked(self):
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

    def test_made_by_hand_again_it_is_nobody_s(self):
        realm = FakeRealm()
        run(self.desired("a", "b"), realm)
        run(self.desired("a"), realm, prune=True)
        realm.state = realm.state.with_resources([*realm.state.resources.values(), self.client("b")])
        (change,) = plan(self.desired("a"), realm.state).changes
        assert change.action is Action.UNMANAGED

    def test_parts_made_with_their_owner_are_noted_too(self):
        owner = self.client("a")
        part = Resource(Address(Kind.CLIENT_MAPPER, ("a", "m")), {})
        realm = FakeRealm()
        run(RealmState.of("portal", [owner, part]), realm)
        assert part.address in realm.state.record.made

    def test_a_run_of_files_without_that_kind_forgets_nothing(self):
        realm = FakeRealm()
        run(self.desired("a"), realm)
        run(companies(1), realm)
        assert {str(address) for address in realm.state.record.made} == {"client/a", "company/company-0"}


class TestLock:
    def test_several_changes_are_made_under_it(self):
        realm = FakeRealm()
        run(companies(BATCH + 1), realm)
        assert realm.locks == 1

    def test_one_change_and_none_need_it_not(self):
        realm = FakeRealm()
        run(companies(1), realm)
        run(companies(1), realm)
        assert realm.locks == 0

    def test_when_another_run_has_done_it_meanwhile_nothing_is_written(self):
        realm = FakeRealm()
        realm.another_run = lambda: setattr(
            realm, "state", RealmState.of("portal", companies(3).resources.values())
        )
        with pytest.raises(StalePlanError, match="plan again"):
            run(companies(2), realm)
        assert realm.writes == []

    def test_when_another_run_changed_nothing_of_it_it_goes_on(self):
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
