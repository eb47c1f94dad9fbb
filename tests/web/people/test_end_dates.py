"""The last day of an attachment: typed, shown before it is saved, listed, imported and exported."""

import io
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.typed import a_creation, a_row
from webapp.http.context import EXTENSION
from webapp.mail.messages import mails_of
from webapp.people.end_dates import DayError, a_year_after, day_at, last_day
from webapp.records import journal_reading, outbox
from webapp.records.journal_reading import Search
from webapp.storage.database import Database

TODAY = datetime.now(ZoneInfo("Europe/Paris")).date()
LATER = date(2027, 6, 30)
HEADER = "email,last_name,first_name,title,locale,company,role,affiliation,until"


def at(directory: FakeDirectory, user: User) -> dict[str, date | None]:
    return {attachment.company_id: attachment.until for _, attachment in directory.attachments_of(user.id)}


def upload(browser: Browser, data: bytes, **fields: str) -> Page:
    return browser.post("/users/import", {**fields, "file": (io.BytesIO(data), "people.csv")})


@pytest.fixture
def contractor(directory: FakeDirectory) -> User:
    """External at Acme until the end of June 2027."""
    return directory.add_user(
        a_profile("carla.noir@power.example", last_name="Noir"),
        [an_attachment("acme", external=True, until=LATER)],
    )


class TestDays:
    """What a typed day means."""

    @pytest.mark.parametrize(
        ("text", "day"),
        [
            ("2027-06-30", LATER),
            ("30/06/2027", LATER),
            (" 30.6.2027 ", LATER),
            ("2028-02-29", date(2028, 2, 29)),
            ("", None),
            ("2026-11-29", date(2026, 11, 29)),
        ],
    )
    def test_days_are_read_as_people_write_them(self, text: str, day: date | None):
        """Today is allowed: until tonight."""
        assert last_day(text, date(2026, 11, 29)) == day

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("soon", "malformed"),
            ("2027-06-30T00:00", "malformed"),
            ("2026-02-30", "impossible"),
            ("2027-02-29", "impossible"),
            ("31/06/2027", "impossible"),
            ("9999-01-01", "too_late"),
            ("2026-11-28", "past"),
            ("0000-01-01", "impossible"),
        ],
    )
    def test_others_are_refused_by_name(self, text: str, fault: str):
        with pytest.raises(DayError) as caught:
            last_day(text, date(2026, 11, 29))
        assert caught.value.fault == fault

    def test_a_past_day_may_stay(self):
        assert last_day("2026-01-31", date(2026, 11, 29), date(2026, 1, 31)) == date(2026, 1, 31)

    @pytest.mark.parametrize(
        ("instant", "day"),
        [
            ("2027-03-27T22:59:59+00:00", date(2027, 3, 27)),
            ("2027-03-27T23:00:00+00:00", date(2027, 3, 28)),
            ("2027-03-28T22:00:00+00:00", date(2027, 3, 29)),
            ("2027-10-30T22:00:00+00:00", date(2027, 10, 31)),
            ("2027-10-31T23:00:00+00:00", date(2027, 11, 1)),
        ],
    )
    def test_a_day_begins_at_midnight_of_the_portals_clock(self, instant: str, day: date):
        """On the days when the hour changes, too."""
        assert day_at(datetime.fromisoformat(instant).timestamp(), "Europe/Paris") == day

    def test_a_year_after_a_leap_day_is_the_28th(self):
        assert a_year_after(date(2028, 2, 29)) == date(2029, 2, 28)
        assert a_year_after(LATER) == date(2028, 6, 30)


class TestModify:
    """« Modifier » with the field `company-<id>-until`."""

    def test_the_form_has_the_present_day(self, browser: Browser, contractor: User):
        page = browser.get(f"/users/{contractor.id}/attachments")
        assert page.forms[0].fields["company-acme-until"] == "2027-06-30"
        assert page.forms[0].fields["seen"] == "acme=user:external:2027-06-30 globex="

    def test_the_difference_says_it_and_confirm_does_it(
        self, browser: Browser, directory: FakeDirectory, contractor: User, database: Database
    ):
        address = f"/users/{contractor.id}/attachments"
        page = browser.post(address, a_row("acme", external=True, until="31/12/2027"))
        assert page.status == 200
        assert "Jusqu’au : 30 juin 2027 → 31 décembre 2027" in page.main.text
        assert at(directory, contractor) == {"acme": LATER}

        assert browser.post(address, {**page.forms[0].fields, "confirm": "1"}).status == 303
        assert at(directory, contractor) == {"acme": date(2027, 12, 31)}
        (line,) = journal_reading.read(database, ["acme"], Search(), 1).lines
        assert line.before
        assert line.after
        assert (line.before.until, line.after.until) == (LATER, date(2027, 12, 31))
        assert "jusqu’au 31 décembre 2027" in browser.get("/journal").main.text

    @pytest.mark.parametrize("fields", [{}, {"company-acme-until": ""}], ids=str)
    def test_empty_or_missing_means_no_end(
        self, browser: Browser, directory: FakeDirectory, contractor: User, fields: dict[str, str]
    ):
        typed = {**a_row("acme", external=True), **fields, "confirm": "1"}
        assert browser.post(f"/users/{contractor.id}/attachments", typed).status == 303
        assert at(directory, contractor) == {"acme": None}

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("2026-02-30", "Ce jour n’existe pas dans le calendrier."),
            ("9999-12-31", "trop lointain"),
            ("2020-01-01", "Ce jour est passé"),
            ("bientôt", "Écrivez le dernier jour comme 30/06/2027"),
        ],
    )
    def test_a_wrong_day_is_named_and_kept(self, browser: Browser, contractor: User, text: str, words: str):
        for confirm in ({}, {"confirm": "1"}):
            page = browser.post(
                f"/users/{contractor.id}/attachments", {**a_row("acme", external=True, until=text), **confirm}
            )
            assert page.status == 422
            assert words in page.main.text
            assert page.forms[0].fields["company-acme-until"] == text

    def test_today_is_allowed(self, browser: Browser, directory: FakeDirectory, contractor: User):
        typed = {**a_row("acme", external=True, until=TODAY.isoformat()), "confirm": "1"}
        assert browser.post(f"/users/{contractor.id}/attachments", typed).status == 303
        assert at(directory, contractor) == {"acme": TODAY}

    def test_undo_brings_the_day_back(self, browser: Browser, directory: FakeDirectory, contractor: User):
        address = f"/users/{contractor.id}/attachments"
        browser.post(address, {**a_row("acme", external=True, until="2027-12-31"), "confirm": "1"})
        page = browser.get("/users")
        (undo,) = (form for form in page.forms if "/undo" in form.action)
        browser.post(undo.action, undo.fields)
        assert at(directory, contractor) == {"acme": LATER}


class TestAdd:
    """« Ajouter un utilisateur »."""

    def test_an_account_is_made_with_an_end(self, browser: Browser, directory: FakeDirectory):
        row = a_row("acme", external=True, until="2027-06-30")
        page = browser.post("/users/new", a_creation(row, confirm=False))
        assert "Jusqu’au 30 juin 2027 inclus" in page.main.text
        assert browser.post("/users/new", a_creation(row)).status == 303
        made = directory.find_by_email("emma.bernard@acme.example")
        assert made
        assert at(directory, made) == {"acme": LATER}

    def test_a_day_is_proposed_for_externals_and_never_required(self, browser: Browser, directory: FakeDirectory):
        page = browser.post("/users/new", {"email": "new@power.example"})
        (field,) = page.html.all("input", name="company-acme-until")
        assert field.attributes["data-proposed"] == (TODAY + timedelta(days=365)).isoformat()
        assert browser.post("/users/new", a_creation(a_row("acme", external=True))).status == 303


class TestList:
    """What the list and its file say."""

    def test_an_attachment_says_its_end_and_what_ends_soon_is_marked(
        self, browser: Browser, directory: FakeDirectory, contractor: User
    ):
        soon = TODAY + timedelta(days=30)
        for number, until in enumerate((soon, soon + timedelta(days=1), TODAY - timedelta(days=1))):
            person = a_profile(f"p{number}@power.example", last_name=f"Person{number}")
            directory.add_user(person, [an_attachment("acme", until=until)])
        page = browser.get("/users")
        assert "jusqu’au 30 juin 2027" in page.row("carla.noir@power.example").text
        marks = ["Échéance proche" in page.row(f"p{number}@power.example").text for number in range(3)]
        assert marks == [True, False, False]
        assert "encore rattaché" in page.row("p2@power.example").text

    def test_the_file_has_a_column_that_an_import_takes_back(
        self, browser: Browser, directory: FakeDirectory, contractor: User
    ):
        data = browser.get("/users.csv").body
        assert data.splitlines()[0] == f"{HEADER},status"
        (line,) = (one for one in data.splitlines() if one.startswith("carla"))
        assert line.endswith("acme,user,external,2027-06-30,active")
        before = directory.snapshot()
        assert upload(browser, data.encode(), confirm="1").status == 303
        assert directory.snapshot() == before


class TestImport:
    """The optional column `until` of a file."""

    def line(self, until: str, email: str = "carla.noir@power.example") -> bytes:
        return f"{HEADER}\n{email},Noir,Anne,mme,fr,acme,user,external,{until}\n".encode()

    def send(self, browser: Browser, data: bytes) -> None:
        assert upload(browser, data, confirm="1").status == 303

    def test_the_template_has_the_column(self, browser: Browser):
        assert browser.get("/users/import.csv").body.splitlines()[0] == HEADER

    @pytest.mark.parametrize("text", ["2028-01-31", "31/01/2028"])
    def test_it_moves_an_end(self, browser: Browser, directory: FakeDirectory, contractor: User, text: str):
        self.send(browser, self.line(text))
        assert at(directory, contractor) == {"acme": date(2028, 1, 31)}

    def test_an_account_is_made_with_it(self, browser: Browser, directory: FakeDirectory):
        self.send(browser, self.line("2028-01-31", "new@power.example"))
        made = directory.find_by_email("new@power.example")
        assert made
        assert at(directory, made) == {"acme": date(2028, 1, 31)}

    def test_an_empty_cell_and_a_missing_column_leave_the_end(
        self, browser: Browser, directory: FakeDirectory, contractor: User
    ):
        self.send(browser, self.line(""))
        self.send(browser, self.line("").replace(b",until", b"").replace(b"external,", b"external"))
        assert at(directory, contractor) == {"acme": LATER}

    @pytest.mark.parametrize("text", ["2026-02-30", "9999-01-01", "2020-01-01", "soon"])
    def test_a_wrong_day_refuses_its_line(
        self, browser: Browser, directory: FakeDirectory, contractor: User, text: str
    ):
        page = upload(browser, self.line(text))
        assert "Jusqu’au" in page.row("carla.noir@power.example").text
        self.send(browser, self.line(text))
        assert at(directory, contractor) == {"acme": LATER}


def test_mails_say_the_end(app: Flask, browser: Browser, directory: FakeDirectory, second: User, contractor: User):
    """To the person and to the other administrators."""
    typed = {**a_row("acme", external=True, until="2027-12-31"), "confirm": "1"}
    browser.post(f"/users/{contractor.id}/attachments", typed)
    parts = app.extensions[EXTENSION]
    notice = outbox.take_notice(parts.database)
    assert notice
    with app.app_context():
        made = mails_of(directory, parts.settings, notice)
    assert {mail.recipient for mail in made} == {contractor.email, second.email}
    assert all("jusqu’au 31 décembre 2027" in mail.text for mail in made)
