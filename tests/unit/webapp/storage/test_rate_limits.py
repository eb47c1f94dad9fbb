"""Quotas are counted in the database, for each subject apart."""

from threading import Thread

import pytest

from webapp.errors import TooOftenError
from webapp.storage import rate_limits
from webapp.storage.database import Database
from webapp.storage.rate_limits import Quota, left, seconds_to_wait, take, used_for

THREE = Quota("three", 3, 100.0)


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000.0
        monkeypatch.setattr(rate_limits, "now", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_so_many_and_no_more(database: Database, clock: Clock):
    """The refusal says when the first use is old enough, and does not count itself."""
    for second in (0, 10, 20):
        clock.now = 1_000_000.0 + second
        assert left(database, THREE, "anne") == 3 - second // 10
        take(database, THREE, "anne")
    clock.now = 1_000_030.0
    assert left(database, THREE, "anne") == 0
    for _ in range(2):
        with pytest.raises(TooOftenError) as caught:
            take(database, THREE, "anne")
        assert caught.value.retry_after == 70
    assert seconds_to_wait(database, THREE, "anne") == 70
    clock.now = 1_000_100.0
    take(database, THREE, "anne")
    with pytest.raises(TooOftenError) as caught:
        take(database, THREE, "anne")
    assert caught.value.retry_after == 10


def test_each_subject_and_each_quota_has_its_own(database: Database, clock: Clock):
    for _ in range(3):
        take(database, THREE, "anne")
    take(database, THREE, "bob")
    take(database, Quota("other", 3, 100.0), "anne")
    assert left(database, THREE, "bob") == 2
    assert seconds_to_wait(database, THREE, "bob") == 0


def test_what_it_was_used_for_is_known_for_its_time_and_kept_as_a_digest(database: Database, clock: Clock):
    take(database, THREE, "anne", "emma@acme.example")
    assert used_for(database, THREE, "anne", "emma@acme.example")
    assert not used_for(database, THREE, "anne", "bob@acme.example")
    assert not used_for(database, THREE, "bob", "emma@acme.example")
    with database.engine.connect() as connection:
        assert "emma" not in str(connection.exec_driver_sql("SELECT * FROM quota_uses").all())
    clock.now += 100.0
    assert not used_for(database, THREE, "anne", "emma@acme.example")


def test_what_is_old_is_forgotten(database: Database, clock: Clock):
    take(database, THREE, "anne")
    clock.now += 100.0
    take(database, THREE, "anne")
    with database.engine.connect() as connection:
        assert len(connection.exec_driver_sql("SELECT * FROM quota_uses").all()) == 1


def test_many_at_once_get_exactly_as_many_as_there_are(database: Database):
    """Naive counting lets several through at the end."""
    refused: list[int] = []

    def use() -> None:
        try:
            take(database, THREE, "anne")
        except TooOftenError:
            refused.append(1)

    threads = [Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5
    assert left(database, THREE, "anne") == 0
