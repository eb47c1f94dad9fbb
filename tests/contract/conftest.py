"""Each contract test runs on the directory in memory and on the real one."""

import pytest

from sandbox.stack import Stack
from tests.contract.realm import Realm
from tests.contract.worlds import FakeWorld, RealWorld, World


@pytest.fixture(scope="session")
def keycloak_realm(stack: Stack) -> Realm:
    return Realm(stack)


@pytest.fixture(params=["fake", pytest.param("keycloak", marks=pytest.mark.keycloak)])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    return RealWorld(request.getfixturevalue("keycloak_realm"))


@pytest.fixture
def directory(world):
    return world.directory
