"""Whom the portal knows, decided from what Keycloak says of accounts and groups."""

import pytest

from directory.encoding import company_group
from directory.visibility import is_hidden, is_open, is_service_account, open_companies, top_level, undecided
from tests.builders import a_company

ACME = company_group(a_company("acme"))
ADMINISTRATORS, EXTERNALS = ACME["subGroups"]
OPERATORS = {"name": "operators", "path": "/operators"}
ROLES = ({"realmRoles": ["auditor"]}, {"clientRoles": {"realm-management": ["view-events"]}})


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ({"username": "service-account-portal-directory"}, True),
        ({"username": "service-account-x", "email": "x@acme.example"}, True),
        ({"username": "service-account-x@acme.example"}, False),
        ({"username": "anne@acme.example"}, False),
        ({"username": "my-service-account-x"}, False),
        ({"username": ""}, False),
        ({"username": None}, False),
        ({}, False),
    ],
)
def test_a_service_account_is_known_by_its_username(account, expected):
    """A person's is an address."""
    assert is_service_account(account) is expected


@pytest.mark.parametrize("roles", ROLES)
def test_a_company_that_carries_roles_is_not_open(roles):
    assert is_open(ACME)
    assert not is_open({**ACME, **roles})
    assert not is_open(OPERATORS)


@pytest.mark.parametrize(
    ("path", "name"), [("/acme", "acme"), ("/acme/administrators", "acme"), ("/a~/b/c", "a~"), ("acme", "acme")]
)
def test_the_top_level_group_of_a_path(path, name):
    assert top_level(path) == name


def test_companies_are_those_whose_own_group_is_there():
    assert open_companies([ACME, OPERATORS, ADMINISTRATORS, {**OPERATORS, "name": "bolt", "path": "/x/bolt"}]) == {
        "acme"
    }


def test_what_has_to_be_read_first():
    """The company of a subgroup whose member is not in it; never what cannot be a company."""
    below = {"name": "x", "path": "/Not a company/x"}
    assert undecided([ACME, ADMINISTRATORS, OPERATORS]) == frozenset()
    assert undecided([ADMINISTRATORS, EXTERNALS, below]) == {"acme"}


@pytest.mark.parametrize(
    ("groups", "hidden"),
    [
        ([], False),
        ([ACME], False),
        ([ACME, ADMINISTRATORS, EXTERNALS], False),
        ([ADMINISTRATORS], False),
        ([{"name": "team", "path": "/acme/team"}], False),
        ([OPERATORS], True),
        ([ACME, OPERATORS], True),
        ([ACME, {"name": "administrators", "path": "/operators/administrators"}], True),
        ([ACME, {"name": "acme", "path": "/holding/acme"}], True),
        *(([ACME, {**ADMINISTRATORS, **roles}], True) for roles in ROLES),
    ],
)
def test_members_of_a_group_of_no_company_are_hidden(groups, hidden):
    assert is_hidden(groups, {"acme"}) is hidden


def test_a_company_that_is_not_open_hides_its_people():
    assert is_hidden([ACME], frozenset())
