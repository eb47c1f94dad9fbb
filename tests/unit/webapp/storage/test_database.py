"""The tables and their history."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

import webapp
from webapp.storage.database import Database, NotMigratedError, metadata

MIGRATIONS = Path(webapp.__file__).parent / "migrations"


@pytest.fixture
def config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = database.engine
    return config


def test_migrations_make_the_tables_of_the_code(database: Database):
    """Nothing is in the one that is not in the other."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_history_is_one_line(config: Config):
    """One beginning, one end, no fork."""
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1


def test_down_and_up_again(config: Config, database: Database):
    """Every step can be taken back."""
    command.downgrade(config, "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    command.upgrade(config, "head")
    assert set(metadata.tables) <= set(inspect(database.engine).get_table_names())


def test_upgrade_twice_is_once(database: Database):
    database.upgrade()
    database.upgrade()
    database.check()


def test_check_of_a_database_without_tables(tmp_path: Path):
    """A database that was never migrated does not pass for a good one."""
    database = Database(f"sqlite:///{tmp_path / 'new' / 'portal.sqlite'}")
    with pytest.raises(NotMigratedError):
        database.check()
    database.upgrade()
    database.check()
    database.engine.dispose()


def test_check_of_the_tables_of_an_older_release(config: Config, database: Database):
    """They lack what this release needs; those of a newer one do not, while the portals are replaced in turn."""
    command.downgrade(config, "-1")
    with pytest.raises(NotMigratedError):
        database.check()
    command.upgrade(config, "head")
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'of next year'")
    database.check()


def test_error_in_a_transaction_takes_all_of_it_back(database: Database):
    def half() -> None:
        with database.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO locks VALUES ('a', 'h', 0)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM locks").scalar_one() == 0


def test_readers_do_not_wait_for_a_writer(database: Database):
    """A page opens while another request writes."""
    with database.transaction() as writer:
        writer.exec_driver_sql("INSERT INTO locks VALUES ('a', 'h', 0)")
        with database.engine.connect() as reader:
            assert reader.exec_driver_sql("SELECT count(*) FROM locks").scalar_one() == 0
