"""How many calls each verb costs on the real server, and that none of them is one the portal may never make."""

from contextlib import suppress

import pytest

from directory.errors import NotFoundError
from directory.keycloak_gateway import calls
from tests.builders import NOON, a_change, a_user, an_attachment
from tests.contract.racing import race
from tests.contract.worlds import RealWorld, a_new_address, a_new_profile


@pytest.fixture(scope="module")
def company(world):
    """One whose subgroups the directory knows already."""
    company = world.company()
    world.directory.members(company)
    return company


@pytest.fixture
def pending(world, company):
    return world.person(an_attachment(company), password_required=True)


def know_the_groups(directory):
    """Wait until the list of groups has been read, if it is being read in the background."""
    if directory._outsiders._listing is not None:
        directory._outsiders._listing.result(60)


@pytest.fixture(autouse=True)
def _no_call_of_another_test(directory):
    know_the_groups(directory)


class TestReading:
    def test_all_attachments_of_a_person_cost_one_call(self, world, directory, calls_of):
        """The portal asks for the actor's on every request."""
        person = world.person(*(an_attachment(world.company(), administrator=True) for _ in range(5)))

        calls = calls_of(lambda: directory.attachments_of(person.id, ends=False))
        with_ends = calls_of(lambda: directory.attachments_of(person.id))

        assert calls == [f"GET /users/{person.id}/groups"]
        assert with_ends == [*calls, f"GET /users/{person.id}"]

    def test_members_cost_five_calls_once_the_groups_are_known(self, world, directory, calls_of):
        """Three of the company's own groups, the number of all groups, and the operators'."""
        company = world.company()
        people = {world.person(an_attachment(company)).id for _ in range(12)}

        first = calls_of(lambda: directory.members(company))
        know_the_groups(directory)
        second = calls_of(lambda: directory.members(company))

        assert first.count(f"GET /groups/{company.key}/children") == 1
        assert sorted(call.rpartition("/")[2] for call in second) == ["count", *["members"] * 4]
        assert {member.user.id for member in directory.members(company)} == people

    def test_ten_companies_at_once_share_what_is_asked_for_all(self, world, directory, calls_of):
        companies = [world.company() for _ in range(10)]
        for company in companies:
            directory.members(company)
        know_the_groups(directory)

        calls = calls_of(lambda: race([lambda c=c: directory.members(c) for c in companies]))

        assert len([call for call in calls if call.endswith("/members")]) < 40
        assert calls.count("GET /groups/count") < 10

    def test_a_person_and_an_address_cost_two_calls_each(self, directory, pending, calls_of):
        groups = f"GET /users/{pending.id}/groups"
        assert calls_of(lambda: directory.user(pending.id)) == [groups, f"GET /users/{pending.id}"]
        assert calls_of(lambda: directory.find_by_email(pending.email)) == ["GET /users", groups]

    def test_a_hidden_account_costs_as_many_calls_as_an_unknown_one(self, world, directory, calls_of):
        """So the time does not tell them apart."""
        operator, nobody = world.operator(listed=False), a_user(a_new_address())

        def asked(verb, user):
            with suppress(NotFoundError):
                verb(user)

        for verb in (
            lambda user: directory.find_by_email(user.email),
            lambda user: directory.user(user.id),
            lambda user: directory.attachments_of(user.id),
            lambda user: directory.send_activation(user.id),
            lambda user: directory.delete_user(user.id),
        ):
            counts = {len(calls_of(lambda u=user, v=verb: asked(v, u))) for user in (operator, nobody)}
            assert len(counts) == 1

    def test_the_check_costs_one_call(self, directory, calls_of):
        assert calls_of(directory.check) == ["GET /users"]

    def test_hidden_people_do_not_cut_a_list_short(self, world, directory, monkeypatch):
        """A page that is not full is the last one: whom we hide counts for that."""
        monkeypatch.setattr(calls, "PEOPLE_PAGE_SIZE", 2)
        company = world.company()
        operators = [world.operator() for _ in range(2)]
        people = set()
        for number in range(5):
            people.add(world.person(an_attachment(company)).id)
            if number < len(operators):
                world.join(operators[number].id, f"/{company.id}")

        assert {member.user.id for member in directory.members(company)} == people


class TestWriting:
    def test_creating_costs_one_call_for_however_many_companies(self, world, directory, calls_of):
        attachments = [an_attachment(world.company(), administrator=True, external=True) for _ in range(3)]

        calls = calls_of(lambda: directory.create_user(a_new_profile(), attachments))

        assert calls == ["POST /users"]

    @pytest.mark.parametrize(
        ("before", "after", "methods"),
        [
            ({}, {"administrator": True}, ["PUT"]),
            ({"administrator": True}, {}, ["DELETE"]),
            ({}, {"external": True}, ["PUT"]),
            ({"external": True}, {}, ["DELETE"]),
            (None, {}, ["PUT"]),
            ({}, None, ["DELETE"]),
            (None, {"administrator": True, "external": True}, ["PUT"] * 3),
            ({"administrator": True, "external": True}, None, ["DELETE"] * 3),
            ({"administrator": True}, {"external": True}, ["DELETE", "PUT"]),
        ],
        ids=str,
    )
    def test_a_change_costs_one_call_per_membership(
        self, world, directory, company, calls_of, before, after, methods
    ):
        old = None if before is None else an_attachment(company, **before)
        new = None if after is None else an_attachment(company, **after)
        person = world.person(*([old] if old else []))

        calls = calls_of(lambda: directory.change_attachment(person.id, company, a_change(old, new)))

        assert calls[:2] == [f"GET /users/{person.id}/groups", f"GET /users/{person.id}"]
        assert [call.partition(" ")[0] for call in calls[2:]] == methods
        assert all(f"/users/{person.id}/groups/" in call for call in calls[2:])

    def test_everything_else_costs_one_call_after_two_that_judge_the_person(self, directory, pending, calls_of):
        account = f"/users/{pending.id}"
        for verb, call in (
            (lambda: directory.send_activation(pending.id), f"PUT {account}/execute-actions-email"),
            (lambda: directory.record_activation_sent(pending, NOON), f"PUT {account}"),
            (lambda: directory.correct_email(pending, a_new_address()), f"PUT {account}"),
            (lambda: directory.delete_user(pending.id), f"DELETE {account}"),
        ):
            assert calls_of(verb) == [f"GET {account}/groups", f"GET {account}", call]

    def test_who_was_just_created_is_not_judged_again(self, directory, company, calls_of):
        """An invitation is four calls."""
        created = directory.create_user(a_new_profile(), [an_attachment(company)])
        account = f"/users/{created.id}"

        assert calls_of(lambda: directory.send_activation(created.id)) == [f"PUT {account}/execute-actions-email"]
        noted = calls_of(lambda: directory.record_activation_sent(created, NOON))
        assert noted == [f"GET {account}", f"PUT {account}"], "the ends of the attachments are read, to be kept"


def test_one_sign_in_serves_all_calls_of_a_minute(keycloak_realm, company, calls_of):
    """The mail has a connection of its own, hence a second one."""
    world = RealWorld(keycloak_realm)
    directory = world.directory
    person = world.person(an_attachment(company), password_required=True)

    def work():
        for _ in range(3):
            directory.user(person.id)
            directory.attachments_of(person.id)
        directory.send_activation(person.id)
        directory.check()

    calls_of(work)

    assert calls_of.sign_ins == 2
