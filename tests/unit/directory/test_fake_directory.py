"""The directory in memory fails to order: its switches do what tests of the portal rely on."""

import pytest

from directory.encoding import Place
from directory.errors import MailRefusedError, RefusedError, UnavailableError
from tests.builders import a_change, a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory

ACME = a_company()
MOST = an_attachment(ACME, administrator=True, external=True)


@pytest.fixture
def directory():
    return FakeDirectory(ACME)


@pytest.fixture
def person(directory):
    return directory.add_user(a_profile(), [MOST])


def test_down_means_that_nothing_is_done_and_the_call_is_still_listed(directory, person):
    directory.down = True
    before = directory.snapshot()

    with pytest.raises(UnavailableError):
        directory.delete_user(person.id)
    assert directory.snapshot() == before
    assert directory.called() == [("delete_user", (person.id,))]


def test_the_nth_call_fails_once(directory, person):
    directory.fail("user", nth=2, error=RefusedError("no"))

    directory.user(person.id)
    directory.check()
    with pytest.raises(RefusedError):
        directory.user(person.id)
    assert directory.user(person.id) == person
    assert len(directory.called("user")) == 3


def test_without_a_verb_any_call_counts(directory, person):
    directory.fail(nth=2)

    directory.check()
    with pytest.raises(UnavailableError):
        directory.user(person.id)


def test_two_faults_wait_for_their_turns(directory):
    directory.fail("check", nth=1)
    directory.fail("check", nth=2)

    for _ in range(2):
        with pytest.raises(UnavailableError):
            directory.check()
    assert directory.check() is None


def test_a_lost_answer_leaves_the_deed_done(directory):
    directory.fail("create_user", effect="whole")
    profile = a_profile()

    with pytest.raises(UnavailableError):
        directory.create_user(profile, [an_attachment(ACME)])
    found = directory.find_by_email(profile.email)
    assert found is not None
    assert [member.user for member in directory.members(ACME)] == [found]


def test_a_change_by_half_makes_the_first_membership_only(directory, person):
    directory.fail("change_attachment", effect="half")

    with pytest.raises(UnavailableError):
        directory.change_attachment(person.id, ACME, a_change(MOST, None))
    assert directory.attachments_of(person.id) == ((ACME, an_attachment(ACME, external=True)),)


def test_nothing_else_can_be_made_by_half(directory):
    with pytest.raises(ValueError, match="in part"):
        directory.fail("create_user", effect="half")


def test_a_refused_mail_is_no_mail(directory, person):
    directory.mail = "refused"
    with pytest.raises(MailRefusedError):
        directory.send_activation(person.id)
    assert directory.mails == []

    directory.mail = "ok"
    directory.send_activation(person.id)
    assert directory.mails == [person.email]


@pytest.mark.parametrize(
    "change",
    [
        lambda directory, person: directory.send_activation(person.id),
        lambda directory, person: directory.activate(person.id) and directory.disable(person.id),
        lambda directory, person: directory.remove_membership(person.id, Place(ACME.id)),
        lambda directory, person: directory.delete_user(person.id),
    ],
    ids=["mail", "account", "membership", "deletion"],
)
def test_a_snapshot_sees_every_change_and_stays_as_it_was(directory, person, change):
    before = directory.snapshot()
    copy = dict(before)

    change(directory, person)

    assert directory.snapshot() != before
    assert before == copy


def test_a_snapshot_does_not_see_reading(directory, person):
    before = directory.snapshot()

    directory.members(ACME)
    directory.user(person.id)

    assert directory.snapshot() == before


def test_an_activated_account_is_active_and_a_disabled_one_disabled(directory):
    person = directory.add_user(a_profile(), [MOST], password_required=True)

    assert not directory.activate(person.id).password_required
    assert not directory.disable(person.id).enabled
