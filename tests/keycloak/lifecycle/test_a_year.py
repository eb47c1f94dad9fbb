"""The year of `tests.a_year` on the real Keycloak: the clock is the test's, all else is as at night."""

from flask import Flask

from directory.model import User
from tests import a_year
from tests.contract.worlds import RealWorld


def test_a_year(portal: Flask, world: RealWorld):
    """The nights on which something is due, and those around them: the same mails and lines as in memory.

    The one activation mail of the year really leaves; who ended is in no group any more, and everybody else is.
    """

    def activate(person: User) -> None:
        world.realm.admin.put(f"/users/{person.id}", json={"requiredActions": []}).raise_for_status()

    world.realm.mail.clear()
    year = a_year.Year(portal, world, activate)
    assert year.run(a_year.chosen_days()) == a_year.WANTED
    assert year.attached() == set(year.people) - set(a_year.ENDS)
    assert [world.groups_of(year.people[name].id) for name in a_year.ENDS] == [set()] * len(a_year.ENDS)
    assert [message["to"] for message in world.realm.mail.messages()] == [[a_year.LATE]]
