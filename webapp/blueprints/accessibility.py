"""« Accessibilité »: what was tested, what was not, and whom to tell of an obstacle; open to everybody."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from webapp.http.context import parts
from webapp.http.guards import Access, access

blueprint = Blueprint("accessibility", __name__)


@blueprint.get("/accessibility")
@access(Access.PUBLIC)
def page() -> ResponseReturnValue:
    """The statement; change it together with what it says is tested (`tests/look`)."""
    return render_template("accessibility/page.html", contact=parts().settings.privacy_contact)
