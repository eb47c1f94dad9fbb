"""The guide in the product: one page for each task, and which of them explains which page of the portal."""

from dataclasses import dataclass
from pathlib import Path

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

TEXTS = Path(__file__).parents[1] / "templates"
FALLBACK = "en"


def written_in(text: str, locale: str) -> str:
    """The language of a whole text (`help/*/index.html`): the reader's if there is one in it, else English."""
    return locale if (TEXTS / text.replace("*", locale)).is_file() else FALLBACK


@dataclass(frozen=True, slots=True)
class Task:
    """What somebody may want to do; its text is `templates/help/<locale>/<name>.html`."""

    name: str
    title: LazyString


TASKS = {
    task.name: task
    for task in (
        Task("create", _l("Create a user account")),
        Task("activate", _l("Activate your account")),
        Task("resend", _l("Resend an activation request")),
        Task("correct", _l("Correct an address, cancel an invitation")),
        Task("replace", _l("Replace an account whose address changes")),
        Task("invitation-text", _l("Copy the text of an invitation")),
        Task("modify", _l("Change a role or internal/external")),
        Task("detach", _l("Detach a user’s account")),
        Task("attach", _l("Attach a user’s account")),
        Task("ends", _l("End dates")),
        Task("list", _l("Find people in the list")),
        Task("person", _l("The page of a person")),
        Task("several", _l("Several people at once")),
        Task("many-companies", _l("Many companies")),
        Task("import", _l("Import and export users")),
        Task("journal", _l("Read the journal")),
        Task("review", _l("Access reviews")),
        Task("administrators", _l("The only administrator of a company")),
        Task("profile", _l("My profile")),
        Task("leave", _l("Leave a company")),
        Task("sign-in", _l("Single sign-on")),
    )
}

EXPLAINED_BY = {
    "users.index": "list",
    "new_user.create": "create",
    "person.show": "person",
    "transfers.upload": "import",
    "imports.show": "import",
    "imports.go_on": "import",
    "attachments.edit": "modify",
    "operations.complete": "modify",
    "operations.dismiss": "modify",
    "operations.undo": "modify",
    "activations.resend": "resend",
    "activations.resend_all": "resend",
    "activations.results": "resend",
    "selection.act": "several",
    "selection.results": "several",
    "selection.undo": "several",
    "endings.index": "ends",
    "endings.extend": "ends",
    "replacement.replace": "replace",
    "reviews.index": "review",
    "reviews.show": "review",
    "accounts.email": "correct",
    "accounts.cancel": "correct",
    "journal.index": "journal",
    "profile.edit": "profile",
    "profile.change_password": "profile",
    "profile.leave": "leave",
    "profile.end_session": "profile",
    "profile.end_other_sessions": "profile",
    "second_factor.set_up": "profile",
}
"""The task that explains a page, by the page's endpoint."""


def task_of(endpoint: str | None) -> Task | None:
    """The task that explains this page, none when it needs no explanation."""
    name = EXPLAINED_BY.get(endpoint or "")
    return TASKS[name] if name else None
