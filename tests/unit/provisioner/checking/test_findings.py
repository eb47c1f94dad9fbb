"""The findings of a check for given data."""

from datetime import UTC, date, datetime, timedelta

import pytest

from directory.model import Locale, Profile, User
from provisioner.checking.findings import (
    DIRECTORY_RIGHTS,
    NEEDED_RIGHTS,
    CompanyPeople,
    FindingKind,
    Inspected,
    check,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def user(id: str, *, enabled: bool = True, pending: bool = False, sent: datetime | None = None) -> User:
    return User(
        id=id,
        profile=Profile(email=f"{id}@acme.example", last_name="L", first_name="F", title=None, locale=Locale.FR),
        enabled=enabled,
        password_required=pending,
        activation_sent_at=sent,
    )


def inspected(*users: User, **others) -> Inspected:
    result = {"companies": (), "directory_rights": DIRECTORY_RIGHTS, "own_rights": NEEDED_RIGHTS, "holders": {}}
    return Inspected(users={each.id: each for each in users}, **{**result, **others})


def company(people: str, administrators: str = "", externals: str = "") -> tuple[CompanyPeople, ...]:
    subgroups = {"administrators": frozenset(administrators.split()), "externals": frozenset(externals.split())}
    return (CompanyPeople("acme", frozenset(people.split()), subgroups),)


def found(inspection: Inspected) -> list[tuple[FindingKind, str, str]]:
    return [(each.kind, each.about, each.message) for each in check(inspection, NOW)]


def test_a_realm_without_findings():
    assert found(inspected(user("anne"), user("paul"), companies=company("anne paul", "anne", "paul"))) == []


@pytest.mark.parametrize(
    ("users", "words"),
    [
        ([], "the company has no administrator"),
        ([user("anne", enabled=False)], "none of its administrators is active: 1 disabled"),
        ([user("anne", pending=True, sent=NOW)], "none of its administrators is active: 1 never activated"),
        (
            [user("anne", pending=True), user("paul", enabled=False)],
            "none of its administrators is active: 1 never activated, 1 disabled",
        ),
    ],
)
def test_a_company_without_an_active_administrator(users, words):
    names = " ".join(each.id for each in users)
    (finding, *_) = found(inspected(*users, companies=company(names, names)))
    assert finding == (FindingKind.NO_ACTIVE_ADMINISTRATOR, "acme", words)


def test_one_active_administrator_is_enough():
    people = inspected(user("anne"), user("paul", enabled=False), companies=company("anne paul", "anne paul"))
    assert found(people) == []


def test_an_administrator_who_is_not_attached_does_not_count():
    kinds = [each[0] for each in found(inspected(user("anne"), companies=company("", "anne")))]
    assert kinds == [FindingKind.NO_ACTIVE_ADMINISTRATOR, FindingKind.SUBGROUP_WITHOUT_COMPANY]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (None, "no activation mail was sent"),
        (NOW - timedelta(days=1), "the link works until 2026-12-22"),
        (NOW - timedelta(days=40), "the link stopped working on 2026-11-13"),
    ],
)
def test_an_account_that_was_never_activated(sent, words):
    assert found(inspected(user("anne", pending=True, sent=sent))) == [
        (FindingKind.NEVER_ACTIVATED, "anne@acme.example", words)
    ]


def test_an_external_who_is_not_attached():
    people = inspected(user("anne"), user("paul"), companies=company("anne", "anne", "paul"))
    assert found(people) == [
        (FindingKind.SUBGROUP_WITHOUT_COMPANY, "paul@acme.example", "in acme/externals, but not attached to acme")
    ]


def test_rights_of_the_directory_account():
    result = found(inspected(directory_rights=frozenset({"query-users", "view-users", "manage-users"})))
    assert [(kind, message) for kind, _, message in result] == [
        (FindingKind.RIGHT_TOO_MANY, "holds manage-users"),
        (FindingKind.RIGHT_MISSING, "lacks query-groups"),
    ]


def test_a_realm_without_the_service_account():
    assert found(inspected(directory_rights=None)) == []


def test_rights_of_the_account_that_runs():
    result = found(inspected(own_rights=NEEDED_RIGHTS - {"manage-clients"}))
    assert result == [(FindingKind.RIGHT_MISSING, "the account of this run", "lacks manage-clients")]
    assert found(inspected(own_rights=frozenset({"realm-admin"}))) == []
    assert found(inspected(own_rights=None)) == []


def test_direct_holders_of_realm_management_roles():
    result = found(inspected(holders={"eve": ("manage-users", "realm-admin")}))
    assert result == [
        (FindingKind.FOREIGN_RIGHT, "eve", "holds manage-users, realm-admin of realm-management directly")
    ]


def test_an_attachment_past_its_end():
    """The day after the last is the portal's; an end at a company where the person is not attached is nothing."""
    ends = {
        "anne": {"acme": date(2026, 11, 21)},
        "paul": {"acme": date(2026, 11, 22)},
        "zoe": {"globex": date(2026, 1, 1)},
    }
    people = [user(name) for name in ("anne", "paul", "zoe")]
    inspection = inspected(*people, companies=company("anne paul zoe", "zoe"), ends=ends)
    message = "attached to acme, although the last day was 2026-11-21"
    assert found(inspection) == [(FindingKind.PAST_END, "anne@acme.example", message)]
