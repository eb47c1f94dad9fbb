"""An edit of attachments without a form: what it would do, what it does, and what somebody else did meanwhile."""

import pytest

from directory.model import Attachment, Member
from tests.builders import a_context, a_profile, an_attachment
from tests.fakes import FakeDirectory
from webapp.errors import LastAdministratorError
from webapp.identity.actor import Actor
from webapp.people.administration import Administration, administration_of, person
from webapp.people.context import Context
from webapp.people.edit_attachments import Edit, EditConflictError, review, save
from webapp.storage.database import Database

BOSS = an_attachment("acme", administrator=True)
USER, EXTERNAL = an_attachment("acme"), an_attachment("acme", external=True)


@pytest.fixture
def actor(directory: FakeDirectory) -> Actor:
    held = (BOSS, an_attachment("globex", administrator=True))
    user = directory.add_user(a_profile(last_name="Martin"), held)
    return Actor(user.id, user.profile, held)


@pytest.fixture
def context(directory: FakeDirectory, database: Database, actor: Actor) -> Context:
    return a_context(directory, database, actor)


@pytest.fixture
def mine(directory: FakeDirectory, actor: Actor) -> Administration:
    return administration_of(directory, actor)


@pytest.fixture
def member(directory: FakeDirectory, mine: Administration) -> Member:
    """A plain user of Acme."""
    return person(directory, mine, directory.add_user(a_profile(), [USER]).id)


def now(directory: FakeDirectory, member: Member) -> set[Attachment]:
    return {attachment for _, attachment in directory.attachments_of(member.user.id)}


def changed_by_another(directory: FakeDirectory, database: Database, member: Member) -> None:
    """Another administrator makes the person an external of Acme."""
    other = directory.add_user(a_profile(last_name="Petit"), [BOSS])
    administration = administration_of(directory, Actor(other.id, other.profile, (BOSS,)))
    save(a_context(directory, database, other), administration, member, Edit({"acme": EXTERNAL}))


def test_a_review_changes_nothing(context, mine, member, directory: FakeDirectory):
    """It says what would change; companies that are not named stay."""
    found = review(context, mine, member, Edit({"globex": an_attachment("globex")}))
    assert [(one.company_id, one.is_attach) for one in found.changes] == [("globex", True)]
    assert now(directory, member) == {USER}


def test_what_is_saved_is_what_was_reviewed(context, mine, member, directory: FakeDirectory):
    edit = Edit({"acme": None, "globex": an_attachment("globex")}, {"acme": USER, "globex": None})
    assert save(context, mine, member, edit) == review(context, mine, member, edit).changes
    assert now(directory, member) == {an_attachment("globex")}


def test_a_review_refuses_to_remove_the_last_administrator(context, mine, actor, directory: FakeDirectory):
    """Before anybody is asked to confirm it."""
    with pytest.raises(LastAdministratorError):
        review(context, mine, person(directory, mine, actor.id), Edit({"acme": None}))


def test_what_another_changed_and_the_author_left_alone_stays(
    context, mine, member, directory: FakeDirectory, database: Database
):
    """It is told with the name of who changed it."""
    changed_by_another(directory, database, member)
    fresh = person(directory, mine, member.user.id)
    edit = Edit({"acme": USER, "globex": an_attachment("globex")}, {"acme": USER, "globex": None})
    found = review(context, mine, fresh, edit)
    assert [(one.company_id, one.before, one.now) for one in found.meanwhile] == [("acme", USER, EXTERNAL)]
    assert found.meanwhile[0].who.endswith("Petit")
    save(context, mine, fresh, edit)
    assert now(directory, member) == {EXTERNAL, an_attachment("globex")}


@pytest.mark.parametrize("act", [review, save])
def test_what_both_changed_is_a_conflict(act, context, mine, member, directory: FakeDirectory, database: Database):
    """Nothing is saved, at other companies neither; the error has the present state."""
    changed_by_another(directory, database, member)
    fresh = person(directory, mine, member.user.id)
    edit = Edit({"acme": BOSS, "globex": an_attachment("globex")}, {"acme": USER, "globex": None})
    with pytest.raises(EditConflictError) as caught:
        act(context, mine, fresh, edit)
    assert caught.value.review.conflicts == ("acme",)
    assert caught.value.review.wanted["acme"] == EXTERNAL
    assert now(directory, member) == {EXTERNAL}


def test_a_change_between_reading_and_saving_is_a_conflict(
    context, mine, member, directory: FakeDirectory, database: Database
):
    """Looked for once more under the lock, for an author who says what they saw."""
    changed_by_another(directory, database, member)
    with pytest.raises(EditConflictError) as caught:
        save(context, mine, member, Edit({"acme": BOSS}, {"acme": USER}))
    assert caught.value.review.member.at("acme") == EXTERNAL
    assert now(directory, member) == {EXTERNAL}


def test_an_author_who_does_not_say_what_they_saw_gets_what_they_want(
    context, mine, member, directory: FakeDirectory, database: Database
):
    """As a file does: the last one wins."""
    changed_by_another(directory, database, member)
    save(context, mine, member, Edit({"acme": BOSS}))
    assert now(directory, member) == {BOSS}
