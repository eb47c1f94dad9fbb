"""R4, R14: the portal killed at every call of a creation, and of a change at four companies; then resumed."""

from collections.abc import Iterator
from itertools import count

import pytest

from directory.errors import EmailTakenError
from directory.model import ActivationStatus, Company, User
from tests.builders import a_company, a_context, a_profile, an_attachment
from tests.faults.conftest import empty
from tests.faults.four_companies import after, before, no_more_than_the_lesser, some
from tests.faults.mortal import Mortal, journal_of, killed_at, running
from webapp.people import accounts, attachments
from webapp.people.recovery import resume
from webapp.records.operations import State
from webapp.records.payloads import NewAccount
from webapp.storage.database import Database

COMPANIES = [a_company(name) for name in ("acme", "globex", "hooli", "initech")]
NAMES = [company.id for company in COMPANIES]
EMMA = a_profile("emma.bernard@acme.example")


@pytest.fixture
def worlds(database: Database) -> Iterator[tuple[int, Mortal, User]]:
    """For each moment a new world: the directory, and who acts."""

    def made() -> Iterator[tuple[int, Mortal, User]]:
        for moment in count(1):
            empty(database)
            directory = Mortal(*COMPANIES)
            everywhere = [an_attachment(company.id, administrator=True) for company in COMPANIES]
            yield moment, directory, directory.add_user(a_profile(), everywhere)

    return made()


def test_a_creation(worlds: Iterator[tuple[int, Mortal, User]], database: Database):
    """Never a second account nor a second mail; without its mail the account says so, and a mail may be sent."""
    wanted = (an_attachment("acme", administrator=True), an_attachment("globex", external=True))
    for moment, directory, actor in worlds:

        def create(directory: Mortal = directory, actor: User = actor) -> object:
            return accounts.create(a_context(directory, database, actor), NewAccount(EMMA, wanted), COMPANIES)

        died = killed_at(moment, directory, create)
        resume(directory, database)
        assert running(database) == []
        made = [user for user in directory.people() if user.email == EMMA.email]
        if made:
            assert {at for _, at in directory.attachments_of(made[0].id)} == set(wanted)
            assert journal_of(database) == ["done"] * len(wanted)
        with_mail = list(directory.mails)
        try:  # the person, who got no answer, sends the form again
            create()
        except EmailTakenError:
            assert directory.mails == with_mail
        again = [user for user in directory.people() if user.email == EMMA.email]
        assert len(again) == 1
        assert len(directory.mails) <= 1
        status = again[0].status()
        assert status is (ActivationStatus.PENDING if again[0].activation_sent_at else ActivationStatus.NOT_SENT)
        assert directory.mails or status is ActivationStatus.NOT_SENT
        if not died:
            assert moment > 6, "it was killed at every one of them"
            return


def test_a_change_at_four_companies(worlds: Iterator[tuple[int, Mortal, User]], database: Database):
    """In between, what is held at a company is that of before, that of after, or less; then it is finished."""
    for moment, directory, actor in worlds:
        for company in COMPANIES:
            directory.add_user(a_profile(), [an_attachment(company.id, administrator=True)])
        person = directory.add_user(a_profile(), some(before(NAMES)).values())

        def change(directory: Mortal = directory, actor: User = actor, person: User = person) -> object:
            companies: list[Company] = [company for company, _ in directory.attachments_of(actor.id)]
            return attachments.change(a_context(directory, database, actor), companies, person, after(NAMES))

        died = killed_at(moment, directory, change)
        no_more_than_the_lesser(directory.groups_of(person.id), NAMES)
        was_written = running(database) != []
        assert {state for _, state in resume(directory, database)} <= {State.DONE}
        assert running(database) == []
        held = {at.company_id: at for _, at in directory.attachments_of(person.id)}
        if was_written or not died:
            assert held == some(after(NAMES))
            assert journal_of(database) == ["done"] * 4
        else:
            assert held == some(before(NAMES)), "it had not begun"
            assert journal_of(database) == []
        if not died:
            assert moment > 15, "it was killed at every one of them"
            return
