"""R4, R5: each call of a creation, and of a change at four companies, goes wrong once, on a real Keycloak.

A call goes wrong for as often as the portal repeats it.
"""

import pytest
from sqlalchemy import select

from directory.encoding import Place
from directory.errors import DirectoryError, EmailTakenError
from directory.keycloak_gateway.calls import TRIES
from directory.model import Attachment, Company, User
from tests.builders import a_context, a_profile, an_attachment
from tests.contract.worlds import RealWorld, a_new_address
from tests.faults.four_companies import after, before, no_more_than_the_lesser, some
from tests.faults.proxy import OURS, Fault, FaultProxy, Kind, one_after_the_other
from webapp.errors import PartlyDoneError
from webapp.people import accounts, attachments
from webapp.people.recovery import complete
from webapp.records.operations import partial_of
from webapp.records.payloads import NewAccount
from webapp.storage.database import Database, journal, journal_companies

KINDS: tuple[Kind, ...] = ("503", "reset after")
pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(1800)]


@pytest.fixture
def actor(real_world: RealWorld, companies: list[Company]) -> User:
    return real_world.person(*(an_attachment(company, administrator=True) for company in companies))


@pytest.mark.parametrize("kind", KINDS)
def test_a_creation(
    kind: Kind, real_world: RealWorld, proxy: FaultProxy, database: Database, actor: User, companies: list[Company]
):
    """One account or none, whole; the same form once more leaves one account, with one mail at most."""
    wanted = (an_attachment(companies[0], administrator=True), an_attachment(companies[1], external=True))
    places = {Place(companies[0].id).path, Place(companies[1].id).path}
    context = a_context(real_world.directory, database, actor)
    for _ in one_after_the_other(proxy, lambda nth: Fault(kind, path=OURS, nth=nth, times=TRIES)):
        account = NewAccount(a_profile(a_new_address()), wanted)
        email = account.profile.email
        try:
            made = accounts.create(context, account, companies[:2]).user
        except DirectoryError:
            proxy.clear()
            try:
                made = accounts.create(context, account, companies[:2]).user
            except EmailTakenError:
                found = real_world.directory.find_by_email(email)
                assert found is not None
                made = found
        assert real_world.count(email) == 1
        assert places < real_world.groups_of(made.id)
        assert real_world.mails_to(email) <= 1
        assert outcomes(database, made.id) == {company.id: "done" for company in companies[:2]}


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_at_four_companies(
    kind: Kind, real_world: RealWorld, proxy: FaultProxy, database: Database, actor: User, companies: list[Company]
):
    """Where it stopped nobody holds more than before and after; what is left is finished with one click."""
    names = [company.id for company in companies]
    context = a_context(real_world.directory, database, actor)
    for _ in one_after_the_other(proxy, lambda nth: Fault(kind, path=OURS, nth=nth, times=TRIES)):
        person = real_world.person(*some(before(names)).values())
        failed = False
        try:
            attachments.change(context, companies, person, after(names))
        except PartlyDoneError:
            pass
        except DirectoryError:
            failed = True  # at the first company: whether it was changed there, Keycloak did not say
            assert partial_of(database, actor.id) == []
        proxy.clear()
        no_more_than_the_lesser(real_world.groups_of(person.id), names)
        for operation in partial_of(database, actor.id):
            complete(context, operation.id)
        if failed:
            attachments.change(context, companies, person, after(names))
        assert held(real_world, person) == some(after(names))
        ended = sorted(outcomes(database, person.id).values())
        assert ended == ["done"] * 4 or (failed and ended == ["done"] * 3 + ["failed"])


def held(world: RealWorld, person: User) -> dict[str, Attachment]:
    return {at.company_id: at for _, at in world.directory.attachments_of(person.id)}


def outcomes(database: Database, person_id: str) -> dict[str, str]:
    """How the last line of the journal about the person ended, for each company."""
    query = (
        select(journal_companies.c.company_id, journal.c.outcome)
        .join(journal, journal_companies.c.line_id == journal.c.id)
        .where(journal.c.person_id == person_id)
        .order_by(journal.c.id)
    )
    with database.engine.connect() as connection:
        return {row.company_id: row.outcome for row in connection.execute(query)}
