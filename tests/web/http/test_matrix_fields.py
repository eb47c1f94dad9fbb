"""Fields that a form does not have change nothing: whoever adds some gets what the form alone would have done."""

from dataclasses import replace
from typing import Any

import pytest

from tests.web.http.matrix import BY_NAME, ROWS, Case, Row, cases, expected
from tests.web.http.matrix_world import World

pytestmark = pytest.mark.slow

EXTRA = {
    "access": '{"manage": true}',
    "administers": "initech",
    "attributes": '{"kind": ["company"], "activationSentAt": ["2020-01-01"]}',
    "attributes.attachment": "initech:administrator",
    "clientRoles": "realm-admin",
    "company-initech-attached": "1",
    "company-initech-role": "administrator",
    "company-initech-affiliation": "internal",
    "credentials": '[{"type": "password", "value": "chosen-by-somebody-else"}]',
    "emailVerified": "true",
    "enabled": "false",
    "groups": "/initech",
    "id": "5b7a1a6e-0000-4000-8000-000000000000",
    "password": "chosen-by-somebody-else",
    "realmRoles": "admin",
    "requiredActions": "",
    "role": "administrator",
    "user_id": "5b7a1a6e-0000-4000-8000-000000000000",
    "username": "root@den.example",
}
PROFILE = {"email": "another@den.example", "last_name": "Another", "title": "m"}
"""Fields of other forms, for those that do not have them."""


def an_allowed(row: Row) -> list[Case]:
    """One case of the row that is allowed, by somebody who administers."""
    every = (case for name in ("administrator of A", "administrator of A and B") for case in cases(BY_NAME[name]))
    return [case for case in every if case.row is row and expected(case) in {200, 303}][:1]


CASES = [case for row in ROWS if row.changes for case in an_allowed(row)]


def done_by(world: World, case: Case, **extra: str) -> tuple[int, dict[str, Any]]:
    """The answer and what there is after it: new accounts go by their address, instants only by being there."""
    answer = world.send(case, **extra)
    found = world.directory.snapshot()
    world.reset()
    people: Any = found["people"]
    groups: Any = found["groups"]
    name = {user_id: user.email for user_id, user in people.items()}
    return answer.status, {
        "mails": found["mails"],
        "groups": {path: sorted(name[one] for one in members) for path, members in groups.items()},
        "people": {
            user.email: (replace(user, id="", activation_sent_at=None), user.activation_sent_at is None)
            for user in people.values()
        },
    }


def test_most_forms_have_such_a_case():
    """Every address that takes a POST from somebody signed in."""
    posts = {row.rule for row in ROWS if row.method == "POST"}
    posts -= {
        "/backchannel-logout",
        "/profile/sessions/<id:session_id>/ending",
        "/reviews/<id:review_id>",
        "/users/selection/undoing",
    }  # the table has nobody's session only
    assert {case.row.rule for case in CASES} == posts


def extra_fields(world: World, case: Case) -> dict[str, str]:
    """What this form does not have. (Where a person is typed in by steps, the fields of a later one count.)"""
    if case.row.rule == "/users/new":
        return {name: value for name, value in EXTRA.items() if not name.startswith("company-")}
    by_address = case.row.rule.endswith(("/email", "/replacement"))
    own = {*world.fields(case), "email"} if by_address else {*world.fields(case)}
    return {name: value for name, value in {**EXTRA, **PROFILE}.items() if name not in own}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_extra_fields_change_nothing(case: Case, world: World):
    """With and without them the same accounts, groups and mails."""
    extra = extra_fields(world, case)
    assert len(extra) >= 12
    plain, plain_state = done_by(world, case)
    with_extra, state = done_by(world, case, **extra)
    assert with_extra == plain == expected(case)
    assert state == plain_state
    assert not any(
        "initech" in path and plain_state["groups"][path] != found for path, found in state["groups"].items()
    )
