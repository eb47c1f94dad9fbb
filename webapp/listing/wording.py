"""The list in words: how it is narrowed, and what of its address was not followed."""

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from directory.model import Company
from webapp.listing.query import MOST_CHARACTERS, End, Ignored, Page, Query
from webapp.wording.labels import AFFILIATIONS, ROLES, STATUSES
from webapp.wording.labels import gettext as _

SORTINGS: dict[str, LazyString] = {
    "last_name": _l("Name, A to Z"),
    "-last_name": _l("Name, Z to A"),
    "email": _l("E-mail, A to Z"),
    "-email": _l("E-mail, Z to A"),
    "status": _l("Status, to be settled first"),
    "-status": _l("Status, settled first"),
    "company": _l("Company, A to Z"),
    "-company": _l("Company, Z to A"),
}
ENDS: dict[End, LazyString] = {End.SOON: _l("Ending soon")}
IGNORED: dict[Ignored, LazyString] = {
    Ignored.Q: _l("The search is too long: only its first %(characters)s characters are looked for."),
    Ignored.COMPANY: _l("The address of this page asks for a company that you do not administer: it was ignored."),
    Ignored.ROLE: _l("The address of this page asks for an unknown role: it was ignored."),
    Ignored.AFFILIATION: _l("The address of this page asks for neither internal nor external: it was ignored."),
    Ignored.STATUS: _l("The address of this page asks for an unknown status: it was ignored."),
    Ignored.UNTIL: _l("The address of this page asks for an unknown end: it was ignored."),
    Ignored.SORT: _l("The address of this page asks for an unknown order: the list is sorted by name."),
    Ignored.PAGE: _l("The address of this page asks for a page that cannot be: this is the first one."),
}


def ignored_words(query: Query, page: Page) -> list[str]:
    """What of the address was not followed, each in a sentence."""
    words = [str(IGNORED[name]) % {"characters": MOST_CHARACTERS} for name in query.ignored]
    if query.page > page.pages:
        words.append(_("The list has no page of that number: this is the last one."))
    return words


def filter_words(query: Query, companies: Mapping[str, Company]) -> list[str]:
    """How the list is narrowed."""
    said = (
        (_("Search for"), query.q.strip()),
        (_("Company"), companies[query.company].name if query.company else ""),
        (_("Role"), str(ROLES[query.role]) if query.role else ""),
        (_("Internal or external"), str(AFFILIATIONS[query.affiliation]) if query.affiliation else ""),
        (_("Status"), str(STATUSES[query.status]) if query.status else ""),
        (_("Planned end"), str(ENDS[query.until]) if query.until else ""),
    )
    return [_("%(filter)s: %(value)s", filter=name, value=value) for name, value in said if value]


def choices(companies: Sequence[Company]) -> dict[str, list[tuple[str, str]]]:
    """The values of each filter with their words; one company alone gives no order."""
    sortings = SORTINGS if len(companies) > 1 else {k: v for k, v in SORTINGS.items() if "company" not in k}
    return {
        "company": [(company.id, company.name) for company in companies],
        "role": [(value.value, str(word)) for value, word in ROLES.items()],
        "affiliation": [(value.value, str(word)) for value, word in AFFILIATIONS.items()],
        "status": [(value.value, str(word)) for value, word in STATUSES.items()],
        "until": [(value.value, str(word)) for value, word in ENDS.items()],
        "sort": [(value, str(word)) for value, word in sortings.items()],
    }
