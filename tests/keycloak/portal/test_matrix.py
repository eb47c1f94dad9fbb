"""A part of the matrix on the real Keycloak: each line of the table by each kind of actor, about somebody."""

import pytest

from tests.keycloak.portal.world import RealRequests
from tests.web.http.matrix import ACTORS, ROWS, SIGNED_OUT, Being, Case, cases, expected, is_refused
from tests.web.http.matrix_judge import judge, report


def chosen(actor: Being) -> list[Case]:
    """Of each line one case, of every second one where who asks decides alone; each actor has others.

    None that deletes: an account that is made again is another one.
    """
    number = ACTORS.index(actor)
    step = 1 if actor.administers and actor.name not in SIGNED_OUT else 2
    found = []
    for index, row in enumerate(ROWS[number % step :: step]):
        every = [case for case in cases(actor) if case.row is row]
        safe = [case for case in every if not row.deletes or is_refused(expected(case))]
        found += safe[(7 * index + 5 * number) % len(safe) :][:1]
    return found


def test_there_are_enough_of_them():
    """Three hundred and more, most of them refused."""
    every = [case for actor in ACTORS for case in chosen(actor)]
    assert len(every) >= 300
    assert sum(is_refused(expected(case)) for case in every) >= 200
    assert {case.row for case in every} == set(ROWS)


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
def test_answers(actor: Being, everybody: RealRequests):
    """As on the directory in memory: status, what is changed, and what is named."""
    wrong = [problem for case in chosen(actor) for problem in judge(everybody, case, {expected(case)})[0]]
    assert not wrong, report(wrong)
