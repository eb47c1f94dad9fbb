"""R9: a mail server that takes the connection of a real Keycloak and says nothing."""

import time

import pytest

from directory.keycloak_gateway.connection import MAIL_READ_TIMEOUT
from directory.model import ActivationStatus
from tests.builders import a_context, a_profile, an_attachment
from tests.contract.realm import Realm
from tests.contract.worlds import RealWorld, a_new_address
from tests.faults.keycloaks import RealKeycloak
from tests.faults.proxy import EVERY
from webapp.people import accounts, activations
from webapp.people.administration import administration_now, person
from webapp.records.payloads import NewAccount
from webapp.storage.database import Database

pytestmark = [
    pytest.mark.keycloak,
    pytest.mark.skipif(EVERY > 1, reason="waits for ten seconds: `make faults` runs it"),
]


def test_the_account_is_there_and_one_press_sends_one_mail(
    keycloak_realm: Realm, real_world: RealWorld, database: Database, capsys: pytest.CaptureFixture[str]
):
    """Keycloak gives up before we do; the state is shown; nothing was sent twice when the server speaks again."""
    keycloak = RealKeycloak(real_world)
    at = an_attachment(keycloak.company_id, administrator=True)
    actor = real_world.person(at)
    context = a_context(keycloak.directory(), database, actor)
    mine = administration_now(context.directory, context.author)
    email = a_new_address()
    keycloak_realm.mail.behaviour = "silent"
    try:
        began = time.monotonic()
        made = accounts.create(context, NewAccount(a_profile(email), (at,)), mine.companies)
        waited = time.monotonic() - began
    finally:
        keycloak_realm.mail.behaviour = "ok"
    with capsys.disabled():
        print(f"\n{waited:.2f} s until a silent mail server is given up")  # noqa: T201
    assert 5 < waited < MAIL_READ_TIMEOUT
    assert not made.mail_sent
    member = person(context.directory, mine, made.user.id)
    assert member.user.status() is ActivationStatus.NOT_SENT
    activations.resend(context, member, mine.companies)
    assert real_world.mails_to(email) == 1
    assert context.directory.user(made.user.id).status() is ActivationStatus.PENDING
