"""The list as a file, and people from a file, as an administrator meets them."""

import csv
import io
import re
from dataclasses import replace

import pytest

from directory.model import Locale, User
from tests.builders import NOON, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from webapp.http.context import EXTENSION
from webapp.imports.csv_format import COLUMNS, LIST_COLUMNS, MAX_LINES, Fault, pack
from webapp.imports.plan import Reason
from webapp.imports.wording import FAULTS, REASONS

HEADER = ",".join(COLUMNS)
ZOE = "zoe@acme.example,Martin,Zoé,mme,fr,acme,user,internal"
ZOE_AT_GLOBEX = "zoe@acme.example,Martin,Zoé,mme,fr,globex,administrator,external"
YAN = "yan@acme.example,Le Goff,Yan,m,en,acme,user,internal"


@pytest.fixture
def administrator(directory: FakeDirectory) -> User:
    """Reads English, so that these tests do not wait for the translation."""
    return directory.add_user(
        replace(a_profile("anne.durand@acme.example"), locale=Locale.EN),
        [an_attachment("acme", administrator=True), an_attachment("globex", administrator=True)],
    )


def a_file(*lines: str, header: str = HEADER) -> bytes:
    return "\r\n".join([header, *lines, ""]).encode()


def send(browser: Browser, data: bytes, **fields: str) -> Page:
    """What the file would do; with `confirm` the page of the import that did it."""
    page = browser.post("/users/import", {**fields, "file": (io.BytesIO(data), "people.csv")})
    return browser.follow(page) if page.status == 303 else page


def confirm(browser: Browser, page: Page) -> Page:
    """Click on « Import »; the page of the import."""
    return browser.follow(browser.submit(page.form("/users/import"), "confirm"))


def finished(browser: Browser) -> None:
    """Wait until nothing goes on in the background."""
    browser.app.extensions[EXTENSION].imports.wait()


def cells_of(page: Page) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(page.body, newline="")))


class TestExport:
    def test_one_line_for_each_attachment_with_the_columns_of_the_contract(self, browser, administrator, member):
        page = browser.get("/users.csv")

        assert (page.status, page.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
        assert re.fullmatch(
            r'attachment; filename="users-\d{4}-\d\d-\d\d\.csv"', page.headers["Content-Disposition"]
        )
        assert page.headers["Cache-Control"] == "no-store"
        assert page.body.splitlines()[0] == f"{HEADER},until,status"
        assert [(row["email"], row["company"], row["role"]) for row in cells_of(page)] == [
            (administrator.email, "acme", "administrator"),
            (administrator.email, "globex", "administrator"),
            (member.email, "acme", "user"),
        ]
        assert tuple(cells_of(page)[2].values()) == (
            "chloe.martin@acme.example", "Martin", "Chloé", "mme", "fr", "acme", "user", "internal", "", "active",
        )  # fmt: skip

    def test_its_name_says_which_company_and_the_day(self, browser):
        """Of one company only; what is no company of mine is not repeated in a header."""
        names = [
            browser.get("/users.csv", query_string={"company": asked}).headers["Content-Disposition"]
            for asked in ("acme", "initech", 'x"\r\ny')
        ]

        assert [re.sub(r"\d{4}-\d\d-\d\d", "DAY", name.partition("filename=")[2]) for name in names] == [
            '"users-acme-DAY.csv"',
            '"users-DAY.csv"',
            '"users-DAY.csv"',
        ]

    def test_people_and_attachments_of_others_are_not_in_it(self, browser, directory, stranger):
        directory.add_user(a_profile("both@acme.example"), [an_attachment("acme"), an_attachment("initech")])

        rows = cells_of(browser.get("/users.csv"))

        assert {row["company"] for row in rows} == {"acme", "globex"}
        assert stranger.email not in {row["email"] for row in rows}

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("company=globex", {("anne.durand@acme.example", "globex")}),
            ("role=user", {("chloe.martin@acme.example", "acme")}),
            ("affiliation=external", set()),
            ("status=pending", set()),
            ("q=chloe+MARTIN", {("chloe.martin@acme.example", "acme")}),
            ("company=initech", set()),
            ("page=7&q=chloe", {("chloe.martin@acme.example", "acme")}),
        ],
    )
    def test_it_is_filtered_as_the_list_is_and_has_all_its_pages(self, browser, member, stranger, query, expected):
        rows = cells_of(browser.get(f"/users.csv?{query}"))

        assert {(row["email"], row["company"]) for row in rows} == expected

    def test_it_is_sorted_as_the_list_is(self, browser, member):
        rows = cells_of(browser.get("/users.csv?sort=-email"))

        assert [row["email"] for row in rows] == sorted((row["email"] for row in rows), reverse=True)

    @pytest.mark.parametrize("sort", ["", "nonsense", "-last_name"])
    @pytest.mark.parametrize("page", ["0", "1000000000", "x"])
    def test_a_query_that_makes_no_sense_is_no_error(self, browser, sort, page):
        assert (
            browser.get("/users.csv", query_string={"sort": sort, "page": page, "q": "x" * 10_000}).status == 200
        )

    def test_no_cell_is_a_formula(self, browser, directory):
        profile = a_profile("+33@acme.example", last_name="-2+3", first_name="@SUM(A1)")
        directory.add_user(profile, [an_attachment("acme")])

        (row,) = cells_of(browser.get("/users.csv?q=%2B33"))

        assert (row["email"], row["last_name"], row["first_name"]) == ("'+33@acme.example", "'-2+3", "'@SUM(A1)")

    @pytest.mark.parametrize(("locale", "separator"), [(Locale.FR, ";"), (Locale.EN, ",")])
    def test_the_link_of_the_list_asks_for_what_excel_opens(self, client_for, directory, locale, separator):
        """A mark, or Excel takes UTF-8 for Windows-1252; in French `;`, or everything stands in one column."""
        person = directory.add_user(
            replace(a_profile("bea@acme.example"), locale=locale), [an_attachment("acme", administrator=True)]
        )
        browser = client_for(person)
        (link,) = [a for a in browser.get("/users?q=bea&role=administrator").main.all("a") if "CSV" in a.text]

        page = browser.get(link["href"])

        assert page.body.startswith("\ufeff" + separator.join(LIST_COLUMNS))
        assert page.body.count("bea@acme.example") == 1

    @pytest.mark.parametrize("spreadsheet", ["", "1"])
    def test_what_is_exported_is_unchanged_when_imported(self, browser, directory, second, member, spreadsheet):
        directory.add_user(
            a_profile("=odd@acme.example", last_name="'-x", first_name='"quoted", and;more', title=None),
            [an_attachment("acme", external=True), an_attachment("globex"), an_attachment("initech")],
            password_required=True,
            activation_sent_at=NOON,
        )
        exported = browser.get("/users.csv", query_string={"spreadsheet": spreadsheet}).body.encode()
        before = directory.snapshot()

        page = send(browser, exported, confirm="1")

        assert page.status == 200
        assert [row.split()[-1] for row in page.rows] == ["Unchanged"] * 7
        assert directory.snapshot() == before


class TestTemplate:
    def test_it_is_the_header_and_an_example(self, browser):
        page = browser.get("/users/import.csv")

        example = "camille.morel@company.example,Morel,Camille,mme,fr,acme,user,internal,"
        assert (page.status, page.body) == (200, f"{HEADER},until\r\n{example}\r\n")
        assert page.headers["Content-Disposition"] == 'attachment; filename="import.csv"'

    def test_it_can_be_filled_in_as_it_comes(self, browser):
        template = browser.get("/users/import.csv?spreadsheet=1").body.encode()

        assert send(browser, template + ZOE.encode()).status == 200


class TestDryRun:
    def test_the_page_explains_the_file(self, browser):
        page = browser.get("/users/import")

        assert page.status == 200
        assert [th.text for th in page.main.all("th", scope="row")] == [*COLUMNS, "until"]
        assert [dt.text for dt in page.main.all("dt")][-2:] == ["acme", "globex"]
        assert [cell.one("code").text for cell in page.main.all("td") if cell.all("code")] == [
            "camille.morel@company.example", "Morel", "Camille", "mme", "fr", "acme", "user", "internal", "",
        ]  # fmt: skip
        assert page.form("/users/import").element["enctype"] == "multipart/form-data"

    def test_the_list_leads_there(self, browser):
        assert "/users/import" in [a["href"] for a in browser.get("/users").main.all("a")]

    def test_each_line_says_what_would_happen_and_nothing_does(self, browser, directory, second, member):
        before = directory.snapshot()

        page = send(
            browser,
            a_file(
                ZOE,
                ZOE_AT_GLOBEX,
                "chloe.martin@acme.example,,,,,acme,user,external",
                "bruno.petit@acme.example,Petit,Bruno,m,fr,acme,administrator,internal",
                "yan@acme.example,Le Goff,,m,en,initech,boss,internal",
            ),
        )

        assert page.status == 200
        assert directory.snapshot() == before
        rows = page.rows
        assert [row.split(" Acme")[0].split(" Globex")[0] for row in rows[1:]] == [
            "Martin Zoé zoe@acme.example 2",
            "Martin Zoé zoe@acme.example 3",
            "Martin Chloé chloe.martin@acme.example 4",
            "Petit Bruno bruno.petit@acme.example 5",
        ]
        assert "New account User, Internal" in rows[1]
        assert "To be attached Administrator, External" in rows[2]
        assert "To be changed User, Internal → User, External" in rows[3]
        assert "Unchanged" in rows[4]
        assert rows[0].startswith("Le Goff yan@acme.example 6 initech Refused")
        for words in ("First name: this is missing", "Company: unknown company", "Role: write Administrator"):
            assert words in rows[0]

    def test_it_says_how_many_mails_will_leave(self, browser):
        page = send(browser, a_file(ZOE, ZOE_AT_GLOBEX, YAN))

        assert (
            "2 accounts will be created 1 attachment will be added 2 activation mails will be sent." in page.text
        )

    def test_without_new_accounts_it_says_that_no_mail_leaves(self, browser, member):
        page = send(browser, a_file("chloe.martin@acme.example,,,,,globex,user,external"))

        assert "No activation mail is sent." in page.text

    def test_what_was_shown_is_done_with_one_click(self, browser, directory):
        page = send(browser, a_file(ZOE, ZOE_AT_GLOBEX))

        done = confirm(browser, page)

        assert done.status == 200
        assert "Created: 1. Attached: 1. Changed: 0. Unchanged: 0. Refused: 0. Not done: 0." in done.banners[0]
        assert directory.mails == ["zoe@acme.example"]

    def test_the_content_is_kept_byte_for_byte(self, browser, directory):
        """A browser would make CRLF of a lone line break; the numbers of the lines must stay those of the file."""
        data = (
            a_file(ZOE).replace(b"\r\n", b"\r") + b'"yan@acme.example","Le\rGoff",Yan,m,en,acme,user,internal\rx'
        )

        shown = send(browser, data)
        done = confirm(browser, shown)

        assert "x 5" in shown.rows[1]
        assert "x 5" in done.rows[1]

    def test_windows_1252_with_semicolons(self, browser):
        page = send(browser, a_file(ZOE).decode().replace(",", ";").encode("cp1252"))

        assert "read as Windows-1252 with semicolons" in page.text
        assert "Martin Zoé" in page.rows[0]

    def test_when_nothing_would_change_there_is_nothing_to_confirm(self, browser, member):
        page = send(browser, a_file("chloe.martin@acme.example,,,,,acme,user,internal", "x,,,,,,,"))

        assert page.forms == []
        assert "There is nothing to do" in page.banners[0]

    def test_what_a_file_says_is_shown_as_text(self, browser):
        page = send(
            browser, a_file("zoe@acme.example,<script>alert(1)</script>,<b>Zoé</b>,mme,fr,<i>,user,internal")
        )

        assert page.row("<script>alert(1)</script> <b>Zoé</b>")
        assert not page.main.all("script", "i")
        assert all(bold["class"] == "last-name" for bold in page.main.all("b"))

    def test_a_file_that_does_not_fit_the_page_is_to_be_chosen_again(self, browser, monkeypatch, directory):
        monkeypatch.setattr("webapp.imports.csv_format.MAX_CARRIED", 10)

        page = send(browser, a_file(ZOE))

        form = page.form("/users/import")
        assert form.fields.keys() == {"csrf_token"}
        assert form.buttons == ("confirm",)
        assert send(browser, a_file(ZOE), confirm="1").status == 200
        assert directory.mails == ["zoe@acme.example"]


class TestConfirm:
    def test_with_the_file_it_is_done_at_once(self, browser, directory, member):
        page = send(browser, a_file(ZOE, "chloe.martin@acme.example,,,,,acme,administrator,internal"), confirm="1")

        assert page.status == 200
        assert "Account created User, Internal" in page.rows[0]
        assert "Changed User, Internal → Administrator, Internal" in page.rows[1]
        assert directory.groups_of(member.id) == {"/acme", "/acme/administrators"}

    def test_reloading_the_result_does_nothing_twice(self, browser, directory):
        send(browser, a_file(ZOE, YAN), confirm="1")
        before = directory.snapshot()

        page = send(browser, a_file(ZOE, YAN), confirm="1")

        assert "Unchanged: 2." in page.banners[0]
        assert directory.snapshot() == before

    def test_a_company_of_others_gets_nobody(self, browser, directory, stranger):
        before = directory.snapshot()

        page = send(
            browser,
            a_file(
                "zoe@acme.example,Martin,Zoé,mme,fr,initech,user,internal",
                "zoe@acme.example,Martin,Zoé,mme,fr,nowhere,user,internal",
                f"{stranger.email},,,,,initech,administrator,internal",
            ),
            confirm="1",
        )

        assert [row.endswith("Company: unknown company") for row in page.rows] == [True] * 3
        assert directory.snapshot() == before

    def test_a_last_administrator_stays(self, browser, directory, administrator):
        page = send(browser, a_file(f"{administrator.email},,,,,acme,user,internal", ZOE), confirm="1")

        assert "Role: this is the last active administrator" in page.rows[0]
        assert "/acme/administrators" in directory.groups_of(administrator.id)
        assert directory.mails == ["zoe@acme.example"]

    def test_mails_that_could_not_leave_are_said(self, browser, directory):
        directory.mail = "refused"

        page = send(browser, a_file(ZOE), confirm="1")

        assert "1 activation mail could not be sent: send it from the list." in page.banners[0]
        assert "The activation mail could not be sent" in page.rows[0]

    def test_when_keycloak_goes_down_the_rest_is_finished_with_one_click(self, browser, directory):
        created = directory.create_user

        def create_user(profile, attachments, invitation):
            directory.down = profile.email == "yan@acme.example"
            return created(profile, attachments, invitation)

        directory.create_user = create_user
        file = (io.BytesIO(a_file(ZOE, YAN, YAN.replace("yan@", "xavier@"))), "people.csv")
        answer = browser.post("/users/import", {"confirm": "1", "file": file})
        directory.down, directory.create_user = False, created
        page = browser.follow(answer)

        assert "Not finished the directory of people did not answer" in page.rows[0]
        assert "Not tried" in page.rows[1]
        assert "2 lines are not processed yet." in page.text

        answer = browser.submit(page.form(answer.location))
        finished(browser)
        done = browser.follow(answer)
        assert "Created: 3. Attached: 0. Changed: 0. Unchanged: 0. Refused: 0. Not done: 0." in done.banners[0]
        assert sorted(directory.mails) == ["xavier@acme.example", "yan@acme.example", "zoe@acme.example"]

    @pytest.mark.parametrize("fields", [{}, {"confirm": "1"}, {"confirm": "1", "no_mails": "1"}])
    def test_when_keycloak_is_down_from_the_start_the_file_is_kept(self, browser, directory, fields):
        assert browser.token
        directory.down = True
        page = send(browser, a_file(ZOE), **fields)

        assert (page.status, page.headers["Retry-After"]) == (503, "5")

        directory.down = False
        again = browser.submit(page.form("/users/import"))
        again = browser.follow(again) if fields else again
        assert again.status == 200
        assert ("Account created" in again.text) == bool(fields)
        assert len(directory.mails) == (1 if fields == {"confirm": "1"} else 0)

    def test_an_export_without_keycloak_says_so_too(self, browser, directory):
        directory.down = True

        assert browser.get("/users.csv").status == 503


class TestUnreadable:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", f"The file is empty. Its first line must be: {HEADER}"),
            (a_file(), "no line below it"),
            (a_file(ZOE) + b"\0", "Line 3 is not readable text"),
            (a_file(ZOE).decode().encode("utf-16-le"), "Line 1 is not readable text"),
            (a_file(ZOE, '"open'), "Line 3 cannot be read"),
            (a_file(ZOE, header=HEADER.replace("role", "droit")), "Missing: Role. Unknown: droit."),
            (a_file(ZOE, header=f"{HEADER},email"), "Duplicated: E-mail."),
            (a_file(ZOE, header=f"{HEADER},,x"), 'Unknown: "", x.'),
            (a_file(*[ZOE] * (MAX_LINES + 1)), "5,000 lines of people at most; line 5002"),
        ],
        ids=lambda value: "" if isinstance(value, bytes) else value,
    )
    @pytest.mark.parametrize("fields", [{}, {"confirm": "1"}])
    def test_the_page_says_what_was_expected_and_where(self, browser, directory, data, words, fields):
        before = directory.snapshot()

        page = send(browser, data, **fields)

        assert page.status == 422
        assert words in page.errors["file"]
        assert directory.snapshot() == before

    @pytest.mark.parametrize(
        "fields", [{}, {"confirm": "1"}, {"content": "nonsense", "confirm": "1"}, {"content": ""}]
    )
    def test_no_file_at_all(self, browser, fields):
        page = browser.post("/users/import", fields)

        assert (page.status, page.errors) == (422, {"file": "Error: Choose a file."})

    def test_a_field_without_a_chosen_file(self, browser):
        page = browser.post("/users/import", {"file": (io.BytesIO(b""), "")})

        assert page.status == 422

    def test_a_file_of_fifty_megabytes_is_refused_in_words(self, browser, directory):
        body, kind = b"x" * 50_000_000, "multipart/form-data; boundary=x"

        page = browser.open(
            "/users/import", method="POST", data=body, content_type=kind, headers={"Accept-Language": "en"}
        )

        assert page.status == 413
        assert "A file may have at most 2 MB and 5,000 lines." in page.text

    def test_a_small_field_does_not_unfold_into_a_large_file(self, browser):
        page = browser.post("/users/import", {"content": pack(b"\n" * 20_000_000)})

        assert page.status == 422

    def test_every_reason_has_words(self):
        assert set(REASONS) == set(Reason)
        assert set(FAULTS) == set(Fault)


class TestWho:
    @pytest.mark.parametrize("path", ["/users.csv", "/users/import", "/users/import.csv"])
    def test_whoever_is_not_signed_in_is_led_to_sign_in(self, visitor, path):
        assert visitor.get(path).status == 302

    @pytest.mark.parametrize("path", ["/users.csv", "/users/import", "/users/import.csv"])
    def test_whoever_administers_nothing_is_refused(self, client_for, member, path):
        assert client_for(member).get(path).status == 403

    def test_a_plain_user_imports_nobody(self, client_for, directory, member):
        browser = client_for(member)
        before = directory.snapshot()

        assert send(browser, a_file(ZOE), confirm="1").status == 403
        assert directory.snapshot() == before

    def test_without_the_token_nothing_is_done(self, browser, directory):
        before = directory.snapshot()
        file = (io.BytesIO(a_file(ZOE)), "people.csv")

        page = browser.post("/users/import", {"confirm": "1", "file": file}, token=False)

        assert page.status == 400
        assert directory.snapshot() == before


@pytest.mark.slow
def test_a_file_of_five_thousand_lines_is_shown_and_confirmed(browser, directory):
    """Only lines that are refused, so that it takes seconds: reading, judging, showing, carrying along."""
    lines = [f"person{n}@acme.example,Name{n},First{n},m,fr,nowhere,user,internal" for n in range(MAX_LINES - 1)]
    response = browser.client.post(
        "/users/import",
        base_url="http://portal.test",
        data={"csrf_token": browser.token, "file": (io.BytesIO(a_file(*lines, ZOE)), "people.csv")},
    )

    assert response.status_code == 200
    assert b"4,999 lines are refused and will be skipped" in response.data
    content = response.data.partition(b'name="content" value="')[2].partition(b'"')[0].decode()
    done = browser.client.post(
        "/users/import",
        base_url="http://portal.test",
        data={"csrf_token": browser.token, "content": content, "confirm": "1"},
    )
    finished(browser)
    page = browser.get(done.location)
    assert "Created: 1. Attached: 0. Changed: 0. Unchanged: 0. Refused: 4,999." in page.banners[0]
    assert len(page.rows) == 100
    assert directory.mails == ["zoe@acme.example"]
