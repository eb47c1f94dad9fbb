"""What the data of a person may be: address, names, title and language.

The one set of rules for forms, files of people, and the provisioner's company files. They refuse what Keycloak
refuses (measured on 26.7.5, see `tests/contract/test_creating.py`), so a mistake is named where it was made. Pure.
"""

import re
from enum import StrEnum
from typing import Any

from directory.model import Locale, Title

NAME_LENGTH = 255
"""Characters of a last name or a first name."""
PROHIBITED_IN_NAMES = re.compile(r"[<>&\"$%!#?§;*~/\\|^=\[\]{}()\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What Keycloak's validator `person-name-prohibited-characters` refuses, control characters, line separators."""


class NameFault(StrEnum):
    """What can be wrong with a name."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    PROHIBITED = "prohibited"


def normal_email(text: str) -> str:
    """Return the address as Keycloak keeps it: without spaces around it, in lower case.

    Raise `ValueError` when it is malformed. Keycloak accepts ASCII only in the local part, and at most 64
    characters. Whether mail can be delivered is not checked.
    """
    # Here, because the library takes a tenth of a second to load and few commands of the provisioner need it.
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True, test_environment=True
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    return str(found.ascii_email or found.normalized).lower()


def normal_name(text: str) -> str:
    """Return the name without the spaces around it. Line breaks stay, so that they are refused."""
    return text.strip(" \u00a0")


def name_fault(name: str) -> NameFault | None:
    """Return what is wrong with a name (of `normal_name`), or none."""
    if not name.strip():  # wide spaces too
        return NameFault.MISSING
    if len(name) > NAME_LENGTH:
        return NameFault.TOO_LONG
    return NameFault.PROHIBITED if PROHIBITED_IN_NAMES.search(name) else None


def title_of(text: Any) -> Title | None:
    """Return the title with that value; none for anything else."""
    return Title(text) if text in set(Title) else None


def locale_of(text: Any) -> Locale:
    """Return the language with that value; French for anything else."""
    return Locale(text) if text in set(Locale) else Locale.FR
