"""Who administers a company, as every directory tells it."""

import pytest

from directory.encoding import Place, Subgroup
from directory.errors import CompanyNotFoundError
from directory.model import Attachment, Member
from tests.builders import an_attachment
from tests.contract.worlds import World


def told(members: tuple[Member, ...]) -> dict[str, tuple[Attachment, ...]]:
    return {member.user.id: member.attachments for member in members}


def test_only_administrators_are_returned(world: World):
    """With their attachment and the state of their account."""
    acme, globex = world.company(), world.company("Globex")
    boss = an_attachment(acme, administrator=True)
    contractor = an_attachment(acme, administrator=True, external=True)
    first = world.person(boss, an_attachment(globex))
    second = world.person(contractor, password_required=True)
    world.person(an_attachment(acme))
    world.person(an_attachment(globex, administrator=True))
    found = world.directory.administrators(acme)
    assert told(found) == {first.id: (boss,), second.id: (contractor,)}
    assert {member.user.id: member.user.password_required for member in found} == {
        first.id: False,
        second.id: True,
    }


def test_a_company_without_administrators(world: World):
    assert world.directory.administrators(world.company()) == ()


def test_who_is_in_the_subgroup_alone_does_not_administer(world: World):
    """Membership in the company's group is the attachment; the subgroup only adds to it."""
    acme = world.company()
    stray = world.person(an_attachment(world.company("Globex")))
    world.join(stray.id, Place(acme.id, Subgroup.ADMINISTRATORS))
    assert world.directory.administrators(acme) == ()


def test_company_that_vanished(world: World):
    acme = world.company()
    world.remove_company(acme)
    with pytest.raises(CompanyNotFoundError):
        world.directory.administrators(acme)
