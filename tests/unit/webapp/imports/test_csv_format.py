"""Files of people: what spreadsheets write is read, what is written comes back, and no cell is ever a formula."""

import csv
import io
from hashlib import shake_256

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webapp.imports.csv_format import (
    COLUMNS,
    LIST_COLUMNS,
    MAX_CARRIED,
    MAX_LINES,
    Fault,
    UnreadableFileError,
    Variety,
    neutral,
    original,
    pack,
    read,
    unpack,
    write,
)

HEADER = ",".join(COLUMNS)
ANNE = "anne@acme.example,Durand,Anne,mme,fr,acme,user,internal"
STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]

# What can be in a cell: anything that is text, and formulas and their look-alikes more often than chance has them.
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
formulas = st.builds(
    "".join, st.tuples(st.sampled_from(["", "'", "''", " ", "' "]), st.sampled_from(STARTS), plain)
)
cells = plain | formulas
unhurried = settings(deadline=None)  # a busy machine is no failure of the code
varieties = st.builds(Variety, st.sampled_from([",", ";"]), st.booleans())


def a_file(*lines: str, header: str = HEADER) -> bytes:
    return "\r\n".join([header, *lines, ""]).encode()


def fault_of(data: bytes) -> UnreadableFileError:
    with pytest.raises(UnreadableFileError) as caught:
        read(data)
    return caught.value


class TestFormulas:
    @pytest.mark.parametrize("start", STARTS)
    @pytest.mark.parametrize("before", ["", " ", "\u00a0", "'", "''", " '"])
    def test_what_a_spreadsheet_would_compute_is_written_as_text(self, start, before):
        assert neutral(f"{before}{start}1+1") == f"'{before}{start}1+1"

    @pytest.mark.parametrize("cell", ["", "Durand", "O'Neil", "'t Hooft", "Le Goff - Morin", "a=b", "'", "l’Hôte"])
    def test_everything_else_is_written_as_it_is(self, cell):
        assert neutral(cell) == cell == original(cell)

    @unhurried
    @given(cells)
    @example("'=1+1")
    def test_a_cell_comes_back_as_it_was(self, cell):
        assert original(neutral(cell)) == cell

    @unhurried
    @given(cells)
    def test_no_written_cell_starts_a_formula(self, cell):
        assert not neutral(cell).lstrip().startswith(tuple(STARTS))


class TestRoundTrip:
    @pytest.mark.slow
    @unhurried
    @given(st.lists(st.lists(cells, min_size=10, max_size=10), min_size=1, max_size=5), varieties)
    def test_what_is_written_is_read_whatever_is_in_the_cells(self, rows, variety):
        """Separators, quotation marks, line breaks, formulas; only lines without anything are left out."""
        kept = [row for row in rows if any(cell.strip() for cell in row)]
        if not kept:
            return

        found = read(write(LIST_COLUMNS, rows, variety))

        assert [[line.cells[column] for column in LIST_COLUMNS] for line in found.lines] == kept
        assert found.separator == variety.separator
        assert found.encoding == "utf-8"

    @pytest.mark.slow
    @unhurried
    @given(st.lists(st.lists(cells, min_size=8, max_size=8), max_size=5))
    def test_any_reader_of_csv_sees_the_same_cells_and_none_that_is_a_formula(self, rows):
        text = write(COLUMNS, rows).decode()
        header, *found = csv.reader(io.StringIO(text, newline=""))

        assert header == list(COLUMNS)
        assert found == [[neutral(cell) for cell in row] for row in rows]

    @unhurried
    @given(st.binary(max_size=300))
    def test_a_packed_file_comes_back_byte_for_byte(self, data):
        assert unpack(pack(data), limit=300) == data


class TestWriting:
    def test_commas_and_no_mark_unless_a_spreadsheet_is_to_open_it(self):
        """Programs read the first column by its name; Excel needs the mark to see UTF-8."""
        assert write(COLUMNS, []) == f"{HEADER}\r\n".encode()
        assert write(COLUMNS, [], Variety(";", mark=True)) == b"\xef\xbb\xbf" + HEADER.replace(
            ",", ";"
        ).encode() + (b"\r\n")


class TestReading:
    @pytest.mark.parametrize("separator", [",", ";"])
    @pytest.mark.parametrize(("mark", "encoding"), [("", "utf-8"), ("\ufeff", "utf-8"), ("", "cp1252")])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
    def test_what_spreadsheets_write(self, separator, mark, encoding, line_end):
        text = line_end.join([HEADER, "zoé@acme.example,Lefèvre-Œ,Zoé,mme,fr,acme,user,internal", ""])

        found = read((mark + text.replace(",", separator)).encode(encoding))

        assert found.lines[0].cells["last_name"] == "Lefèvre-Œ"
        assert found.lines[0].number == 2
        assert (found.separator, found.encoding) == (separator, encoding)

    @pytest.mark.parametrize("order", ["le", "be"])
    def test_unicode_text_of_excel(self, order):
        """UTF-16 with its mark and tabs."""
        text = "\ufeff" + a_file(ANNE).decode().replace(",", "\t")

        found = read(text.encode(f"utf-16-{order}"))

        assert (found.separator, found.encoding) == ("\t", "utf-16")
        assert [found.lines[0][column] for column in COLUMNS] == ANNE.split(",")

    @pytest.mark.parametrize("named", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;"])
    def test_the_line_that_names_the_separator_is_no_header(self, named):
        found = read(f"{named}\r\n".encode() + a_file(ANNE).replace(b",", b";"))

        assert (found.separator, found.lines[0].number) == (";", 3)

    def test_columns_may_have_other_names(self):
        """In any case, with or without accents."""
        header = HEADER.replace("role", " RÔLE").replace("company", "societe")

        (line,) = read(a_file(ANNE, header=header), {"role": "role", "societe": "company"}).lines

        assert [line[column] for column in COLUMNS] == ANNE.split(",")

    def test_columns_stand_in_any_order_and_case_and_the_status_of_the_list_is_let_through(self):
        header = "Status, Affiliation,role,company,locale,title,first_name,last_name,EMAIL"

        (line,) = read(
            a_file("active,internal,user,acme,fr,mme,Anne,Durand,anne@acme.example", header=header)
        ).lines

        assert [line[column] for column in COLUMNS] == ANNE.split(",")

    def test_spaces_around_a_cell_are_not_part_of_it_but_a_line_break_is(self):
        """A line break in a name is refused later; it must still be there to be seen."""
        (line,) = read(a_file('anne@acme.example, Durand ,"Anne\n",mme,fr,acme,user,internal')).lines

        assert line["last_name"] == "Durand"
        assert line["first_name"] == "Anne\n"

    def test_empty_lines_and_columns_that_a_spreadsheet_left_behind_are_skipped(self):
        found = read(a_file("", ",,,,,,,", f"{ANNE},,", "  ", header=f"{HEADER},,"))

        (line,) = found.lines
        assert (line.number, line.surplus) == (4, 0)

    def test_lines_are_counted_as_an_editor_counts_them(self):
        """A cell of several lines is one line of people, and the next one starts further down."""
        found = read(a_file('a@b.example,"Du\r\nrand",Anne,mme,fr,acme,user,internal', ANNE))

        assert [line.number for line in found.lines] == [2, 4]

    def test_short_and_long_lines_are_read_for_what_they_are(self):
        short, long = read(a_file("anne@acme.example,Durand", f"{ANNE},x,,y")).lines

        assert (short["company"], short.surplus) == ("", 0)
        assert long.surplus == 2


class TestUnreadable:
    @pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\xef\xbb\xbf", b" ;;; \n"])
    def test_an_empty_file_says_so(self, data):
        assert fault_of(data).fault is Fault.EMPTY

    def test_a_template_without_anybody_says_so(self):
        assert fault_of(a_file()).fault is Fault.NO_LINES

    @pytest.mark.parametrize(
        "data",
        [
            a_file(ANNE) + b"a\0b",
            a_file(ANNE) + b"caf\x81",
            b"\xef\xbb\xbf" + a_file(ANNE) + b"caf\xe9",
        ],
    )  # fmt: skip
    def test_what_is_no_text_is_refused_with_the_line(self, data):
        """A NUL, a byte that no encoding has, a file that claims UTF-8 and is not."""
        error = fault_of(data)

        assert (error.fault, error.line) == (Fault.ENCODING, 3)

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
    def test_utf_16_without_its_mark_is_refused(self, encoding):
        """Read as Windows-1252 it would be people with NULs in their names."""
        assert fault_of(a_file(ANNE).decode().encode(encoding)).fault is Fault.ENCODING

    @pytest.mark.parametrize("end", [b"\0\0", b"\x00\xd8a\0", b"a"])
    def test_utf_16_that_is_no_text_is_refused_with_the_line(self, end):
        """A NUL, half a character of two, half a unit."""
        error = fault_of(a_file(ANNE).decode().encode("utf-16") + end)

        assert (error.fault, error.line) == (Fault.ENCODING, 3)

    @pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
    def test_a_workbook_is_told_apart(self, start):
        assert fault_of(start + a_file(ANNE)).fault is Fault.WORKBOOK

    @pytest.mark.parametrize("line", ['"anne@acme.example,Durand', '"anne"@acme.example,Durand'])
    def test_an_open_quotation_mark_is_refused_where_it_starts(self, line):
        """Otherwise all that follows would be one cell."""
        error = fault_of(a_file(ANNE, line, ANNE))

        assert (error.fault, error.line) == (Fault.QUOTES, 3)

    def test_a_cell_without_end_is_refused(self):
        assert fault_of(a_file("x" * 200_000)).fault is Fault.QUOTES

    def test_a_wrong_header_names_what_is_wrong_with_it(self):
        error = fault_of(
            b"\r\n" + a_file(ANNE, header="email,email,first_name,title,locale,company,role,nickname")
        )

        assert (error.fault, error.line) == (Fault.HEADER, 2)
        assert error.missing == ("last_name", "affiliation")
        assert error.doubled == ("email",)
        assert error.unknown == ("nickname",)

    def test_a_column_without_a_name_between_others_is_unknown(self):
        assert fault_of(a_file(ANNE, header=f",{HEADER}")).unknown == ("",)

    @pytest.mark.slow
    def test_a_file_may_have_so_many_lines_and_not_one_more(self):
        assert len(read(a_file(*[ANNE] * MAX_LINES)).lines) == MAX_LINES

        error = fault_of(a_file(*[ANNE] * (MAX_LINES + 1)))
        assert (error.fault, error.line) == (Fault.TOO_MANY_LINES, MAX_LINES + 2)

    @unhurried
    @given(st.binary(max_size=200))
    def test_whatever_is_sent_is_read_or_refused_and_nothing_else(self, data):
        for sent in (data, f"{HEADER}\n".encode() + data):
            try:
                read(sent)
            except UnreadableFileError:
                continue


class TestPacking:
    def test_what_does_not_fit_a_form_is_not_packed(self):
        """Bytes without any pattern, which nothing makes shorter."""
        assert pack(shake_256(b"noise").digest(MAX_CARRIED)) == ""

    def test_a_full_file_of_people_fits(self):
        lines = [
            f"person{n}@company-{n % 97}.example,Name{n},First{n},m,fr,acme,user,internal" for n in range(5000)
        ]

        assert pack(a_file(*lines))

    @pytest.mark.parametrize("packed", ["", "é", "AAAA", "!", pack(b"x" * 100)[:-8], pack(b"x" * 101)])
    def test_what_we_did_not_pack_or_is_too_long_is_refused(self, packed):
        """A field of a form is anybody's to write; a small one must not unfold into gigabytes."""
        with pytest.raises(UnreadableFileError):
            unpack(packed, limit=100)
