"""Numbers by name that outlive a process: what the nightly work knows of one day for the next."""

from collections.abc import Mapping

from sqlalchemy import delete, insert, select

from webapp.storage.database import Database, facts


def read(database: Database) -> dict[str, float]:
    """Return all that is known."""
    with database.engine.connect() as connection:
        return {row.name: row.value for row in connection.execute(select(facts))}


def put(database: Database, known: Mapping[str, float]) -> None:
    """Write these numbers in the place of what they were; all of them or none."""
    with database.transaction() as connection:
        connection.execute(delete(facts).where(facts.c.name.in_(sorted(known))))
        connection.execute(insert(facts), [{"name": name, "value": value} for name, value in known.items()])


def forget(database: Database, name: str) -> None:
    """Know nothing of that name any more."""
    with database.transaction() as connection:
        connection.execute(delete(facts).where(facts.c.name == name))
