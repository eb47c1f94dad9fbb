"""Numbers by name that outlive a process."""

from webapp.storage import facts
from webapp.storage.database import Database


def test_what_is_put_is_read_until_it_is_put_anew_or_forgotten(database: Database):
    assert facts.read(database) == {}
    facts.put(database, {"one": 1.0, "two": 2.0})
    facts.put(database, {"two": 0.0})
    assert facts.read(database) == {"one": 1.0, "two": 0.0}
    facts.forget(database, "one")
    facts.forget(database, "absent")
    assert facts.read(database) == {"two": 0.0}
