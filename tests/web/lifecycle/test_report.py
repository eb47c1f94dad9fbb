"""What operations learn of what no one looks after."""

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from directory.errors import UnavailableError
from directory.model import User
from tests.builders import a_context, a_profile, an_attachment, an_author
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from webapp.blueprints.health import COUNTED_AT_NIGHT
from webapp.lifecycle.survey import survey
from webapp.lifecycle.worker import Lifecycle
from webapp.records.journal import Action, Entry, Outcome, person_of, write
from webapp.reviews import review as reviewing
from webapp.reviews.store import Start, Undecided
from webapp.storage.database import Database, journal
from webapp.storage.locks import locked

PAST = date(2026, 1, 31)


def test_the_report_names_them(app: Flask, directory: FakeDirectory, database: Database, administrator: User):
    directory.add_user(a_profile("due@acme.example"), [an_attachment("acme", until=PAST)])
    directory.add_user(a_profile("soon@acme.example"), [an_attachment("acme", until=date(2099, 1, 1))])
    directory.add_user(a_profile("new@acme.example"), [an_attachment("acme")], password_required=True)
    company = directory.attachments_of(administrator.id)[0][0]
    reviewing.start(a_context(directory, database, administrator), Start(company, PAST, Undecided.KEEP))
    directory.made_at = dict.fromkeys(directory.made_at, datetime.now(UTC) - timedelta(days=1))
    old = directory.add_user(a_profile("old@acme.example"))
    directory.made_at[old.id] = datetime.now(UTC) - timedelta(days=366)

    answer = app.test_cli_runner().invoke(args=["people", "report", "--json"])
    assert answer.exit_code == 0
    assert json.loads(answer.output) == {
        "without_administrator": ["initech"],
        "never_activated": ["new@acme.example"],
        "attached_nowhere": ["old@acme.example"],
        "past_end": [{"email": "due@acme.example", "company": "acme", "until": "2026-01-31"}],
        "reviews_overdue": [{"company": "acme", "until": "2026-01-31"}],
    }
    assert app.test_cli_runner().invoke(args=["people", "report"]).output.splitlines() == [
        "without_administrator: 1",
        "never_activated: 1",
        "attached_nowhere: 1",
        "past_end: 1",
        "reviews_overdue: 1",
    ]


class TestAttachedNowhere:
    @pytest.fixture
    def found(self, directory: FakeDirectory, database: Database) -> Callable[[], list[str]]:
        def found() -> list[str]:
            now = datetime.now(UTC)
            return [user.email for user in survey(directory, database, now, now.date()).nowhere]

        return found

    @pytest.fixture
    def left(self, directory: FakeDirectory, administrator: User) -> User:
        """Made two years ago, at no company."""
        user = directory.add_user(a_profile("left@acme.example"))
        directory.made_at[user.id] = datetime.now(UTC) - timedelta(days=730)
        return user

    @pytest.mark.parametrize(("days", "expected"), [(1, []), (364, []), (366, ["left@acme.example"])])
    def test_a_year_begins_when_the_last_company_was_left(
        self,
        found: Callable[[], list[str]],
        database: Database,
        administrator: User,
        left: User,
        days: int,
        expected: list[str],
    ):
        write(database, an_author(administrator), [Entry(Action.DETACH, ("acme",), person_of(left))])
        with database.transaction() as connection:
            at = datetime.now(UTC) - timedelta(days=days)
            connection.execute(update(journal).values(at=at.timestamp()))
        assert found() == expected

    def test_what_failed_or_is_about_no_attachment_does_not_count(
        self, found: Callable[[], list[str]], database: Database, administrator: User, left: User
    ):
        person = person_of(left)
        entries = [
            Entry(Action.ATTACH, ("acme",), person, outcome=Outcome.FAILED),
            Entry(Action.LOOK_UP, ("acme",), person),
        ]
        write(database, an_author(administrator), entries)
        assert found() == ["left@acme.example"]

    def test_who_is_attached_hidden_or_new_is_not_among_them(
        self, found: Callable[[], list[str]], directory: FakeDirectory, member: User
    ):
        operator = directory.add_operator(a_profile())
        directory.made_at = dict.fromkeys((member.id, operator.id), datetime.now(UTC) - timedelta(days=730))
        new = directory.add_user(a_profile())
        assert new.id in directory.made_at
        for user in directory.people():
            directory.made_at.setdefault(user.id, datetime.now(UTC))
        assert found() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda directory, user: directory.disable(user.id),
        lambda directory, user: directory.remove_membership(user.id, "/acme/administrators"),
        lambda directory, user: directory._replace(user.id, password_required=True),
    ],
    ids=["disabled", "no longer administrator", "not activated"],
)
def test_a_company_whose_administrators_cannot_act_has_none(
    directory: FakeDirectory,
    database: Database,
    administrator: User,
    change: Callable[[FakeDirectory, User], None],
):
    def orphans() -> list[str]:
        now = datetime.now(UTC)
        return [company.id for company in survey(directory, database, now, now.date()).orphans]

    assert orphans() == ["initech"]
    change(directory, administrator)
    assert "acme" in orphans()


def figures(visitor: Browser) -> dict[str, float]:
    """What `/metrics` says of the portal's own figures."""
    lines = [line.split() for line in visitor.get("/metrics").body.splitlines() if line.startswith("attache_")]
    return {name: float(value) for name, value in lines if "{" not in name}


def test_figures_say_what_is_left_undone(
    app: Flask, visitor: Browser, directory: FakeDirectory, database: Database, administrator: User
):
    company = directory.attachments_of(administrator.id)[0][0]
    reviewing.start(a_context(directory, database, administrator), Start(company, PAST, Undecided.KEEP))
    undone = {"attache_reviews_overdue": 1.0, "attache_day_undone": 1.0}
    assert undone.items() <= figures(visitor).items()
    assert Lifecycle(app).look()
    assert dict.fromkeys(undone, 0.0).items() <= figures(visitor).items()


def test_figures_are_counted_at_night_and_not_when_they_are_asked_for(
    app: Flask, visitor: Browser, directory: FakeDirectory, administrator: User
):
    """Unknown until the first night; then those of the last one, of whichever process counted."""
    names = [f"attache_{name}" for name in COUNTED_AT_NIGHT]
    found = figures(visitor)
    assert all(math.isnan(found[name]) for name in names)

    directory.add_user(a_profile(), [an_attachment("acme")], password_required=True)
    last = directory.add_user(a_profile(), [an_attachment("globex", administrator=True, until=PAST)])
    directory.remove_membership(administrator.id, "/globex/administrators")
    old = directory.add_user(a_profile())
    directory.made_at[old.id] = datetime.now(UTC) - timedelta(days=730)
    assert Lifecycle(app).look()
    assert directory.attachments_of(last.id), "the last administrator stays, past the end"
    calls = len(directory.calls)
    for _ in range(2):
        found = figures(visitor)
        assert [found[name] for name in names[:4]] == [1.0, 1.0, 1.0, 1.0]
        assert abs(found[names[4]] - datetime.now(UTC).timestamp()) < 600
    assert len(directory.calls) == calls, "a scrape asks Keycloak nothing"

    assert Lifecycle(app).look()
    assert len(directory.called("companies")) == 1, "once a day"


def test_a_process_does_not_wait_for_the_one_that_counts(
    app: Flask, visitor: Browser, directory: FakeDirectory, database: Database, administrator: User
):
    with locked(database, ["figures"]):
        assert Lifecycle(app).look()
    assert directory.called("companies") == []
    assert Lifecycle(app).look()
    assert len(directory.called("companies")) == 1


def test_what_could_not_be_counted_is_counted_at_the_next_look(
    app: Flask, visitor: Browser, directory: FakeDirectory, administrator: User
):
    """The work of the day is done all the same."""
    directory.fail("companies")
    with pytest.raises(UnavailableError):
        Lifecycle(app).look()
    found = figures(visitor)
    assert found["attache_day_undone"] == 0.0
    assert math.isnan(found["attache_companies_without_administrator"])
    assert Lifecycle(app).look()
    assert figures(visitor)["attache_companies_without_administrator"] == 1.0
