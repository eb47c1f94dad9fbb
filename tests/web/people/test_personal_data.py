"""What is held of a person: said on a page, given to him, erased; and what nobody activated, deleted."""

import json
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import insert, select, update

from directory.errors import MailRefusedError, NotFoundError
from directory.model import Invitation, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.typed import a_creation, a_row
from webapp.http.context import EXTENSION
from webapp.jobs import batches
from webapp.people import personal_data
from webapp.resend_all import store as resend_store
from webapp.storage.database import (
    Database,
    activation_mails,
    import_lines,
    metadata,
    now,
    operations,
    quota_uses,
    sessions,
)

DAY = timedelta(days=1)


def run(app: Flask, *arguments: str, **options: str) -> Result:
    return app.test_cli_runner().invoke(args=["people", *arguments], **options)


def everything(database: Database) -> str:
    """All that the tables hold, as text."""
    with database.engine.connect() as connection:
        return "\n".join(
            str(row._mapping).replace("\\u", "\\u")
            for table in metadata.tables.values()
            for row in connection.execute(select(table))
        )


@pytest.fixture
def history(client_for: ClientFor, browser: Browser, administrator: User, member: User) -> Browser:
    """Chloé was changed, corrected and imported by Anne, and changed her own companies."""
    assert browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **a_row("acme", external=True)}).status
    browser.post("/users/new", {"email": member.email})
    content = (
        "email,last_name,first_name,title,locale,company,role,affiliation\n"
        f"{member.email},Martin,Chloé,mme,fr,globex,user,internal\n"
    )
    browser.post("/users/import", {"file": (BytesIO(content.encode()), "people.csv"), "confirm": "1"})
    own = client_for(member)
    assert own.get("/profile").status == 200
    return own


class TestPage:
    """« Données personnelles », in both languages, for everybody."""

    @pytest.mark.parametrize(("language", "heading"), [("fr", "Données personnelles"), ("en", "Personal data")])
    def test_says_what_is_kept_and_how_long(self, language: str, heading: str, client_for: ClientFor):
        page = client_for(headers={"Accept-Language": language}).get("/personal-data")
        assert page.status == 200
        assert page.h1 == heading
        assert page.lang == language
        for figure in ({"fr": "3 ans", "en": "3 years"}[language], "180", "30", "10"):
            assert figure in page.main.text
        assert re.search({"fr": "renvoi groupé .* 7 jours", "en": "sent again.* 7 days"}[language], page.main.text)

    def test_is_linked_from_every_page(self, visitor: Browser, browser: Browser):
        for page in (visitor.get("/help"), browser.get("/users"), browser.get("/nothing-here")):
            assert "/personal-data" in [link["href"] for link in page.html.one("footer").all("a")]


class TestExport:
    """`flask people export`: everything about one person, to be given to him."""

    def test_tells_account_attachments_sessions_and_journal(self, app: Flask, history: Browser, member: User):
        result = run(app, "export", member.email)
        assert result.exit_code == 0, result.output
        told = json.loads(result.output)
        assert told["account"]["email"] == member.email
        assert told["account"]["status"] == "active"
        assert {one["company"] for one in told["attachments"]} == {"acme", "globex"}
        assert len(told["sessions"]) == 1
        assert {line["action"] for line in told["journal"]} >= {"change", "attach", "look_up"}
        assert [line["email"] for line in told["imports"]] == [member.email]

    def test_says_where_he_was_invited(self, app: Flask, directory: FakeDirectory):
        """Not by whom: that is somebody else's data."""
        said = Invitation("Anne Durand", ("Acme Énergie", "Globex"))
        user = directory.create_user(a_profile("new@acme.example"), [an_attachment("acme")], said)
        told = json.loads(run(app, "export", user.email).output)
        assert told["account"]["invited_to"] == ["Acme Énergie", "Globex"]
        assert "Anne Durand" not in json.dumps(told, ensure_ascii=False)

    def test_by_id_is_the_same(self, app: Flask, history: Browser, member: User):
        one, other = (json.loads(run(app, "export", who).output) for who in (member.id, member.email.upper()))
        assert {**one, "made_at": ""} == {**other, "made_at": ""}

    @pytest.mark.slow
    def test_says_nothing_of_others(self, app: Flask, history: Browser, member: User, administrator: User):
        """Who did it is somebody else's data."""
        said = run(app, "export", member.email).output
        assert administrator.email not in said
        assert administrator.id not in said

    def test_without_keycloak(self, app: Flask, directory: FakeDirectory):
        """One line and no trace."""
        directory.down = True
        for words in (["export", "x@acme.example"], ["erase", "x@acme.example", "--yes"], ["purge"]):
            result = run(app, *words)
            assert result.exit_code == 1
            assert result.output.startswith("Error: Keycloak")
            assert len(result.output.splitlines()) == 1

    def test_of_nobody(self, app: Flask):
        result = run(app, "export", "nobody@acme.example")
        assert result.exit_code == 1
        assert "nobody@acme.example" in result.output


class TestErase:
    """`flask people erase`: gone from the tables, a pseudonym in the journal."""

    def test_nothing_is_left(
        self,
        app: Flask,
        history: Browser,
        browser: Browser,
        database: Database,
        directory: FakeDirectory,
        member: User,
    ):
        """Not in any column of any table; the journal's lines are still there, as many as before."""
        before = everything(database)
        assert member.id in before
        assert member.email in before
        lines = len(browser.get("/journal").rows)
        del directory._people[member.id]
        result = run(app, "erase", member.email, "--yes")
        assert result.exit_code == 0, result.output
        after = everything(database)
        for word in (member.id, member.email, "Martin", "Chlo", "chloe"):
            assert word not in after, word
        page = browser.get("/journal")
        assert len(page.rows) == lines
        assert "erased-" in page.main.text
        assert history.get("/profile").status == 302, "his session is over"

    def test_author_is_a_pseudonym_too(
        self, app: Flask, history: Browser, database: Database, administrator: User
    ):
        """What he did stays, and that it was the same person; not who it was."""
        run(app, "erase", administrator.id, "--yes")
        after = everything(database)
        assert administrator.email not in after
        assert administrator.id not in after
        assert "Durand" not in after

    def test_corrected_address_goes_too(
        self, app: Flask, browser: Browser, directory: FakeDirectory, database: Database
    ):
        """The address that stood in a line as what it was before."""
        wrong, right = "wrogn@acme.example", "right@acme.example"
        browser.post("/users/new", a_creation(a_row("acme"), email=wrong))
        pending = directory.find_by_email(wrong)
        assert pending
        assert browser.post(f"/users/{pending.id}/email", {"email": right}).status == 303
        run(app, "erase", right, "--yes")
        assert wrong not in everything(database)
        assert right not in everything(database)

    def test_mistyped_address_of_somebody_else(
        self, app: Flask, browser: Browser, directory: FakeDirectory, database: Database, member: User
    ):
        """Somebody's address was mistyped into one that a third person has by now: she is not erased with him."""
        browser.post("/users/new", a_creation(a_row("acme"), email="wrong@acme.example"))
        pending = directory.find_by_email("wrong@acme.example")
        assert pending
        browser.post(f"/users/{pending.id}/email", {"email": "right@acme.example"})
        assert browser.get("/users").status == 200, "what was said is read"
        directory.add_user(a_profile("wrong@acme.example", last_name="Third"), [an_attachment("acme")])
        third = directory.find_by_email("wrong@acme.example")
        assert third
        browser.post(f"/users/{third.id}/attachments", {"confirm": "1", **a_row("acme", external=True)})
        run(app, "erase", "right@acme.example", "--yes")
        assert third.id in everything(database)
        assert "Third" in everything(database)
        assert pending.id not in everything(database)

    def test_others_are_untouched(
        self, app: Flask, history: Browser, database: Database, administrator: User, member: User
    ):
        run(app, "erase", member.email, "--yes")
        with database.engine.connect() as connection:
            people = set(connection.execute(select(sessions.c.person_id)).scalars())
        assert administrator.id in people
        assert administrator.email in everything(database)

    def test_says_when_the_account_is_still_there(self, app: Flask, history: Browser, member: User):
        """The portal may not delete an active account; operations are told to."""
        assert "Keycloak" in run(app, "erase", member.email, "--yes").output

    def test_asks_first(self, app: Flask, history: Browser, database: Database, member: User):
        before = everything(database)
        assert run(app, "erase", member.email, input="n\n").exit_code == 1
        assert everything(database) == before


class TestBatchOfMails:
    """« Renvoyer tous »: who was in it, and who began it."""

    @pytest.fixture
    def sent(self, browser: Browser, directory: FakeDirectory) -> list[User]:
        """Two people who were mailed together by Anne; the second mail was refused."""
        directory.fail("send_activation", nth=2, error=MailRefusedError("no"))
        found = [
            directory.add_user(
                a_profile(f"e{number}@acme.example"),
                [an_attachment("acme")],
                password_required=True,
                activation_sent_at=datetime.now(UTC) - 31 * DAY,
            )
            for number in range(2)
        ]
        assert browser.post("/users/activations").status == 303
        return found

    def test_each_is_told_of_his_own_mail(self, app: Flask, sent: list[User], administrator: User):
        told = [json.loads(run(app, "export", who.id).output)["resendings"] for who in (*sent, administrator)]
        assert [{k: v for k, v in one.items() if k != "at"} for (one,) in told] == [
            {"as": "person", "outcome": "sent"},
            {"as": "person", "outcome": "mail_refused"},
            {"as": "author", "mails": 2},
        ]

    def test_a_person_goes_from_it_and_the_others_stay(
        self, app: Flask, browser: Browser, database: Database, sent: list[User]
    ):
        assert "resendings: 1" in run(app, "erase", sent[0].id, "--yes").output
        assert sent[0].id not in everything(database)
        page = browser.get("/users/activations")
        assert len(page.rows) == 1
        assert page.row(sent[1].email)

    def test_it_goes_with_its_author(
        self, app: Flask, database: Database, sent: list[User], administrator: User, second: User
    ):
        """Not with somebody else."""
        run(app, "erase", second.id, "--yes")
        assert resend_store.latest(database, administrator.id) is not None
        assert "resendings: 1" in run(app, "erase", administrator.id, "--yes").output
        assert resend_store.latest(database, administrator.id) is None
        assert administrator.id not in everything(database)

    def test_one_that_goes_on_does_so_without_him(self, database: Database, sent: list[User], administrator: User):
        """What is written down after it does not bring him back."""
        mark = batches.begin(database, administrator.id, [user.id for user in sent])
        subject = personal_data.Subject(None, frozenset({sent[0].id}), frozenset({sent[0].email}))
        personal_data.erase(database, subject)
        outcomes = {user.id: resend_store.Resent.SENT for user in sent}
        assert batches.record(database, administrator.id, mark, outcomes)
        batch = resend_store.latest(database, administrator.id)
        assert batch is not None
        assert batch.results == ((sent[1].id, resend_store.Resent.SENT),)


class TestNeverActivated:
    """`flask people purge`: accounts that nobody activated are deleted after a set time."""

    def test_old_ones_are_deleted_with_a_line(
        self, app: Flask, browser: Browser, directory: FakeDirectory, database: Database
    ):
        """Also one that was never mailed, by the day it was made; each company's journal says so."""
        then = datetime.now(UTC) - 181 * DAY
        place = [an_attachment("acme"), an_attachment("initech")]
        mailed = directory.add_user(
            a_profile(last_name="Old"), place, password_required=True, activation_sent_at=then
        )
        silent = directory.add_user(a_profile(last_name="Silent"), place, password_required=True)
        directory.made_at[silent.id] = then
        result = run(app, "purge")
        assert result.exit_code == 0, result.output
        assert "2 accounts" in result.output
        for user in (mailed, silent):
            with pytest.raises(NotFoundError):
                directory.user(user.id)
        assert "Old" in browser.get("/journal").main.text

    def test_others_stay(self, app: Flask, directory: FakeDirectory, member: User):
        """Younger ones, active ones however old, those at no company, operators."""
        old, young = datetime.now(UTC) - 400 * DAY, datetime.now(UTC) - 179 * DAY
        at_acme = [an_attachment("acme")]
        kept = [
            directory.add_user(a_profile(), at_acme, password_required=True, activation_sent_at=young),
            directory.add_user(a_profile(), at_acme, activation_sent_at=old),
            directory.add_user(
                a_profile(), at_acme, password_required=True, activation_sent_at=old, enabled=False
            ),
            directory.add_user(a_profile(), [], password_required=True, activation_sent_at=old),
            directory.add_user(a_profile(), at_acme, password_required=True),
        ]
        before = directory.snapshot()
        assert run(app, "purge").exit_code == 0
        assert directory.snapshot() == before
        assert len(kept) == 5

    def test_days_of_the_setting_or_of_the_command(self, app: Flask, directory: FakeDirectory):
        """Never before the link has expired."""
        sent = datetime.now(UTC) - 40 * DAY
        directory.add_user(a_profile(), [an_attachment("acme")], password_required=True, activation_sent_at=sent)
        assert "0 accounts" in run(app, "purge").output
        assert run(app, "purge", "--days", "30").exit_code == 2
        assert "1 accounts" in run(app, "purge", "--days", "31").output


class TestServedItsTime:
    """What the portal needs no longer is deleted, at each start and with `flask people purge`."""

    def test_is_deleted_and_the_rest_is_not(self, app: Flask, browser: Browser, database: Database, member: User):
        assert browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **a_row("acme", external=True)})
        long_ago = now() - personal_data.KEPT_AFTER_END - 1
        with database.transaction() as connection:
            connection.execute(insert(activation_mails).values(user_id="old", sent_at=long_ago))
            connection.execute(insert(activation_mails).values(user_id="new", sent_at=now()))
            connection.execute(insert(quota_uses).values(quota="sign_in", subject="old", key="", at=long_ago))
            kept = len(connection.execute(select(operations)).all())
        personal_data.purge(database)
        with database.transaction() as connection:
            assert connection.execute(select(activation_mails.c.user_id)).scalars().all() == ["new"]
            assert "old" not in connection.execute(select(quota_uses.c.subject)).scalars().all()
            assert len(connection.execute(select(operations)).all()) == kept > 0
            connection.execute(update(operations).values(finished_at=long_ago))
        personal_data.purge(database)
        with database.transaction() as connection:
            assert connection.execute(select(operations)).all() == []
            assert len(connection.execute(select(sessions)).all()) == 1

    def test_lines_of_imports_are_found_by_address(
        self, app: Flask, history: Browser, database: Database, member: User
    ):
        """Only the lines about him; the file's other lines stay."""
        with database.transaction() as connection:
            import_id = connection.execute(select(import_lines.c.import_id)).scalar_one()
            connection.execute(
                insert(import_lines).values(
                    import_id=import_id, number=9, cells={"email": f"x{member.email}"}, surplus=0
                )
            )
        parts = app.extensions[EXTENSION]
        subject = personal_data.find(parts.directory, database, member.email)
        assert subject
        personal_data.erase(database, subject)
        with database.engine.connect() as connection:
            assert connection.execute(select(import_lines.c.number)).scalars().all() == [9]
