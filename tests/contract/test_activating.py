"""Activation mails, the note of when they left, and accounts that are not activated yet."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from directory.errors import EmailTakenError, InvalidPersonError, MailRefusedError, NotFoundError, RefusedError
from directory.model import ActivationStatus, Invitation, Locale, Title
from tests.builders import NOON, a_user, an_attachment
from tests.contract.racing import race
from tests.contract.worlds import a_new_address, a_new_profile


@pytest.fixture
def company(world):
    return world.company()


@pytest.fixture
def pending(world, company):
    """A person who has received the mail and not chosen a password yet."""
    return world.person(
        an_attachment(company, administrator=True),
        profile=a_new_profile(title=Title.M, locale=Locale.EN),
        password_required=True,
        activation_sent_at=NOON,
    )


class TestSending:
    def test_one_mail_leaves_for_the_person(self, world, directory, pending):
        directory.send_activation(pending.id)

        assert world.mails_to(pending.email) == 1

    def test_it_changes_nothing_on_the_account(self, directory, pending):
        """Noting it is another verb, which may fail without the mail being lost."""
        directory.send_activation(pending.id)

        assert directory.user(pending.id) == pending

    def test_a_mail_that_is_refused_raises_not_found_and_the_next_one_leaves(self, world, directory, pending):
        with world.mail_refused(), pytest.raises(MailRefusedError):
            directory.send_activation(pending.id)
        assert world.mails_to(pending.email) == 0
        assert directory.user(pending.id) == pending

        directory.send_activation(pending.id)
        assert world.mails_to(pending.email) == 1

    def test_a_disabled_account_gets_none(self, world, directory, company):
        disabled = world.person(an_attachment(company), password_required=True, enabled=False)

        with pytest.raises(RefusedError) as caught:
            directory.send_activation(disabled.id)
        assert not isinstance(caught.value, MailRefusedError)
        assert world.mails_to(disabled.email) == 0


class TestNoting:
    def test_the_account_says_when_its_mail_left(self, world, directory, company):
        person = world.person(an_attachment(company), password_required=True)
        assert person.status(NOON) is ActivationStatus.NOT_SENT

        noted = directory.record_activation_sent(person, NOON)

        assert noted.status(NOON) is ActivationStatus.PENDING
        assert noted.activation_sent_at == NOON
        assert directory.user(person.id) == noted

    def test_nothing_else_is_changed_by_it(self, directory, pending):
        later = NOON + timedelta(days=3)

        directory.record_activation_sent(pending, later)

        found = directory.user(pending.id)
        assert found.profile == pending.profile
        assert (found.enabled, found.password_required) == (True, True)
        assert found.activation_sent_at == later

    def test_what_is_given_back_is_what_is_kept(self, directory, pending):
        """Whole seconds, UTC."""
        paris = datetime(2026, 5, 1, 14, 30, 15, 999_999, tzinfo=timezone(timedelta(hours=2)))

        noted = directory.record_activation_sent(pending, paris)

        assert noted.activation_sent_at == datetime(2026, 5, 1, 12, 30, 15, tzinfo=UTC)
        assert directory.user(pending.id) == noted

    def test_the_attachments_are_kept(self, directory, company, pending):
        directory.record_activation_sent(pending, NOON)

        assert directory.attachments_of(pending.id) == ((company, an_attachment(company, administrator=True)),)


class TestSayingWhoInvites:
    """What the next activation mail says; it lasts through all that is written afterwards."""

    SAID = Invitation('Anne "l\'été" <b>', ("Acme Énergie", "Globex\n& Co ${7*7}"), 45)

    def test_at_creation(self, world, directory):
        created = directory.create_user(a_new_profile(), [an_attachment(world.company())], self.SAID)

        assert created.invitation == self.SAID
        assert directory.user(created.id) == created

    def test_later_and_with_the_notes_that_follow(self, directory, pending):
        said = directory.record_invitation(pending, self.SAID)
        sent = directory.record_activation_sent(said, NOON)
        corrected = directory.correct_email(sent, a_new_address())

        assert [user.invitation for user in (said, sent, corrected)] == [self.SAID] * 3
        assert directory.user(pending.id) == corrected

    def test_with_a_corrected_address(self, directory, pending):
        said = directory.record_invitation(pending, self.SAID)
        other = Invitation("Bob", ("Acme",))

        assert directory.correct_email(said, a_new_address(), other).invitation == other
        assert directory.user(pending.id).invitation == other

    def test_of_fifty_companies_with_the_longest_names(self, directory, pending):
        """It still fits, whatever the names are."""
        said = Invitation.to((f"{n:02}" + 'é"' * 200 for n in range(50)), by="\\" * 500)

        assert directory.record_invitation(pending, said).invitation == said
        assert directory.user(pending.id).invitation == said
        assert (len(said.companies), said.others) == (5, 45)


class TestCorrectingTheAddress:
    def test_the_account_has_the_new_address_and_the_old_one_is_free(self, directory, company, pending):
        email = a_new_address()

        corrected = directory.correct_email(pending, email.upper())

        assert corrected.email == email
        assert directory.user(pending.id) == corrected
        assert directory.find_by_email(email) == corrected
        assert directory.find_by_email(pending.email) is None
        assert directory.create_user(pending.profile, [an_attachment(company)]).email == pending.email

    def test_the_note_of_the_last_mail_is_gone(self, directory, pending):
        """It went to another address."""
        corrected = directory.correct_email(pending, a_new_address())

        assert corrected.status(NOON) is ActivationStatus.NOT_SENT

    def test_nothing_else_is_changed_by_it(self, directory, company, pending):
        corrected = directory.correct_email(pending, a_new_address())

        was, found = pending.profile, directory.user(pending.id).profile
        assert (found.last_name, found.first_name) == (was.last_name, was.first_name)
        assert (found.title, found.locale) == (was.title, was.locale)
        assert corrected.password_required
        assert directory.attachments_of(pending.id) == ((company, an_attachment(company, administrator=True)),)

    def test_mails_go_to_the_new_address_from_then_on(self, world, directory, pending):
        corrected = directory.correct_email(pending, a_new_address())

        directory.send_activation(pending.id)

        assert world.mails_to(corrected.email) == 1
        assert world.mails_to(pending.email) == 0

    def test_another_spelling_of_the_own_address_is_no_conflict(self, directory, pending):
        assert directory.correct_email(pending, pending.email.upper()).email == pending.email

    @pytest.mark.parametrize("spelling", [str.lower, str.upper])
    def test_an_address_that_is_taken_changes_nothing(self, world, directory, pending, spelling):
        other = world.person()

        with pytest.raises(EmailTakenError):
            directory.correct_email(pending, spelling(other.email))
        assert directory.user(pending.id) == pending

    def test_an_address_that_is_none_changes_nothing(self, directory, pending):
        for email in ("", "nonsense", "é{name}@acme.example", " {name}@acme.example", "{name:x<65}@acme.example"):
            with pytest.raises(InvalidPersonError) as caught:
                directory.correct_email(pending, email.format(name=uuid4().hex[:8]))
            assert caught.value.field == "email"
        assert directory.user(pending.id) == pending

    def test_two_accounts_corrected_to_one_address_at_once_do_not_share_it(self, world, directory, company):
        two = [world.person(an_attachment(company), password_required=True) for _ in range(2)]
        email = a_new_address()

        outcomes = race([lambda u=u: directory.correct_email(u, email) for u in two])

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["EmailTakenError", "User"]
        assert world.count(email) == 1


class TestDeleting:
    def test_the_account_and_its_attachments_are_gone_and_the_address_is_free(
        self, world, directory, company, pending
    ):
        directory.delete_user(pending.id)

        assert world.count(pending.email) == 0
        assert directory.members(company) == ()
        assert directory.find_by_email(pending.email) is None
        with pytest.raises(NotFoundError):
            directory.user(pending.id)
        assert directory.create_user(pending.profile, [an_attachment(company)]).id != pending.id

    def test_deleting_again_raises_not_found(self, directory, pending):
        directory.delete_user(pending.id)

        with pytest.raises(NotFoundError):
            directory.delete_user(pending.id)


class TestWhoIsOutOfReach:
    """The right to mail, change and delete a person comes from their companies; over operators there is none."""

    def nobody(self, world):
        return a_user()

    def operator(self, world):
        return world.operator()

    def attached_nowhere(self, world):
        return world.person(password_required=True)

    @pytest.mark.parametrize("who", ["nobody", "operator", "attached_nowhere"])
    def test_he_is_neither_mailed_nor_changed_nor_deleted(self, world, directory, who):
        user = getattr(self, who)(world)
        count = world.count(user.email)

        for verb in (
            lambda: directory.send_activation(user.id),
            lambda: directory.record_activation_sent(user, NOON),
            lambda: directory.correct_email(user, a_new_address()),
            lambda: directory.delete_user(user.id),
        ):
            with pytest.raises(NotFoundError):
                verb()
        assert world.count(user.email) == count
        assert world.mails_to(user.email) == 0
