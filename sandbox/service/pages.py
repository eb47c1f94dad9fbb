"""What there is to see: public data, downloads, favourites, and each company's own data."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.content import Content
from sandbox.service.datasets import PUBLIC, delivery_points, public_file, public_table
from sandbox.service.favourites import Favourites
from sandbox.service.person import Person

FAVOURITES = "favourites"
SERVICES = "services"
OWN_ID = "data"
"""What this service is called in the company files."""

pages = Blueprint("pages", __name__)


@pages.get("/")
def index() -> str:
    marked = _favourites().of(g.person.id) if g.person else set()
    shown = public_table(PUBLIC[0])
    return render_template(
        "index.html",
        table=shown,
        names=PUBLIC,
        marked=marked,
        as_date=date.fromisoformat,
        own=_services().service(OWN_ID),
    )


@pages.get("/livez")
def live() -> tuple[str, dict[str, str]]:
    return "ok\n", {"Content-Type": "text/plain"}


@pages.get("/downloads/<name>")
def download(name: str) -> ResponseReturnValue:
    file = public_file(name.removesuffix(".csv"))
    if file is None:
        abort(404)
    attachment = {"Content-Disposition": f"attachment; filename={file.name}"}
    return Response(file.read_bytes(), content_type="text/csv; charset=utf-8", headers=attachment)


@pages.get("/favourites")
def show_favourites() -> str:
    return render_template("favourites.html", names=PUBLIC, marked=_favourites().of(g.person.id))


@pages.post("/favourites")
def change_favourites() -> ResponseReturnValue:
    """Fields: `name`, a public data set; `marked`, `yes` (or missing) to add it, `no` to take it away."""
    name = request.form.get("name", "")
    if name not in PUBLIC:
        abort(404)
    if request.form.get("marked", "yes") == "no":
        _favourites().remove(g.person.id, name)
    else:
        _favourites().add(g.person.id, name)
    return redirect(url_for(".show_favourites"), 303)


@pages.get("/companies/<company_id>/data")
def company_data(company_id: str) -> str:
    """403 for a company of others and for one that does not exist: the difference is nobody's business."""
    person: Person = g.person
    if not person.is_attached_to(company_id):
        abort(403)
    services = _services().services_of(company_id)
    points = delivery_points(company_id)
    return render_template("company.html", company_id=company_id, services=services, points=points)


def _favourites() -> Favourites:
    kept: Favourites = current_app.extensions[FAVOURITES]
    return kept


def _services() -> Content:
    found: Content = current_app.extensions[SERVICES]
    return found
