"""The courier: turns notices into mails and sends them, outside the requests.

Each process of the portal has one; the tables see to it that a notice or a mail is given to one of them at a time.
A mail server that is silent, or refuses, delays no one but the mails.
"""

import logging
import smtplib
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime as mail_date
from email.utils import localtime
from threading import Event, Thread

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from directory.errors import DirectoryError
from webapp.http.context import EXTENSION, Parts
from webapp.mail.messages import mails_of
from webapp.parallel import in_the_background
from webapp.records import outbox
from webapp.records.operations import write_what_was_kept
from webapp.records.outbox import Mail
from webapp.settings import Settings

PAUSE = 2.0
"""Seconds between two looks at what is due."""
SMTP_TIMEOUT = 10.0
"""Seconds that the mail server has for each answer."""

log = logging.getLogger(__name__)


class Courier:
    """Sends what is due: once by `deliver_due`, or again and again between `start` and `stop`."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._ended = Event()
        self._thread: Thread | None = None

    @property
    def _parts(self) -> Parts:
        parts: Parts = self._app.extensions[EXTENSION]
        return parts

    def start(self) -> None:
        """Look every `PAUSE` seconds, in a thread that ends with the process."""
        self._thread = in_the_background(self._run, "courier")

    def stop(self) -> None:
        """Look no more; returns when the mail under way has been handed over or given back."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(SMTP_TIMEOUT)

    def deliver_due(self) -> int:
        """Make the mails that are due and send them; how many left."""
        self._make_mails()
        return self._send_mails()

    def _run(self) -> None:
        while not self._ended.wait(PAUSE):
            try:
                write_what_was_kept()
                self.deliver_due()
            except SQLAlchemyError:
                log.exception("the database does not take or give what is to be done")

    def _make_mails(self) -> None:
        parts = self._parts
        while not self._ended.is_set() and (notice := outbox.take_notice(parts.database)):
            if not parts.settings.notifications:
                outbox.replace_by_mails(parts.database, notice, [])
                continue
            try:
                with self._app.app_context():
                    made = mails_of(parts.directory, parts.settings, notice)
            except DirectoryError:
                self._put_off(notice, "the directory does not say whom to tell")
                continue
            outbox.replace_by_mails(parts.database, notice, made)

    def _send_mails(self) -> int:
        parts, count = self._parts, 0
        while not self._ended.is_set() and (mail := outbox.take_mail(parts.database)):
            try:
                hand_over(parts.settings, mail)
            except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
                # This mail only: the next one may be welcome.
                self._put_off(mail, f"the mail server refuses it ({type(error).__name__})")
            except (OSError, smtplib.SMTPException) as error:
                self._put_off(mail, f"the mail server does not take it ({type(error).__name__})")
                return count
            else:
                outbox.sent(parts.database, mail)
                count += 1
        return count

    def _put_off(self, one: outbox.Notice | Mail, why: str) -> None:
        """Try again later. The log names numbers, never an address."""
        if outbox.later(self._parts.database, one):
            log.warning("%s %s put off: %s", type(one).__name__.lower(), one.id, why)
        else:
            log.error("%s %s given up: %s", type(one).__name__.lower(), one.id, why)


def hand_over(settings: Settings, mail: Mail) -> None:
    """Hand a mail to the mail server; `OSError` or `smtplib.SMTPException` when it is not taken."""
    with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SMTP_TIMEOUT) as server:
        if settings.smtp_starttls:
            server.starttls()
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        server.send_message(message_of(settings, mail), settings.smtp_from, [mail.recipient])


def message_of(settings: Settings, mail: Mail) -> EmailMessage:
    """The mail as it travels: plain text, and the same as HTML."""
    message = EmailMessage()
    message["From"] = Address("Attaché", addr_spec=settings.smtp_from)
    message["To"] = Address(addr_spec=mail.recipient)
    message["Subject"] = mail.subject
    message["Date"] = mail_date(localtime())
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message
