"""R7: two administrators, three companies and random faults, step after step; what must hold, holds after each."""

from collections.abc import Iterator
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from directory.errors import DirectoryError
from directory.model import ActivationStatus, Affiliation, Attachment, CompanyRole, User
from tests.builders import a_context, a_profile, an_attachment
from tests.faults.conftest import empty
from tests.faults.grounds import DOMAIN, NAMES, Ground, Seen, Trouble
from webapp.errors import PortalError
from webapp.identity.actor import Actor
from webapp.people import accounts, activations, attachments
from webapp.people.administration import administration_of, person
from webapp.people.recovery import complete, resume
from webapp.records.operations import partial_of
from webapp.records.payloads import NewAccount
from webapp.storage.database import Database, journal, journal_companies

MOST_OF_ONE = 50
"""Steps of one run at most; on average it has a few less."""
FEW = 10
RUNS = 3
"""At least: the first one is the plainest there is."""
EXPECTED = (DirectoryError, PortalError)
"""What the person is answered with words; anything else fails the test."""

held = st.none() | st.builds(lambda administers, external: (administers, external), st.booleans(), st.booleans())
SOMEWHERE = (an_attachment(NAMES[0]),)
wishes = st.dictionaries(st.sampled_from(NAMES), held, min_size=1)
administrators = st.sampled_from([0, 1])
people = st.integers(0, 5)
troubles = st.none() | st.builds(
    Trouble,
    verb=st.sampled_from([None, "change_attachment", "create_user", "send_activation"]),
    nth=st.integers(1, 6),
    effect=st.sampled_from(["none", "whole", "half"]),
    lasting=st.booleans(),
)


def wanted(wish: dict[str, tuple[bool, bool] | None]) -> dict[str, Attachment | None]:
    return {
        name: an_attachment(name, administrator=one[0], external=one[1]) if one else None
        for name, one in wish.items()
    }


class Portal(RuleBasedStateMachine):
    """The use cases on a directory whose calls fail before, within and after their effect."""

    ground: ClassVar[Ground]
    database: ClassVar[Database]
    steps: ClassVar[int]
    first: dict[str, dict[str, Attachment]] | None = None

    @initialize()
    def begin(self) -> None:
        empty(self.database)
        self.ground.begin()
        self.directory = self.ground.directory
        everywhere = [an_attachment(name, administrator=True) for name in NAMES]
        self.pair = [self.ground.add(f"admin{n}@{DOMAIN}", everywhere) for n in (0, 1)]
        self.people = [self.ground.add(f"person{n}@{DOMAIN}", SOMEWHERE if n == 0 else ()) for n in range(6)]
        self.seen = self.ground.look()
        self.first = {user.id: self.seen.at(user) for user in self.seen.people}

    def actor(self, number: int) -> Actor:
        user = self.pair[number]
        return Actor(user.id, user.profile, tuple(self.seen.at(user).values()))

    def going_to_meet(self, trouble: Trouble | None) -> None:
        if trouble:
            self.ground.fail(trouble)

    @rule(who=administrators, whom=people, wish=wishes, trouble=troubles)
    def changes(self, who: int, whom: int, wish: dict[str, Any], trouble: Trouble | None) -> None:
        self.going_to_meet(trouble)
        self._change(self.actor(who), self.people[whom], wish)

    @rule(who=administrators, wish=wishes, trouble=troubles)
    def changes_the_other_administrator(self, who: int, wish: dict[str, Any], trouble: Trouble | None) -> None:
        self.going_to_meet(trouble)
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

    @rule(who=administrators, number=st.integers(0, 3), wish=wishes, trouble=troubles)
    def creates(self, who: int, number: int, wish: dict[str, Any], trouble: Trouble | None) -> None:
        self.going_to_meet(trouble)
        profile = a_profile(f"new{number}@{DOMAIN}")
        try:
            administration = administration_of(self.directory, self.actor(who))
            mine = tuple(one for name, one in wanted(wish).items() if one and name in administration.ids)
            if mine:
                context = a_context(self.directory, self.database, self.actor(who))
                made = accounts.create(context, NewAccount(profile, mine), administration.companies)
                self.first.setdefault(made.user.id, {})
        except EXPECTED:
            pass

    @rule(who=administrators, number=st.integers(0, 3), trouble=troubles)
    def resends(self, who: int, number: int, trouble: Trouble | None) -> None:
        self.going_to_meet(trouble)
        try:
            administration = administration_of(self.directory, self.actor(who))
            user = self.directory.find_by_email(f"new{number}@{DOMAIN}")
            if user:
                context = a_context(self.directory, self.database, self.actor(who))
                member = person(self.directory, administration, user.id)
                activations.resend(context, member, administration.companies)
        except EXPECTED:
            pass

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
    def what_must_hold_holds(self) -> None:
        type(self).steps += 1
        self.seen = self.ground.look()
        nobody_is_in_a_subgroup_alone(self.seen)
        every_company_has_an_active_administrator(self.seen)
        one_address_is_one_account(self.seen)

    def teardown(self) -> None:
        """The journal, from the beginning, tells what is: nothing that was attached is lost."""
        if self.first is None:
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
        for user in self.seen.people:
            for name in NAMES:
                if (user.id, name) not in unknown and user.id in self.first:
                    assert self.seen.at(user).get(name) == told[user.id].get(name), (user.email, name)

    def lines(self) -> Iterator[tuple[str, str, Attachment | None, Attachment | None, str]]:
        query = (
            select(journal, journal_companies.c.company_id)
            .join(journal_companies, journal_companies.c.line_id == journal.c.id)
            .where(journal.c.action.in_(["create", "attach", "change", "detach", "leave"]))
            .where(journal.c.outcome != "refused")
            .order_by(journal.c.id)
        )
        known = {user.email: user.id for user in self.seen.people}
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


def nobody_is_in_a_subgroup_alone(seen: Seen) -> None:
    for paths in seen.groups.values():
        for path in paths:
            assert f"/{path.split('/')[1]}" in paths


def every_company_has_an_active_administrator(seen: Seen) -> None:
    active = [user for user in seen.people if user.status() is ActivationStatus.ACTIVE]
    for name in NAMES:
        held = [seen.at(user).get(name) for user in active]
        assert any(at.administers for at in held if at), name


def one_address_is_one_account(seen: Seen) -> None:
    emails = [user.email for user in seen.people]
    assert len(emails) == len(set(emails))


def play(ground: Ground, database: Database, steps: int) -> str:
    """Make at least so many steps; how many there were, and how many calls went wrong."""
    Portal.ground, Portal.database, Portal.steps = ground, database, 0
    runs = max(RUNS, -(-steps // (MOST_OF_ONE - FEW)))
    run_state_machine_as_test(
        Portal,
        settings=settings(
            max_examples=runs,
            stateful_step_count=min(MOST_OF_ONE, steps // runs + FEW),
            # A failure is shown as it was met: making it smaller takes minutes, and the steps are readable.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return f"{Portal.steps} steps, {ground.met} faults"
