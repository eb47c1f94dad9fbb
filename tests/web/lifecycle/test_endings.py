"""Attachments that end by themselves: warnings, detaching on the day after, catching up, one more year."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from directory.errors import UnavailableError
from directory.model import AttachmentChange, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from webapp.http.context import EXTENSION
from webapp.lifecycle.worker import Lifecycle
from webapp.mail.messages import mails_of
from webapp.records import journal_reading, outbox
from webapp.records.journal import Action
from webapp.records.journal_reading import Search
from webapp.storage.database import Database, mails

PARIS = ZoneInfo("Europe/Paris")
END = date(2027, 3, 27)
"""The night after it, the hour changes."""

Look = Callable[[date | datetime], bool]


@pytest.fixture
def look(app: Flask) -> Iterator[Look]:
    """The work of a day: at a quarter past midnight of it, unless an hour is given."""
    parts = app.extensions[EXTENSION]

    def look(when: date | datetime) -> bool:
        if not isinstance(when, datetime):
            when = datetime(when.year, when.month, when.day, 0, 15, tzinfo=PARIS)
        app.extensions[EXTENSION] = replace(parts, clock=when.timestamp)
        return Lifecycle(app).look()

    yield look
    app.extensions[EXTENSION] = parts


def until_of(directory: FakeDirectory, user: User) -> dict[str, date | None]:
    return {attachment.company_id: attachment.until for _, attachment in directory.attachments_of(user.id)}


def mailed(database: Database) -> list[tuple[str, str]]:
    """Whom a mail waits for, and its subject."""
    with database.engine.connect() as connection:
        rows = connection.execute(select(mails.c.recipient, mails.c.subject).order_by(mails.c.id)).all()
    return [(row.recipient, row.subject) for row in rows]


def told(app: Flask, directory: FakeDirectory) -> dict[str, str]:
    """The mails about what was done: recipient and text."""
    parts, found = app.extensions[EXTENSION], {}
    while notice := outbox.take_notice(parts.database):
        with app.app_context():
            made = mails_of(directory, parts.settings, notice)
        outbox.replace_by_mails(parts.database, notice, [])
        for mail in made:
            assert mail.recipient not in found, "one mail for each reader"
            found[mail.recipient] = mail.text
    return found


@pytest.fixture
def contractor(directory: FakeDirectory, second: User) -> User:
    """External at Acme until the day; at Initech, without an end."""
    return directory.add_user(
        a_profile("carla.noir@power.example", last_name="Noir", first_name="Carla"),
        [an_attachment("acme", external=True, until=END), an_attachment("initech")],
    )


class TestTheEnd:
    @pytest.mark.parametrize(
        ("now", "stays"),
        [
            (datetime(2027, 3, 27, 23, 59, tzinfo=PARIS), True),
            (datetime(2027, 3, 28, 0, 0, 30, tzinfo=PARIS), False),
            (datetime(2027, 3, 28, 23, 59, tzinfo=PARIS), False),
        ],
        ids=str,
    )
    def test_the_last_day_is_included_by_the_portals_clock(
        self, look: Look, directory: FakeDirectory, contractor: User, now: datetime, stays: bool
    ):
        look(now)
        assert until_of(directory, contractor) == ({"acme": END} if stays else {}) | {"initech": None}

    def test_it_is_an_operation_with_its_line_and_its_mails(
        self,
        app: Flask,
        look: Look,
        client_for: ClientFor,
        administrator: User,
        second: User,
        directory: FakeDirectory,
        contractor: User,
        database: Database,
    ):
        assert look(END + timedelta(days=1))
        (line,) = journal_reading.read(database, ["acme"], Search(), 1).lines
        assert (line.action, line.author.id, line.author.name) == (Action.END, "", "Attaché")
        assert line.before
        assert line.before.until == END
        found = told(app, directory)
        assert set(found) == {contractor.email, administrator.email, second.email}
        assert "Votre rattachement est arrivé à son échéance" in found[contractor.email]
        assert "Le rattachement de Carla Noir (carla.noir@power.example)" in found[administrator.email]
        assert "Fin prévue" in client_for(administrator).get("/journal").main.text

    def test_the_last_administrator_stays_and_is_told_daily(
        self, look: Look, browser: Browser, directory: FakeDirectory, database: Database
    ):
        last = directory.add_user(
            a_profile("last@initech.example", last_name="Last"),
            [
                an_attachment("initech", administrator=True, until=END),
                an_attachment("globex", until=END),
            ],
        )
        assert look(END + timedelta(days=1))
        assert look(END + timedelta(days=1))
        assert until_of(directory, last) == {"initech": END}, "the other attachment has ended"
        subject = "Le dernier administrateur d’une société est arrivé à l’échéance de son rattachement"
        assert mailed(database) == [(last.email, subject)]
        assert look(END + timedelta(days=2))
        assert mailed(database) == [(last.email, subject)] * 2

        directory.add_user(a_profile(), [an_attachment("initech", administrator=True)])
        assert look(END + timedelta(days=3))
        assert until_of(directory, last) == {}

    def test_an_end_that_was_moved_stays(self, look: Look, directory: FakeDirectory, contractor: User):
        company, before = directory.attachments_of(contractor.id)[0]
        change = AttachmentChange("acme", before, replace(before, until=END + timedelta(days=1)))
        directory.change_attachment(contractor.id, company, change)
        look(END + timedelta(days=1))
        assert until_of(directory, contractor)["acme"] == END + timedelta(days=1)

    def test_a_portal_that_was_off_catches_up_once_and_in_order(
        self, app: Flask, look: Look, directory: FakeDirectory, database: Database, second: User
    ):
        for days in (2, 0, 1):
            person = a_profile(f"p{days}@power.example", last_name=f"P{days}")
            directory.add_user(person, [an_attachment("acme", until=END + timedelta(days=days))])
        for _ in range(2):
            assert look(END + timedelta(days=7))
        lines = journal_reading.read(database, ["acme"], Search(), 1).lines
        assert [line.person.email for line in reversed(lines)] == [f"p{n}@power.example" for n in range(3)]
        found = told(app, directory)
        assert len(found) == 4, "one mail for the administrator"
        assert "Ces rattachements sont arrivés à leur échéance" in found[second.email]

    def test_what_the_directory_does_not_answer_is_tried_again(
        self, look: Look, directory: FakeDirectory, contractor: User
    ):
        day = END + timedelta(days=1)
        directory.fail("ending")
        with pytest.raises(UnavailableError):
            look(day)
        directory.fail("change_attachment")
        assert not look(day)
        assert until_of(directory, contractor)["acme"] == END
        assert look(day)
        assert until_of(directory, contractor) == {"initech": None}

    def test_a_day_is_read_once(self, look: Look, directory: FakeDirectory, contractor: User):
        """However many processes look, every few minutes."""
        for hour in range(24):
            assert look(datetime(2027, 3, 1, hour, tzinfo=PARIS))
        assert len(directory.called("ending")) == 1


class TestWarnings:
    @pytest.mark.slow
    def test_they_come_30_and_7_days_before_one_mail_for_many(
        self, look: Look, directory: FakeDirectory, database: Database, contractor: User, second: User
    ):
        directory.add_user(a_profile("b@power.example"), [an_attachment("acme", until=END)])
        sent = {}
        for left in range(40, -1, -1):
            before = len(mailed(database))
            look(END - timedelta(days=left))
            if fresh := mailed(database)[before:]:
                sent[left] = fresh
        to_person = "Votre rattachement à Acme Énergie arrive bientôt à échéance"
        mails_of_a_day = [
            ("b@power.example", to_person),
            (contractor.email, to_person),
            (second.email, "2 rattachements arrivent bientôt à échéance"),
        ]
        assert {left: sorted(fresh) for left, fresh in sent.items()} == {
            30: sorted(mails_of_a_day),
            7: sorted(mails_of_a_day),
        }

    def test_days_that_were_missed_are_warned_of_once(
        self, look: Look, database: Database, contractor: User, second: User
    ):
        look(END - timedelta(days=3))
        look(END - timedelta(days=2))
        assert len(mailed(database)) == 2

    def test_an_end_that_was_moved_is_warned_of_anew(
        self, look: Look, client_for: ClientFor, database: Database, contractor: User, second: User
    ):
        look(END - timedelta(days=3))
        browser = client_for(second)
        fields = {"company": "acme", "until": END.isoformat()}
        assert browser.post(f"/users/{contractor.id}/extension", fields).status == 303
        look(date(2028, 2, 26))
        assert len(mailed(database)) == 4

    def test_without_notifications_nothing_is_sent(
        self, app: Flask, look: Look, database: Database, contractor: User
    ):
        parts = app.extensions[EXTENSION]
        parts.settings.__dict__["notifications"] = False
        try:
            look(END - timedelta(days=3))
        finally:
            parts.settings.__dict__["notifications"] = True
        assert mailed(database) == []


class TestExtending:
    """`/endings`: where the mail leads."""

    @pytest.fixture
    def ending(self, directory: FakeDirectory) -> User:
        soon = datetime.now(PARIS).date() + timedelta(days=5)
        return directory.add_user(
            a_profile("eva@power.example", last_name="Blanc"),
            [an_attachment("acme", external=True, until=soon), an_attachment("initech", until=soon)],
        )

    def test_one_click_extends_by_a_year(self, browser: Browser, directory: FakeDirectory, ending: User):
        before = until_of(directory, ending)["acme"]
        assert before
        assert "1 rattachement arrive à échéance" in browser.get("/users").main.text
        page = browser.get("/endings")
        assert "Initech" not in page.text
        assert browser.submit(page.form(f"/users/{ending.id}/extension")).status == 303
        after = until_of(directory, ending)
        assert after["acme"] == before.replace(year=before.year + 1)
        assert after["initech"] == before
        assert "Aucune échéance proche" in browser.get("/endings").main.text

    def test_two_clicks_extend_once(self, browser: Browser, directory: FakeDirectory, ending: User):
        form = browser.get("/endings").form(f"/users/{ending.id}/extension")
        for _ in range(2):
            assert browser.submit(form).status == 303
        until = until_of(directory, ending)["acme"]
        assert until
        assert until < datetime.now(PARIS).date() + timedelta(days=400)

    def test_opening_changes_nothing(self, browser: Browser, directory: FakeDirectory, ending: User):
        before = directory.snapshot()
        browser.get(f"/endings?user={ending.id}&company=acme")
        assert directory.snapshot() == before

    def test_what_is_not_mine_does_not_exist(
        self, browser: Browser, directory: FakeDirectory, stranger: User, ending: User
    ):
        before = directory.snapshot()
        for user_id in (stranger.id, ending.id, "absent"):
            for company in ("initech", "globex", "absent", ""):
                assert browser.post(f"/users/{user_id}/extension", {"company": company}).status == 404
        assert directory.snapshot() == before

    def test_who_administers_nothing_is_refused(self, client_for: ClientFor, member: User):
        browser = client_for(member)
        assert browser.get("/endings").status == 403
        assert browser.post(f"/users/{member.id}/extension", {"company": "acme"}).status == 403
