"""The page of an import: how far it is, what became of each line, and going on with the rest."""

import csv
import gc
import io
import re
import warnings
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from directory.model import Locale, User
from tests.builders import a_profile, an_attachment, an_author
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from webapp.http.context import EXTENSION
from webapp.imports import store as import_store
from webapp.imports.csv_format import COLUMNS, MAX_LINES, RESULT_COLUMNS, read
from webapp.imports.plan import Outcome, Row
from webapp.jobs.state import KEPT
from webapp.storage.database import Database, imports, journal, now
from webapp.storage.locks import no_worker
from webapp.storage.rate_limits import LOOK_UPS, left, take

HEADER = ",".join(COLUMNS)
SHOWN_AS = dict(
    zip(
        COLUMNS,
        ("E-mail", "Last name", "First name", "Title", "Language", "Company", "Role", "Internal/external"),
        strict=True,
    )
)
"""The columns by the words of the screen."""


@pytest.fixture
def administrator(directory: FakeDirectory) -> User:
    """Reads English, so that these tests do not wait for the translation."""
    return directory.add_user(
        replace(a_profile("anne.durand@acme.example"), locale=Locale.EN),
        [an_attachment("acme", administrator=True), an_attachment("globex", administrator=True)],
    )


def people(*numbers: int, company: str = "acme") -> list[str]:
    return [f"person{n}@acme.example,Name,First,m,fr,{company},user,internal" for n in numbers]


def send(browser: Browser, *lines: str, **fields: str) -> Page:
    data = "\n".join([HEADER, *lines]).encode()
    return browser.post("/users/import", {"confirm": "1", **fields, "file": (io.BytesIO(data), "people.csv")})


def ended(browser: Browser) -> None:
    """Wait until nothing goes on in the background."""
    browser.app.extensions[EXTENSION].imports.wait()


def an_import(database: Database, person: User, *lines: str, done: int = 0, interrupted: bool = False) -> str:
    """An import of that person that goes on (or was left) with its first lines done; its address."""
    parsed = read("\n".join([HEADER, *lines]).encode()).lines
    import_id = import_store.begin(database, an_author(person), parsed)
    import_store.record(database, import_id, [Row(line, Outcome.UNCHANGED) for line in parsed[:done]])
    if interrupted:
        with database.transaction() as connection:
            connection.execute(update(imports).where(imports.c.id == import_id).values(worker=no_worker()))
    return f"/users/import/{import_id}"


class TestBegun:
    @pytest.mark.slow
    @pytest.mark.parametrize("lines", [1, 20, 21, 60])
    def test_the_answer_leads_to_the_page_of_the_import(self, browser, directory, lines):
        """303, whether it is done already or goes on: reloading sends nothing again."""
        answer = send(browser, *people(*range(lines)))
        ended(browser)

        assert answer.status == 303
        assert answer.location.startswith("/users/import/")
        assert f"Created: {lines}." in browser.follow(answer).banners[0]
        assert len(set(directory.mails)) == len(directory.mails) == lines

    def test_reloading_its_page_changes_nothing(self, browser, directory):
        answer = send(browser, *people(1, 2))
        first = browser.follow(answer)
        before = directory.snapshot()

        again = browser.follow(answer)

        assert again.main.text == first.main.text
        assert directory.snapshot() == before

    @pytest.mark.slow
    def test_it_goes_on_without_its_page(self, browser, directory):
        """Nobody ever looks at it, and everybody is there."""
        send(browser, *people(*range(30)))
        ended(browser)

        assert len(directory.mails) == 30

    def test_without_mails(self, browser, directory):
        page = browser.follow(send(browser, *people(1, 2), no_mails="1"))

        assert directory.mails == []
        assert "2 accounts were created without an activation mail: send them from the list." in page.banners[0]
        assert "No activation mail was sent: send it from the list." in page.rows[0]
        waiting = browser.get(page.main.one("a", href="/users?status=not_sent")["href"])
        assert len(waiting.rows) == 2
        assert all("Mail not sent" in row for row in waiting.rows)

    def test_the_review_offers_to_hold_the_mails_back(self, browser, directory):
        data = "\n".join([HEADER, *people(1)]).encode()
        review = browser.post("/users/import", {"file": (io.BytesIO(data), "people.csv")})
        form = review.form("/users/import")

        assert "1 activation mail will be sent." in review.text
        assert "no_mails" not in form.fields, "mails leave unless one says otherwise"
        assert "Do not send the mails now" in form.element.one("input", name="no_mails").within("label").text
        browser.submit(form, "confirm", no_mails="1")
        assert directory.mails == []
        assert len(directory.people()) == 2

    @pytest.mark.slow
    def test_in_french_the_mails_are_counted_before(self, client_for, directory):
        person = directory.add_user(a_profile("bea@acme.example"), [an_attachment("acme", administrator=True)])
        data = "\n".join([HEADER, *people(*range(37))]).encode()

        page = client_for(person).post("/users/import", {"file": (io.BytesIO(data), "people.csv")})

        assert "37 mails d’activation seront envoyés" in page.text


class TestRunning:
    def test_it_shows_how_far_it_is_and_renews_itself(self, browser, database, administrator):
        page = browser.get(an_import(database, administrator, *people(1, 2, 3, 4), done=1))

        bar = page.main.one("progress")
        assert (bar["max"], bar["value"]) == ("4", "1")
        assert page.main.one("label", for_="progress").text == "1 of 4 lines"
        assert "lines a second" in page.text
        assert page.html.one("meta", **{"http-equiv": "refresh"})["content"] == "2"
        assert page.forms == [], "there is nothing to press"

    def test_it_can_be_read_in_peace(self, browser, database, administrator):
        address = an_import(database, administrator, *people(1, 2))
        (link,) = [a for a in browser.get(address).main.all("a") if "Keep it" in a.text]

        page = browser.get(link["href"])

        assert page.html.all("meta", **{"http-equiv": "refresh"}) == []
        assert address in [a["href"] for a in page.main.all("a")]

    def test_the_page_of_files_leads_back_to_it(self, browser, database, administrator):
        address = an_import(database, administrator, *people(1, 2), done=1)

        page = browser.get("/users/import")

        assert page.main.one("a", href=address)
        assert any("Under way: 1 of 2 lines" in row for row in page.rows)

    @pytest.mark.parametrize("kind", ["another file", "the same form twice", "going on"])
    def test_a_second_one_is_refused_in_words(self, browser, directory, database, administrator, kind):
        address = an_import(database, administrator, *people(1))
        before = directory.snapshot()

        page = browser.post(address) if kind == "going on" else send(browser, *people(1 if "same" in kind else 2))

        assert page.status == 409
        assert page.h1 == "One of your imports is in progress"
        assert page.main.one("a", href=address)
        assert directory.snapshot() == before

    def test_somebody_elses_import_is_no_hindrance(self, browser, database, second):
        an_import(database, second, *people(1))

        assert send(browser, *people(2)).status == 303


class TestInterrupted:
    def test_it_says_so_and_goes_on_with_one_click(self, browser, directory, database, administrator):
        address = an_import(database, administrator, *people(1, 2, 3), done=1, interrupted=True)

        page = browser.get(address)
        assert page.h1 == "Import interrupted"
        assert "2 lines are not processed yet. Nothing is processed twice." in page.text
        assert page.html.all("meta", **{"http-equiv": "refresh"}) == []

        answer = browser.submit(page.form(address))
        ended(browser)

        assert (answer.status, answer.location) == (303, address)
        assert "Created: 2. Attached: 0. Changed: 0. Unchanged: 1." in browser.get(address).banners[0]
        assert sorted(directory.mails) == ["person2@acme.example", "person3@acme.example"]

    def test_the_button_says_resume(self, client_for, directory, database):
        person = directory.add_user(a_profile("bea@acme.example"), [an_attachment("acme", administrator=True)])
        address = an_import(database, person, *people(1), interrupted=True)

        page = client_for(person).get(address)

        assert page.form(address).element.one("button").text.startswith("Reprendre")

    def test_going_on_with_one_that_is_done_does_nothing(self, browser, directory):
        address = send(browser, *people(1)).location
        before = directory.snapshot()

        assert browser.post(address).status == 303
        ended(browser)
        assert directory.snapshot() == before

    def test_without_keycloak_nothing_is_begun(self, browser, directory, database, administrator):
        address = an_import(database, administrator, *people(1), interrupted=True)
        assert browser.token
        directory.down = True

        assert browser.post(address).status == 503


class TestResult:
    LINES = (
        *people(1, 2),
        "chloe.martin@acme.example,,,,,acme,user,external",
        "no,Name,First,m,fr,acme,user,internal",
        '"=cmd|x@acme.example","a;b","-First",m,xx,acme,boss,internal',
    )

    @pytest.fixture
    def address(self, browser, member) -> str:
        return send(browser, *self.LINES).location

    def test_it_can_be_narrowed_down_to_one_outcome(self, browser, address):
        page = browser.get(address)
        links = {a.text: a["href"] for a in page.main.one("nav", **{"aria-label": "Lines by result"}).all("a")}
        assert list(links) == ["All lines (5)", "Account created (2)", "Changed (1)", "Refused (2)"]

        refused = browser.get(links["Refused (2)"])

        assert len(refused.rows) == 2
        assert all("Refused" in row for row in refused.rows)
        assert refused.main.one("a", **{"aria-current": "page"}).text == "Refused (2)"
        assert len(browser.get(links["Changed (1)"]).rows) == 1

    def test_what_needs_attention_comes_first(self, browser, address):
        assert ["Refused" in row for row in browser.get(address).rows] == [True, True, False, False, False]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "query", ["outcome=nonsense", "page=0", "page=1000000000", "page=x", "page=" + "9" * 5000]
    )
    def test_a_query_that_makes_no_sense_is_no_error(self, browser, address, query):
        page = browser.get(f"{address}?{query}")

        assert (page.status, len(page.rows)) == (200, 5)

    def test_an_outcome_that_no_line_has(self, browser, address):
        assert "No line has this result." in browser.get(f"{address}?outcome=not_tried").text

    @pytest.mark.slow
    def test_many_lines_come_in_pages(self, browser):
        address = send(browser, *["no,Name,First,m,fr,acme,user,internal"] * 250).location
        ended(browser)

        page = browser.get(f"{address}?outcome=refused&page=3")

        assert len(page.rows) == 50
        assert "250 lines" in page.text
        assert f"{address}?outcome=refused&page=2" in [a["href"] for a in page.main.all("a")]

    def test_as_a_file_each_line_stands_with_its_reason(self, browser, address):
        page = browser.get(f"{address}.csv")

        assert re.fullmatch(
            r'attachment; filename="import-result-\d{4}-\d\d-\d\d\.csv"', page.headers["Content-Disposition"]
        )
        rows = list(csv.DictReader(io.StringIO(page.body, newline="")))
        assert list(rows[0]) == list(RESULT_COLUMNS)
        assert [(row["line"], row["result"]) for row in rows] == [
            ("5", "refused"), ("6", "refused"), ("2", "create"), ("3", "create"), ("4", "change"),
        ]  # fmt: skip
        assert rows[0]["reason"].startswith("E-mail: write an e-mail address")
        assert "Language: write Français or English" in rows[1]["reason"]
        assert "Role: write Administrator or User" in rows[1]["reason"]

    def test_as_a_file_it_holds_no_formula(self, browser, address):
        rows = list(csv.DictReader(io.StringIO(browser.get(f"{address}.csv").body, newline="")))

        assert (rows[1]["email"], rows[1]["first_name"]) == ("'=cmd|x@acme.example", "'-First")

    def test_refused_lines_are_corrected_and_sent_again(self, browser, directory, address):
        """The file as it was downloaded, columns and all, in the reader's own kind of CSV."""
        (link,) = [a for a in browser.get(address).main.all("a") if a.text.startswith("Lines to correct")]
        body = browser.get(link["href"]).body
        assert body.startswith("\ufeff")
        assert body.count("\r\n") == 3
        corrected = body.replace("no,", "yan@acme.example,")

        data = (io.BytesIO(corrected.encode()), "people.csv")
        page = browser.follow(browser.post("/users/import", {"confirm": "1", "file": data}))

        assert "Created: 1. Attached: 0. Changed: 0. Unchanged: 0. Refused: 1." in page.banners[0]
        assert "yan@acme.example" in directory.mails

    def test_what_a_file_says_is_shown_as_text(self, browser):
        page = browser.follow(
            send(browser, "zoe@acme.example,<script>x</script>,<b>Zoé</b>,mme,fr,<i>,user,internal")
        )

        assert "<script>x</script>" in page.rows[0]
        assert not page.main.all("script", "i")
        assert all(bold["class"] == "last-name" for bold in page.main.all("b"))


class TestWhose:
    """An import is its author's alone, administrators of the same companies included."""

    @pytest.mark.parametrize("method", ["GET", "POST", "CSV"])
    def test_somebody_elses_answers_like_none(self, client_for, database, second, administrator, method):
        browser = client_for(second)
        theirs = an_import(database, administrator, *people(1), interrupted=True)
        none = f"/users/import/{'0' * 32}"

        def ask(address: str) -> Page:
            return browser.post(address) if method == "POST" else browser.get(address + ".csv" * (method == "CSV"))

        assert (ask(theirs).status, ask(none).status) == (404, 404)
        assert ask(theirs).main.text == ask(none).main.text
        assert database is not None

    def test_it_is_not_among_anybody_elses_imports(self, client_for, database, second, administrator):
        address = an_import(database, administrator, *people(1))

        assert address not in client_for(second).get("/users/import").body

    def test_whoever_administers_nothing_any_more_sees_nothing(self, browser, directory, database, administrator):
        address = an_import(database, administrator, *people(1))
        for company in ("acme", "globex"):
            directory.remove_membership(administrator.id, f"/{company}/administrators")

        assert browser.get(address).status == 403

    def test_old_ones_are_gone(self, browser, database):
        address = send(browser, *people(1)).location
        long_ago = now() - KEPT - 1
        with database.transaction() as connection:
            connection.execute(update(imports).values(created_at=long_ago, beat_at=long_ago))

        send(browser, *people(2))

        assert browser.get(address).status == 404


class TestQuestions:
    """Whether an address has an account is a question about a stranger: counted, and in the journal."""

    def review(self, browser: Browser, *lines: str) -> Page:
        data = "\n".join([HEADER, *lines]).encode()
        return browser.post("/users/import", {"file": (io.BytesIO(data), "people.csv")})

    def test_each_counts_and_is_in_the_journal(self, browser, database, administrator, stranger, member):
        self.review(
            browser,
            *people(1, 1),
            f"{stranger.email},,,,,acme,user,internal",
            f"{member.email},,,,,globex,user,internal",
        )

        assert left(database, LOOK_UPS, administrator.id) == LOOK_UPS.limit - 2
        with database.engine.connect() as connection:
            lines = connection.execute(select(journal).where(journal.c.action == "look_up")).all()
        assert {(line.person_email, line.after["found"]) for line in lines} == {
            ("person1@acme.example", False),
            (stranger.email, True),
        }

    def test_the_same_file_again_does_not_count_twice(self, browser, database, administrator):
        for _ in range(3):
            self.review(browser, *people(1, 2))

        assert left(database, LOOK_UPS, administrator.id) == LOOK_UPS.limit - 2

    @pytest.mark.slow
    def test_when_the_quota_is_used_up_the_rest_is_shown_without_an_answer(
        self, browser, directory, database, administrator, stranger
    ):
        for number in range(LOOK_UPS.limit - 1):
            take(database, LOOK_UPS, administrator.id, f"somebody{number}")
        directory.calls.clear()

        page = self.review(browser, *people(1, 2), f"{stranger.email},Name,First,m,fr,acme,user,internal")

        assert page.status == 200
        assert len(directory.called("find_by_email")) == 1
        assert ["or attached, if the address has an account" in row for row in page.rows] == [False, True, True]
        assert "2 addresses were not looked up: an administrator may ask about 60 addresses an hour." in page.text
        assert "At most 3 activation mails will be sent." in page.text

        done = browser.follow(browser.submit(page.form("/users/import"), "confirm"))
        assert "Created: 2. Attached: 1." in done.banners[0]
        assert stranger.email not in directory.mails

    def test_a_file_of_strangers_tells_no_names(self, browser, stranger):
        """Only what the file says itself is shown: neither a name nor a company of whoever has the address."""
        page = self.review(browser, f"{stranger.email},Wrong,Name,m,fr,acme,user,internal")
        done = browser.follow(browser.submit(page.form("/users/import"), "confirm"))

        for shown in (page, done):
            assert "Wrong Name" in shown.rows[0]
            assert "Stranger" not in shown.text
            assert "Initech" not in shown.text

    def test_an_operator_answers_as_unknown(self, browser, directory):
        directory.add_operator(a_profile("root@acme.example"))

        page = self.review(browser, "root@acme.example,Name,First,m,fr,acme,user,internal")
        assert "New account" in page.rows[0]

        done = browser.follow(browser.submit(page.form("/users/import"), "confirm"))
        assert "E-mail: this address cannot be used here" in done.rows[0]


class TestLargeAndOdd:
    """Every row of the list of bad input is met in words, and changes nothing."""

    @pytest.mark.slow
    def test_fifty_megabytes_in_pieces_without_a_length(self, browser, directory):
        """The length is not announced, so it shows only while it is read."""
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        before = directory.snapshot()

        with warnings.catch_warnings():
            # The library leaves the half-read file to the collector of garbage.
            warnings.simplefilter("ignore", ResourceWarning)
            page = browser.open(
                "/users/import",
                method="POST",
                input_stream=io.BytesIO(head + b"x" * 50_000_000),
                content_type="multipart/form-data; boundary=x",
                headers={"Accept-Language": "en", "Transfer-Encoding": "chunked"},
                environ_overrides={"wsgi.input_terminated": True},
            )
            gc.collect()

        assert page.status == 413
        assert "A file may have at most 2 MB and 5,000 lines. Nothing was changed" in page.text
        assert directory.snapshot() == before

    @pytest.mark.slow
    @pytest.mark.parametrize("column", COLUMNS)
    @pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=cmd|"/C calc"!A0', "＝1"])
    def test_a_formula_in_each_field(self, browser, directory, column, formula):
        """Refused with line and column, or it is an ordinary character of a name; never anything computed."""
        cells = dict(zip(COLUMNS, people(1)[0].split(","), strict=True)) | {column: formula}
        out = io.StringIO(newline="")
        csv.writer(out).writerow(cells.values())
        before = directory.snapshot()

        page = send(browser, out.getvalue())

        assert page.status == 303
        (row,) = browser.follow(page).rows
        if column in {"last_name", "first_name"} and formula[0] in "+-@＝" and "(" not in formula:
            assert "Account created" in row
        else:
            assert "2" in row
            assert f"{SHOWN_AS[column]}: " in row
            assert directory.snapshot() == before

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (f"{HEADER}\n{people(1)[0]}{',x' * 10_000}\n".encode(), "the line has more cells than the header"),
            (f"{HEADER}\n{'x' * 10_000},,,,,,,\n".encode(), "E-mail: write an e-mail address"),
            (
                f"{HEADER}\n{people(1)[0]}\n{people(1)[0].replace('Name', 'Other')}\n".encode(),
                "contradicts line 3",
            ),
            (f"{HEADER}\n{people(1, company='initech')[0]}\n".encode(), "Company: unknown company"),
        ],
        ids=["10,000 cells", "a long cell", "contradiction", "unknown company"],
    )
    def test_a_line_that_is_refused_says_where_and_why(self, browser, directory, data, words):
        before = directory.snapshot()

        page = browser.follow(
            browser.post("/users/import", {"confirm": "1", "file": (io.BytesIO(data), "people.csv")})
        )

        assert page.status == 200
        assert words in page.rows[0]
        assert "Refused" in page.rows[0]
        assert directory.snapshot() == before

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (f"{HEADER}{',x' * 10_000}\n{people(1)[0]}\n".encode(), "Unknown: x."),
            (f'{HEADER}\n{people(1)[0]}\n"{people(2)[0]}'.encode(), "Line 3 cannot be read"),
            (
                (HEADER + "\n" + "\n".join(people(*range(MAX_LINES + 1)))).encode(),
                f"line {MAX_LINES + 2} is beyond",
            ),
            (f"{HEADER}\n{people(1)[0]}\0".encode(), "Line 2 is not readable text"),
            (HEADER.encode(), "no line below it"),
            (b"", "The file is empty"),
            (f"{HEADER}\nz\xe9\x81".encode("latin-1"), "Line 2 is not readable text"),
            (HEADER.replace("role,", "").encode() + b"\nx", "Missing: Role."),
            (f"{HEADER},role\nx".encode(), "Duplicated: Role."),
            (f"{HEADER},line,line\nx".encode(), "Duplicated: Line."),
        ],
        ids=[
            "header of 10,000 cells",
            "quotes never closed",
            "5,001 lines",
            "a NUL byte",
            "only a header",
            "empty",
            "wrong encoding",
            "missing column",
            "doubled column",
            "doubled column of a result",
        ],
    )
    @pytest.mark.parametrize("fields", [{}, {"confirm": "1"}])
    def test_a_file_that_cannot_be_read_says_where_and_why(
        self, browser, directory, database, data, words, fields
    ):
        before = directory.snapshot()

        page = browser.post("/users/import", {**fields, "file": (io.BytesIO(data), "people.csv")})

        assert page.status == 422
        assert words in page.errors["file"]
        assert directory.snapshot() == before
        with database.engine.connect() as connection:
            assert connection.execute(select(imports)).all() == []
