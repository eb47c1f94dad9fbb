"""What people are to be told of an operation: data for the courier, kept with the operation's end. Pure."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from directory.model import AttachmentChange, Company, User
from webapp.identity.actor import Author


def notice_of(
    author: Author,
    user: User,
    changes: Iterable[tuple[Company, AttachmentChange]],
    *,
    created: bool = False,
    cancelled: bool = False,
) -> dict[str, Any]:
    """One operation: who did it, to whom, and what changed at which company.

    The person of an account just created, or cancelled, is not told: the one has his activation mail, the other
    never knew.
    """
    return {
        "author": asdict(author),
        "person": {
            "id": user.id,
            "name": user.profile.full_name,
            "email": user.email,
            "locale": user.profile.locale.value,
        },
        "created": created,
        "cancelled": cancelled,
        "changes": [
            {
                "company": asdict(company),
                "before": asdict(change.before) if change.before else None,
                "after": asdict(change.after) if change.after else None,
            }
            for company, change in changes
        ],
    }
