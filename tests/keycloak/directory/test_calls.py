"""How many calls each verb costs on the real server, and that none of them is one the portal may never make."""

import pytest

from directory import keycloak_gateway
from tests.builders import NOON, a_change, an_attachment
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


class TestReading:
    def test_all_attachments_of_a_person_cost_one_call(self, world, directory, calls_of):
        """The portal asks for the actor's on every request."""
        person = world.person(*(an_attachment(world.company(), administrator=True) for _ in range(5)))

        calls = calls_of(lambda: directory.attachments_of(person.id))

        assert calls == [f"GET /users/{person.id}/groups"]

    def test_members_cost_three_calls_once_the_subgroups_are_known(self, world, directory, calls_of):
        company = world.company()
        people = {world.person(an_attachment(company)).id for _ in range(12)}

        first = calls_of(lambda: directory.members(company))
        second = calls_of(lambda: directory.members(company))

        assert first[0] == f"GET /groups/{company.key}/children"
        assert [call.rpartition("/")[2] for call in second] == ["members"] * 3
        assert sorted(first[1:]) == sorted(second), "beside each other, so in any order"
        assert {member.user.id for member in directory.members(company)} == people

    def test_a_person_and_an_address_cost_one_call_each(self, directory, pending, calls_of):
        assert calls_of(lambda: directory.user(pending.id)) == [f"GET /users/{pending.id}"]
        assert calls_of(lambda: directory.find_by_email(pending.email)) == ["GET /users"]

    def test_the_check_costs_one_call(self, directory, calls_of):
        assert calls_of(directory.check) == ["GET /users"]

    def test_hidden_people_do_not_cut_a_list_short(self, world, directory, monkeypatch):
        """A page that is not full is taken for the last: the server must fill pages with people we may see."""
        monkeypatch.setattr(keycloak_gateway, "PAGE_SIZE", 2)
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

        assert [call.partition(" ")[0] for call in calls] == methods
        assert all(f"/users/{person.id}/groups/" in call for call in calls)

    def test_everything_else_costs_one_call(self, directory, pending, calls_of):
        assert calls_of(lambda: directory.send_activation(pending.id)) == [
            f"PUT /users/{pending.id}/execute-actions-email"
        ]
        assert calls_of(lambda: directory.record_activation_sent(pending, NOON)) == [f"PUT /users/{pending.id}"]
        assert calls_of(lambda: directory.correct_email(pending, a_new_address())) == [f"PUT /users/{pending.id}"]
        assert calls_of(lambda: directory.delete_user(pending.id)) == [f"DELETE /users/{pending.id}"]


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
