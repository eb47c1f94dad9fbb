"""A change that lost its lock writes nothing more; a change that is slow keeps its lock."""

import inspect
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from directory.errors import UnavailableError
from directory.gateway import Directory
from directory.model import ActivationStatus, User
from tests.builders import a_company, a_context, a_profile, an_attachment
from tests.fakes import FakeDirectory
from webapp.errors import LastAdministratorError, PartlyDoneError
from webapp.people import attachments
from webapp.people.context import READS, fenced
from webapp.storage import locks
from webapp.storage.database import Database
from webapp.storage.locks import LockLostError, locked

ACME, GLOBEX = a_company("acme"), a_company("globex")
VERBS = sorted(name for name, _ in inspect.getmembers(Directory, inspect.isfunction) if not name.startswith("_"))


@pytest.fixture(autouse=True)
def short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "LEASE", 0.6)


@pytest.fixture
def suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing renews a lock, as when the process is suspended."""
    monkeypatch.setattr(locks.Lock, "keep", lambda _lock: None)


@pytest.fixture
def pair(directory: FakeDirectory) -> tuple[User, User]:
    """The two administrators of Acme."""
    one, other = (directory.add_user(a_profile(), [an_attachment("acme", administrator=True)]) for _ in range(2))
    return one, other


def administrators(directory: FakeDirectory) -> list[str]:
    found = directory.administrators(ACME)
    return [member.user.id for member in found if member.user.status() is ActivationStatus.ACTIVE]


class SlowlyRead:
    """The first reading of the administrators waits, after it has read them, until a test lets it go."""

    def __init__(self, directory: FakeDirectory) -> None:
        self._read = directory.administrators
        self.arrived, self.go = Event(), Event()
        directory.administrators = self._administrators  # type: ignore[method-assign]

    def _administrators(self, company):
        found = self._read(company)
        if not self.arrived.is_set():
            self.arrived.set()
            assert self.go.wait(60), "nobody let it go"
        return found


class TestFence:
    """Which verbs require the lock."""

    def test_every_verb_that_reads_is_one_of_the_directory(self):
        assert READS <= set(VERBS)

    @pytest.mark.slow
    @pytest.mark.parametrize("verb", sorted(set(VERBS) - READS))
    def test_a_write_after_the_lock_was_lost_is_refused(
        self, verb: str, directory: FakeDirectory, database: Database, suspended: None
    ):
        """Nothing reaches the directory."""
        with locked(database, ["a"]) as lock, locked(database, ["a"]):
            with pytest.raises(LockLostError):
                getattr(fenced(directory, lock), verb)()
        assert directory.calls == []

    @pytest.mark.slow
    def test_what_reads_needs_no_lock(self, directory: FakeDirectory, database: Database, suspended: None):
        with locked(database, ["a"]) as lock, locked(database, ["a"]):
            assert fenced(directory, lock).find_by_email("nobody@acme.example") is None


class TestLastAdministrator:
    """Two administrators remove each other; the first change takes longer than the lease of its lock."""

    @pytest.mark.slow
    def test_the_second_waits_while_the_first_is_slow(
        self, directory: FakeDirectory, database: Database, pair: tuple[User, User]
    ):
        """It waits for five leases, then is refused: the other one is the last by now."""
        one, other = pair
        slow = SlowlyRead(directory)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(
                attachments.change, a_context(directory, database, one), [ACME], other, {"acme": None}
            )
            assert slow.arrived.wait(60)
            second = pool.submit(
                attachments.change, a_context(directory, database, other), [ACME], one, {"acme": None}
            )
            with pytest.raises(TimeoutError):
                second.result(5 * locks.LEASE)
            slow.go.set()
            assert len(first.result(60)) == 1
            with pytest.raises(LastAdministratorError):
                second.result(60)
        assert administrators(directory) == [one.id]

    @pytest.mark.slow
    def test_the_first_is_refused_when_it_lost_its_lock(
        self, directory: FakeDirectory, database: Database, pair: tuple[User, User], suspended: None
    ):
        """The second one took the lock that expired, and was done first: the first one writes nothing."""
        one, other = pair
        slow = SlowlyRead(directory)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(
                attachments.change, a_context(directory, database, one), [ACME], other, {"acme": None}
            )
            assert slow.arrived.wait(60)
            attachments.change(a_context(directory, database, other), [ACME], one, {"acme": None})
            slow.go.set()
            with pytest.raises(UnavailableError):
                first.result(60)
        assert administrators(directory) == [other.id]

    def test_a_lock_lost_on_the_way_leaves_the_rest_to_be_finished(
        self, directory: FakeDirectory, database: Database, pair: tuple[User, User], suspended: None
    ):
        """As when Keycloak stops answering: what is done is said, the rest is kept."""
        author = pair[0]
        person = directory.add_user(a_profile(), [an_attachment("acme"), an_attachment("globex")])
        change = directory.change_attachment

        def change_and_lose(*arguments):
            change(*arguments)
            with database.transaction() as connection:
                connection.execute(locks.locks.delete())

        directory.change_attachment = change_and_lose  # type: ignore[method-assign]
        with pytest.raises(PartlyDoneError) as caught:
            attachments.change(
                a_context(directory, database, author), [ACME, GLOBEX], person, {"acme": None, "globex": None}
            )
        assert [one.company_id for one in caught.value.left] == ["globex"]
        assert [at.company_id for _, at in directory.attachments_of(person.id)] == ["globex"]
