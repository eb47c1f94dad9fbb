"""R7: the state machine of `machine` on the directory in memory, and on a real Keycloak behind the fault proxy.

`FAULT_STEPS` and `FAULT_STEPS_REAL` say how many steps there are in all (`make faults` takes 10,000 and 500).
"""

import os
from collections.abc import Iterator

import pytest

from tests.contract.worlds import RealWorld
from tests.faults.grounds import FakeGround, Ground, RealGround
from tests.faults.machine import play
from tests.faults.proxy import FaultProxy
from webapp.storage.database import Database

STEPS = int(os.environ.get("FAULT_STEPS", "300"))
STEPS_REAL = int(os.environ.get("FAULT_STEPS_REAL", "40"))


@pytest.fixture
def real_ground(real_world: RealWorld, proxy: FaultProxy) -> Iterator[RealGround]:
    ground = RealGround(real_world, proxy)
    yield ground
    ground.close()


@pytest.mark.timeout(3600)
def test_every_step_leaves_what_must_hold(database: Database, capsys: pytest.CaptureFixture[str]):
    """No member of a subgroup alone, no company without administrator, nothing lost, the journal as it was."""
    said(FakeGround(), database, STEPS, capsys)


@pytest.mark.timeout(3600)
@pytest.mark.keycloak
def test_every_step_on_a_real_keycloak(
    real_ground: RealGround, database: Database, capsys: pytest.CaptureFixture[str]
):
    """The same, where a call that fails is a call on the wire."""
    said(real_ground, database, STEPS_REAL, capsys)


def said(ground: Ground, database: Database, steps: int, capsys: pytest.CaptureFixture[str]) -> None:
    figures = play(ground, database, steps)
    with capsys.disabled():
        print(f"\n{figures}")  # noqa: T201
    assert ground.met > 0
