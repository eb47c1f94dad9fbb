"""What the data of a person may be: address, names, title and language.

The one set of rules for forms, files of people, and the provisioner's company files. They refuse what Keycloak
refuses (measured on 26.7.5, see `tests/contract/test_creating.py`), so a mistake is named where it was made. Pure.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Any

from directory.model import Locale, Title

NAME_LENGTH = 255
"""Characters of a last name or a first name."""
LOCAL_PART_LENGTH = 64
"""Characters of an address before its @."""
PROHIBITED_IN_NAMES = re.compile(r"[<>&\"$%!#?§;*~/\\|^=\[\]{}()\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What Keycloak's validator `person-name-prohibited-characters` refuses, control characters, line separators."""

_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters and marks that Unicode has as «default ignorable»: nothing is seen where they are."""
_JOINERS = frozenset("\u200c\u200d")
_SCRIPTS_WITH_JOINERS = frozenset(
    """ARABIC BENGALI DEVANAGARI GUJARATI GURMUKHI KANNADA KHMER MALAYALAM MONGOLIAN MYANMAR NKO ORIYA SINHALA
    SYRIAC TAMIL TELUGU""".split()
)
"""Scripts in which a joiner or non-joiner changes what is read, by the first word of their characters' names."""
_MAILBOX = re.compile(r"[^<>]*<\s*([^<>]+?)\s*>")
_AT_SIGNS = str.maketrans("\uff20\ufe6b", "@@")


class NameFault(StrEnum):
    """What can be wrong with a name."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    PROHIBITED = "prohibited"


class EmailFault(StrEnum):
    """What can be wrong with an address."""

    MALFORMED = "malformed"
    LOCAL_PART_TOO_LONG = "local_part_too_long"
    INVISIBLE = "invisible"


class EmailError(ValueError):
    """The address cannot be one of an account; `signs` are the invisible characters inside it."""

    def __init__(self, fault: EmailFault, reason: str, signs: str = "") -> None:
        super().__init__(reason)
        self.fault = fault
        self.signs = signs


def is_invisible(character: str) -> bool:
    """Whether nothing is seen of a character: zero-width, soft hyphen, direction mark or override."""
    return unicodedata.category(character) == "Cf" or character in _BLANK_LETTERS


def normal_email(text: str) -> str:
    """Return the address of a text as Keycloak keeps it: in lower case, the domain as in the DNS.

    Spaces and invisible characters around it are left out; `mailto:x@y`, `Name <x@y>` and a full-width @ are read.
    Raise `EmailError` when it is malformed. Keycloak accepts ASCII only in the local part, and at most 64
    characters. Whether mail can be delivered is not checked.
    """
    # Here, because the library takes a tenth of a second to load and few commands of the provisioner need it.
    from email_validator import EmailNotValidError, validate_email

    address = bare_address(text)
    if invisible := "".join(dict.fromkeys(filter(is_invisible, address))):
        raise EmailError(EmailFault.INVISIBLE, "The address has an invisible character.", invisible)
    if address.count("@") == 1 and len(address.partition("@")[0]) > LOCAL_PART_LENGTH:
        raise EmailError(EmailFault.LOCAL_PART_TOO_LONG, "The part before the @-sign is too long.")
    try:
        found = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, strict=True, test_environment=True
        )
    except EmailNotValidError as error:
        raise EmailError(EmailFault.MALFORMED, str(error)) from error
    return str(found.ascii_email or found.normalized).lower()


def bare_address(text: str) -> str:
    """Return the address without what programs put around it when it is copied. It is not checked."""
    address = _without_invisible_ends(text)
    if mailbox := _MAILBOX.fullmatch(address):
        address = _without_invisible_ends(mailbox[1])
    if address[:7].lower() == "mailto:":
        address = address[7:].partition("?")[0]
    return _without_invisible_ends(address).translate(_AT_SIGNS)


def _without_invisible_ends(text: str) -> str:
    start, end = 0, len(text)
    while start < end and (text[start].isspace() or is_invisible(text[start])):
        start += 1
    while end > start and (text[end - 1].isspace() or is_invisible(text[end - 1])):
        end -= 1
    return text[start:end]


def email_spellings(email: str) -> tuple[str, ...]:
    """Return the address, and its other spelling when its domain has letters beyond ASCII (`xn--…` in the DNS)."""
    local, at, domain = email.rpartition("@")
    if domain.isascii() and "xn--" not in domain.lower():
        return (email,)
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(f"x@{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return (email,)
    other = found.domain if domain.isascii() else found.ascii_domain
    return (email, f"{local}{at}{other}")


def normal_name(text: str) -> str:
    """Return the name as it is stored: composed (NFC), without spaces around it and without invisible characters.

    Joiners stay in scripts that need them. Line breaks stay, so that they are refused.
    """
    if text.isascii():
        return text.strip(" ")
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(
        character
        for place, character in enumerate(composed)
        if not is_invisible(character) or _is_needed(composed, place)
    )
    # Composed once more: an invisible character may have stood between a letter and its accent.
    return unicodedata.normalize("NFC", visible).strip(" \u00a0")


def _is_needed(text: str, place: int) -> bool:
    """Whether the character is a joiner between two characters of a script that needs it."""
    around = (text[place - 1 : place], text[place + 1 : place + 2])
    return text[place] in _JOINERS and all(_script(each) in _SCRIPTS_WITH_JOINERS for each in around)


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0] if character else ""


def name_fault(name: str) -> NameFault | None:
    """Return what is wrong with a name (of `normal_name`), or none."""
    if not name.strip():  # wide spaces too
        return NameFault.MISSING
    if len(name) > NAME_LENGTH:
        return NameFault.TOO_LONG
    return NameFault.PROHIBITED if PROHIBITED_IN_NAMES.search(name) else None


def prohibited_signs(name: str) -> str:
    """Return the characters that a name must not have, each once, in the order in which they come."""
    return "".join(dict.fromkeys(PROHIBITED_IN_NAMES.findall(name)))


def title_of(text: Any) -> Title | None:
    """Return the title with that value; none for anything else."""
    return Title(text) if text in set(Title) else None


def locale_of(text: Any) -> Locale:
    """Return the language with that value; French for anything else."""
    return Locale(text) if text in set(Locale) else Locale.FR
