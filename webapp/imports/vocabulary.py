"""The words of the screen in files of people, read as what they stand for. Pure.

A line that is `understood` has the values of the model wherever its own word is known, and the bare address; every
other cell stays as it was sent, to be refused by name.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from directory.model import Company
from directory.person_data import bare_address
from webapp.imports.csv_format import Line, header_key


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What words mean, by `word_key`: `headers` of columns, `values` of each column's cells.

    An id of `company_ids` is that company, whatever another one is called.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    company_ids: frozenset[str] = frozenset()

    def with_companies(self, companies: Iterable[Company]) -> "Vocabulary":
        """The same, and the names of these companies, where one name is one company."""
        companies = tuple(companies)
        times = Counter(word_key(company.name) for company in companies)
        names = {key: company.id for company in companies if times[key := word_key(company.name)] == 1}
        ids = frozenset(company.id for company in companies)
        return replace(self, values={**self.values, "company": names}, company_ids=ids)

    def understood(self, line: Line) -> Line:
        """The line with the values that its words stand for."""
        cells = {column: self._value(column, cell) for column, cell in line.cells.items()}
        return replace(line, cells={**cells, "email": bare_address(cells.get("email", ""))})

    def _value(self, column: str, cell: str) -> str:
        if column == "company" and (company_id := cell.strip().lower()) in self.company_ids:
            return company_id
        return self.values.get(column, {}).get(word_key(cell), cell)


def word_key(word: str) -> str:
    """The word without what does not tell words apart: case, accents, spaces around it, the point of `M.`."""
    return header_key(word).removesuffix(".")
