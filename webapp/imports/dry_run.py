"""Finding out what a file of people would do: who is at the companies it names, and who has an account besides.

An address that is not at the companies is a question about a stranger. It counts in the quota of such questions
and is journalled, as on the page « Ajouter un utilisateur »; when the quota is used up, no more is asked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date

from directory.gateway import Directory
from directory.model import Member, User
from webapp.errors import TooOftenError
from webapp.imports.csv_format import Line
from webapp.imports.plan import PERSON_COLUMNS, TO_DO, Outcome, Row, judge_together, plan
from webapp.parallel import for_each
from webapp.people import lookups
from webapp.people.administration import Administration, people
from webapp.people.context import Context
from webapp.storage import rate_limits

AT_ONCE = 2
"""Addresses asked for at a time: each search is work for Keycloak; eight at once ran out of time on two cores."""

Ask = Callable[[Iterable[str]], Mapping[str, User | None]]
"""Finds the accounts of addresses; one that was not asked for is not in the answer."""


@dataclass(frozen=True, slots=True)
class Questions:
    """Asks in somebody's name while their quota lasts; each question is in the journal of their companies."""

    context: Context
    administration: Administration

    def __call__(self, addresses: Iterable[str]) -> Mapping[str, User | None]:
        found: dict[str, User | None] = {}
        companies = sorted(self.administration.ids)

        def ask(address: str) -> None:
            try:
                user = lookups.find(self.context, companies, address, again=True)
            except TooOftenError:
                return  # somebody asks in the same name meanwhile; so this one is not answered
            found[address] = user

        for_each(ask, self._allowed(addresses), AT_ONCE)
        return found

    def _allowed(self, addresses: Iterable[str]) -> list[str]:
        """Those that the quota still allows; what was asked within the hour does not count again."""
        database, author_id = self.context.database, self.context.author.id
        left, allowed = rate_limits.left(database, rate_limits.LOOK_UPS, author_id), []
        for address in addresses:
            if rate_limits.used_for(database, rate_limits.LOOK_UPS, author_id, address):
                allowed.append(address)
            elif left > 0:
                left -= 1
                allowed.append(address)
        return allowed


def dry_run(
    directory: Directory, administration: Administration, lines: Sequence[Line], ask: Ask, today: date = date.min
) -> tuple[Row, ...]:
    """What the lines would do now. A few calls for each company, one for each address that is at none of them."""
    known = _people_named(directory, administration, lines)
    rows = judge_together(lines, administration.ids, known, today)
    unknown = [row for row in rows if row.user is None and (row.outcome in TO_DO or _may_be_known(row))]
    found, answered = _found(directory, administration, lines, unknown, ask)
    return tuple(
        replace(row, is_certain=row.outcome is not Outcome.CREATE or row.email in answered)
        for row in plan(lines, administration.ids, known | found, today)
    )


def prepared(
    directory: Directory, administration: Administration, lines: Sequence[Line], ask: Ask, today: date = date.min
) -> tuple[Row, ...]:
    """The lines, ready to be done: as `dry_run`, but what doing them finds out anyway is not asked before.

    An address that is not at the companies is looked up only when its lines would make no new account. Otherwise
    creating tells that there is one, and taking an administrator away that they are the last.
    """
    known = _people_named(directory, administration, lines)
    rows = judge_together(lines, administration.ids, known, today)
    found, _ = _found(directory, administration, lines, [row for row in rows if _may_be_known(row)], ask)
    return tuple(judge_together(lines, administration.ids, known | found, today) if found else rows)


def _found(
    directory: Directory, administration: Administration, lines: Sequence[Line], unknown: Sequence[Row], ask: Ask
) -> tuple[dict[str, Member], frozenset[str]]:
    """The accounts of these rows' addresses, and the addresses that are certain now, with or without an account.

    Who is at another company of the administrator is no stranger: no question is spent on them.
    """
    addresses = list(dict.fromkeys(row.email for row in unknown if row.email))
    if not addresses:
        return {}, frozenset()
    others = _people_elsewhere(directory, administration, lines)
    mine = {address: others[address] for address in addresses if address in others}
    answers = ask(address for address in addresses if address not in mine)
    # Those found are at not theirs companies, as far as they are concerned.
    strangers = {address: Member(user, ()) for address, user in answers.items() if user}
    return mine | strangers, frozenset(mine) | frozenset(answers)


def _may_be_known(row: Row) -> bool:
    """Whether a line is refused for what it says of a new person only: nothing, if they have an account."""
    return bool(row.problems) and all(problem.column in PERSON_COLUMNS for problem in row.problems)


def _people_named(
    directory: Directory, administration: Administration, lines: Sequence[Line]
) -> dict[str, Member]:
    """Everybody at the companies that the lines name, by address."""
    return _people_at(directory, administration, {line["company"] for line in lines})


def _people_elsewhere(
    directory: Directory, administration: Administration, lines: Sequence[Line]
) -> dict[str, Member]:
    """Everybody at the administrator's other companies."""
    return _people_at(directory, administration, administration.ids - {line["company"] for line in lines})


def _people_at(directory: Directory, administration: Administration, ids: AbstractSet[str]) -> dict[str, Member]:
    companies = tuple(company for company in administration.companies if company.id in ids)
    return {m.user.email: m for m in people(directory, replace(administration, companies=companies))}
