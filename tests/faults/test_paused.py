"""A process that holds a lock is suspended (SIGSTOP) for longer than the lease: its next write is refused."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import until
from webapp.storage import locks
from webapp.storage.database import Database
from webapp.storage.locks import locked

ROOT = Path(__file__).parents[2]
LEASE = 2.0
HOLDER = f"""
import sys
from webapp.storage import locks
from webapp.storage.database import Database

locks.LEASE = {LEASE}
with locks.locked(Database(sys.argv[1]), ["company:acme"]) as lock:
    print("held", flush=True)
    sys.stdin.readline()
    try:
        lock.require()
    except locks.LockLostError:
        print("refused", flush=True)
    else:
        print("written", flush=True)
"""


@pytest.mark.parametrize(("paused", "answer"), [(LEASE * 1.8, "refused"), (0.0, "written")])
def test_a_holder_that_was_suspended(
    paused: float, answer: str, database: Database, monkeypatch: pytest.MonkeyPatch
):
    """Another process has the lock by then; one that was not suspended keeps it however long it takes."""
    monkeypatch.setattr(locks, "LEASE", LEASE)
    monkeypatch.setattr(locks, "LOCK_TIMEOUT", 60.0)
    url = f"sqlite:///{database.engine.url.database}"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        if paused:
            os.kill(holder.pid, signal.SIGSTOP)
            until(lambda: state_of(holder.pid) == "T", "suspended", seconds=30, pause=0.02)
            time.sleep(paused)
            with locked(database, ["company:acme"]) as ours:
                os.kill(holder.pid, signal.SIGCONT)
                said = asked(holder.stdin.write, holder)
                ours.require()
        else:
            time.sleep(LEASE * 1.5)
            said = asked(holder.stdin.write, holder)
        assert said == f"{answer}\n"


def asked(write: Callable[[str], object], holder: "subprocess.Popen[str]") -> str:
    """What the holder says of its next write."""
    write("\n")
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdin.flush()
    return holder.stdout.readline()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
