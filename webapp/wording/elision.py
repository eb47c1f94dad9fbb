"""French elision: « de » before a name that begins with a vowel sound is « d’ »."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

VOWELS = frozenset("aeiou")
MUTE_H = (
    "hadri", "hector", "helen", "heli", "helo", "henri", "hermi", "herv", "hilair", "hippol", "honor", "horten",
    "hubert", "hyacin", "hydr",
)  # fmt: skip
"""Beginnings whose h is silent: first names and words of company names. Before any other h, « de » stays."""
_DE_BEFORE_NAME = re.compile(r"\b([dD])e (?=%\((\w+)\)s)")


def starts_with_vowel_sound(text: str) -> bool:
    """Return whether French elides before this text: « d’Inès », « d’Yves », « d’Hélène », but « de Yasmine »."""
    decomposed = unicodedata.normalize("NFKD", text.strip().replace("œ", "oe").replace("Œ", "oe").casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    if plain.startswith("y"):
        return plain[1:2].isalpha() and plain[1] not in VOWELS
    return plain[:1] in VOWELS or plain.startswith(MUTE_H)


def elide(message: str, values: Mapping[str, Any]) -> str:
    """Return a French message, not yet filled, with « de %(name)s » elided where the value asks for it."""

    def shortened(found: re.Match[str]) -> str:
        return f"{found[1]}’" if starts_with_vowel_sound(str(values.get(found[2], ""))) else found[0]

    return _DE_BEFORE_NAME.sub(shortened, message)
