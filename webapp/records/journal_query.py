"""What of the journal a page or a file asks for. Pure, but for the clock's place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from webapp.records.journal import Action
from webapp.records.journal_reading import Search

Q_LENGTH = 200
"""Characters of a search that are looked at."""
PERSON_LENGTH = 64
"""Characters of a person's id."""
EVERYTHING = "all"
"""The kind that asks for all lines: without it look-ups are left out."""
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(9999, 12, 30)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it was understood; `ignored` names the fields that were not."""

    search: Search
    page: int
    ignored: tuple[str, ...]


def asked(
    arguments: Mapping[str, str], company_ids: frozenset[str], to_utc: Callable[[datetime], datetime]
) -> Asked:
    """What an address asks for; `from` and `to` are days of the reader's clock, both included.

    Look-ups are left out unless `action` asks for them. `to_utc` turns an instant of that clock into UTC; neither
    end carries a zone. A company that is not the reader's is unknown.
    """
    ignored = []
    since, until = _day(arguments.get("from", "")), _day(arguments.get("to", ""))
    for name, found in (("from", since), ("to", until)):
        if arguments.get(name) and found is None:
            ignored.append(name)
    company, page = arguments.get("company", ""), arguments.get("page", "1")
    if company and company not in company_ids:
        ignored.append("company")
        company = ""
    action = arguments.get("action", "")
    if action and action != EVERYTHING and action not in set(Action):
        ignored.append("action")
        action = ""
    if not (page.isascii() and page.isdigit() and 0 < int(page[:10])):
        ignored.append("page")
        page = "1"
    if len(arguments.get("q", "")) > Q_LENGTH:
        ignored.append("q")
    search = Search(
        q=arguments.get("q", "")[:Q_LENGTH].replace("\0", " "),  # which no text of PostgreSQL holds
        company=company,
        person=arguments.get("person", "").replace("\0", " ")[:PERSON_LENGTH],
        action=Action(action) if action in set(Action) else None,
        look_ups=action == EVERYTHING,
        since=_beginning(since, to_utc) if since else None,
        until=_beginning(until + timedelta(days=1), to_utc) if until else None,
    )
    return Asked(search, int(page[:10]), tuple(ignored))


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if FIRST_DAY <= found <= LAST_DAY else None


def _beginning(day: date, to_utc: Callable[[datetime], datetime]) -> datetime:
    return to_utc(datetime.combine(day, time.min)).replace(tzinfo=UTC)
