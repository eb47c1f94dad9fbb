"""Whom no verb knows: judged when it is called, with the errors and answers for an account that does not exist."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from directory.encoding import Place, Subgroup
from directory.errors import DirectoryError, EmailTakenError, NotFoundError
from directory.gateway import Directory
from directory.model import Company, Invitation, User
from tests.builders import NOON, a_change, a_user, an_attachment
from tests.contract.worlds import World, a_new_address, a_new_profile, with_email
from tests.fakes import OPERATORS


@pytest.fixture
def company(world: World) -> Company:
    return world.company()


@pytest.fixture
def own_group(world: World) -> Iterator[str]:
    """A group made by hand, which is no company's."""
    path = f"/auditors-{uuid4().hex[:8]}"
    with world.group(path):
        yield path


@pytest.fixture
def group_below(world: World) -> Iterator[str]:
    """A subgroup of the operators."""
    path = f"{OPERATORS}/night-{uuid4().hex[:8]}"
    with world.group(path):
        yield path


def operator(world: World, _company: Company, _request: Any) -> User:
    return world.operator()


def new_operator(world: World, _company: Company, _request: Any) -> User:
    """Made after the last apply: no deny list names them."""
    return world.operator(listed=False)


def operator_in_the_company(world: World, company: Company, _request: Any) -> User:
    return world.operator(an_attachment(company, administrator=True, external=True), listed=False)


def operator_in_a_subgroup(world: World, company: Company, request: Any) -> User:
    """In no more than a subgroup of the operators, and in a company."""
    person = world.person(an_attachment(company, administrator=True), password_required=True)
    world.join(person.id, request.getfixturevalue("group_below"))
    return person


def member_of_a_new_group(world: World, company: Company, request: Any) -> User:
    person = world.person(an_attachment(company, administrator=True), password_required=True)
    world.join(person.id, request.getfixturevalue("own_group"))
    return person


def service_account(world: World, _company: Company, _request: Any) -> User:
    return world.service_account()


HIDDEN = (
    operator,
    new_operator,
    operator_in_the_company,
    operator_in_a_subgroup,
    member_of_a_new_group,
    service_account,
)


@pytest.fixture(params=HIDDEN, ids=lambda make: make.__name__)
def hidden(request: pytest.FixtureRequest, world: World, company: Company) -> User:
    made: User = request.param(world, company, request)
    return made


def acts(directory: Directory, user: User, company: Company) -> dict[str, Callable[[], object]]:
    """Every verb that takes a person."""
    plain, more = an_attachment(company), an_attachment(company, administrator=True)
    return {
        "attachments_of": lambda: directory.attachments_of(user.id),
        "user": lambda: directory.user(user.id),
        "dossier": lambda: directory.dossier(user.id),
        "attach": lambda: directory.change_attachment(user.id, company, a_change(None, plain)),
        "promote": lambda: directory.change_attachment(user.id, company, a_change(plain, more)),
        "detach": lambda: directory.change_attachment(user.id, company, a_change(more, None)),
        "send_activation": lambda: directory.send_activation(user.id),
        "record_activation_sent": lambda: directory.record_activation_sent(user, NOON),
        "record_invitation": lambda: directory.record_invitation(user, Invitation("Anne", ("Acme",))),
        "correct_email": lambda: directory.correct_email(user, a_new_address()),
        "delete_user": lambda: directory.delete_user(user.id),
    }


def outcome(act: Callable[[], object]) -> tuple[type[DirectoryError], str]:
    with pytest.raises(NotFoundError) as caught:
        act()
    return type(caught.value), str(caught.value)


def test_every_verb_answers_as_for_an_account_that_does_not_exist(world, directory, company, hidden):
    """The same error with the same words, and nothing is changed or sent."""
    groups, nobody = world.groups_of(hidden.id), a_user()
    directory.members(company)

    answers = {name: outcome(act) for name, act in acts(directory, hidden, company).items()}
    expected = {name: outcome(act) for name, act in acts(directory, nobody, company).items()}

    assert answers == expected
    assert world.groups_of(hidden.id) == groups
    assert not hidden.email or world.count(hidden.email) == 1
    assert world.mails_to(hidden.email) == 0


def test_no_list_names_them(world, directory, company, hidden):
    seen = world.person(an_attachment(company, administrator=True), password_required=True)
    later = datetime.now(UTC) + timedelta(minutes=5)

    assert [member.user for member in directory.members(company)] == [seen]
    assert [member.user for member in directory.administrators(company)] == [seen]
    assert directory.users([hidden.id, seen.id]) == (seen,)
    assert hidden.id not in {user.id for user in directory.never_activated(later)}
    assert hidden.id not in {user.id for user in directory.ending(date.max)}
    assert hidden.id not in {user.id for user in directory.made_before(later)}
    assert directory.find_by_email(hidden.email) is None


def test_their_address_is_taken(directory, company, hidden):
    if hidden.email:
        with pytest.raises(EmailTakenError):
            directory.create_user(with_email(a_new_profile(), hidden.email), [an_attachment(company)])


def test_a_service_account_in_a_company_is_hidden_too(world, directory, company):
    account = world.service_account(an_attachment(company, administrator=True))

    assert directory.members(company) == directory.administrators(company) == ()
    assert directory.users([account.id]) == ()
    for name, act in acts(directory, account, company).items():
        if name != "attachments_of":  # does not read whose groups they are
            with pytest.raises(NotFoundError):
                act()


@pytest.mark.parametrize("where", [OPERATORS, "own_group", "group_below"])
def test_it_is_judged_at_that_moment(world, directory, company, request, where):
    """A known person becomes an operator and stops being one: the next call takes it into account."""
    path = where if where.startswith("/") else request.getfixturevalue(where)
    person = world.person(an_attachment(company, administrator=True), password_required=True)

    for joined in (False, True, False):
        if joined:
            world.join(person.id, path)
        elif path in world.groups_of(person.id):
            world.leave(person.id, path)
        known = () if joined else (person,)
        assert tuple(member.user for member in directory.members(company)) == known
        assert tuple(member.user for member in directory.administrators(company)) == known
        assert directory.users([person.id]) == known
        assert directory.find_by_email(person.email) == (None if joined else person)


def test_a_group_made_a_moment_ago_is_no_company(world, directory, company):
    """The list was read just before."""
    person = world.person(an_attachment(company))
    assert [member.user for member in directory.members(company)] == [person]
    path = f"/auditors-{uuid4().hex[:8]}"

    with world.group(path):
        world.join(person.id, path)
        assert directory.members(company) == ()
        with pytest.raises(NotFoundError):
            directory.user(person.id)

    assert [member.user for member in directory.members(company)] == [person]
    assert directory.user(person.id) == person


@pytest.mark.parametrize("subgroup", Subgroup)
def test_membership_in_a_subgroup_alone_does_not_hide(world, directory, company, subgroup):
    """The person is attached nowhere, but is not an operator."""
    person = world.person()
    world.join(person.id, Place(company.id, subgroup))

    assert directory.user(person.id) == person
    assert directory.find_by_email(person.email) == person
