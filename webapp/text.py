"""Text as people compare it."""

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=32_768)
def fold(text: str) -> str:
    """Text without case and accents. Remembered: a long list is the same names at every look."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
