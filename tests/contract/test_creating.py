"""New accounts: all of it or nothing."""

import pytest

from directory.encoding import places
from directory.errors import (
    CompanyNotFoundError,
    EmailTakenError,
    ForbiddenError,
    InvalidPersonError,
    RefusedError,
)
from directory.model import ActivationStatus, Locale, Title
from tests.builders import an_attachment
from tests.contract.racing import race
from tests.contract.worlds import a_new_address, a_new_company, a_new_profile, paths, with_email


class TestCreating:
    def test_the_account_is_as_it_was_asked_for(self, world, directory):
        company = world.company()
        profile = a_new_profile(title=Title.M, locale=Locale.EN, last_name="D'Été-Ñandú", first_name="Zoë")

        created = directory.create_user(profile, [an_attachment(company)])

        assert created.profile == profile
        assert created.status() is ActivationStatus.NOT_SENT
        assert directory.user(created.id) == created
        assert directory.find_by_email(profile.email) == created

    def test_it_is_attached_to_each_company_as_asked(self, world, directory):
        acme, bolt = world.company(), world.company("Bolt")
        attachments = [an_attachment(acme, administrator=True), an_attachment(bolt, external=True)]

        created = directory.create_user(a_new_profile(), attachments)

        assert directory.attachments_of(created.id) == ((acme, attachments[0]), (bolt, attachments[1]))
        assert world.groups_of(created.id) == paths(place for a in attachments for place in places(a))
        assert [member.user for member in directory.members(acme)] == [created]

    def test_it_sends_no_mail(self, world, directory):
        created = directory.create_user(a_new_profile(), [an_attachment(world.company())])

        assert world.mails_to(created.email) == 0

    def test_the_address_is_kept_in_small_letters(self, world, directory):
        email = a_new_address()

        created = directory.create_user(
            with_email(a_new_profile(), email.upper()), [an_attachment(world.company())]
        )

        assert created.email == email
        assert directory.user(created.id).email == email

    def test_a_person_needs_no_title(self, world, directory):
        created = directory.create_user(a_new_profile(title=None), [an_attachment(world.company())])

        assert directory.user(created.id).profile.title is None

    @pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
    def test_an_address_is_taken_in_every_spelling(self, world, directory, spelling):
        company = world.company()
        email = world.person().email

        with pytest.raises(EmailTakenError):
            directory.create_user(with_email(a_new_profile(), spelling(email)), [an_attachment(company)])
        assert world.count(email) == 1
        assert directory.members(company) == ()

    def test_the_address_of_an_operator_is_taken_too(self, world, directory):
        operator = world.operator()

        with pytest.raises(EmailTakenError):
            directory.create_user(with_email(a_new_profile(), operator.email), [an_attachment(world.company())])

    def test_with_one_unknown_company_there_is_no_account_at_all(self, world, directory):
        company = world.company()
        profile = a_new_profile()

        with pytest.raises(CompanyNotFoundError):
            directory.create_user(profile, [an_attachment(company), an_attachment(a_new_company("nowhere"))])
        assert world.count(profile.email) == 0
        assert directory.members(company) == ()

    def test_no_account_is_created_outside_a_company(self, world, directory):
        """The portal's rights end there."""
        profile = a_new_profile()

        with pytest.raises(ForbiddenError):
            directory.create_user(profile, [])
        assert world.count(profile.email) == 0


NO_ADDRESSES = [
    "",
    "nonsense",
    "{name}",
    "{name}@",
    "@acme.example",
    "{name}@@acme.example",
    "{name} x@acme.example",
    " {name}@acme.example",
    "{name}@acme.example ",
    "{name}@acme.example\n",
    ".{name}@acme.example",
    "{name}.@acme.example",
    "{name}..x@acme.example",
    "{name},x@acme.example",
    "<{name}@acme.example>",
    "{name}@-acme.example",
    "{name}@acme-.example",
    "{name}@acme..example",
    "{name}@acme.example.",
    "{name}@acme_x.example",
    "é{name}@acme.example",
    "{name}@аcme.example",  # a Cyrillic letter that looks like an a
    "{name:x<65}@acme.example",
    "{name}@" + ".".join(["d" * 60] * 5),
]
ADDRESSES = [
    "{name}+tag@acme.example",
    "o'{name}@acme.example",
    "{name}!#$%&*/=?^_`{{|}}~-@acme.example",
    "{name}@société.example",
    "{name}@localhost",
    "{name}@a-b.c-d.example",
    "{name:x<64}@acme.example",
]
NO_NAMES = [
    "",
    "   ",
    "\t",
    "<script>",
    "Anne\r\nBcc: x",
    "Anne\n",
    "An\x00ne",
    "An\x1bne",
    "An\x7fne",
    "An\x85ne",
    "An\u2028ne",
    "a" * 256,
    "😀" * 128,  # 256 as Java counts
    *[f"A{character}b" for character in '<>&"$%!#?§;*~/\\|^=[]{}()'],
]
NAMES = ["D'Été-Ñandú", "Zoë, jr. 3 @ `x` : +", "  Anne ", "李", "a" * 255]


class TestWhatKeycloakMakesOfAField:
    """All cases of a list against one company, for the sake of time; the message shows those that went wrong."""

    @pytest.fixture
    def company(self, world):
        return world.company()

    def outcomes(self, directory, company, profiles):
        """For each person the field that was refused, or the account."""
        for profile in profiles:
            try:
                yield directory.create_user(profile, [an_attachment(company)])
            except InvalidPersonError as error:
                yield error.field

    def addresses(self, templates):
        return [template.format(name=a_new_address().partition("@")[0]) for template in templates]

    def test_an_address_that_is_none_is_refused_by_name(self, directory, company):
        bad = self.addresses(NO_ADDRESSES)

        outcomes = self.outcomes(directory, company, [with_email(a_new_profile(), address) for address in bad])

        assert dict(zip(bad, outcomes, strict=True)) == dict.fromkeys(bad, "email")
        assert directory.members(company) == ()

    def test_an_unusual_address_is_kept_to_the_letter(self, directory, company):
        good = self.addresses(ADDRESSES)

        outcomes = list(self.outcomes(directory, company, [with_email(a_new_profile(), each) for each in good]))

        assert [directory.user(created.id).email for created in outcomes] == good

    @pytest.mark.parametrize("field", ["last_name", "first_name"])
    def test_a_name_that_is_none_is_refused_by_name(self, directory, company, field):
        outcomes = self.outcomes(directory, company, [a_new_profile(**{field: name}) for name in NO_NAMES])

        assert dict(zip(NO_NAMES, outcomes, strict=True)) == dict.fromkeys(NO_NAMES, field)
        assert directory.members(company) == ()

    def test_an_unusual_name_is_kept_to_the_letter(self, directory, company):
        people = [a_new_profile(last_name=name, first_name=name) for name in NAMES]

        outcomes = list(self.outcomes(directory, company, people))

        assert [directory.user(created.id).profile for created in outcomes] == people

    def test_blanks_around_a_name_count_in_the_end(self, directory, company):
        """The user profile counts without them, the database with: refused, but not by name."""
        with pytest.raises(RefusedError):
            directory.create_user(a_new_profile(last_name=f" {'a' * 255}"), [an_attachment(company)])
        assert directory.members(company) == ()


class TestCreatingAtOnce:
    def test_twenty_at_once_with_one_address_give_one_account(self, world, directory):
        company = world.company()
        email = a_new_address()
        profiles = [with_email(a_new_profile(), email.upper() if i % 2 else email) for i in range(20)]

        outcomes = race([lambda p=p: directory.create_user(p, [an_attachment(company)]) for p in profiles])

        created = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
        refused = [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
        assert len(created) == 1
        assert refused == [EmailTakenError] * 19
        assert world.count(email) == 1
        assert [member.user for member in directory.members(company)] == created
