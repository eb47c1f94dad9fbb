"""What was typed into a form of several steps, kept in the person's own session.

Each step has an address of its own then, so that « Back » in the browser opens it again and sends nothing twice.
"""

from secrets import token_urlsafe

from flask import request, session
from werkzeug.datastructures import MultiDict

STEPS = "steps"
STEP = "step"
"""The field, and the argument of the address, that names what was kept."""
MOST = 4
"""So many forms of one session are kept: the latest."""


def is_navigation() -> bool:
    """Whether somebody sits in front of it (Fetch Metadata): a program is answered at once, without a redirect."""
    return request.headers.get("Sec-Fetch-Mode") == "navigate"


def keep(**more: str) -> str:
    """Keep the form of this request, and return its name: the one that it brings along, or a new one."""
    steps = dict(session.get(STEPS, {}))
    name = request.form.get(STEP, "")
    if steps.pop(name, None) is None:
        name = token_urlsafe(9)
    fields = [[key, value] for key, value in request.form.items(multi=True) if key != "csrf_token"]
    steps[name] = fields + [[key, value] for key, value in more.items() if value]
    session[STEPS] = dict(list(steps.items())[-MOST:])
    return name


def kept() -> MultiDict[str, str] | None:
    """What the address of this request names; none when that is over, or another session's."""
    fields = session.get(STEPS, {}).get(request.args.get(STEP, ""))
    return None if fields is None else MultiDict((key, value) for key, value in fields)


def forget() -> None:
    """The form of this request is done."""
    steps = dict(session.get(STEPS, {}))
    if steps.pop(request.form.get(STEP, ""), None) is not None:
        session[STEPS] = steps
