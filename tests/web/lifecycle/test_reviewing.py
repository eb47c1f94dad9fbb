"""Access reviews as days go by: who is reminded when, in which language, and never twice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update

from directory.model import Company, Locale, User
from tests.builders import a_context, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.conftest import ClientFor
from webapp.http.context import EXTENSION
from webapp.lifecycle.worker import Lifecycle
from webapp.records import journal_reading
from webapp.records.journal import Action
from webapp.records.journal_reading import Search
from webapp.reviews import review as reviewing
from webapp.reviews import store
from webapp.reviews.store import Decision, Start, Undecided
from webapp.storage.database import Database, mails, reviews

PARIS = ZoneInfo("Europe/Paris")
LAST = date(2027, 3, 31)
"""The last day of the reviews; the hour changes three days before."""
FRENCH, ENGLISH = "1 revue des accès se termine bientôt", "1 access review ends soon"

Look = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def look(app: Flask, database: Database) -> Iterator[Look]:
    """Do the work of a day; the mails that it leaves: recipient and subject."""
    parts = app.extensions[EXTENSION]

    def look(day: date, **settings: object) -> list[tuple[str, str]]:
        before = len(sent(database))
        clock = datetime(day.year, day.month, day.day, 0, 15, tzinfo=PARIS).timestamp
        changed = parts.settings.model_copy(update=settings)
        app.extensions[EXTENSION] = replace(parts, clock=clock, settings=changed)
        assert Lifecycle(app).look()
        return [(mail.recipient, mail.subject) for mail in sent(database)[before:]]

    yield look
    app.extensions[EXTENSION] = parts


def sent(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        return list(connection.execute(select(mails).order_by(mails.c.id)).all())


def company_of(directory: FakeDirectory, user: User, company_id: str) -> Company:
    return next(company for company, _ in directory.attachments_of(user.id) if company.id == company_id)


@pytest.fixture
def english(directory: FakeDirectory) -> User:
    """Administrates Acme and Globex as well, and reads English."""
    profile = replace(a_profile("ella.stone@acme.example", last_name="Stone"), locale=Locale.EN)
    at = [an_attachment(one, administrator=True) for one in ("acme", "globex")]
    return directory.add_user(profile, at)


def begin(directory: FakeDirectory, database: Database, author: User, company_id: str = "acme") -> str:
    asked = Start(company_of(directory, author, company_id), LAST, Undecided.KEEP)
    return reviewing.start(a_context(directory, database, author), asked)


class TestReminders:
    def test_administrators_are_written_to_7_days_and_1_day_before(
        self,
        look: Look,
        directory: FakeDirectory,
        database: Database,
        administrator: User,
        english: User,
        member: User,
    ):
        """Each in their language; who only uses is not; who has not activated their account neither."""
        directory.add_user(a_profile(), [an_attachment("acme", administrator=True)], password_required=True)
        begin(directory, database, administrator)
        quiet = {"activation_reminders": False, "pending_lists": False}
        found = {left: look(LAST - timedelta(days=left), **quiet) for left in range(12, -1, -1)}
        both = [(administrator.email, FRENCH), (english.email, ENGLISH)]
        assert {left: sorted(day) for left, day in found.items() if day} == {7: both, 1: both}
        text = next(mail.text for mail in sent(database) if mail.recipient == administrator.email)
        assert "Acme Énergie\N{NO-BREAK SPACE}: jusqu’au 31 mars 2027, 0 sur 4 décidés" in text
        assert "/reviews" in text

    def test_one_mail_for_several_reviews(
        self, look: Look, directory: FakeDirectory, database: Database, administrator: User, english: User
    ):
        for company_id in ("acme", "globex"):
            begin(directory, database, administrator, company_id)
        assert (english.email, "2 access reviews end soon") in look(LAST - timedelta(days=7))
        assert len(sent(database)) == 2

    def test_a_day_that_is_begun_again_sends_nothing_twice(
        self, look: Look, directory: FakeDirectory, database: Database, administrator: User
    ):
        """Nor are missed days made up for: at the second look the first reminder is due no more."""
        review_id = begin(directory, database, administrator)
        directory.fail("never_activated")  # the day stops after the reminders have left
        with pytest.raises(Exception, match="on purpose"):
            look(LAST - timedelta(days=7))
        assert len(sent(database)) == 1
        assert look(LAST - timedelta(days=7)) == []
        assert look(LAST - timedelta(days=3)) == []
        store.decide(database, a_context(directory, database, administrator).author, review_id, "x", Decision.GONE)
        assert len(look(LAST)) == 1, "the one of the day before was missed"

    def test_where_all_is_decided_nobody_is_reminded(
        self, look: Look, directory: FakeDirectory, database: Database, administrator: User
    ):
        review_id = begin(directory, database, administrator)
        for item in store.items(database, review_id):
            author = a_context(directory, database, administrator).author
            store.decide(database, author, review_id, item.user_id, Decision.CONFIRM)
        assert look(LAST - timedelta(days=7)) == []

    def test_without_notifications_nothing_is_sent(
        self, look: Look, directory: FakeDirectory, database: Database, administrator: User
    ):
        begin(directory, database, administrator)
        assert look(LAST - timedelta(days=7), notifications=False) == []


class TestByItself:
    """`REVIEW_MONTHS`."""

    FIRST = date(2027, 8, 31)
    """The night in which the setting is first seen; half a year later there is no such day in the month."""
    DUE = date(2028, 2, 29)
    BEGUN = "1 revue des accès a commencé"

    def test_it_is_off_by_default(self, look: Look, database: Database, administrator: User):
        for years in range(3):
            assert look(self.FIRST.replace(year=2027 + years)) == []
        assert store.of_companies(database, ["acme", "globex"]) == []

    def test_each_company_is_due_so_long_after_the_setting_was_seen(
        self, look: Look, client_for: ClientFor, database: Database, administrator: User, member: User
    ):
        """The other companies of the directory have no active administrator, and are left alone."""
        look(self.FIRST, review_months=6)
        assert look(self.DUE - timedelta(days=1), review_months=6) == []
        found = look(self.DUE, review_months=6)
        assert found == [(administrator.email, "2 revues des accès ont commencé")]
        made = store.of_companies(database, ["acme", "globex", "initech"])
        assert sorted(one.company_id for one in made) == ["acme", "globex"]
        assert {(one.until, one.undecided) for one in made} == {(date(2028, 3, 30), Undecided.KEEP)}
        assert {one.total for one in made} == {1, 2}
        browser = client_for(administrator)
        assert "Revue des accès commencée d’elle-même" in browser.get("/journal").main.text
        assert "Attaché" in browser.get("/reviews").main.text
        (line,) = journal_reading.read(database, ["acme"], Search(action=Action.REVIEW_DUE), 1).lines
        assert line.author.id == ""

    def test_a_review_that_somebody_began_counts(
        self,
        look: Look,
        directory: FakeDirectory,
        database: Database,
        administrator: User,
    ):
        """Of Acme the next one is due half a year after it, of Globex at its own time."""
        look(self.FIRST, review_months=6)
        review_id = begin(directory, database, administrator)
        with database.transaction() as connection:
            at = datetime(2027, 12, 1, 12, tzinfo=PARIS).timestamp()
            connection.execute(update(reviews).values(began_at=at, ended_at=at))
        assert look(self.DUE, review_months=6) == [(administrator.email, self.BEGUN)]
        look(date(2028, 5, 31), review_months=6)
        assert [one.id for one in store.of_companies(database, ["acme"])] == [review_id]
        look(date(2028, 6, 1), review_months=6)
        assert len(store.of_companies(database, ["acme"])) == 2

    def test_a_day_that_stops_half_way_begins_each_once(
        self, look: Look, directory: FakeDirectory, database: Database, administrator: User
    ):
        """And writes of all of them."""
        look(self.FIRST, review_months=6)
        directory.fail("members", nth=2)
        with pytest.raises(AssertionError):
            look(self.DUE, review_months=6)
        assert look(self.DUE, review_months=6) == [(administrator.email, self.BEGUN)]
        assert look(self.DUE + timedelta(days=1), review_months=6) == []
        assert len(store.of_companies(database, ["acme", "globex"])) == 2
        assert len(sent(database)) == 2

    def test_a_setting_that_was_off_meanwhile_begins_anew(
        self, look: Look, database: Database, administrator: User
    ):
        look(self.FIRST, review_months=6)
        look(self.FIRST + timedelta(days=1))
        look(self.FIRST + timedelta(days=2), review_months=6)
        assert look(self.DUE, review_months=6) == []


def test_the_list_of_reviews_names_what_is_overdue(
    client_for: ClientFor, directory: FakeDirectory, database: Database, administrator: User
):
    """Until the portal has ended it, which is within minutes."""
    asked = Start(company_of(directory, administrator, "acme"), date(2026, 1, 31), Undecided.KEEP)
    reviewing.start(a_context(directory, database, administrator), asked)
    text = client_for(administrator).get("/reviews").main.text
    assert "dernier jour passé" in text
    assert "en cours" not in text
