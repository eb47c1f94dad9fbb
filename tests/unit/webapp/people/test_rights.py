"""The rights of a batch's author: read again while it lasts."""

import pytest

from directory.errors import UnavailableError
from tests.builders import a_company, a_context, a_profile, an_attachment
from tests.fakes import FakeDirectory
from webapp.errors import NotAdministratorError
from webapp.people.administration import RIGHTS_EVERY, Rights
from webapp.storage.database import Database


@pytest.fixture
def rights(directory: FakeDirectory, database: Database) -> Rights:
    directory.add_company(a_company("lone"))
    anne = directory.add_user(a_profile(), [an_attachment("lone", administrator=True)])
    return Rights(directory, a_context(directory, database, anne).author)


def test_are_read_once_for_so_many_people(rights: Rights, directory: FakeDirectory):
    for _ in range(RIGHTS_EVERY + 1):
        assert rights.now().ids == {"lone"}
    assert len(directory.called("user")) == 2


def test_that_ended_are_noticed(rights: Rights, directory: FakeDirectory):
    rights.now()
    directory.remove_membership(rights.author.id, "/lone/administrators")
    for _ in range(RIGHTS_EVERY - 1):
        rights.now()
    for _ in range(2):
        with pytest.raises(NotAdministratorError):
            rights.now()


def test_that_cannot_be_read_are_not_the_old_ones(rights: Rights, directory: FakeDirectory):
    """Each person more asks again."""
    for _ in range(RIGHTS_EVERY):
        rights.now()
    directory.fail("user", error=UnavailableError("on purpose"))
    with pytest.raises(UnavailableError):
        rights.now()
    assert rights.now().ids == {"lone"}
