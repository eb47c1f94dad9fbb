"""R7: two administrators, three companies and random faults, step after step; what must hold, holds after each.

`FAULT_STEPS` says how many steps there are in all (`make faults` takes 10,000).
"""

import os
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from directory.encoding import Place
from directory.errors import DirectoryError
from directory.model import ActivationStatus, Affiliation, Attachment, CompanyRole, User
from tests.builders import a_company, a_context, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.faults.conftest import empty
from webapp.errors import PortalError
from webapp.identity.actor import Actor
from webapp.people import accounts, activations, attachments
from webapp.people.administration import administration_of, person
from webapp.people.recovery import complete, resume
from webapp.records.operations import partial_of
from webapp.records.payloads import NewAccount
from webapp.storage.database import Database, journal, journal_companies

STEPS = int(os.environ.get("FAULT_STEPS", "300"))
STEPS_OF_ONE = 50
NAMES = ("acme", "globex", "initech")
EXPECTED = (DirectoryError, PortalError)
"""What the person is answered with words; anything else fails the test."""

held = st.none() | st.builds(lambda administers, external: (administers, external), st.booleans(), st.booleans())
wishes = st.dictionaries(st.sampled_from(NAMES), held, min_size=1)
administrators = st.sampled_from([0, 1])
people = st.integers(0, 5)


def wanted(wish: dict[str, tuple[bool, bool] | None]) -> dict[str, Attachment | None]:
    return {
        name: an_attachment(name, administrator=one[0], external=one[1]) if one else None
        for name, one in wish.items()
    }


class Portal(RuleBasedStateMachine):
    """The use cases on the directory in memory, whose calls fail before, within and after their effect."""

    database: ClassVar[Database]
    steps = 0
    faults = 0

    @initialize()
    def begin(self) -> None:
        empty(self.database)
        self.directory = FakeDirectory(*(a_company(name) for name in NAMES))
        everywhere = [an_attachment(name, administrator=True) for name in NAMES]
        self.pair = [self.directory.add_user(a_profile(f"admin{n}@acme.example"), everywhere) for n in (0, 1)]
        self.people = [self.directory.add_user(a_profile(f"person{n}@acme.example")) for n in range(6)]
        self.directory.add_membership(self.people[0].id, Place("acme"))
        self.first = {user.id: self.at(user) for user in self.directory.people()}

    def at(self, user: User) -> dict[str, Attachment]:
        """What somebody holds, read without the faults."""
        return {a.company_id: a for a in self.directory._attachments(user.id)}

    def actor(self, number: int) -> Actor:
        user = self.pair[number]
        return Actor(user.id, user.profile, tuple(self.at(user).values()))

    @rule(who=administrators, whom=people, wish=wishes)
    def changes(self, who: int, whom: int, wish: dict[str, Any]) -> None:
        self._change(self.actor(who), self.people[whom], wish)

    @rule(who=administrators, wish=wishes)
    def changes_the_other_administrator(self, who: int, wish: dict[str, Any]) -> None:
        self._change(self.actor(who), self.pair[1 - who], wish)

    @rule(who=administrators, name=st.sampled_from(NAMES))
    def leaves(self, who: int, name: str) -> None:
        self._change(self.actor(who), self.pair[who], {name: None})

    def _change(self, actor: Actor, user: User, wish: dict[str, Any]) -> None:
        try:
            administration = administration_of(self.directory, actor)
            mine = {name: one for name, one in wanted(wish).items() if name in administration.ids}
            attachments.change(
                a_context(self.directory, self.database, actor), administration.companies, user, mine
            )
        except EXPECTED:
            pass

    @rule(who=administrators, number=st.integers(0, 3), wish=wishes)
    def creates(self, who: int, number: int, wish: dict[str, Any]) -> None:
        profile = a_profile(f"new{number}@acme.example")
        try:
            administration = administration_of(self.directory, self.actor(who))
            mine = tuple(one for name, one in wanted(wish).items() if one and name in administration.ids)
            if mine:
                context = a_context(self.directory, self.database, self.actor(who))
                made = accounts.create(context, NewAccount(profile, mine), administration.companies)
                self.first.setdefault(made.user.id, {})
        except EXPECTED:
            pass

    @rule(who=administrators, number=st.integers(0, 3))
    def resends(self, who: int, number: int) -> None:
        try:
            administration = administration_of(self.directory, self.actor(who))
            user = self.directory.find_by_email(f"new{number}@acme.example")
            if user:
                context = a_context(self.directory, self.database, self.actor(who))
                member = person(self.directory, administration, user.id)
                activations.resend(context, member, administration.companies)
        except EXPECTED:
            pass

    @rule(
        nth=st.integers(1, 6),
        verb=st.sampled_from([None, "change_attachment", "create_user", "send_activation"]),
        effect=st.sampled_from(["none", "whole", "half"]),
    )
    def something_is_going_to_fail(self, nth: int, verb: str | None, effect: Any) -> None:
        if effect == "half":
            verb = "change_attachment"
        self.directory.fail(verb, nth=nth, effect=effect)
        type(self).faults += 1

    @rule(who=administrators)
    def finishes_what_was_left(self, who: int) -> None:
        context = a_context(self.directory, self.database, self.actor(who))
        for operation in partial_of(self.database, self.pair[who].id):
            try:
                complete(context, operation.id)
            except EXPECTED:
                pass

    @rule()
    def restarts(self) -> None:
        resume(self.directory, self.database)

    @invariant()
    def count(self) -> None:
        type(self).steps += 1

    @invariant()
    def nobody_is_in_a_subgroup_alone(self) -> None:
        if hasattr(self, "directory"):
            for user in self.directory.people():
                for path in self.directory.groups_of(user.id):
                    assert f"/{path.split('/')[1]}" in self.directory.groups_of(user.id)

    @invariant()
    def every_company_has_an_active_administrator(self) -> None:
        if hasattr(self, "directory"):
            for name in NAMES:
                found = [user for user in self.directory.people() if name in self.at(user)]
                active = [user for user in found if user.status() is ActivationStatus.ACTIVE]
                assert any(self.at(user)[name].administers for user in active), name

    @invariant()
    def one_address_is_one_account_with_one_first_mail(self) -> None:
        if hasattr(self, "directory"):
            emails = [user.email for user in self.directory.people()]
            assert len(emails) == len(set(emails))

    def teardown(self) -> None:
        """The journal, from the beginning, tells what is: nothing that was attached is lost."""
        if not hasattr(self, "directory"):
            return
        told = {user_id: dict(held) for user_id, held in self.first.items()}
        unknown = set()
        for whom, company, before, after, outcome in self.lines():
            key = (whom, company)
            at = told.setdefault(whom, {})
            if outcome != "done":
                unknown.add(key)  # no answer: it may have happened, and the line says that it is not known
                continue
            if key not in unknown:
                assert at.get(company) == before, (key, list(self.lines()))
            unknown.discard(key)
            at.pop(company, None)
            if after:
                at[company] = after
        for user in self.directory.people():
            for name in NAMES:
                if (user.id, name) not in unknown and user.id in self.first:
                    assert self.at(user).get(name) == told[user.id].get(name), (user.email, name)

    def lines(self) -> Iterator[tuple[str, str, Attachment | None, Attachment | None, str]]:
        query = (
            select(journal, journal_companies.c.company_id)
            .join(journal_companies, journal_companies.c.line_id == journal.c.id)
            .where(journal.c.action.in_(["create", "attach", "change", "detach", "leave"]))
            .where(journal.c.outcome != "refused")
            .order_by(journal.c.id)
        )
        known = {user.email: user.id for user in self.directory.people()}
        with self.database.engine.connect() as connection:
            for row in connection.execute(query):
                yield (
                    # A creation without an answer has no id yet.
                    row.person_id or known.get(row.person_email, ""),
                    row.company_id,
                    attachment(row.company_id, row.before),
                    attachment(row.company_id, row.after),
                    row.outcome,
                )


def attachment(company_id: str, values: dict[str, str] | None) -> Attachment | None:
    if not values:
        return None
    return Attachment(company_id, CompanyRole(values["role"]), Affiliation(values["affiliation"]))


@pytest.mark.timeout(3600)
def test_every_step_leaves_what_must_hold(database: Database, capsys: pytest.CaptureFixture[str]):
    """No member of a subgroup alone, no company without administrator, nothing lost, the journal as it was."""
    Portal.database, Portal.steps, Portal.faults = database, 0, 0
    run_state_machine_as_test(
        Portal,
        settings=settings(
            max_examples=max(1, STEPS // (STEPS_OF_ONE - 10)),
            stateful_step_count=STEPS_OF_ONE,
            # A failure is shown as it was met: making it smaller takes minutes, and the steps are readable.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    with capsys.disabled():
        print(f"\n{Portal.steps} steps, {Portal.faults} faults")  # noqa: T201
    assert Portal.faults > 0
