"""What operations learn of what no one looks after."""

import json
from datetime import UTC, date, datetime, timedelta

from flask import Flask

from directory.model import User
from tests.builders import a_context, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from webapp.lifecycle.worker import Lifecycle
from webapp.reviews import review as reviewing
from webapp.reviews.store import Start, Undecided
from webapp.storage.database import Database

PAST = date(2026, 1, 31)


def test_the_report_names_them(app: Flask, directory: FakeDirectory, database: Database, administrator: User):
    directory.add_user(a_profile("due@acme.example"), [an_attachment("acme", until=PAST)])
    directory.add_user(a_profile("soon@acme.example"), [an_attachment("acme", until=date(2099, 1, 1))])
    directory.add_user(a_profile("new@acme.example"), [an_attachment("acme")], password_required=True)
    company = directory.attachments_of(administrator.id)[0][0]
    reviewing.start(a_context(directory, database, administrator), Start(company, PAST, Undecided.KEEP))
    directory.made_at = dict.fromkeys(directory.made_at, datetime.now(UTC) - timedelta(days=1))

    answer = app.test_cli_runner().invoke(args=["people", "report", "--json"])
    assert answer.exit_code == 0
    assert json.loads(answer.output) == {
        "never_activated": ["new@acme.example"],
        "past_end": [{"email": "due@acme.example", "company": "acme", "until": "2026-01-31"}],
        "reviews_overdue": [{"company": "acme", "until": "2026-01-31"}],
    }
    assert app.test_cli_runner().invoke(args=["people", "report"]).output.splitlines() == [
        "never_activated: 1",
        "past_end: 1",
        "reviews_overdue: 1",
    ]


def test_figures_say_what_is_left_undone(
    app: Flask, visitor: Browser, directory: FakeDirectory, database: Database, administrator: User
):
    company = directory.attachments_of(administrator.id)[0][0]
    reviewing.start(a_context(directory, database, administrator), Start(company, PAST, Undecided.KEEP))

    def figures() -> set[str]:
        return {line for line in visitor.get("/metrics").body.splitlines() if line.startswith("attache_")}

    assert {"attache_reviews_overdue 1.0", "attache_day_undone 1.0"} <= figures()
    assert Lifecycle(app).look()
    assert {"attache_reviews_overdue 0.0", "attache_day_undone 0.0"} <= figures()
