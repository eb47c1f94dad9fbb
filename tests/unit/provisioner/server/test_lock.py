"""One run at a time, against a server in memory that refuses a role whose name is taken."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.errors import ConflictError, LockedError, NotFoundError, UnavailableError
from provisioner.server import lock
from provisioner.server.lock import ROLE, Lock


class Roles:
    """`Api` as far as the lock needs it."""

    def __init__(self) -> None:
        self.role = None
        self.made = 0
        self.calls: list[str] = []

    def post(self, path, body):
        self.calls.append(f"POST {path}")
        if self.role is not None:
            raise ConflictError("taken")
        self.made += 1
        self.role = {"id": str(self.made), **body}
        return ""

    def get(self, path, query=None):
        if self.role is None:
            raise NotFoundError(path)
        return self.role

    def put(self, path, body=None):
        self.role = {"id": self.role["id"], **body}

    def delete(self, path, body=None):
        self.calls.append(f"DELETE {path}")
        if self.role is None or path != f"roles-by-id/{self.role['id']}":
            raise NotFoundError(path)
        self.role = None


@pytest.fixture
def roles() -> Roles:
    return Roles()


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    monkeypatch.setattr(lock, "POLL_SECONDS", 0.01)


def left_behind(holder: str, until: timedelta) -> dict:
    now = datetime.now(UTC)
    return {
        "id": "old",
        "name": ROLE,
        "attributes": {"holder": [holder], "since": [now.isoformat()], "until": [(now + until).isoformat()]},
    }


def test_it_is_there_while_held_and_gone_afterwards(roles):
    with Lock(roles).held(print) as waited:
        assert roles.role["name"] == ROLE
        assert not waited
    assert roles.role is None


def test_it_is_given_back_when_the_run_fails(roles):
    with pytest.raises(ValueError, match="broken"), Lock(roles).held(print):
        raise ValueError("broken")
    assert roles.role is None


def test_a_run_elsewhere_is_waited_for_and_named(roles):
    roles.role = left_behind("other-host:1", timedelta(minutes=1))
    told = []

    def waiting(text):
        told.append(text)
        if len(told) == 3:
            roles.role = None

    with Lock(roles).held(waiting) as waited:
        assert waited
    assert len(told) == 3
    assert "other-host:1 is applying to this realm since" in told[0]


def test_after_a_while_it_is_refused(roles):
    roles.role = left_behind("other-host:1", timedelta(minutes=1))
    with pytest.raises(LockedError, match="other-host:1 is applying"), Lock(roles, wait_seconds=0.05).held(print):
        pass
    assert roles.role["id"] == "old"


def test_one_whose_time_is_over_is_taken_over(roles):
    roles.role = left_behind("other-host:1", timedelta(seconds=-1))
    with Lock(roles).held(print) as waited:
        assert waited
        assert roles.role["id"] != "old"


def test_one_of_a_process_that_is_gone_is_taken_over_at_once(roles):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    roles.role = left_behind(f"{socket.gethostname()}:{ended.pid}", timedelta(hours=1))
    with Lock(roles, wait_seconds=0).held(print):
        assert roles.role["id"] != "old"


def test_one_of_a_process_that_runs_is_not(roles):
    roles.role = left_behind(f"{socket.gethostname()}:{os.getppid()}", timedelta(hours=1))
    with pytest.raises(LockedError), Lock(roles, wait_seconds=0).held(print):
        pass


def test_it_is_extended_while_held(roles, monkeypatch):
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.01)
    with Lock(roles).held(print):
        before = roles.role["attributes"]["until"]
        monkeypatch.setattr(lock, "LEASE_SECONDS", 600)
        deadline = datetime.now(UTC) + timedelta(seconds=5)
        while roles.role["attributes"]["until"] == before and datetime.now(UTC) < deadline:
            pass
        assert roles.role["attributes"]["until"] > before


def test_a_lock_that_another_run_took_over_is_not_given_back(roles):
    with Lock(roles).held(print):
        roles.role = left_behind("other-host:1", timedelta(minutes=1))
    assert roles.role["id"] == "old"


def test_a_server_that_goes_away_hides_no_error_of_the_run(roles, monkeypatch):
    def gone(*_):
        raise UnavailableError("gone")

    def broken_run():
        with Lock(roles).held(print):
            monkeypatch.setattr(roles, "get", gone)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        broken_run()
