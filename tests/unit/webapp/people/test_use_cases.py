"""Services without the web: what they promise to whoever calls them."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import insert, select

from directory.errors import ConflictError, EmailTakenError, NotFoundError, UnavailableError
from directory.model import Attachment, Member, User
from tests.builders import a_company, a_context, a_profile, an_attachment
from tests.fakes import FakeDirectory
from webapp.errors import (
    AlreadyActiveError,
    HiddenError,
    LastAdministratorError,
    NotAdministratorError,
    PartlyDoneError,
)
from webapp.identity.actor import Actor
from webapp.people import accounts, activations, attachments
from webapp.people.administration import administration_of, everywhere, people, person
from webapp.records.payloads import NewAccount
from webapp.storage.database import Database, activation_mails, operations

ACME, GLOBEX = a_company("acme"), a_company("globex")


@pytest.fixture
def directory(directory: FakeDirectory) -> FakeDirectory:
    directory.add_company(a_company("initech"))
    return directory


@pytest.fixture
def actor(directory: FakeDirectory) -> Actor:
    """Administers Acme and Globex, and is a plain user of Initech."""
    held = (
        an_attachment("acme", administrator=True),
        an_attachment("globex", administrator=True),
        an_attachment("initech"),
    )
    user = directory.add_user(a_profile(), held)
    return Actor(user.id, user.profile, held)


def states(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        return list(connection.execute(select(operations.c.state).order_by(operations.c.started_at)).scalars())


class TestAdministration:
    def test_companies_by_name(self, directory: FakeDirectory, actor: Actor):
        """Those he administers, in one call."""
        found = administration_of(directory, actor)
        assert [company.id for company in found.companies] == ["acme", "globex"]
        assert found.ids == {"acme", "globex"}
        assert len(directory.calls) == 1

    @pytest.mark.parametrize("company", ["initech", "nowhere", ""])
    def test_other_companies_are_hidden(self, company: str, directory: FakeDirectory, actor: Actor):
        """One where he is a plain user like one that does not exist."""
        with pytest.raises(HiddenError):
            administration_of(directory, actor).company(company)

    def test_both_sides_have_to_agree(self, directory: FakeDirectory, actor: Actor):
        """The sign-in's view and the directory's: what one of them does not know gives nothing."""
        narrow = Actor(actor.id, actor.profile, (an_attachment("acme", administrator=True),))
        assert administration_of(directory, narrow).ids == {"acme"}
        directory.remove_membership(actor.id, "/globex/administrators")
        assert administration_of(directory, actor).ids == {"acme"}

    def test_of_nothing(self, directory: FakeDirectory):
        user = directory.add_user(a_profile(), [an_attachment("acme")])
        with pytest.raises(NotAdministratorError):
            administration_of(directory, Actor(user.id, user.profile, (an_attachment("acme"),)))

    def test_people_are_there_once_with_what_they_are_at_mine(self, directory: FakeDirectory, actor: Actor):
        both = directory.add_user(
            a_profile(), [an_attachment("acme"), an_attachment("globex"), an_attachment("initech")]
        )
        found = {member.user.id: member for member in people(directory, administration_of(directory, actor))}
        assert set(found) == {actor.id, both.id}
        assert found[both.id].attachments == (an_attachment("acme"), an_attachment("globex"))

    def test_person_has_only_what_is_mine(self, directory: FakeDirectory, actor: Actor):
        """And `everywhere` all of it, to decide on."""
        both = directory.add_user(a_profile(), [an_attachment("acme"), an_attachment("initech")])
        found = administration_of(directory, actor)
        assert person(directory, found, both.id).attachments == (an_attachment("acme"),)
        assert len(everywhere(directory, found.ids, both.id).attachments) == 2


class TestChange:
    def test_companies_that_are_not_named_stay(self, directory: FakeDirectory, database: Database, actor: Actor):
        user = directory.add_user(
            a_profile(), [an_attachment("acme"), an_attachment("globex"), an_attachment("initech")]
        )
        changes = attachments.change(a_context(directory, database, actor), [ACME, GLOBEX], user, {"acme": None})
        assert [one.company_id for one in changes] == ["acme"]
        assert {at.company_id for _, at in directory.attachments_of(user.id)} == {"globex", "initech"}
        assert states(database) == ["done"]

    def test_nothing_to_do_writes_nothing_down(self, directory: FakeDirectory, database: Database, actor: Actor):
        user = directory.add_user(a_profile(), [an_attachment("acme")])
        wanted: dict[str, Attachment | None] = {"acme": an_attachment("acme"), "globex": None}
        assert attachments.change(a_context(directory, database, actor), [ACME, GLOBEX], user, wanted) == ()
        assert states(database) == []

    def test_rule_broken_at_one_company_changes_none(
        self, directory: FakeDirectory, database: Database, actor: Actor
    ):
        """Globex would come second: Acme is not touched either."""
        user = directory.user(actor.id)
        other = directory.add_user(a_profile(), [an_attachment("acme", administrator=True)])
        before = directory.snapshot()
        with pytest.raises(LastAdministratorError) as caught:
            attachments.change(
                a_context(directory, database, actor), [ACME, GLOBEX], user, {"acme": None, "globex": None}
            )
        assert caught.value.company.id == "globex"
        assert directory.snapshot() == before
        assert states(database) == []
        assert other.id

    def test_stopped_on_the_way(self, directory: FakeDirectory, database: Database, actor: Actor):
        """Says what is done and what is left; the operation is marked, since the person is told."""
        user = directory.add_user(a_profile(), [an_attachment("acme")])
        directory.fail("change_attachment", nth=2)
        wanted: dict[str, Attachment | None] = {"acme": None, "globex": an_attachment("globex")}
        with pytest.raises(PartlyDoneError) as caught:
            attachments.change(a_context(directory, database, actor), [ACME, GLOBEX], user, wanted)
        assert [one.company_id for one in caught.value.done] == ["acme"]
        assert [one.company_id for one in caught.value.left] == ["globex"]
        assert states(database) == ["partial"]

    @pytest.mark.parametrize("error", [UnavailableError("x"), NotFoundError("x"), ConflictError("x")])
    def test_stopped_at_once(self, error: Exception, directory: FakeDirectory, database: Database, actor: Actor):
        """Nothing was done, so the error is the error."""
        user = directory.add_user(a_profile(), [an_attachment("acme")])
        directory.fail("change_attachment", error=error)  # type: ignore[arg-type]
        with pytest.raises(type(error)):
            attachments.change(a_context(directory, database, actor), [ACME], user, {"acme": None})
        assert states(database) == ["failed"]


class TestCreate:
    PROFILE = a_profile("emma@acme.example")

    def test_taken(self, directory: FakeDirectory, database: Database, actor: Actor):
        """No account, no mail, no operation left running."""
        directory.add_user(self.PROFILE)
        with pytest.raises(EmailTakenError):
            accounts.create(a_context(directory, database, actor), NewAccount(self.PROFILE, (an_attachment(),)))
        assert directory.mails == []
        assert states(database) == ["failed"]

    def test_lost_answer_is_looked_up(self, directory: FakeDirectory, database: Database, actor: Actor):
        """It was us: the account that is there now, never activated, attached as asked."""
        directory.fail("create_user", effect="whole")
        made = accounts.create(a_context(directory, database, actor), NewAccount(self.PROFILE, (an_attachment(),)))
        assert made.mail_sent
        assert made.user.email == "emma@acme.example"

    @pytest.mark.parametrize("state", ["active", "mailed", "attached otherwise"])
    def test_lost_answer_that_is_somebody_else(
        self, state: str, directory: FakeDirectory, database: Database, actor: Actor
    ):
        """An account that cannot be ours is never taken for it: no mail goes to it."""
        directory.add_user(
            self.PROFILE,
            [an_attachment("globex" if state == "attached otherwise" else "acme")],
            password_required=state != "active",
            activation_sent_at=datetime.now(UTC) if state == "mailed" else None,
        )
        directory.fail("create_user")
        with pytest.raises(UnavailableError):
            accounts.create(
                a_context(directory, database, actor), NewAccount(self.PROFILE, (an_attachment("acme"),))
            )
        assert directory.mails == []

    def test_name_is_forgotten_when_it_is_done(self, directory: FakeDirectory, database: Database, actor: Actor):
        """What an operation was about is only kept while it runs."""
        accounts.create(a_context(directory, database, actor), NewAccount(self.PROFILE, (an_attachment(),)))
        with database.engine.connect() as connection:
            assert list(connection.execute(select(operations.c.payload)).scalars()) == [{}]


class TestWaiting:
    """Seconds until the next mail to one person."""

    NOW = 1_800_000_000.0

    @pytest.mark.parametrize(
        ("ages", "wait", "wait_without_pause"),
        [
            ([], 0, 0),
            ([0], 60, 0),
            ([59], 1, 0),
            ([60], 0, 0),
            ([3600], 0, 0),
            ([10, 100, 200, 300], 50, 0),
            ([100, 200, 300, 400, 500], 86_400 - 500, 86_400 - 500),
            ([100, 200, 300, 400, 86_399], 1, 1),
            ([100, 200, 300, 400, 86_400], 0, 0),
            ([100, 200, 300, 400, 500, 600], 86_400 - 500, 86_400 - 500),
        ],
    )
    def test_wait(
        self,
        ages: list[float],
        wait: float,
        wait_without_pause: float,
        directory: FakeDirectory,
        database: Database,
        actor: Actor,
    ):
        """A minute after the last, and a day after the fifth last."""
        with database.transaction() as connection:
            for age in ages:
                connection.execute(insert(activation_mails).values(user_id="me", sent_at=self.NOW - age))
            connection.execute(insert(activation_mails).values(user_id="other", sent_at=self.NOW))
        context = replace(a_context(directory, database, actor), clock=lambda: self.NOW)
        assert activations.seconds_to_wait(context, "me") == pytest.approx(wait)
        assert activations.seconds_to_wait(context, "me", pause=0) == pytest.approx(wait_without_pause)
        assert activations.waits(context, ["me", "nobody"]) == ({"me": pytest.approx(wait)} if wait else {})


class TestResendExpired:
    """A batch is read once and sent one after the other; meanwhile things change."""

    LONG_AGO = datetime(2023, 1, 1, tzinfo=UTC)

    def expired(self, directory: FakeDirectory) -> User:
        return directory.add_user(
            a_profile(), [an_attachment("acme")], password_required=True, activation_sent_at=self.LONG_AGO
        )

    def test_only_who_expired_is_meant(self, directory: FakeDirectory):
        """In one order; whoever is active is left out."""
        expired = [Member(self.expired(directory), (an_attachment("acme"),)) for _ in range(3)]
        active = Member(directory.add_user(a_profile(), [an_attachment("acme")]), (an_attachment("acme"),))
        by_address = sorted(expired, key=lambda member: member.user.email)
        assert activations.expired((active, *reversed(expired))) == by_address


class TestPendingOnly:
    """An account that was activated since it was looked at is not touched: judged again under the lock."""

    @pytest.mark.parametrize("act", ["cancel", "correct"])
    def test_activated_meanwhile(self, act: str, directory: FakeDirectory, database: Database, actor: Actor):
        user = directory.add_user(a_profile(), [an_attachment("acme")])
        mine = administration_of(directory, actor)
        before = directory.snapshot()
        do = accounts.cancel if act == "cancel" else partial(accounts.correct_email, email="new@acme.example")
        with pytest.raises(AlreadyActiveError):
            do(a_context(directory, database, actor), mine, user.id)
        assert directory.snapshot() == before


def test_leaving_is_a_change_like_any(directory: FakeDirectory, database: Database):
    """By the holder himself, at a company where he administers nothing."""
    user: User = directory.add_user(a_profile(), [an_attachment("acme")])
    assert len(attachments.change(a_context(directory, database, user), [ACME], user, {"acme": None})) == 1
