"""What was typed into a form that could not be taken, so that it is not typed again.

It is in the answer to that request and nowhere else: nothing of it is kept on the server.
"""

from dataclasses import dataclass

from flask import request

PERSON_FIELDS = ("email", "last_name", "first_name", "title", "locale")
FILE_CONTENT = "content"
"""The field in which the page of a dry run carries the file."""


@dataclass(frozen=True, slots=True)
class RetryForm:
    """What was typed, to send again unchanged; `files` are the names of chosen files, which no page can keep."""

    action: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...] = ()

    @property
    def is_shown(self) -> bool:
        """Whether any of it can be read back to the person."""
        return any(
            value and (name in PERSON_FIELDS or (name.startswith("company-") and name.endswith("-attached")))
            for name, value in self.fields
        )

    @property
    def is_typed(self) -> bool:
        """Whether something would be lost without this form; of one that is a button alone nothing is."""
        return self.is_shown or any(name == FILE_CONTENT and value for name, value in self.fields)


def retry_form() -> RetryForm | None:
    """The form that this request sends, without its token; none when it is no POST."""
    if request.method != "POST":
        return None
    fields = tuple((name, value) for name, value in request.form.items(multi=True) if name != "csrf_token")
    files = tuple(file.filename for file in request.files.values() if file.filename)
    return RetryForm(request.path, fields, files)
