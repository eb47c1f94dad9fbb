"""Applying: the order, the batches, what happens when a change fails, and that a second run writes nothing."""

from pathlib import Path

import pytest

from provisioner import loader
from provisioner.apply import BATCH, apply
from provisioner.changes import Action, Change, Plan
from provisioner.errors import (
    InterruptedRunError,
    MailRefusedError,
    PlanRefusedError,
    RejectedError,
    UnavailableError,
)
from provisioner.plan import plan
from provisioner.state import Address, Kind, RealmState, Resource
from tests.unit.provisioner.fakes import FakeRealm

REALM_FILE = Path(__file__).parents[3] / "keycloak" / "realm-export.json"
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


def run(desired: RealmState, realm: FakeRealm):
    return apply(desired, plan(desired, realm.state), realm.state, realm)


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
