"""Each contract test runs on the directory in memory and on the real one."""

import pytest

from sandbox.stack import Stack
from tests.contract.realm import Realm
from tests.contract.worlds import FakeWorld, RealWorld, World


@pytest.fixture(scope="session")
def keycloak_realm(stack: Stack) -> Realm:
    return Realm(stack)


@pytest.fixture(scope="session")
def real_world(keycloak_realm: Realm) -> RealWorld:
    """One for all tests, which keep apart by making companies and people of their own."""
    return RealWorld(keycloak_realm)


@pytest.fixture(params=["fake", pytest.param("keycloak", marks=pytest.mark.keycloak)])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    return request.getfixturevalue("real_world")


@pytest.fixture
def directory(world):
    return world.directory
