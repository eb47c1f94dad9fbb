"""Locks of the database: one holder at a time, no waiting in a circle, and no lock that outlives its holder."""

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import OperationalError

from directory.errors import UnavailableError
from tests.waiting import until
from webapp.storage import locks
from webapp.storage.database import Database, now
from webapp.storage.database import locks as table
from webapp.storage.locks import LockLostError, locked


def held(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        return list(connection.execute(select(table.c.name)).scalars())


def put(database: Database, name: str, ends_in: float) -> None:
    """A lock that somebody else holds."""
    with database.transaction() as connection:
        connection.execute(insert(table).values(name=name, holder="somebody", expires_at=time.time() + ends_in))


def test_two_are_never_inside_at_once(database: Database):
    """Eight threads, ten times each, through one lock: the counter of who is inside never says two."""
    inside, most, guard = 0, 0, Lock()

    def enter(_number: int) -> None:
        nonlocal inside, most
        for _ in range(10):
            with locked(database, ["company:acme"]):
                with guard:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.001)
                with guard:
                    inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enter, range(8)))
    assert most == 1
    assert held(database) == []


def test_two_portals_share_a_lock(database: Database, monkeypatch: pytest.MonkeyPatch):
    """The lock is the database's, not the process's."""
    other = Database(str(database.engine.url))
    monkeypatch.setattr(locks, "LOCK_TIMEOUT", 0.05)
    with locked(database, ["x"]), pytest.raises(UnavailableError), locked(other, ["x"]):
        pytest.fail("both are inside")
    other.engine.dispose()


def test_different_names_do_not_wait(database: Database):
    with locked(database, ["a"]), locked(database, ["b"]):
        assert sorted(held(database)) == ["a", "b"]


def test_several_names_taken_crosswise_do_not_wait_for_each_other(database: Database):
    """Taken in one order, whatever the order asked for."""
    done = []

    def enter(names: list[str]) -> None:
        for _ in range(10):
            with locked(database, names):
                done.append(names)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(enter, [["a", "b", "c"], ["c", "b", "a"]]))
    assert len(done) == 20


def test_name_given_twice_is_one(database: Database):
    with locked(database, ["a", "a"]):
        assert held(database) == ["a"]


def test_no_name_is_no_lock(database: Database):
    with locked(database, []):
        assert held(database) == []


def test_error_inside_ends_the_lock(database: Database):
    with pytest.raises(ZeroDivisionError), locked(database, ["a"]):
        _ = 1 / 0
    assert held(database) == []


def test_waits_until_the_holder_is_done(database: Database):
    entered, go = Event(), Event()

    def hold() -> None:
        with locked(database, ["a"]):
            entered.set()
            go.wait(5)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(hold)
        assert entered.wait(5)
        assert held(database) == ["a"]
        go.set()
        with locked(database, ["a"]):
            future.result(5)


def test_gives_up_and_lets_go_of_what_it_had(database: Database, monkeypatch: pytest.MonkeyPatch):
    """Unavailable after a while, so that nobody waits for ever; the locks already taken are free again."""
    monkeypatch.setattr(locks, "LOCK_TIMEOUT", 0.05)
    put(database, "b", ends_in=60)
    with pytest.raises(UnavailableError), locked(database, ["a", "b"]):
        pytest.fail("b is somebody else's")
    assert held(database) == ["b"]


def test_lock_of_a_dead_holder_ends(database: Database):
    """Its time is over: the next one takes it at once."""
    put(database, "a", ends_in=-0.01)
    started = time.monotonic()
    with locked(database, ["a"]):
        assert time.monotonic() - started < 5
        assert held(database) == ["a"]


def test_lock_lives_longer_than_what_it_protects(database: Database):
    """Its time is the lease, counted from the moment it was taken."""
    with locked(database, ["a"]), database.engine.connect() as connection:
        left = connection.execute(select(table.c.expires_at)).scalar_one() - time.time()
    assert locks.LEASE - 5 < left <= locks.LEASE


def test_holder_who_came_too_late_takes_nobodys_lock_away(database: Database):
    """A lock that ended meanwhile and is another's now is left alone."""
    with locked(database, ["a"]):
        with database.transaction() as connection:
            connection.execute(table.delete())
        put(database, "a", ends_in=60)
    assert held(database) == ["a"]


class TestRenewal:
    """A holder that lives keeps its lock for as long as it needs it; one that lost it is told."""

    @pytest.fixture(autouse=True)
    def short_lease(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(locks, "LEASE", 1.0)

    @pytest.mark.slow
    def test_a_lock_held_for_longer_than_the_lease_is_not_taken(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ):
        """The second holder gives up although it waited for three leases."""
        monkeypatch.setattr(locks, "LOCK_TIMEOUT", 3.3)
        with locked(database, ["a"]) as lock:
            with pytest.raises(UnavailableError), locked(database, ["a"]):
                pytest.fail("both are inside")
            lock.require()

    @pytest.mark.slow
    def test_a_lock_that_expired_is_lost_once_another_holder_took_it(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ):
        """As when the process was suspended: nothing renewed the lock, and the holder comes back too late."""
        monkeypatch.setattr(locks.Lock, "keep", lambda _lock: None)
        with locked(database, ["a", "b"]) as lock, locked(database, ["b"]) as other:
            with pytest.raises(LockLostError):
                lock.require()
            other.require()
        assert held(database) == []

    @pytest.mark.slow
    def test_a_lock_that_expired_and_that_nobody_took_is_renewed(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ):
        """Its row is still there, so nobody else was inside."""
        monkeypatch.setattr(locks.Lock, "keep", lambda _lock: None)
        with locked(database, ["a"]) as lock:
            time.sleep(1.2 * locks.LEASE)
            lock.require()
            with database.engine.connect() as connection:
                assert connection.execute(select(table.c.expires_at)).scalar_one() > time.time() + 0.1

    @pytest.mark.slow
    def test_a_database_that_fails_once_does_not_end_the_renewal(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ):
        """The next renewal is tried all the same."""
        tries, renewed = [], Event()

        def require(_lock: locks.Lock) -> None:
            tries.append(1)
            if len(tries) == 1:
                raise OperationalError("update locks", {}, Exception("the disk is full"))
            renewed.set()

        monkeypatch.setattr(locks.Lock, "require", require)
        with locked(database, ["a"]):
            assert renewed.wait(30)


class TestWorker:
    """A process is told apart from an earlier one of the same number."""

    def test_living(self):
        assert locks.started(os.getpid())
        assert locks.worker().endswith(f":{os.getpid()}:{locks.started(os.getpid())}")

    def test_gone(self):
        assert locks.started(999_999_999) == ""

    @pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells")
    def test_gone_before_its_parent_asked(self):
        """A zombie: killed, and still in the table of processes."""
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        began = locks.started(child.pid)
        name = f"{socket.gethostname()}:{child.pid}:{began}"
        assert began
        assert not locks.is_gone(name, now())
        child.kill()
        try:
            until(lambda: locks.started(child.pid) == "", "it counts as gone", seconds=10)
            assert locks.is_gone(name, now())
            assert Path(f"/proc/{child.pid}/stat").exists(), "nobody has asked for it yet"
        finally:
            child.communicate()

    @pytest.mark.parametrize(
        ("error", "word"), [(None, "alive"), (ProcessLookupError(), ""), (PermissionError(), "alive")]
    )
    def test_where_there_is_no_proc(self, error: OSError | None, word: str, monkeypatch: pytest.MonkeyPatch):
        """Elsewhere than on Linux only whether it lives is known; somebody else's process lives too."""

        def kill(_pid: int, _signal: int) -> None:
            if error is not None:
                raise error

        monkeypatch.setattr(locks.os.path, "isdir", lambda path: path != "/proc/self")
        monkeypatch.setattr(locks.os, "kill", kill)
        assert locks.started(999_999_999) == word


@pytest.mark.parametrize("length", [10, 255, 256, 400])
def test_any_name_fits(length: int, database: Database):
    """A strict database refuses more than 255 characters; an address alone may have 254."""
    name = "n" * length
    with locked(database, [name]), database.engine.connect() as connection:
        assert connection.execute(select(func.max(func.length(table.c.name)))).scalar_one() <= 255
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(locks, "LOCK_TIMEOUT", 0.01)
            with locked(database, [name + "x"]):
                pass
            with pytest.raises(UnavailableError), locked(database, [name]):
                pytest.fail("the same name is the same lock, however long")
