"""« Journal »: what was done at my companies, by whom, as a page and as a file."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from directory.errors import UnavailableError
from directory.model import Affiliation, CompanyRole, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.typed import a_creation, a_row
from webapp.identity.actor import Author
from webapp.records import journal, journal_reading
from webapp.records.journal import Action, Entry, Outcome, Person, Values
from webapp.records.journal_reading import Search, read
from webapp.storage.database import Database

LONG_AGO = datetime(2023, 1, 1, tzinfo=UTC)


def lines(database: Database, *companies: str) -> list[tuple[str, str, str, str]]:
    """Action, person, outcome, reason; the oldest first."""
    found = read(database, companies or ["acme"], Search(), 1, 1000).lines
    return [(one.action.value, one.person.email, one.outcome.value, one.reason) for one in reversed(found)]


class TestEveryChangeHasItsLine:
    """Whatever an administrator does, or is refused, is written down with its person and result."""

    def test_creation(self, browser: Browser, database: Database):
        browser.post("/users/new", a_creation(a_row("acme"), a_row("globex", external=True)))
        assert lines(database, "acme") == [("create", "emma.bernard@acme.example", "done", "")]
        (line,) = read(database, ["globex"], Search(), 1).lines
        assert line.after == Values(CompanyRole.USER, Affiliation.EXTERNAL)
        assert line.person.name == "Emma Bernard"

    def test_creation_that_the_directory_did_not_answer(
        self, browser: Browser, database: Database, directory: FakeDirectory
    ):
        directory.fail("create_user", error=UnavailableError("down"))
        assert browser.post("/users/new", a_creation()).status == 503
        assert lines(database) == [("create", "emma.bernard@acme.example", "failed", "unavailable")]

    def test_attach_change_detach(self, browser: Browser, database: Database, stranger: User):
        browser.post("/users/new", {"email": stranger.email, "confirm": "1", **a_row("acme")})
        path = f"/users/{stranger.id}/attachments"
        browser.post(path, {"confirm": "1", **a_row("acme", administrator=True)})
        browser.post(path, {"confirm": "1"})
        assert [line[0] for line in lines(database)] == ["look_up", "attach", "change", "detach"]
        found = read(database, ["acme"], Search(), 1).lines
        user = Values(CompanyRole.USER, Affiliation.INTERNAL)
        boss = Values(CompanyRole.ADMINISTRATOR, Affiliation.INTERNAL)
        assert [(one.before, one.after) for one in reversed(found[:3])] == [
            (None, user),
            (user, boss),
            (boss, None),
        ]

    def test_half_of_a_change(self, browser: Browser, database: Database, directory: FakeDirectory, member: User):
        """What was done and what was not, each with its line."""
        directory.fail("change_attachment", nth=2)
        both = {"confirm": "1", **a_row("acme", external=True), **a_row("globex")}
        assert browser.post(f"/users/{member.id}/attachments", both).status == 503
        assert lines(database, "acme") == [("change", member.email, "done", "")]
        assert lines(database, "globex") == [("attach", member.email, "failed", "not_answered")]

    def test_last_administrator(self, browser: Browser, database: Database, administrator: User):
        refused = browser.post(f"/users/{administrator.id}/attachments", {"confirm": "1", **a_row("globex")})
        assert refused.status == 409
        assert lines(database) == [("leave", administrator.email, "refused", "last_administrator")]

    def test_leaving(self, client_for: ClientFor, database: Database, member: User):
        client_for(member).post("/profile/companies/acme/leaving")
        assert lines(database) == [("leave", member.email, "done", "")]

    def test_resend_its_refusals_and_its_failure(
        self, browser: Browser, database: Database, directory: FakeDirectory, member: User
    ):
        waiting = directory.add_user(
            a_profile(), [an_attachment("acme")], password_required=True, activation_sent_at=LONG_AGO
        )
        path = f"/users/{waiting.id}/activation"
        directory.mail = "refused"
        browser.post(path)
        directory.mail = "ok"
        browser.post(path)
        assert browser.post(path).status == 429
        assert browser.post(f"/users/{member.id}/activation").status == 409
        assert [line[2:] for line in lines(database)] == [
            ("failed", "mail_refused"),
            ("done", ""),
            ("refused", "too_often"),
            ("refused", "already_active"),
        ]

    def test_correction_and_cancellation(self, browser: Browser, database: Database, directory: FakeDirectory):
        waiting = directory.add_user(
            a_profile("old@acme.example"), [an_attachment("acme")], password_required=True
        )
        browser.post(f"/users/{waiting.id}/email", {"email": "new@acme.example"})
        browser.post(f"/users/{waiting.id}/cancellation")
        assert [line[:3] for line in lines(database)] == [
            ("correct_email", "old@acme.example", "done"),
            ("cancel", "new@acme.example", "done"),
        ]
        corrected = read(database, ["acme"], Search(), 1).lines[1]
        assert (corrected.before, corrected.after) == (
            Values(email="old@acme.example"),
            Values(email="new@acme.example"),
        )

    def test_what_changed_nothing_has_none(self, browser: Browser, database: Database, member: User):
        browser.get(f"/users/{member.id}/attachments")
        browser.post(f"/users/{member.id}/attachments", a_row("globex"))
        browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **a_row("acme")})
        assert lines(database) == []

    def test_no_line_no_change(self, browser: Browser, database: Database, directory: FakeDirectory, member: User):
        """A database that takes no operation lets nothing happen."""
        before = directory.snapshot()
        with database.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE operations RENAME TO gone")
        try:
            page = browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **a_row("globex")})
            assert page.status == 503
        finally:
            with database.transaction() as connection:
                connection.exec_driver_sql("ALTER TABLE gone RENAME TO operations")
        assert directory.snapshot() == before


class TestPage:
    def test_tells_who_what_whom_when(self, browser: Browser, member: User, administrator: User):
        browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **a_row("acme", external=True)})
        page = browser.get("/journal")
        assert page.h1 == "Journal"
        (row,) = page.rows
        for words in ("Anne Durand", administrator.email, "Utilisateur, Interne → Utilisateur, Externe"):
            assert words in row
        for words in ("Chloé Martin", member.email, "Acme Énergie"):
            assert words in row
        assert "fait" not in row, "only what was not done says how it ended"
        assert "1 ligne" in page.main.text

    def test_is_in_the_menu(self, browser: Browser):
        assert any(link["href"] == "/journal" for link in browser.get("/users").html.all("a"))

    def test_other_companies_lines_do_not_exist(self, browser: Browser, database: Database, stranger: User):
        """Neither on the page, nor in the file, nor when asked for."""
        entry = Entry(Action.CHANGE, ("initech",), Person(stranger.id, "Dora Stranger", stranger.email))
        journal.write(database, Author("x", "Someone Else", "x@initech.example", "r"), [entry])
        for path in ("/journal", "/journal?company=initech", "/journal?q=stranger", "/journal.csv"):
            page = browser.get(path)
            assert page.status == 200
            assert "Stranger" not in page.body.replace("stranger", "")
            assert "Someone" not in page.body

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("query", "hits"),
        [
            ("", 3),
            ("?q=emma", 1),
            ("?q=DURAND+ÉMMA", 1),
            ("?q=nobody", 0),
            ("?company=globex", 1),
            ("?company=globex&q=emma", 0),
            ("?from=2026-03-14&to=2026-03-14", 2),
            ("?from=2026-03-15", 1),
            ("?to=2026-03-13", 0),
            ("?person=p-leroy", 2),
            ("?person=nobody", 0),
            ("?person=p-leroy&company=globex&action=attach", 1),
            ("?action=detach", 0),
            ("?action=look_up", 1),
            ("?action=all", 4),
        ],
    )
    def test_search_and_filters(self, query: str, hits: int, browser: Browser, database: Database, monkeypatch):
        """Days are those of the installation's clock: 23:30 in Paris is still the same day."""
        anne = Author("a", "Anne Durand", "anne.durand@acme.example", "r")
        for company, name, at in (
            ("acme", "Émma Bernard", datetime(2026, 3, 13, 23, 30, tzinfo=UTC)),
            ("acme", "Bob Leroy", datetime(2026, 3, 14, 22, 30, tzinfo=UTC)),
            ("globex", "Bob Leroy", datetime(2026, 3, 14, 23, 30, tzinfo=UTC)),
        ):
            monkeypatch.setattr(journal, "now", at.timestamp)
            last = name.split()[1].lower()
            person = Person(f"p-{last}", name, f"{last}@acme.example")
            journal.write(database, anne, [Entry(Action.ATTACH, (company,), person)])
        monkeypatch.setattr(journal, "now", datetime(2026, 1, 1, tzinfo=UTC).timestamp)
        journal.write(database, anne, [Entry(Action.LOOK_UP, ("acme",), Person(None, "", "x@acme.example"))])
        page = browser.get(f"/journal{query}")
        assert page.status == 200
        assert len(page.rows) == hits
        exported = list(csv.DictReader(io.StringIO(browser.get(f"/journal.csv{query}").body)))
        assert len(exported) == hits
        if query:
            assert "Effacer les filtres" in page.main.text

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("page=0", "Cette page n’existe pas"),
            ("page=-1", "Cette page n’existe pas"),
            ("page=abc", "Cette page n’existe pas"),
            ("page=٣", "Cette page n’existe pas"),
            ("page=" + "9" * 5000, ""),
            ("from=yesterday", "premier jour"),
            ("to=2026-02-30", "dernier jour"),
            ("from=0001-01-01", "premier jour"),
            ("to=9999-12-31", "dernier jour"),
            ("company=initech", "n’est pas l’une des vôtres"),
            ("company=hooli", "n’est pas l’une des vôtres"),
            ("action=nothing", "Ce type de ligne n’existe pas"),
            ("person=%00" + "9" * 5000, ""),
            ("q=" + "x" * 10_000, "200 premiers caractères"),
            ("q=%00%25_'\"<script>", ""),
        ],
    )
    def test_query_that_makes_no_sense_is_said(self, query: str, words: str, browser: Browser, member: User):
        browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **a_row("acme", external=True)})
        page = browser.get(f"/journal?{query}")
        assert page.status == 200
        assert words in page.text
        assert browser.get(f"/journal.csv?{query}").status == 200

    def test_pages_keep_what_was_asked(self, browser: Browser, database: Database):
        anne = Author("a", "Anne Durand", "anne.durand@acme.example", "r")
        for number in range(120):
            journal.write(
                database, anne, [Entry(Action.ATTACH, ("acme",), Person(None, "", f"p{number}@a.example"))]
            )
        page = browser.get("/journal?q=a.example&company=acme")
        assert (len(page.rows), "120 lignes" in page.main.text) == (50, True)
        following = next(link["href"] for link in page.html.all("a", rel="next"))
        second = browser.get(following)
        assert "p69@a.example" in second.rows[0]
        assert "q=a.example" in following
        assert "company=acme" in following

    def test_look_ups_are_one_click_away(self, browser: Browser, database: Database):
        anne = Author("a", "Anne Durand", "anne.durand@acme.example", "r")
        journal.write(database, anne, [Entry(Action.LOOK_UP, ("acme",), Person(None, "", "x@a.example"))])
        journal.write(database, anne, [Entry(Action.ATTACH, ("acme",), Person("p", "Bob", "b@a.example"))])
        page = browser.get("/journal")
        assert ["b@a.example" in row for row in page.rows] == [True]
        (link,) = [a for a in page.main.all("a") if "recherches" in a.text]
        assert ["x@a.example" in row for row in browser.get(link["href"]).rows] == [True]

    def test_a_persons_lines_are_one_click_away(self, browser: Browser, database: Database):
        anne = Author("a", "Anne Durand", "anne.durand@acme.example", "r")
        for number in range(2):
            person = Person(f"p{number}", f"Bob Leroy {number}", f"b{number}@a.example")
            journal.write(database, anne, [Entry(Action.ATTACH, ("acme",), person)])
        (link,) = [a for a in browser.get("/journal").main.all("a") if "Bob Leroy 1" in a.text]
        page = browser.get(link["href"])
        assert ["b1@a.example" in row for row in page.rows] == [True]
        assert "Seulement les lignes sur Bob Leroy 1" in page.main.text
        assert page.main.one("input", type="hidden", name="person")["value"] == "p1"

    def test_what_was_not_done_says_why(self, browser: Browser, database: Database):
        anne = Author("a", "Anne Durand", "anne.durand@acme.example", "r")
        person = Person("p", "Bob", "b@a.example")
        refused = Entry(Action.DETACH, ("acme",), person, None, None, Outcome.REFUSED, "last_administrator")
        journal.write(database, anne, [refused])
        assert "refusé : dernier administrateur actif" in browser.get("/journal").rows[0]

    def test_nothing_yet(self, browser: Browser):
        assert "Rien pour l’instant" in browser.get("/journal").main.text
        assert "Aucune ligne ne correspond" in browser.get("/journal?q=x").main.text

    def test_markup_in_names_is_text(self, browser: Browser, database: Database):
        anne = Author("a", "<b>Anne</b>", "a@acme.example", "r")
        journal.write(
            database, anne, [Entry(Action.ATTACH, ("acme",), Person("p", "<script>x</script>", "p@a.example"))]
        )
        page = browser.get("/journal")
        assert "<script>x</script>" in page.rows[0]


class TestFile:
    def test_one_row_for_each_company_and_safe_against_formulas(self, browser: Browser, database: Database):
        anne = Author("a", "=cmd|'/c calc'!A1", "a@acme.example", "request-7")
        entry = Entry(
            Action.CHANGE,
            ("acme", "globex", "initech"),
            Person("p", "@Bob", "+bob@acme.example"),
            Values(role=CompanyRole.USER),
            Values(role=CompanyRole.ADMINISTRATOR),
        )
        journal.write(database, anne, [entry])
        answer = browser.get("/journal.csv")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert re.fullmatch(
            r'attachment; filename="journal-\d{4}-\d\d-\d\d\.csv"', answer.headers["Content-Disposition"]
        )
        rows = list(csv.DictReader(io.StringIO(answer.body)))
        assert [row["Société"] for row in rows] == ["Acme Énergie", "Globex"]
        assert not any(cell.startswith(tuple("=+-@\t\r")) for row in rows for cell in row.values())
        assert (rows[0]["Avant"], rows[0]["Après"]) == ("Utilisateur", "Administrateur")
        assert (rows[0]["Quoi"], rows[0]["Résultat"], rows[0]["Requête"]) == ("Modifié", "fait", "request-7")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", rows[0]["Quand"])

    def test_in_english_for_who_reads_english(self, browser: Browser, database: Database):
        person = Person("p", "Bob", "bob@acme.example")
        journal.write(
            database,
            Author("a", "Anne", "a@acme.example", "r"),
            [
                Entry(
                    Action.RESEND,
                    ("acme",),
                    person,
                    None,
                    None,
                    Outcome.REFUSED,
                    "too_often",
                )
            ],
        )
        browser.post("/language", {"locale": "en"})
        (row,) = csv.DictReader(io.StringIO(browser.get("/journal.csv").body))
        assert (row["What"], row["Result"], row["Reason"]) == (
            "Activation mail sent again",
            "refused",
            "too often",
        )

    def test_many_lines_are_read_in_parts(self, browser: Browser, database: Database, monkeypatch):
        monkeypatch.setattr(journal_reading, "READ_AT_ONCE", 7)
        anne = Author("a", "Anne", "a@acme.example", "r")
        people = [Person(None, "", f"p{number}@a.example") for number in range(21)]
        journal.write(database, anne, [Entry(Action.LOOK_UP, ("acme",), person) for person in people])
        rows = list(csv.DictReader(io.StringIO(browser.get("/journal.csv?action=look_up").body)))
        found = [row["E-mail de la personne"] for row in rows]
        assert found == [f"p{number}@a.example" for number in reversed(range(21))]


class TestPurge:
    def test_command_deletes_what_is_older_than_three_years(self, app: Flask, database: Database, monkeypatch):
        anne = Author("a", "Anne", "a@acme.example", "r")
        for days in (1, 1094, 1096):
            past = datetime.now(UTC) - timedelta(days=days)
            monkeypatch.setattr(journal, "now", past.timestamp)
            journal.write(
                database, anne, [Entry(Action.LOOK_UP, ("acme",), Person(None, "", f"p{days}@a.example"))]
            )
        result = app.test_cli_runner().invoke(args=["journal", "purge"])
        assert (result.exit_code, result.output) == (
            0,
            "1 lines older than 1095 days deleted\n0 access reviews deleted that ended before that\n",
        )
        assert [line[1] for line in lines(database)] == ["p1@a.example", "p1094@a.example"]
        assert app.test_cli_runner().invoke(args=["journal", "purge", "--days", "30"]).exit_code == 0
        assert [line[1] for line in lines(database)] == ["p1@a.example"]
