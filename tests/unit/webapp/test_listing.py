"""The list: filter, sort and cut."""

from datetime import UTC, datetime, timedelta

import pytest

from directory.model import ActivationStatus, Affiliation, CompanyRole, Member
from tests.builders import a_member, a_profile, a_user, an_attachment
from webapp.services.listing import Page, Query, cut, fold, select

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


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
    assert names(select(PEOPLE, query, NOW)) == expected


def test_same_names_have_one_order():
    """By first name, then address: a list does not shuffle."""
    people = [somebody("Roy", first_name=first, email=f"{n}@x.example") for n, first in enumerate("BAA")]
    found = select(people, Query(), NOW)
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
    ],
)
def test_is_filtered(query: Query, filtered: bool):
    assert query.is_filtered is filtered
