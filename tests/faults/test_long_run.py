"""R11: an import that lasts longer than the tokens of the portal's account, on a real Keycloak.

`FAULT_PEOPLE` says how many people (`make faults` takes 500).
"""

import os
from uuid import uuid4

import pytest

from tests.builders import an_attachment, an_author
from tests.contract.worlds import RealWorld
from tests.faults.proxy import FaultProxy
from webapp.imports import store
from webapp.imports.csv_format import Line
from webapp.imports.plan import Outcome
from webapp.imports.worker import ImportWorker
from webapp.jobs.state import State
from webapp.storage.database import Database

PEOPLE = int(os.environ.get("FAULT_PEOPLE", "30"))
SECONDS = 1
"""How long a token lives."""
pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(900)]


def test_tokens_end_in_the_middle(
    real_world: RealWorld, proxy: FaultProxy, database: Database, capsys: pytest.CaptureFixture[str]
):
    """Every line is done, each person once; a token is asked for again and again."""
    company = real_world.company()
    actor = real_world.person(an_attachment(company, administrator=True))
    word = uuid4().hex[:8]
    cells = {"last_name": "Martin", "first_name": "Zoé", "title": "mme", "locale": "fr"}
    at = {"company": company.id, "role": "user", "affiliation": "internal"}
    emails = [f"n{number}-{word}@acme.example" for number in range(PEOPLE)]
    lines = [Line(number, {"email": email, **cells, **at}) for number, email in enumerate(emails, 2)]
    import_id = store.begin(database, an_author(actor), lines, mails=False)
    admin = real_world.realm.admin
    with real_world.realm.tokens_living(SECONDS):
        worker = ImportWorker()
        worker.start(real_world.directory, database, import_id)
        worker.wait()
    job = store.job(database, actor.id, import_id)
    query = {"email": f"-{word}@acme.example", "max": 2 * PEOPLE}
    made = admin.get("/users", params=query).json()
    for account in made:
        admin.delete(f"/users/{account['id']}").raise_for_status()
    assert (job.state, job.counts) == (State.DONE, {Outcome.CREATE: PEOPLE})
    assert sorted(account["email"] for account in made) == sorted(emails)
    tokens = sum(call.endswith("/realms/portal/protocol/openid-connect/token") for call in proxy.calls)
    with capsys.disabled():
        print(f"\n{PEOPLE} people, {tokens} tokens")  # noqa: T201
    assert tokens >= 3, "the first, and more"
