"""The portal's directory on a Keycloak behind the fault proxy."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event

from directory import budget
from directory.keycloak_gateway.directory import KeycloakDirectory
from directory.model import Company
from sandbox.stack import Stack
from tests.builders import an_attachment
from tests.contract.realm import Realm
from tests.contract.worlds import RealWorld
from tests.faults.keycloaks import Keycloak, RealKeycloak, SmallKeycloak
from tests.faults.proxy import FaultProxy
from tests.faults.upstream import Upstream
from webapp.storage.database import Database, metadata


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    with FaultProxy().running() as proxy:
        yield proxy


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def _through_the_proxy(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call passes the proxy, with the host's own name."""
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)


@pytest.fixture(scope="session")
def keycloak_realm(stack: Stack) -> Realm:
    return Realm(stack)


@pytest.fixture
def real_world(_through_the_proxy: None, keycloak_realm: Realm) -> RealWorld:
    """A real Keycloak, whose directory is asked through the proxy; what a test reads or sets up is not."""
    return RealWorld(keycloak_realm)


@pytest.fixture(scope="module")
def companies(keycloak_realm: Realm) -> list[Company]:
    """Four on the real Keycloak, each with an administrator, so that anybody else may leave."""
    world = RealWorld(keycloak_realm)
    found = [world.company(name) for name in ("Acme", "Globex", "Hooli", "Initech")]
    for company in found:
        world.person(an_attachment(company, administrator=True))
    return found


@pytest.fixture(params=["small", pytest.param("real", marks=pytest.mark.keycloak)])
def keycloak(_through_the_proxy: None, request: pytest.FixtureRequest) -> Keycloak:
    """The same test on each of the two."""
    if request.param == "small":
        return SmallKeycloak(request.getfixturevalue("upstream"))
    return RealKeycloak(request.getfixturevalue("real_world"))


@pytest.fixture
def directory(keycloak: Keycloak) -> KeycloakDirectory:
    return keycloak.directory()


@pytest.fixture(autouse=True)
def _no_budget_left_behind() -> Iterator[None]:
    yield
    budget.end()


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database that is made once; `database` empties it."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('faults') / 'portal.sqlite'}")
    # What is lost when the machine fails is of no interest here.
    event.listen(database.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
    database.upgrade()
    yield database
    database.engine.dispose()


@pytest.fixture
def database(tables: Database) -> Database:
    empty(tables)
    return tables


def empty(database: Database) -> None:
    with database.transaction() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
