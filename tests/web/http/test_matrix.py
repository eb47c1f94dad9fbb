"""Every route, actor, person and company: the answers are those of the table in `tests.web.http.matrix`.

After each request that was refused nobody, no group, no membership and no mail is other than before; after one
that was allowed nothing is at companies that are not the actor's; and no answer names what is not his to see.
"""

import re
from collections import defaultdict

import pytest

from tests.architecture.portal import rules
from tests.web.http.matrix import ACTORS, ROWS, SIGNED_OUT, Being, Case, Row, cases, expected
from tests.web.http.matrix_judge import judge, report
from tests.web.http.matrix_world import Answer, World

pytestmark = pytest.mark.slow

TOKEN = re.compile(r'name="csrf_token" value="[^"]+"')
UNSAFE = ("PUT", "PATCH", "DELETE")


def name_of(actor: Being) -> str:
    return actor.name


each_actor = pytest.mark.parametrize("actor", ACTORS, ids=name_of)


def test_every_route_is_in_the_table():
    """A new one stops the build until somebody has said whom it answers what."""
    found = {(m, rule.rule) for rule in rules() for m in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert {row.key for row in ROWS} == found


def test_there_are_enough_cases():
    """By far more than two thousand, and each relation that the table knows occurs."""
    every = [case for actor in ACTORS for case in cases(actor)]
    assert len(every) >= 2000
    told = {
        (row.key, row.words, relation)
        for row in ROWS
        if not isinstance(row.others, int)
        for relation in row.others
    }
    met = {(c.row.key, c.row.words, c.relation) for c in every if c.actor.administers}
    unmet = {relation for *_, relation in told - met}
    assert unmet <= {"mine, the right is gone"}, "only who lost his right has things without it"


@each_actor
def test_answers(actor: Being, world: World):
    """The status of the table, nothing done when it is refused, nothing of others done when it is not.

    What is not the actor's gets the very page of what is not there.
    """
    wrong, hidden = [], defaultdict[tuple[str, str], dict[str, Case]](dict)
    for case in cases(actor):
        problems, answer = judge(world, case, {expected(case)})
        wrong += problems
        if answer.status == 404:
            hidden[case.row.key][page_without(answer, world, case)] = case
    wrong += [f"not like {pages}" for pages in hidden.values() if len(pages) > 1]
    assert not wrong, report(wrong)


def page_without(answer: Answer, world: World, case: Case) -> str:
    """The body without the token and without what was asked for."""
    return TOKEN.sub("", answer.body).replace(world.address(case).partition("?")[0], "PATH")


@each_actor
def test_without_a_token(actor: Being, world: World):
    """400 for every POST but the one that is signed, 401 from who is not signed in, and nothing is done."""
    posts = [case for case in one_of_each_row(actor) if case.row.changes]
    wrong = []
    for case in posts:
        is_nobody = expected(case) == 401 or (actor.name in SIGNED_OUT and case.row.rule == "/logout")
        wrong += judge(world, case, {401 if is_nobody else 400}, token=False)[0]
    assert posts
    assert not wrong, report(wrong)


@each_actor
def test_other_methods(actor: Being, world: World):
    """HEAD answers as GET does; what is neither GET nor POST is refused."""
    wrong = []
    for number, case in enumerate(one_of_each_row(actor)):
        wrong += judge(world, case, {400, 405}, method=UNSAFE[number % len(UNSAFE)])[0]
        if case.row.method == "GET":
            wrong += judge(world, case, {expected(case)}, method="HEAD")[0]
    assert not wrong, report(wrong)


def one_of_each_row(actor: Being) -> list[Case]:
    """A case of each line of the table, about something of the actor's where there is such a thing."""
    found: dict[Row, Case] = {}
    for case in sorted(cases(actor), key=expected):
        found.setdefault(case.row, case)
    return list(found.values())
