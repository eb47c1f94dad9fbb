"""The portal's directory on a Keycloak behind the fault proxy."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event

from directory import budget
from directory.keycloak_gateway.directory import KeycloakDirectory
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
def directory(proxy: FaultProxy, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> KeycloakDirectory:
    """Every call passes the proxy, with the host's own name."""
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    return KeycloakDirectory(
        upstream.url,
        "portal",
        "portal-directory",
        lambda: ["the-secret"],
        portal_client_id="portal",
        redirect_uri="http://localhost:8000/",
    )


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
