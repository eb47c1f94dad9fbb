"""Attachments change one membership at a time, and never more than was asked."""

from datetime import date
from itertools import pairwise, product
from uuid import uuid4

import pytest

from directory.encoding import Place, Subgroup, places
from directory.errors import NotFoundError
from directory.model import Affiliation, Attachment, AttachmentChange, Company, CompanyRole
from tests.builders import NOON, a_change, a_company, an_attachment
from tests.contract.racing import race
from tests.contract.worlds import a_new_address, a_new_profile, paths

KINDS = [None, *product(CompanyRole, Affiliation)]


def attachment(company: Company, kind: tuple[CompanyRole, Affiliation] | None) -> Attachment | None:
    return Attachment(company.id, *kind) if kind else None


class TestChanging:
    @pytest.mark.parametrize("old", KINDS, ids=str)
    def test_it_becomes_each_other_one_and_nothing_elsewhere_changes(self, world, directory, old):
        company, other = world.company(), world.company("Bolt")
        before = attachment(company, old)
        elsewhere = an_attachment(other, administrator=True, external=True)
        for new in KINDS:
            after = attachment(company, new)
            person = world.person(*filter(None, [before, elsewhere]))

            directory.change_attachment(person.id, company, AttachmentChange(company.id, before, after))

            assert world.groups_of(person.id) == paths((*places(after), *places(elsewhere)))
            assert dict(directory.attachments_of(person.id)) == {
                **({company: after} if after else {}),
                other: elsewhere,
            }

    def test_detaching_leaves_the_account_alone(self, world, directory):
        company = world.company()
        here = an_attachment(company, administrator=True, external=True)
        person = world.person(here)

        directory.change_attachment(person.id, company, a_change(here, None))

        assert directory.user(person.id) == person
        assert directory.find_by_email(person.email) == person

    def test_a_change_made_twice_is_made_once(self, world, directory):
        company = world.company()
        most = an_attachment(company, administrator=True, external=True)
        for before, after in ((None, most), (most, None), (an_attachment(company), most)):
            person = world.person(*filter(None, [before]))

            for _ in range(2):
                directory.change_attachment(person.id, company, AttachmentChange(company.id, before, after))

            assert world.groups_of(person.id) == paths(places(after))

    def test_a_change_broken_off_half_way_is_finished_by_making_it_again(self, world, directory):
        company = world.company()
        before = an_attachment(company, administrator=True, external=True)
        person = world.person(before)
        world.leave(person.id, Place(company.id, Subgroup.ADMINISTRATORS))

        directory.change_attachment(person.id, company, a_change(before, None))

        assert world.groups_of(person.id) == set()

    def test_no_change_is_none(self, world, directory):
        company = world.company()
        same = an_attachment(company, external=True)
        person = world.person(same)

        directory.change_attachment(person.id, company, a_change(same, same))

        assert world.groups_of(person.id) == paths(places(same))


class TestRefusing:
    def test_an_unknown_id_raises_not_found(self, world, directory):
        company = world.company()

        for user_id in (str(uuid4()), "", "..", "nobody"):
            for after in (an_attachment(company), an_attachment(company, administrator=True)):
                with pytest.raises(NotFoundError):
                    directory.change_attachment(user_id, company, a_change(None, after))
        assert directory.members(company) == ()

    @pytest.mark.parametrize("administrator", [True, False])
    def test_an_unknown_company_raises_not_found(self, world, directory, administrator):
        person = world.person()
        for company in (a_company("nowhere"), Company("nowhere", "Nowhere")):
            change = a_change(None, an_attachment(company, administrator=administrator))

            with pytest.raises(NotFoundError):
                directory.change_attachment(person.id, company, change)
        assert world.groups_of(person.id) == set()

    def test_a_company_that_vanished_raises_not_found(self, world, directory):
        company = world.company()
        person = world.person(an_attachment(company))
        directory.members(company)
        world.remove_company(company)

        for change in (
            a_change(an_attachment(company), an_attachment(company, administrator=True)),
            a_change(an_attachment(company), None),
        ):
            with pytest.raises(NotFoundError):
                directory.change_attachment(person.id, company, change)

    def test_an_operator_is_unknown(self, world, directory):
        """They are neither attached to a company nor detached from one."""
        company = world.company()
        outside, inside = world.operator(), world.operator()
        world.join(inside.id, Place(company.id))
        before = world.groups_of(outside.id), world.groups_of(inside.id)

        for operator, change in (
            (outside, a_change(None, an_attachment(company))),
            (inside, a_change(an_attachment(company), an_attachment(company, administrator=True))),
            (inside, a_change(an_attachment(company), None)),
        ):
            with pytest.raises(NotFoundError):
                directory.change_attachment(operator.id, company, change)
        assert (world.groups_of(outside.id), world.groups_of(inside.id)) == before

    def test_a_change_of_another_company_is_not_made_here(self, world, directory):
        company, other = world.company(), world.company("Bolt")
        person = world.person()

        with pytest.raises(ValueError, match=other.id):
            directory.change_attachment(person.id, company, a_change(None, an_attachment(other)))
        assert world.groups_of(person.id) == set()


class TestAtOnce:
    @pytest.mark.parametrize("attempt", range(3))
    def test_a_role_and_an_affiliation_changed_at_once_are_both_kept(self, world, directory, attempt):
        company = world.company()
        plain = an_attachment(company)
        person = world.person(plain)
        changes = [
            a_change(plain, an_attachment(company, administrator=True)),
            a_change(plain, an_attachment(company, external=True)),
        ]

        outcomes = race([lambda c=c: directory.change_attachment(person.id, company, c) for c in changes])

        assert outcomes == [None, None]
        assert directory.attachments_of(person.id) == (
            (company, an_attachment(company, administrator=True, external=True)),
        )

    def test_twenty_equal_joins_at_once_all_succeed(self, world, directory):
        """The same form sent twenty times: Keycloak answers some of them 409."""
        company = world.company()
        person = world.person(an_attachment(world.company("Bolt")))
        change = a_change(None, an_attachment(company))

        outcomes = race([lambda: directory.change_attachment(person.id, company, change)] * 20)

        assert outcomes == [None] * 20
        assert Place(company.id).path in world.groups_of(person.id)

    def test_twenty_equal_leaves_at_once_all_succeed(self, world, directory):
        company = world.company()
        here = an_attachment(company, administrator=True, external=True)
        person = world.person(here)
        assert directory.members(company)

        outcomes = race([lambda: directory.change_attachment(person.id, company, a_change(here, None))] * 20)

        assert outcomes == [None] * 20
        assert world.groups_of(person.id) == set()

    def test_five_companies_attaching_one_person_at_once_all_keep_him(self, world, directory):
        companies = [world.company(f"Company {number}") for number in range(5)]
        person = world.person()

        outcomes = race(
            [
                lambda c=c: directory.change_attachment(
                    person.id, c, a_change(None, an_attachment(c, administrator=True))
                )
                for c in companies
            ]
        )

        assert outcomes == [None] * 5
        assert dict(directory.attachments_of(person.id)) == {
            company: an_attachment(company, administrator=True) for company in companies
        }


class TestEnds:
    """The last days of attachments, which Keycloak keeps in one attribute of the account."""

    JUNE, JULY = date(2027, 6, 30), date(2028, 2, 29)

    def test_it_is_read_back_wherever_the_attachment_is(self, world, directory):
        company = world.company()
        boss = an_attachment(company, administrator=True, external=True, until=self.JUNE)
        person = world.person()

        directory.change_attachment(person.id, company, a_change(None, boss))

        assert directory.attachments_of(person.id) == ((company, boss),)
        assert [member.attachments for member in directory.members(company)] == [(boss,)]
        assert [member.attachments for member in directory.administrators(company)] == [(boss,)]
        assert directory.user(person.id) == person
        without = an_attachment(company, administrator=True, external=True)
        assert directory.attachments_of(person.id, ends=False) == ((company, without),)

    def test_it_is_moved_and_taken_away_alone(self, world, directory):
        company, other = world.company(), world.company("Bolt")
        elsewhere = an_attachment(other, external=True, until=self.JULY)
        states = [an_attachment(company, until=end) for end in (None, self.JUNE, self.JULY, None)]
        person = world.person(states[0], elsewhere)

        for before, after in pairwise(states):
            directory.change_attachment(person.id, company, a_change(before, after))

            assert dict(directory.attachments_of(person.id)) == {company: after, other: elsewhere}

    def test_attaching_again_does_not_bring_an_old_one_back(self, world, directory):
        company, other = world.company(), world.company("Bolt")
        for person in (world.person(), world.person(an_attachment(other, until=self.JULY))):
            ending = an_attachment(company, until=self.JUNE)
            for change in (a_change(None, ending), a_change(ending, None), a_change(None, an_attachment(company))):
                directory.change_attachment(person.id, company, change)

            assert dict(directory.attachments_of(person.id))[company] == an_attachment(company)

    def test_an_account_is_made_with_them(self, world, directory):
        companies = world.company(), world.company("Bolt")
        wanted = [an_attachment(company, until=self.JUNE) for company in companies]

        made = directory.create_user(a_new_profile(), wanted)

        assert [at for _, at in directory.attachments_of(made.id)] == wanted

    def test_what_else_is_written_of_the_account_leaves_them(self, world, directory):
        company = world.company()
        person = world.person(an_attachment(company, until=self.JUNE), password_required=True)

        noted = directory.record_activation_sent(person, NOON)
        directory.correct_email(noted, a_new_address())

        assert [at.until for _, at in directory.attachments_of(person.id)] == [self.JUNE]

    def test_who_has_one_is_found_by_it(self, world, directory):
        """Whose end is later, or who has none, is not."""
        company = world.company()
        due = world.person(an_attachment(company, until=self.JUNE))
        others = world.person(an_attachment(company, until=self.JULY)), world.person(an_attachment(company))

        found = {user.id for user in directory.ending(self.JUNE)}

        assert found & {due.id, *(other.id for other in others)} == {due.id}
