"""People as lines of a file: what an import of that file finds unchanged. Pure."""

import unicodedata
from datetime import datetime

from directory.model import Member


def cells_of(member: Member, now: datetime) -> list[str]:
    """A person with one attachment, in the columns of the list (`csv_format.LIST_COLUMNS`)."""
    profile, (attachment,) = member.user.profile, member.attachments
    return [
        profile.email,
        unicodedata.normalize("NFC", profile.last_name),
        unicodedata.normalize("NFC", profile.first_name),
        profile.title.value if profile.title else "",
        profile.locale.value,
        attachment.company_id,
        attachment.role.value,
        attachment.affiliation.value,
        attachment.until.isoformat() if attachment.until else "",
        member.user.status(now).value,
    ]
