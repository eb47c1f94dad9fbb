"""Text as people compare it."""

import unicodedata
from functools import lru_cache

from directory.person_data import is_invisible


@lru_cache(maxsize=32_768)
def fold(text: str) -> str:
    """Text without case, accents and what is not seen. Remembered: a long list is the same names at every look."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded)
    return "".join(each for each in decomposed if not (unicodedata.combining(each) or is_invisible(each)))
