"""The portal in this process, on the real Keycloak of the stack; people sign in through its own routes."""

from collections.abc import Iterator
from functools import partial

import pytest
from flask import Flask

from sandbox.stack import Stack
from tests.contract.realm import Realm
from tests.keycloak.portal.signing_in import sign_in
from tests.keycloak.portal.world import RealRequests, make_world
from webapp.app import create_app
from webapp.http.context import EXTENSION
from webapp.settings import Settings


@pytest.fixture(scope="session")
def keycloak_realm(stack: Stack) -> Realm:
    return Realm(stack)


@pytest.fixture(scope="package")
def portal(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """With a database of its own; what a view does not expect fails the test."""
    path = tmp_path_factory.mktemp("portal") / "portal.sqlite"
    told = {name.lower(): value for name, value in stack.environment().items()}
    wanted = {name: value for name, value in told.items() if name in Settings.model_fields}
    app = create_app(Settings.model_validate({**wanted, "database_url": f"sqlite:///{path}"}))
    database = app.extensions[EXTENSION].database
    database.upgrade()
    app.testing = True
    yield app
    database.engine.dispose()


@pytest.fixture(scope="package")
def everybody(stack: Stack, keycloak_realm: Realm, portal: Flask) -> RealRequests:
    """Everybody of the matrix; whoever changes something resets it."""
    return make_world(portal, stack.portal_url, keycloak_realm, partial(sign_in, portal, stack.portal_url))
