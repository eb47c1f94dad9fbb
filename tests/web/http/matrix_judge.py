"""What is wrong with an answer of the portal to a case of the matrix."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from tests.web.http.matrix import (
    BEINGS,
    COMPANIES,
    Case,
    is_refused,
    tells_the_name,
    visible_companies,
    visible_people,
)
from tests.web.http.matrix_world import Answer, Requests, company_name

State = Mapping[str, Any]
MADE_UP = {"absent@den.example", "corrected@den.example", "another@den.example"}
"""Addresses that the table itself types."""
UNTOUCHED = {400, 403, 404, 405}
"""Answers after which not even a quota is used, so that the next case can begin at once."""


def leaks(world: Requests, case: Case, answer: Answer) -> list[str]:
    """Whose name, address or id is in the answer, and which company's name, though it is not the actor's to see.

    What the request itself said is no news, and `/users/new` tells an administrator whose the address is.
    """
    text = answer.body + str(answer.headers)
    asked = " ".join((unquote(world.address(case)), world.email(case.spot), *world.fields(case).values()))
    seen = visible_people(case.actor, case.row.rule)
    found = []
    for name, user in world.people.items():
        told = name == case.spot.person and tells_the_name(case)
        if name not in seen:
            found += [name] if user.profile.last_name in text and not told else []
            found += [f"{word} of {name}" for word in (user.email, user.id) if word in text and word not in asked]
    companies = visible_companies(case.actor, case.row.rule)
    return found + [f"company {c}" for c in COMPANIES if c not in companies and company_name(c) in text]


def changed_elsewhere(
    world: Requests, case: Case, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[str]:
    """What an allowed request changed that is not the actor's: groups of others, accounts, mails to strangers."""
    mine = {world.ids[letter] for letter in case.actor.administers}
    if case.row.rule.endswith("/leaving"):
        mine = {world.ids[case.spot.company]}
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
    new = set(after["mails"][len(before["mails"]) :]) - mailed - MADE_UP
    return found + [f"mail to {address}" for address in new]


def may_change(world: Requests, case: Case, user_id: str, allowed: set[str]) -> bool:
    """Whether the account itself is one the request is about; all expired ones of mine when all are mailed."""
    if case.row.rule == "/users/activations":
        allowed = {world.people[b.name].id for b in BEINGS if b.state == "expired" and b.is_of(case.actor)}
    return user_id in allowed


def judge(world: Requests, case: Case, wanted: set[int], **how: Any) -> tuple[list[str], Answer]:
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
