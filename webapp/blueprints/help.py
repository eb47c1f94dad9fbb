"""« Aide »."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from webapp.guards import Access, access

blueprint = Blueprint("help", __name__)


@blueprint.get("/help")
@access(Access.PUBLIC)
def page() -> ResponseReturnValue:
    """What an administrator can do, and how; open to everybody."""
    return render_template("help/page.html")
