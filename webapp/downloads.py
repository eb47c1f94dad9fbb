"""Files that a page offers, as programs and as spreadsheets read them."""

from collections.abc import Iterable, Sequence

from flask import Response, request

from directory.model import Locale
from webapp.guards import current_locale
from webapp.services.csvfiles import Variety, write


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """The file; with `spreadsheet` in the address as Excel wants it: a mark for UTF-8, and `;` in French."""
    variety = Variety()
    if request.args.get("spreadsheet"):
        variety = Variety(";" if current_locale() is Locale.FR else ",", mark=True)
    answer = Response(write(columns, rows, variety), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
