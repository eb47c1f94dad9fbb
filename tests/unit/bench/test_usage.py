"""What is read from /proc."""

import os
import subprocess
import sys

import pytest

from bench.usage import Shares, of_group, of_process, shares

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="only Linux has /proc")


def test_a_process():
    """Its memory is some megabytes, an open file is one more handle."""
    before = of_process(os.getpid())
    with open(os.devnull, "rb"):
        during = of_process(os.getpid())
    assert during.handles == before.handles + 1
    assert 10e6 < before.memory < 10e9
    assert during.processor >= before.processor > 0


def test_a_group_is_its_leader_and_what_it_started():
    """In this order."""
    program = "import subprocess, sys; subprocess.run(['sleep', '60'])"
    with subprocess.Popen([sys.executable, "-c", program], process_group=0) as leader:
        try:
            found = of_group(leader.pid)
            while len(found) < 2:
                found = of_group(leader.pid)
        finally:
            os.killpg(leader.pid, 9)
    assert next(iter(found)) == leader.pid


def test_who_kept_the_cores_busy():
    """This process, which is called the client."""
    with shares({}) as told:
        sum(number * number for number in range(300_000))
    assert told.programs["client"] > 0
    assert str(told).startswith("client ")


@pytest.mark.parametrize(
    ("everybody", "limit"),
    [(1.0, "not the processor: 50% idle"), (1.9, "the processor, Keycloak most of it")],
)
def test_what_limits(everybody: float, limit: str):
    """The processor, once nearly all of it is busy."""
    assert Shares(2, {"portal": 0.4, "Keycloak": 0.5}, everybody).limit == limit
