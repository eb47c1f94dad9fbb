"""The mails that were caught: read once into plain text, kept in memory and, when a folder is given, on disk."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class Mail:
    """One mail as a person would read it: headers and bodies decoded."""

    id: str
    to: tuple[str, ...]
    """Who it was delivered to, hidden copies included."""
    sender: str
    subject: str
    date: str
    """When it was caught, ISO 8601, UTC."""
    text: str
    html: str

    def as_json(self) -> dict[str, object]:
        """The form of the contract's API."""
        fields = asdict(self)
        return fields | {"to": list(self.to), "from": fields.pop("sender")}


class MailStore:
    """Keeps every mail, newest first. With a folder they are there again after a restart. Safe between threads."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._last_id = 0
        self._mails: dict[str, Mail] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for file in sorted(folder.glob("*.json")):
                mail = _load(file)
                self._mails[mail.id] = mail

    def all(self) -> list[Mail]:
        """Every mail, newest first."""
        with self._lock:
            return sorted(self._mails.values(), key=lambda mail: mail.id, reverse=True)

    def get(self, mail_id: str) -> Mail | None:
        """One mail, or None."""
        with self._lock:
            return self._mails.get(mail_id)

    def add(self, content: bytes, recipients: Sequence[str]) -> Mail:
        """Keep a mail as it came over SMTP; it is on disk when this returns."""
        with self._lock:
            self._last_id = max(time.time_ns(), self._last_id + 1)
            mail = read_mail(f"{self._last_id:020d}", content, recipients)
            if self._folder is not None:
                file = self._folder / f"{mail.id}.json"
                partial = file.with_suffix(".partial")
                partial.write_text(json.dumps(mail.as_json(), ensure_ascii=False), encoding="utf-8")
                os.replace(partial, file)
            self._mails[mail.id] = mail
        return mail

    def clear(self) -> None:
        """Forget every mail."""
        with self._lock:
            for mail_id in self._mails:
                if self._folder is not None:
                    (self._folder / f"{mail_id}.json").unlink(missing_ok=True)
            self._mails.clear()


def read_mail(mail_id: str, content: bytes, recipients: Sequence[str]) -> Mail:
    """Decode a mail; one in an unknown charset or with broken bytes is shown as well as it can be."""
    message = message_from_bytes(content, policy=policy.default)
    return Mail(
        id=mail_id,
        to=tuple(recipients),
        sender=str(message.get("From", "")),
        subject=str(message.get("Subject", "")),
        date=datetime.now(UTC).isoformat(timespec="milliseconds"),
        text=_body(message, "plain"),
        html=_body(message, "html"),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        decoded = payload.decode(part.get_content_charset("utf-8"), errors="replace")
    except LookupError:  # a charset that Python does not know
        decoded = payload.decode("latin-1")
    return decoded.replace("\r\n", "\n")


def _load(file: Path) -> Mail:
    stored = json.loads(file.read_text(encoding="utf-8"))
    return Mail(sender=stored.pop("from"), to=tuple(stored.pop("to")), **stored)
