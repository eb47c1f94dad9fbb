"""Characters as they are named to people: the sign itself, or what it is when it would not be seen."""

import unicodedata
from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webapp.wording.labels import gettext as _

_KNOWN: dict[str, LazyString] = {
    "\r": _l("a line break"),
    "\n": _l("a line break"),
    "\x85": _l("a line break"),
    "\u2028": _l("a line break"),
    "\u2029": _l("a line break"),
    "\t": _l("a tab"),
    "\u00ad": _l("a soft hyphen (U+00AD)"),
}


def signs_in_words(signs: Iterable[str]) -> str:
    """Return the signs, each once, in quotation marks of the reader's language: `“;” “<”`."""
    return ", ".join(dict.fromkeys(map(_in_words, signs)))


def _in_words(sign: str) -> str:
    if sign in _KNOWN:
        return str(_KNOWN[sign])
    code = f"U+{ord(sign):04X}"
    match unicodedata.category(sign):
        case "Cc":
            return _("a control character (%(code)s)", code=code)
        case "Cf" | "Lo" | "Mn":
            return _("an invisible character (%(code)s)", code=code)
        case _:
            return _("“%(sign)s”", sign=sign)
