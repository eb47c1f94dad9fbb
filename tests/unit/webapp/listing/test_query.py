"""The list: filter, sort and cut."""

from datetime import UTC, date, datetime, timedelta

import pytest

from directory.model import ActivationStatus, Affiliation, CompanyRole, Member
from tests.builders import a_member, a_profile, a_user, an_attachment
from webapp.listing.query import MOST_CHARACTERS, End, Ignored, Page, Present, Query, cut, query_of, select
from webapp.text import fold

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
PRESENT = Present(NOW, NOW.date(), {"acme": "Zénith", "globex": "aube"})


def somebody(
    last_name: str, *attachments: object, email: str = "", first_name: str = "A", **state: object
) -> Member:
    user = a_user(
        a_profile(email or f"{last_name}@x.example".lower(), last_name=last_name, first_name=first_name), **state
    )  # type: ignore[arg-type]
    return a_member(user, *(attachments or (an_attachment("acme"),)))  # type: ignore[arg-type]


def names(found: tuple[Member, ...]) -> list[str]:
    return [member.user.profile.last_name for member in found]


PEOPLE = (
    somebody("Zoé", an_attachment("acme", administrator=True), password_required=True),
    somebody("Éluard", an_attachment("acme", external=True), an_attachment("globex", administrator=True)),
    somebody("abel", an_attachment("globex"), enabled=False, email="x@other.example"),
    somebody(
        "Le Goff",
        an_attachment("acme"),
        password_required=True,
        activation_sent_at=NOW - timedelta(days=30, seconds=1),
    ),
    somebody("Martin", an_attachment("acme"), password_required=True, activation_sent_at=NOW - timedelta(days=29)),
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), ["abel", "Éluard", "Le Goff", "Martin", "Zoé"]),
        (Query(sort="-last_name"), ["Zoé", "Martin", "Le Goff", "Éluard", "abel"]),
        (Query(sort="email"), ["Le Goff", "Martin", "abel", "Zoé", "Éluard"]),
        (Query(sort="status"), ["Zoé", "Le Goff", "Martin", "Éluard", "abel"]),
        (Query(sort="-status"), ["abel", "Éluard", "Martin", "Le Goff", "Zoé"]),
        (Query(sort="company"), ["abel", "Éluard", "Le Goff", "Martin", "Zoé"]),
        (Query(sort="-company"), ["Zoé", "Martin", "Le Goff", "Éluard", "abel"]),
        (Query(sort="company", company="acme"), ["Éluard", "Le Goff", "Martin", "Zoé"]),
        (Query(sort="company", affiliation=Affiliation.EXTERNAL), ["Éluard"]),
        (Query(q="eluard"), ["Éluard"]),
        (Query(q="ÉLUARD a"), ["Éluard"]),
        (Query(q="  goff   le "), ["Le Goff"]),
        (Query(q="other.example"), ["abel"]),
        (Query(q="%"), []),
        (Query(q="nobody"), []),
        (Query(company="globex"), ["abel", "Éluard"]),
        (Query(company="initech"), []),
        (Query(role=CompanyRole.ADMINISTRATOR), ["Éluard", "Zoé"]),
        (Query(company="acme", role=CompanyRole.ADMINISTRATOR), ["Zoé"]),
        (Query(company="globex", affiliation=Affiliation.EXTERNAL), []),
        (Query(affiliation=Affiliation.EXTERNAL), ["Éluard"]),
        (Query(status=ActivationStatus.NOT_SENT), ["Zoé"]),
        (Query(status=ActivationStatus.EXPIRED), ["Le Goff"]),
        (Query(status=ActivationStatus.PENDING), ["Martin"]),
        (Query(status=ActivationStatus.ACTIVE), ["Éluard"]),
        (Query(status=ActivationStatus.DISABLED), ["abel"]),
    ],
    ids=str,
)
def test_select(query: Query, expected: list[str]):
    """Words match parts of name and address, in any order; role and affiliation are those of one company."""
    assert names(select(PEOPLE, query, PRESENT)) == expected


def test_ending_soon_is_within_thirty_days_at_the_company_asked_for():
    """The thirtieth day is; what should have ended and stays, too."""
    ends = {"A": date(2026, 4, 13), "B": date(2026, 4, 14), "C": date(2026, 3, 1), "D": None}
    people = [somebody(name, an_attachment("acme", until=end)) for name, end in ends.items()]
    people.append(somebody("E", an_attachment("acme"), an_attachment("globex", until=date(2026, 3, 20))))
    assert names(select(people, Query(until=End.SOON), PRESENT)) == ["A", "C", "E"]
    assert names(select(people, Query(until=End.SOON, company="acme"), PRESENT)) == ["A", "C"]


def test_companies_are_sorted_by_name_whatever_their_ids():
    """As people read them; who is at several comes after who is at the first of these alone."""
    people = [
        somebody("A", an_attachment("acme")),
        somebody("B", an_attachment("acme"), an_attachment("globex")),
        somebody("C", an_attachment("globex")),
    ]
    assert names(select(people, Query(sort="company"), PRESENT)) == ["C", "B", "A"]
    only_users = Query(sort="company", role=CompanyRole.USER)
    both = somebody("D", an_attachment("globex", administrator=True), an_attachment("acme"))
    assert names(select([both, *people], only_users, PRESENT)) == ["C", "B", "A", "D"], "where they match"


def test_same_names_have_one_order():
    """By first name, then address: a list does not shuffle."""
    people = [somebody("Roy", first_name=first, email=f"{n}@x.example") for n, first in enumerate("BAA")]
    found = select(people, Query(), PRESENT)
    assert [member.user.email for member in found] == ["1@x.example", "2@x.example", "0@x.example"]


@pytest.mark.parametrize(
    ("text", "folded"),
    [("ÉÈÊ", "eee"), ("Straße", "strasse"), ("Ångström", "angstrom"), ("İ", "i"), ("", ""), ("ﬁ", "fi")],
)
def test_fold(text: str, folded: str):
    """Case and accents apart, as people compare."""
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("total", "page", "size", "expected"),
    [
        (0, 1, 50, (0, 1, 1)),
        (1, 1, 50, (1, 1, 1)),
        (50, 1, 50, (50, 1, 1)),
        (51, 2, 50, (1, 2, 2)),
        (51, 3, 50, (1, 2, 2)),
        (51, 0, 50, (50, 1, 2)),
        (51, -1, 50, (50, 1, 2)),
        (5, 2, 2, (2, 2, 3)),
    ],
)
def test_cut(total: int, page: int, size: int, expected: tuple[int, int, int]):
    """How many are on it, which page it is, and how many there are; always one within."""
    found: Page = cut(tuple(a_member() for _ in range(total)), page, size)
    assert (len(found.members), found.page, found.pages) == expected
    assert found.total == total


@pytest.mark.parametrize(
    ("query", "filtered"),
    [
        (Query(), False),
        (Query(sort="-email", page=3), False),
        (Query(q="  "), False),
        (Query(q="x"), True),
        (Query(company="acme"), True),
        (Query(role=CompanyRole.USER), True),
        (Query(affiliation=Affiliation.INTERNAL), True),
        (Query(status=ActivationStatus.ACTIVE), True),
        (Query(until=End.SOON), True),
    ],
)
def test_is_filtered(query: Query, filtered: bool):
    assert query.is_filtered is filtered


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, Query()),
        ({"q": "", "company": "", "role": "", "affiliation": "", "status": "", "sort": "", "page": ""}, Query()),
        ({"q": "x", "company": "acme"}, Query(q="x", company="acme")),
        (
            {"role": "user", "affiliation": "external"},
            Query(role=CompanyRole.USER, affiliation=Affiliation.EXTERNAL),
        ),
        ({"status": "not_sent", "sort": "-email"}, Query(status=ActivationStatus.NOT_SENT, sort="-email")),
        ({"until": "soon"}, Query(until=End.SOON)),
        ({"until": "2026-12-31"}, Query(ignored=(Ignored.UNTIL,))),
        ({"page": "3"}, Query(page=3)),
        ({"page": "0"}, Query(ignored=(Ignored.PAGE,))),
        ({"page": "-1"}, Query(ignored=(Ignored.PAGE,))),
        ({"page": "two"}, Query(ignored=(Ignored.PAGE,))),
        ({"page": "²"}, Query(ignored=(Ignored.PAGE,))),
        ({"page": "9" * 5000}, Query(ignored=(Ignored.PAGE,))),
        ({"page": str(10**9)}, Query(page=10**9)),
        ({"sort": "password"}, Query(ignored=(Ignored.SORT,))),
        ({"sort": "--email"}, Query(ignored=(Ignored.SORT,))),
        ({"role": "king"}, Query(ignored=(Ignored.ROLE,))),
        ({"affiliation": "INTERNAL"}, Query(ignored=(Ignored.AFFILIATION,))),
        ({"status": "asleep"}, Query(ignored=(Ignored.STATUS,))),
        ({"company": "initech"}, Query(ignored=(Ignored.COMPANY,))),
        ({"company": "no-such"}, Query(ignored=(Ignored.COMPANY,))),
        ({"q": "x" * 200}, Query(q="x" * 200)),
        ({"q": "x" * 201}, Query(q="x" * MOST_CHARACTERS, ignored=(Ignored.Q,))),
        ({"colour": "red"}, Query()),
    ],
    ids=lambda value: str(value)[:60],
)
def test_query_of(asked: dict[str, str], expected: Query):
    """A word that nobody understands narrows nothing, and is named."""
    assert query_of(asked, {"acme", "globex"}) == expected


def test_a_company_is_judged_only_by_who_says_which_there_are():
    assert query_of({"company": "initech"}) == Query(company="initech")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"q": " two words "},
        {
            "q": "x",
            "company": "acme",
            "role": "user",
            "affiliation": "internal",
            "status": "active",
            "until": "soon",
            "sort": "-email",
        },
    ],
)
def test_arguments_are_the_address_again(asked: dict[str, str]):
    """Links keep what narrows and orders the list, and nothing else."""
    query = query_of({**asked, "page": "7"}, {"acme"})
    assert query.arguments == asked
    assert query_of({**query.arguments, "page": "7"}, {"acme"}) == query


def test_arguments_leave_out_what_was_not_understood():
    query = query_of(
        {"q": "x" * 10_000, "company": "initech", "role": "king", "sort": "no", "page": "0"}, {"acme"}
    )
    assert query.arguments == {"q": "x" * MOST_CHARACTERS}


@pytest.mark.parametrize(
    "q", ["lefèvre", "lefe\u0300vre", "LEFEVRE", "le\u200bfevre", "société.example", "xn--socit-esab", "dupont"]
)
def test_every_spelling_of_a_name_and_a_domain_finds_the_person(q: str):
    """Composed or not, with what is not seen, and a domain as people or as the DNS write it."""
    person = somebody("Lefe\u0300vre", first_name="Du\u200bpont", email="anne@xn--socit-esab.example")
    assert select([person], Query(q=q), PRESENT) == (person,)
