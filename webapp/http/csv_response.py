"""Files that a page offers, as programs and as spreadsheets read them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from babel.numbers import get_decimal_symbol
from flask import Response, request
from flask_babel import get_locale, to_user_timezone

from webapp.http.context import administration, parts
from webapp.imports.csv_format import Variety, write


def file_name(name: str, asked_company: str = "") -> str:
    """The name of a file made today: `users-acme-2026-11-29.csv`, with the company where it is about one only."""
    ids = administration().ids
    about = {asked_company} & ids or ids
    today = to_user_timezone(datetime.fromtimestamp(parts().clock(), UTC)).date().isoformat()
    return "-".join((name, *(about if len(about) == 1 else ()), f"{today}.csv"))


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
