"""Mails of the portal itself: who is told of what, in which language, and what a bad mail server does to them."""

import io
import re
import smtplib
from dataclasses import replace
from email.message import EmailMessage

import pytest
from flask import Flask

from directory.errors import UnavailableError
from directory.model import AttachmentChange, Locale, User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.waiting import until
from tests.web.browser import PORTAL, Browser
from tests.web.conftest import ClientFor
from tests.web.typed import a_creation, a_row
from webapp.http.context import EXTENSION
from webapp.identity.actor import Author
from webapp.mail import courier, messages
from webapp.mail.courier import Courier
from webapp.records import outbox
from webapp.records.notice import notice_of
from webapp.storage.database import Database


class Post:
    """A mail server in memory; `error` is raised instead of taking a mail, `errors` for the next ones only."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.errors: list[Exception | None] = []
        self.tries = 0

    def __call__(self, host: str, port: int, timeout: float) -> "Post":
        assert timeout <= 10
        return self

    def __enter__(self) -> "Post":
        return self

    def __exit__(self, *_: object) -> None: ...

    def send_message(self, message: EmailMessage, sender: str, recipients: list[str]) -> None:
        self.tries += 1
        error = self.errors.pop(0) if self.errors else None
        if error:
            raise error
        self.messages.append(message)
        self.recipients.append(recipients)

    def to(self, email: str) -> EmailMessage:
        """The only mail to that address."""
        (found,) = [message for message in self.messages if message["To"] == email]
        return found


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    found = Post()
    monkeypatch.setattr(courier.smtplib, "SMTP", found)
    return found


@pytest.fixture
def sender(app: Flask, post: Post) -> Courier:
    return Courier(app)


def receivers(post: Post) -> list[str]:
    return sorted(recipient for recipients in post.recipients for recipient in recipients)


def modify(browser: Browser, user: User, *rows: dict[str, str]) -> None:
    fields = {"confirm": "1"}
    for row in rows:
        fields.update(row)
    assert browser.post(f"/users/{user.id}/attachments", fields).status == 303


class TestWhoIsTold:
    def test_attached(
        self, browser: Browser, sender: Courier, post: Post, stranger: User, second: User, directory: FakeDirectory
    ):
        """The person, and the other administrators; one mail each for two companies; nobody else."""
        directory.add_user(
            a_profile("pending@acme.example"), [an_attachment("acme", administrator=True)], password_required=True
        )
        directory.add_user(a_profile("boss@initech.example"), [an_attachment("initech", administrator=True)])
        both = {"email": stranger.email, "confirm": "1", **a_row("acme"), **a_row("globex", external=True)}
        assert browser.post("/users/new", both).status == 303
        assert sender.deliver_due() == 2
        assert receivers(post) == sorted([stranger.email, second.email])
        mail = post.to(stranger.email)
        assert mail["Subject"] == "Votre compte est rattaché à Acme Énergie, Globex"
        for words in (
            "Anne Durand",
            "Acme Énergie",
            "Globex",
            "Utilisateur, Interne",
            "Utilisateur, Externe",
            "cataliz",
        ):
            assert words in text_of(mail)
            assert words in html_of(mail)
        assert f"{PORTAL}/profile" in text_of(mail)
        told = post.to(second.email)
        assert "Dora Stranger" in told["Subject"]
        assert "Anne Durand a rattaché Dora Stranger (" in text_of(told)
        assert f"{PORTAL}/journal" in text_of(told)
        assert sender.deliver_due() == 0

    def test_role_changed_and_detached(self, browser: Browser, sender: Courier, post: Post, member: User):
        modify(browser, member, a_row("acme", administrator=True))
        sender.deliver_due()
        assert "Utilisateur, Interne → Administrateur, Interne" in text_of(post.to(member.email))
        assert post.to(member.email)["Subject"] == "Votre rattachement à Acme Énergie a changé"
        post.messages.clear()
        modify(browser, member)
        sender.deliver_due()
        assert post.to(member.email)["Subject"] == "Votre compte n’est plus rattaché à Acme Énergie"
        assert "cataliz, data" in text_of(post.to(member.email))

    def test_created_and_cancelled(
        self, browser: Browser, sender: Courier, post: Post, second: User, directory: FakeDirectory
    ):
        """The person has the activation mail; the other administrators are told of both."""
        browser.post("/users/new", a_creation(a_row("acme")))
        sender.deliver_due()
        assert receivers(post) == [second.email]
        assert post.to(second.email)["Subject"] == "Acme Énergie : un compte a été créé pour Emma Bernard"
        assert "Anne Durand a créé un compte pour Emma Bernard (" in text_of(post.to(second.email))
        post.messages.clear()
        post.recipients.clear()
        emma = directory.find_by_email("emma.bernard@acme.example")
        assert emma is not None
        browser.post(f"/users/{emma.id}/cancellation")
        sender.deliver_due()
        assert receivers(post) == [second.email]
        assert post.to(second.email)["Subject"] == "Acme Énergie : l’invitation d’Emma Bernard a été annulée"
        for words in (text_of, html_of):
            assert "Anne Durand a annulé l’invitation d’Emma Bernard (" in words(post.to(second.email))

    def test_who_left_is_not_told_the_administrators_are(
        self, client_for: ClientFor, sender: Courier, post: Post, member: User, administrator: User, second: User
    ):
        assert client_for(member).post("/profile/companies/acme/leaving").status == 303
        sender.deliver_due()
        assert receivers(post) == sorted([administrator.email, second.email])
        assert "Chloé Martin" in text_of(post.to(second.email))
        assert "a quitté" in text_of(post.to(second.email))

    def test_each_is_told_of_his_own_companies_only(
        self, browser: Browser, sender: Courier, post: Post, directory: FakeDirectory, stranger: User
    ):
        only_globex = directory.add_user(
            a_profile("boss@globex.example"), [an_attachment("globex", administrator=True)]
        )
        both = {"email": stranger.email, "confirm": "1", **a_row("acme"), **a_row("globex")}
        browser.post("/users/new", both)
        sender.deliver_due()
        mail = post.to(only_globex.email)
        assert "Globex" in text_of(mail)
        assert "Acme" not in mail["Subject"] + text_of(mail) + html_of(mail)

    def test_each_in_his_language(
        self, browser: Browser, sender: Courier, post: Post, directory: FakeDirectory, second: User
    ):
        john = directory.add_user(a_profile("john@acme.example", locale=Locale.EN), [an_attachment("acme")])
        modify(browser, john)
        sender.deliver_due()
        assert post.to(john.email)["Subject"] == "You are no longer attached to Acme Énergie"
        assert '<html lang="en">' in html_of(post.to(john.email))
        assert "détachement" in post.to(second.email)["Subject"]
        assert '<html lang="fr">' in html_of(post.to(second.email))

    def test_what_was_half_done_is_told_and_no_more(
        self, browser: Browser, sender: Courier, post: Post, directory: FakeDirectory, member: User
    ):
        directory.fail("change_attachment", nth=2)
        fields = {"confirm": "1", **a_row("acme", external=True), **a_row("globex")}
        assert browser.post(f"/users/{member.id}/attachments", fields).status == 503
        sender.deliver_due()
        assert "Acme" in text_of(post.to(member.email))
        assert "Globex" not in text_of(post.to(member.email))

    def test_nothing_happened_nobody_is_told(self, browser: Browser, sender: Courier, post: Post, member: User):
        modify(browser, member, a_row("acme"))
        browser.post(f"/users/{member.id}/attachments", a_row("globex"))
        assert sender.deliver_due() == 0
        assert post.tries == 0


class TestImport:
    HEADER = "email,last_name,first_name,title,locale,company,role,affiliation"

    def test_one_mail_each_for_a_whole_file(
        self, browser: Browser, sender: Courier, post: Post, second: User, member: User, stranger: User
    ):
        """Who was attached or changed is told once, however many lines; so is the other administrator."""
        lines = [
            self.HEADER,
            "neu@acme.example,Neu,Nina,mme,fr,acme,user,internal",
            "neu2@acme.example,Neu,Nils,m,fr,acme,user,internal",
            f"{member.email},,,,,acme,user,external",
            f"{stranger.email},,,,,acme,user,internal",
            f"{stranger.email},,,,,globex,user,internal",
        ]
        file = (io.BytesIO("\r\n".join(lines).encode()), "people.csv")
        assert browser.post("/users/import", {"file": file, "confirm": "1"}).status == 303
        sender.deliver_due()
        assert receivers(post) == sorted([second.email, member.email, stranger.email])
        assert post.to(stranger.email)["Subject"] == "Votre compte est rattaché à Acme Énergie, Globex"
        told = post.to(second.email)
        assert told["Subject"] == "Acme Énergie, Globex : 4 personnes ont été modifiées"
        for words in ("Nina Neu (neu@acme.example)", "Nils Neu", "compte créé", "Dora Stranger", "Chloé Martin"):
            assert words in text_of(told)
            assert words in html_of(told)

    def test_long_ones_are_cut(
        self, browser: Browser, sender: Courier, post: Post, second: User, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(messages, "LISTED", 2)
        people = [f"p{n}@acme.example,Neu,Nina,mme,fr,acme,user,internal" for n in range(5)]
        file = (io.BytesIO("\r\n".join([self.HEADER, *people]).encode()), "people.csv")
        assert browser.post("/users/import", {"file": file, "confirm": "1"}).status == 303
        sender.deliver_due()
        assert "et 3 autres" in text_of(post.to(second.email))

    def test_a_file_that_never_ended_is_told_of_in_the_end(
        self, browser: Browser, sender: Courier, post: Post, member: User, database: Database, monkeypatch
    ):
        """Its process died and nobody took it up: a day later what was done is told all the same."""
        clock = [outbox.now()]
        monkeypatch.setattr(outbox, "now", lambda: clock[0])
        with database.transaction() as connection:
            boss = Author("x", "Anne Durand", "anne@acme.example", "r")
            change = AttachmentChange("acme", None, an_attachment())
            payload = notice_of(boss, member, [(a_company("acme"), change)])
            outbox.add(connection, payload, None, "an-import")
        assert sender.deliver_due() == 0
        clock[0] += outbox.HELD + 1
        assert sender.deliver_due() >= 1
        assert member.email in receivers(post)


class TestForm:
    def test_text_and_html_and_headers(self, browser: Browser, sender: Courier, post: Post, member: User):
        modify(browser, member)
        sender.deliver_due()
        mail = post.to(member.email)
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert mail["Auto-Submitted"] == "auto-generated"
        assert re.fullmatch(r"<notice-\d+\.[0-9a-f-]{36}@portal\.example>", mail["Message-ID"])
        assert "Attaché" in mail["From"]
        assert mail["Date"]
        assert "None" not in text_of(mail) + html_of(mail)

    def test_markup_in_names_is_text(
        self, browser: Browser, sender: Courier, post: Post, directory: FakeDirectory
    ):
        """Names that Keycloak would refuse today may be in an old account."""
        user = directory.add_user(
            a_profile("x@acme.example", first_name="<img src=x>", last_name="\r\nBcc: y@evil.example"),
            [an_attachment("acme")],
        )
        modify(browser, user)
        sender.deliver_due()
        for mail in post.messages:
            assert "<img" not in html_of(mail)
            assert mail["Bcc"] is None
            assert "\n" not in mail["Subject"]

    def test_companies_beyond_three_are_counted(
        self, client_for: ClientFor, directory: FakeDirectory, sender: Courier, post: Post
    ):
        for number in range(5):
            directory.add_company(a_company(f"c{number}", f"Company {number}"))
        boss = directory.add_user(
            a_profile(), [an_attachment(f"c{number}", administrator=True) for number in range(5)]
        )
        user = directory.add_user(a_profile(), [an_attachment(f"c{number}") for number in range(5)])
        modify(client_for(boss), user)
        sender.deliver_due()
        assert post.to(user.email)["Subject"].endswith("Company 0, Company 1, Company 2 et 2 autres")
        assert "Company 4" in text_of(post.to(user.email))


class TestTrouble:
    def test_the_operation_does_not_wait(self, browser: Browser, post: Post, member: User):
        """Nothing is sent in the request."""
        modify(browser, member)
        assert post.tries == 0

    @pytest.mark.parametrize("error", [OSError("no route"), TimeoutError(), smtplib.SMTPServerDisconnected("bye")])
    def test_silent_server_is_tried_again_later(
        self, error: Exception, browser: Browser, sender: Courier, post: Post, member: User, monkeypatch
    ):
        """After a pause, and not before; the rest of that round waits too."""
        clock = [outbox.now()]
        monkeypatch.setattr(outbox, "now", lambda: clock[0])
        modify(browser, member)
        post.errors = [error]
        assert sender.deliver_due() == 0
        assert post.tries == 1
        clock[0] += 59
        sender.deliver_due()
        tried = post.tries
        clock[0] += 2
        sender.deliver_due()
        assert post.tries > tried
        assert member.email in receivers(post)

    def test_refused_recipient_stops_no_other(
        self, browser: Browser, sender: Courier, post: Post, member: User, second: User
    ):
        post.errors = [smtplib.SMTPRecipientsRefused({})]
        modify(browser, member)
        assert sender.deliver_due() == 1
        assert receivers(post) == [second.email]

    def test_given_up_in_the_end_and_forgotten(
        self, browser: Browser, sender: Courier, post: Post, member: User, database: Database, monkeypatch, caplog
    ):
        """The log names no address."""
        clock = [outbox.now()]
        monkeypatch.setattr(outbox, "now", lambda: clock[0])
        modify(browser, member)
        post.errors = [OSError("down")] * 100
        for _ in range(len(outbox.PAUSES) + 1):
            sender.deliver_due()
            clock[0] += max(outbox.PAUSES) + 1
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM mails").scalar() == 0
        assert post.tries == len(outbox.PAUSES) + 1
        assert "given up" in caplog.text
        assert "@" not in caplog.text

    def test_directory_down(
        self, browser: Browser, sender: Courier, post: Post, member: User, directory: FakeDirectory, monkeypatch
    ):
        """Whom to tell is asked again later."""
        clock = [outbox.now()]
        monkeypatch.setattr(outbox, "now", lambda: clock[0])
        modify(browser, member)
        directory.fail("administrators", error=UnavailableError("down"))
        assert sender.deliver_due() == 0
        clock[0] += 61
        assert sender.deliver_due() >= 1
        assert member.email in receivers(post)

    def test_two_couriers_send_it_once(self, browser: Browser, app: Flask, post: Post, member: User):
        modify(browser, member)
        Courier(app).deliver_due()
        Courier(app).deliver_due()
        assert receivers(post).count(member.email) == 1

    def test_courier_that_died_loses_no_mail(
        self, browser: Browser, sender: Courier, post: Post, member: User, database: Database, monkeypatch
    ):
        """What it had taken is free again after its lease, under the same message id."""
        clock = [outbox.now()]
        monkeypatch.setattr(outbox, "now", lambda: clock[0])
        modify(browser, member)
        assert outbox.take_notice(database) is not None
        assert sender.deliver_due() == 0
        clock[0] += outbox.LEASE + 1
        assert sender.deliver_due() >= 1

    def test_turned_off(
        self, browser: Browser, app: Flask, post: Post, member: User, database: Database, monkeypatch
    ):
        """By the setting NOTIFICATIONS: nobody is told, and nothing is kept."""
        parts = app.extensions[EXTENSION]
        silent = parts.settings.model_copy(update={"notifications": False})
        monkeypatch.setitem(app.extensions, EXTENSION, replace(parts, settings=silent))
        modify(browser, member)
        assert Courier(app).deliver_due() == 0
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM notices").scalar() == 0

    def test_command(self, browser: Browser, app: Flask, post: Post, member: User):
        modify(browser, member)
        result = app.test_cli_runner().invoke(args=["mails", "send"])
        assert (result.exit_code, result.output) == (0, "1 mails sent\n")

    def test_runs_beside_the_requests_and_ends(
        self, browser: Browser, app: Flask, post: Post, member: User, monkeypatch
    ):
        """As the portal starts it."""

        monkeypatch.setattr(courier, "PAUSE", 0.01)
        modify(browser, member, a_row("acme", external=True))
        running = Courier(app)
        running.start()
        until(lambda: receivers(post) == [member.email], "the mail has left", seconds=20)
        running.stop()
        modify(browser, member, a_row("acme", administrator=True))
        assert len(post.messages) == 1
