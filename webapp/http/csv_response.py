"""Files that a page offers, as programs and as spreadsheets read them."""

from collections.abc import Iterable, Sequence

from babel.numbers import get_decimal_symbol
from flask import Response, request
from flask_babel import get_locale

from webapp.imports.csv_format import Variety, write


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """The file, in the variety that was asked for."""
    answer = Response(write(columns, rows, asked_variety()), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def asked_variety() -> Variety:
    """With `spreadsheet` in the address as Excel wants it: a mark for UTF-8, `;` where numbers have a comma."""
    if not request.args.get("spreadsheet"):
        return Variety()
    return Variety(";" if get_decimal_symbol(get_locale()) == "," else ",", mark=True)
