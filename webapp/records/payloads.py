"""What an operation is about, as it is written down before its first call to Keycloak."""

from dataclasses import dataclass
from enum import StrEnum

from directory.model import Attachment, AttachmentChange, Invitation, Profile
from webapp.records.journal import Entry


class Kind(StrEnum):
    """What an operation does."""

    CREATE = "create"
    CHANGE = "change"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be created.

    `invitation` is what its activation mail says of the author; without `mail` none is sent. The notices of one
    `batch` are sent together.
    """

    profile: Profile
    attachments: tuple[Attachment, ...]
    invitation: Invitation | None = None
    mail: bool = True
    batch: str = ""


@dataclass(frozen=True, slots=True)
class AttachmentChanges:
    """Changes of one person's attachments; `name` is what the person is called, to show what was left undone."""

    user_id: str
    changes: tuple[AttachmentChange, ...]
    name: str = ""
    batch: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One call that cannot be repeated blindly: a mail, an address, a deletion; `entry` is its line when done."""

    entry: Entry
    batch: str = ""


Payload = NewAccount | AttachmentChanges | Act

TYPES: dict[Kind, type[NewAccount] | type[AttachmentChanges] | type[Act]] = {
    Kind.CREATE: NewAccount,
    Kind.CHANGE: AttachmentChanges,
    Kind.ACT: Act,
}
KINDS: dict[type, Kind] = {payload: kind for kind, payload in TYPES.items()}
