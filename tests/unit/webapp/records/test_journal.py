"""The journal: lines are added, found by who administers a company, and purged when old."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from directory.model import Affiliation, AttachmentChange, CompanyRole
from tests.builders import an_attachment
from webapp.identity.actor import Author
from webapp.records import journal
from webapp.records.journal import Action, Entry, Outcome, Person, Values, entry_of, purge, values_of, write
from webapp.records.journal_reading import Found, Search, change_numbers, last_author, last_number, read
from webapp.storage.database import Database

ANNE = Author("anne", "Anne Durand", "anne.durand@acme.example", "request-1")
BRUNO = Author("bruno", "Bruno Petit", "bruno.petit@globex.example", "request-2")
EMMA = Person("emma", "Emma Bérnard", "emma.bernard@acme.example")
ATTACHED = Entry(Action.ATTACH, ("acme",), EMMA, None, values_of(an_attachment()))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    class Clock:
        now = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)

    monkeypatch.setattr(journal, "now", lambda: Clock.now.timestamp())
    return Clock


def found(database: Database, *companies: str, page: int = 1, **search: object) -> Found:
    return read(database, companies, Search(**search), page)  # type: ignore[arg-type]


def test_a_line_says_all_that_was_written(database: Database, clock: type):
    write(database, ANNE, [ATTACHED])
    (line,) = found(database, "acme").lines
    assert line.at == clock.now
    assert line.author == ANNE
    assert (line.action, line.person, line.company_ids) == (Action.ATTACH, EMMA, ("acme",))
    assert (line.before, line.after) == (None, Values(CompanyRole.USER, Affiliation.INTERNAL))
    assert (line.outcome, line.reason, line.request_id) == (Outcome.DONE, "", "request-1")


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        (None, an_attachment(), Action.ATTACH),
        (an_attachment(), an_attachment(administrator=True), Action.CHANGE),
        (an_attachment(external=True), None, Action.DETACH),
    ],
)
def test_a_change_is_named_and_kept_with_both_ends(before, after, action, database: Database):
    write(database, ANNE, [entry_of(AttachmentChange("acme", before, after), EMMA)])
    (line,) = found(database, "acme").lines
    assert line.action is action
    for kept, end in ((line.before, before), (line.after, after)):
        assert kept == (end and Values(end.role, end.affiliation))


def test_only_the_lines_of_ones_own_companies(database: Database):
    """Of a line that concerns several, only one's own are told."""
    write(database, BRUNO, [Entry(Action.LOOK_UP, ("globex", "initech", "acme"), EMMA)])
    write(database, BRUNO, [Entry(Action.DETACH, ("globex",), EMMA)])
    assert [line.company_ids for line in found(database, "acme").lines] == [("acme",)]
    assert [line.company_ids for line in found(database, "acme", "globex").lines] == [
        ("globex",),
        ("acme", "globex"),
    ]
    assert found(database, "hooli") == Found((), 0, 1, 1)
    assert found(database).lines == ()


def test_company_asked_for_is_one_of_mine_or_nothing(database: Database):
    write(database, BRUNO, [ATTACHED, Entry(Action.DETACH, ("globex",), EMMA)])
    assert [line.action for line in found(database, "acme", "globex", company="globex").lines] == [Action.DETACH]
    assert found(database, "acme", company="globex").lines == ()


@pytest.mark.parametrize(
    ("q", "hits"),
    [
        ("bernard", 1),
        ("BÉRNARD emma", 1),
        ("durand", 1),
        ("anne.durand@", 1),
        ("anne bruno", 0),
        ("100%", 0),
        ("_", 0),
        ("", 1),
        (" ".join(["emma"] * 40), 1),
    ],
)
def test_search_in_names_and_addresses_of_both(q: str, hits: int, database: Database):
    """Case and accents are ignored, all words must be there, and no character means anything else."""
    write(database, ANNE, [ATTACHED])
    assert len(found(database, "acme", q=q).lines) == hits


def test_days(database: Database, clock: type):
    noon = clock.now
    for days in (0, 1, 2):
        clock.now = noon + timedelta(days=days)
        write(database, ANNE, [ATTACHED])
    second = found(database, "acme", since=noon + timedelta(days=1), until=noon + timedelta(days=2)).lines
    assert [line.at for line in second] == [noon + timedelta(days=1)]


def test_pages_newest_first(database: Database):
    for number in range(120):
        write(database, ANNE, [Entry(Action.LOOK_UP, ("acme",), Person(None, "", f"p{number}@acme.example"))])
    first, last = found(database, "acme"), found(database, "acme", page=10**9)
    assert (first.total, first.page, first.pages) == (120, 1, 3)
    assert [line.person.email for line in first.lines[:2]] == ["p119@acme.example", "p118@acme.example"]
    assert (last.page, len(last.lines)) == (3, 20)
    assert last.lines[-1].person.email == "p0@acme.example"


def test_who_changed_somebody_last(database: Database):
    """Only what was done, and to the attachment."""
    assert last_author(database, "acme", "emma") is None
    write(database, ANNE, [ATTACHED])
    write(database, BRUNO, [Entry(Action.RESEND, ("acme",), EMMA), Entry(Action.DETACH, ("globex",), EMMA)])
    write(database, BRUNO, [Entry(Action.DETACH, ("acme",), EMMA, outcome=Outcome.REFUSED, reason="last")])
    assert last_author(database, "acme", "emma") == ANNE
    write(database, BRUNO, [Entry(Action.DETACH, ("acme",), EMMA)])
    assert last_author(database, "acme", "emma") == BRUNO


def test_number_grows_with_each_line_of_the_company(database: Database):
    assert last_number(database, "acme") == 0
    write(database, ANNE, [ATTACHED])
    first = last_number(database, "acme")
    write(database, ANNE, [Entry(Action.DETACH, ("globex",), EMMA)])
    assert last_number(database, "acme") == first > 0
    write(database, ANNE, [ATTACHED])
    assert last_number(database, "acme") > first


def test_purge_takes_what_is_older_and_nothing_else(database: Database, clock: type, monkeypatch):
    monkeypatch.setattr(journal, "PURGED_AT_ONCE", 2)
    noon = clock.now
    for days in range(6):
        clock.now = noon + timedelta(days=days)
        write(database, ANNE, [ATTACHED])
    assert purge(database, noon + timedelta(days=5)) == 5
    assert [line.at for line in found(database, "acme").lines] == [noon + timedelta(days=5)]
    with database.engine.connect() as connection:
        assert len(connection.exec_driver_sql("SELECT * FROM journal_companies").all()) == 1


def test_change_numbers_grow_with_each_change_and_with_nothing_else(database: Database):
    """What is refused changes nothing, nor does asking; what failed may have."""
    assert change_numbers(database, ["acme", "globex"]) == {"acme": 0, "globex": 0}
    write(database, ANNE, [ATTACHED])
    first = change_numbers(database, ["acme", "globex"])
    assert first["acme"] > 0
    assert first["globex"] == 0
    write(database, ANNE, [replace(ATTACHED, action=Action.LOOK_UP), replace(ATTACHED, outcome=Outcome.REFUSED)])
    assert change_numbers(database, ["acme", "globex"]) == first
    write(database, ANNE, [replace(ATTACHED, company_ids=("acme", "globex"), outcome=Outcome.FAILED)])
    then = change_numbers(database, ["acme", "globex"])
    assert then["acme"] == then["globex"] > first["acme"]
