"""A database with its tables for each test, and a directory with two companies."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import a_company
from tests.fakes import FakeDirectory
from webapp.storage.database import Database


@pytest.fixture(scope="session")
def migrated_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables") / "portal.sqlite"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    database.engine.dispose()
    return path


@pytest.fixture
def database(tmp_path: Path, migrated_tables: Path) -> Iterator[Database]:
    shutil.copy(migrated_tables, tmp_path / "portal.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'portal.sqlite'}")
    yield database
    database.engine.dispose()


@pytest.fixture
def directory() -> FakeDirectory:
    return FakeDirectory(a_company("acme"), a_company("globex"))
