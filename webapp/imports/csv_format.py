"""Files of people as CSV: reading what spreadsheets write, and writing what they cannot misread. Pure.

One line per attachment, a person at one company. Written as RFC 4180 says: commas, CRLF, UTF-8. The variety for
spreadsheets (`Variety`) has a byte order mark and the separator that the reader's language expects, or Excel shows
one column of broken accents. Read: `,`, `;` or tabs, UTF-8 with or without the mark, UTF-16 with it, Windows-1252.

A cell that a spreadsheet would take for a formula is written with a `'` before it, and read without it: what is
written comes back as it was, whatever it was.
"""

import base64
import csv
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from webapp.errors import PortalError
from webapp.text import fold

COLUMNS = ("email", "last_name", "first_name", "title", "locale", "company", "role", "affiliation")
UNTIL = "until"
"""The last day of an attachment: a column that a file need not have."""
STATUS = "status"
TEMPLATE_COLUMNS = (*COLUMNS, UNTIL)
LIST_COLUMNS = (*TEMPLATE_COLUMNS, STATUS)
"""What the list says besides; an import does not look at it."""
RESULT_COLUMNS = (*TEMPLATE_COLUMNS, "line", "result", "reason")
"""What the result of an import says besides; an import does not look at that either."""
KNOWN_COLUMNS = dict.fromkeys((*LIST_COLUMNS, *RESULT_COLUMNS))
"""Each column that a file may have, once."""

EXAMPLE_EMAIL = "camille.morel@company.example"
"""Whose line is the example of the template: never imported."""


def example(company_id: str) -> tuple[str, ...]:
    """The line of the template that shows how a line is written."""
    return (EXAMPLE_EMAIL, "Morel", "Camille", "mme", "fr", company_id, "user", "internal", "")


MAX_LINES = 5000
DOUBTS_SHOWN = 3
MAX_CARRIED = 400_000
"""Characters of a packed file that a form can bring along (Flask takes 500,000 of a form at most)."""

_MARK = "\ufeff"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_WORKBOOK_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""How the files of Excel begin (`.xlsx`, `.xls`), and those of LibreOffice."""
_SEPARATORS = ",;\t"
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?[,;\t]*(?:\r\n|\r|\n)', re.IGNORECASE)
"""The first line that tells Excel the separator; it is no part of the table."""
_MAC_LETTERS = re.compile(r"[a-zà-ÿ][ŽŠŸ]|[ƒˆ‰™•†‡][^\W\d_]|[^\W\d_][ƒˆ‰™•†‡]|[a-zà-ÿ][‘”][a-zà-ÿ]")
"""What accented letters of a Macintosh look like when they are taken for Windows-1252."""
# What starts a formula: in ASCII, in full width, or after a tab or a line break that some programs drop.
_STARTS = "=+\\-@\t\r\n＝＋－＠"
_FORMULA = re.compile(rf"['\s]*[{_STARTS}]")
_NEUTRAL_FORMULA = re.compile(rf"'['\s]*[{_STARTS}]")


class Fault(StrEnum):
    """Why a file as a whole cannot be read."""

    EMPTY = "empty"
    NO_LINES = "no_lines"
    ENCODING = "encoding"
    WORKBOOK = "workbook"
    QUOTES = "quotes"
    HEADER = "header"
    TOO_MANY_LINES = "too_many_lines"


class UnreadableFileError(PortalError):
    """The file is not one that we can read; `line` is where, from 1, and 0 when it is nowhere in particular.

    Of a wrong header: the columns that are missing, that are there twice, that mean nothing to us.
    """

    def __init__(
        self,
        fault: Fault,
        line: int = 0,
        *,
        missing: Sequence[str] = (),
        doubled: Sequence[str] = (),
        unknown: Sequence[str] = (),
    ) -> None:
        super().__init__(f"{fault} in line {line}")
        self.fault = fault
        self.line = line
        self.missing = tuple(missing)
        self.doubled = tuple(doubled)
        self.unknown = tuple(unknown)


@dataclass(frozen=True, slots=True)
class Variety:
    """How a file is written."""

    separator: str = ","
    mark: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file below the header. `number` is where it starts, from 1; `surplus` cells have no column."""

    number: int
    cells: Mapping[str, str]
    surplus: int = 0

    def __getitem__(self, column: str) -> str:
        """Return the text of that column, without spaces around it; a line break stays, to be refused."""
        return self.cells.get(column, "").strip(" \u00a0")


@dataclass(frozen=True, slots=True)
class Doubt:
    """A line whose letters look wrong: as it was read, and as a Macintosh would have meant it."""

    number: int
    as_read: str
    as_mac: str


@dataclass(frozen=True, slots=True)
class File:
    """What was read, and how. `doubts` are some of the lines whose accents look wrong."""

    lines: tuple[Line, ...]
    encoding: str
    separator: str
    doubts: tuple[Doubt, ...] = ()


def write(columns: Sequence[str], rows: Iterable[Sequence[str]], variety: Variety | None = None) -> bytes:
    """A file of these columns, with formulas neutralised."""
    variety = variety or Variety()
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=variety.separator, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    return ((_MARK if variety.mark else "") + out.getvalue()).encode()


def lines(
    columns: Sequence[str], rows: Iterable[Sequence[str]], variety: Variety | None = None
) -> Iterator[bytes]:
    """The same file, piece by piece."""
    variety = variety or Variety()
    yield write(columns, (), variety)
    following = Variety(variety.separator)
    for row in rows:
        yield _body(row, following)


def _body(row: Sequence[str], variety: Variety) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=variety.separator, lineterminator="\r\n").writerow([neutral(cell) for cell in row])
    return out.getvalue().encode()


def read(data: bytes, headers: Mapping[str, str] | None = None) -> File:
    """The lines of a file; `UnreadableFileError`. Empty lines are skipped, columns may stand in any order.

    `headers` are other names of columns, as `header_key` has them; the columns' own names are always known.
    """
    text, encoding = _decoded(data)
    separator, skipped = _separator(text)
    records = _records(text, separator)
    if skipped:
        next(records)
    number, header = next(records, (0, []))
    if not header:
        raise UnreadableFileError(Fault.EMPTY)
    names = _header(number, header, headers or {})
    lines: list[Line] = []
    for number, record in records:
        if len(lines) == MAX_LINES:
            raise UnreadableFileError(Fault.TOO_MANY_LINES, number)
        lines.append(_line(number, names, record))
    if not lines:
        raise UnreadableFileError(Fault.NO_LINES)
    return File(tuple(lines), encoding, separator, _doubts(lines) if encoding == "cp1252" else ())


def header_key(text: str) -> str:
    """The name of a column without what does not tell columns apart: case, accents, spaces around it."""
    return fold(text).strip()


def neutral(cell: str) -> str:
    """The cell as no spreadsheet takes it for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def original(cell: str) -> str:
    """The cell as it was before `neutral`."""
    return cell[1:] if _NEUTRAL_FORMULA.match(cell) else cell


def pack(data: bytes) -> str:
    """The file for a hidden field, byte for byte (a browser changes line breaks); empty when it is too large."""
    packed = base64.urlsafe_b64encode(zlib.compress(data, 9)).decode()
    return packed if len(packed) <= MAX_CARRIED else ""


def unpack(packed: str, limit: int) -> bytes:
    """What was packed, at most `limit` bytes; `UnreadableFileError` when it is not that."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(base64.urlsafe_b64decode(packed), limit)
    except (ValueError, zlib.error) as error:
        raise UnreadableFileError(Fault.ENCODING) from error
    if not unpacker.eof:
        raise UnreadableFileError(Fault.ENCODING)
    return data


def _decoded(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding. A NUL is in no text of people."""
    if data.startswith(_WORKBOOK_MARKS):
        raise UnreadableFileError(Fault.WORKBOOK)
    if data.startswith(_UTF_16_MARKS):
        return _utf_16(data), "utf-16"
    encodings = ("utf-8",) if data.startswith(_MARK.encode()) else ("utf-8", "cp1252")
    at = data.find(b"\0")
    for encoding in encodings if at < 0 else ():
        try:
            return data.decode(encoding).removeprefix(_MARK), encoding
        except UnicodeDecodeError as error:
            at = error.start
    raise UnreadableFileError(Fault.ENCODING, data.count(b"\n", 0, at) + 1)


def _utf_16(data: bytes) -> str:
    """Excel's «Unicode text»."""
    text = data.decode("utf-16", errors="replace")
    at = min((place for place in (text.find("\0"), text.find("\ufffd")) if place >= 0), default=-1)
    if at >= 0:
        raise UnreadableFileError(Fault.ENCODING, text.count("\n", 0, at) + 1)
    return text


def _separator(text: str) -> tuple[str, bool]:
    """The separator, and whether the first line is there to name it."""
    if named := _SEPARATOR_LINE.match(text):
        return named[1], True
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_SEPARATORS, key=first.count), False


def _doubts(lines: Iterable[Line]) -> tuple[Doubt, ...]:
    """The first few lines in which accents look like those of a Macintosh, taken for Windows-1252."""
    names = ((line.number, f"{line['last_name']} {line['first_name']}") for line in lines)
    found = ((number, name) for number, name in names if _MAC_LETTERS.search(name))
    shown = islice(found, DOUBTS_SHOWN)
    return tuple(Doubt(number, name, name.encode("cp1252").decode("mac_roman")) for number, name in shown)


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The records that are not empty, each with the number of the line where it starts."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    start = 1
    try:
        for record in reader:
            if any(cell.strip() for cell in record):
                yield start, record
            start = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFileError(Fault.QUOTES, start) from error


def _header(number: int, cells: Sequence[str], headers: Mapping[str, str]) -> list[str]:
    """The columns in their order; those that a spreadsheet left empty at the end are cut off."""
    names = [_column(cell, headers) for cell in cells]
    while not names[-1]:
        names.pop()
    missing = [name for name in COLUMNS if name not in names]
    doubled = [name for name, times in Counter(names).items() if times > 1]
    unknown = [name for name in dict.fromkeys(names) if name not in KNOWN_COLUMNS]
    if missing or doubled or unknown:
        raise UnreadableFileError(Fault.HEADER, number, missing=missing, doubled=doubled, unknown=unknown)
    return names


def _column(cell: str, headers: Mapping[str, str]) -> str:
    """The column that a cell of the header names; the cell itself, in small letters, when it is none."""
    name = cell.strip().lower()
    return name if name in KNOWN_COLUMNS else headers.get(header_key(cell), name)


def _line(number: int, names: Sequence[str], record: Sequence[str]) -> Line:
    cells = dict(zip(names, map(original, record), strict=False))
    surplus = sum(bool(cell.strip()) for cell in record[len(names) :])
    return Line(number, cells, surplus)
