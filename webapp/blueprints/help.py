"""« Aide »."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from webapp.errors import HiddenError
from webapp.http.guards import Access, access
from webapp.wording.help_pages import TASKS

blueprint = Blueprint("help", __name__)


@blueprint.get("/help")
@access(Access.PUBLIC)
def page() -> ResponseReturnValue:
    """What an administrator can do, and how; open to everybody."""
    return render_template("help/page.html", tasks=TASKS)


@blueprint.get("/help/<id:task>")
@access(Access.PUBLIC)
def task(task: str) -> ResponseReturnValue:
    """One task, step by step, with pictures."""
    if task not in TASKS:
        raise HiddenError(task)
    return render_template("help/task.html", tasks=TASKS, task=TASKS[task])
