"""A line of the journal in the reader's words."""

from webapp.records.journal import Values
from webapp.wording import times
from webapp.wording.labels import AFFILIATIONS, REASONS_WHY, ROLES
from webapp.wording.labels import gettext as _


def values_in_words(values: Values | None) -> str:
    """What was, or is now, in the reader's words; nothing for nothing."""
    if values is None:
        return ""
    found = []
    if values.role is not None:
        found.append(str(ROLES[values.role]))
    if values.affiliation is not None:
        found.append(str(AFFILIATIONS[values.affiliation]))
    if values.until is not None:
        found.append(_("until %(day)s", day=times.last_day(values.until)))
    if values.digest is not None:
        found.append(f"SHA-256 {values.digest}")
    if values.email is not None:
        found.append(values.email)
    if values.found is not None:
        found.append(_("an account exists") if values.found else _("no account"))
    return ", ".join(found)


def reason_in_words(reason: str) -> str:
    """Why something was not done; a word that no one knows as it is."""
    return str(REASONS_WHY.get(reason, reason))
