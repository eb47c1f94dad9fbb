"""Every route by every kind of actor about every kind of person and company: the answers of `tests.web.matrix`.

After each request that was refused nobody, no group, no membership and no mail is other than before; after one
that was allowed nothing is at companies that are not the actor's; and no answer names what is not his to see.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import pytest

from tests.architecture.portal import rules
from tests.web.matrix import (
    ACTORS,
    BEINGS,
    COMPANIES,
    ROWS,
    Being,
    Case,
    Row,
    cases,
    expected,
    is_refused,
    tells_the_name,
    visible_companies,
    visible_people,
)
from tests.web.matrix_world import IDS, Answer, World

TOKEN = re.compile(r'name="csrf_token" value="[^"]+"')
UNTOUCHED = {400, 403, 404, 405}
"""Answers after which not even a quota is used, so that the next case can begin at once."""
UNSAFE = ("PUT", "PATCH", "DELETE")


def leaks(world: World, case: Case, answer: Answer) -> list[str]:
    """Whose name, address or id is in the answer, and which company's name, though it is not the actor's to see.

    What the request itself said is no news, and `/users/new` tells an administrator whose the address is.
    """
    text = answer.body + str(answer.headers)
    asked = unquote(world.address(case)) + world.email(case.spot)
    seen = visible_people(case.actor, case.row.rule)
    found = []
    for name, user in world.people.items():
        told = name == case.spot.person and tells_the_name(case)
        if name not in seen:
            found += [name] if user.profile.last_name in text and not told else []
            found += [f"{word} of {name}" for word in (user.email, user.id) if word in text and word not in asked]
    companies = visible_companies(case.actor, case.row.rule)
    return found + [f"company {c}" for c in COMPANIES if c not in companies and f"Maison{c}secret" in text]


def changed_elsewhere(world: World, case: Case, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What an allowed request changed that is not the actor's: groups of others, accounts, mails to strangers."""
    mine = {IDS[letter] for letter in case.actor.administers}
    if case.row.rule.endswith("/leaving"):
        mine = {IDS[case.spot.company]}
    gone = set(before["people"]) - set(after["people"])
    own = world.people[case.actor.name].id if case.actor.name in world.people else ""
    found = [
        f"group {path}"
        for path in before["groups"]
        if path.split("/")[1] not in mine and before["groups"][path] - gone != after["groups"][path]
    ]
    allowed = {world.user_id(case.spot.person), own}
    found += [
        f"account {user.email}"
        for user_id, user in before["people"].items()
        if after["people"].get(user_id) != user and not may_change(world, case, user_id, allowed)
    ]
    reachable = visible_people(case.actor, "") | {case.spot.person}
    mailed = {world.people[name].email for name in reachable if name in world.people}
    new = set(after["mails"][len(before["mails"]) :]) - mailed - {"absent@den.example", "corrected@den.example"}
    return found + [f"mail to {address}" for address in new]


def may_change(world: World, case: Case, user_id: str, allowed: set[str]) -> bool:
    """Whether the account itself is one the request is about; all expired ones of mine when all are mailed."""
    if case.row.rule == "/users/activations":
        allowed = {world.people[b.name].id for b in BEINGS if b.state == "expired" and b.is_of(case.actor)}
    return user_id in allowed


def judge(world: World, case: Case, wanted: set[int], **how: Any) -> tuple[list[str], Answer]:
    """What is wrong with the portal's answer to the case, and the answer."""
    answer = world.send(case, **how)
    before, after = world.start, world.snapshot()
    wrong = [] if answer.status in wanted else [f"{answer.status} instead of {wanted}"]
    if before != after and (is_refused(answer.status) or not case.row.changes):
        wrong.append("something changed")
    wrong += changed_elsewhere(world, case, before, after) + leaks(world, case, answer)
    if before != after or answer.status not in UNTOUCHED or "/operations/" in case.row.rule:
        world.reset()
    return [f"{case}: {', '.join(wrong)}"] if wrong else [], answer


def report(wrong: list[str]) -> str:
    return f"{len(wrong)} cases:\n" + "\n".join(wrong[:40])


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
    """400 for every POST but the one that is signed, whoever sends it, and nothing is done."""
    posts = [case for case in one_of_each_row(actor) if case.row.changes]
    wrong = []
    for case in posts:
        wrong += judge(world, case, {400}, token=False)[0]
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
