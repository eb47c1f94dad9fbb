"""What a well-formed address and a well-formed name are; the same for a form and for a file. Pure."""

import re
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

NAME_LENGTH = 255
PROHIBITED_IN_NAMES = re.compile(r"[<>&\"$%!#?§;*~/\\|^=\[\]{}()\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What Keycloak's `person-name-prohibited-characters` refuses, control characters, separators of lines."""


class NameFault(StrEnum):
    """What can be wrong with a name."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    PROHIBITED = "prohibited"


def normal_email(text: str) -> str:
    """The one spelling of an address: trimmed, lower case, as Keycloak keeps it; `ValueError` when malformed.

    Not deliverability: that is for the mail to show. Local part of at most 64 characters and ASCII only (what
    Keycloak accepts, measured).
    """
    try:
        found = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True, test_environment=True
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    return str(found.ascii_email or found.normalized).lower()


def normal_name(text: str) -> str:
    """The name without the spaces around it. Spaces only: a line break must be refused, not removed."""
    return text.strip(" \u00a0")


def name_fault(name: str) -> NameFault | None:
    """What is wrong with a name (of `normal_name`); none when it is one as people have them."""
    if not name.strip():  # wide spaces too
        return NameFault.MISSING
    if len(name) > NAME_LENGTH:
        return NameFault.TOO_LONG
    return NameFault.PROHIBITED if PROHIBITED_IN_NAMES.search(name) else None
