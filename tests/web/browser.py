"""A browser without a screen: it keeps cookies, sends tokens, and checks every page that it is shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from directory.model import User
from tests.web.fake_identity import FakeIdentity
from tests.web.html import Element, parse, problems_of

PORTAL = "http://portal.test"
SERVICE = "http://service.test"


@dataclass(frozen=True)
class Form:
    """A form as it stands on a page, with what a browser would send if nothing were changed."""

    action: str
    method: str
    fields: dict[str, str]
    buttons: tuple[str, ...]
    element: Element


class Page:
    """An answer of the portal; an HTML one is found to be in order before a test sees it."""

    def __init__(self, response: TestResponse, resolves: Callable[[str, str], bool]) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.body = response.get_data(as_text=True)
        self.location = response.headers.get("Location")
        self.html = Element("#document", {})
        if response.mimetype == "text/html" and not 300 <= self.status < 400 and self.body:
            self.html, problems = parse(self.body)
            problems += problems_of(self.html, resolves)
            assert not problems, f"{response.request.method} {response.request.path} ({self.status}): {problems}"

    @property
    def text(self) -> str:
        """All words on the page."""
        return self.html.one("body").text

    @property
    def main(self) -> Element:
        """The page without what frames every page."""
        return self.html.one("main")

    @property
    def h1(self) -> str:
        return self.html.one("h1").text

    @property
    def lang(self) -> str:
        return self.html.one("html")["lang"]

    @property
    def banners(self) -> list[str]:
        """What the portal says it did."""
        return [banner.text for banner in self.html.all(class_="banner")]

    @property
    def errors(self) -> dict[str, str]:
        """What stands beside each field that is wrong, by the name of the field."""
        found = self.html.all("div", class_="field-error")
        return {error["id"].removesuffix("-error"): error.text for error in found}

    @property
    def rows(self) -> list[str]:
        """The words of each row of the tables' bodies."""
        return [row.text for body in self.html.all("tbody") for row in body.all("tr")]

    def row(self, words: str) -> Element:
        """The only row that names these words in its header."""
        found = [th.within("tr") for th in self.html.all("th", scope="row") if words in th.text]
        assert len(found) == 1, f"{len(found)} rows of {words!r} among {self.rows}"
        row = found[0]
        assert row is not None
        return row

    @property
    def forms(self) -> list[Form]:
        """The forms of the page itself, not those of its frame."""
        return [form_of(element) for element in self.main.all("form")]

    def form(self, action: str) -> Form:
        """The only form that goes there."""
        found = [form for form in self.forms if form.action == action]
        assert len(found) == 1, f"{len(found)} forms to {action} among {[form.action for form in self.forms]}"
        return found[0]


class Browser:
    """One person's browser (or nobody's). `post` adds the token of the session unless told otherwise."""

    def __init__(self, app: Flask, identity: FakeIdentity, headers: Mapping[str, str] | None = None) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self._identity = identity
        self._headers = dict(headers or {})
        self._token: str | None = None

    def get(self, path: str, **arguments: Any) -> Page:
        return self.open(path, method="GET", **arguments)

    def post(
        self, path: str, fields: Mapping[str, Any] | None = None, *, token: bool = True, **arguments: Any
    ) -> Page:
        """Send fields; a value that is a list is sent as so many fields of the name, a tuple is a file."""
        data = {"csrf_token": self.token} if token else {}
        return self.open(path, method="POST", data={**data, **(fields or {})}, **arguments)

    def submit(self, form: Form, button: str = "", **changes: str | None) -> Page:
        """Send a form of a page as it stands, with changes (`none` leaves a field away) and one of its buttons."""
        fields: dict[str, str | None] = {**form.fields, **changes}
        if button:
            assert button in form.buttons, f"no button {button} among {form.buttons}"
            fields[button] = "1"
        kept = {name: value for name, value in fields.items() if value is not None}
        if form.method == "GET":
            return self.open(form.action, method="GET", query_string=kept)
        return self.open(form.action, method="POST", data=kept)

    def follow(self, page: Page) -> Page:
        """Where a redirect leads, if that is the portal."""
        assert page.location is not None, f"no redirect: {page.status}"
        target = urlsplit(page.location)
        assert target.netloc in {"", urlsplit(PORTAL).netloc}, f"leads elsewhere: {page.location}"
        return self.get(f"{target.path}?{target.query}" if target.query else target.path)

    def open(self, path: str, **arguments: Any) -> Page:
        headers = {**self._headers, **arguments.pop("headers", {})}
        with self.client.open(path, base_url=PORTAL, headers=headers, **arguments) as response:
            page = Page(response, self._resolves)
        for field in page.html.all("input", name="csrf_token")[:1]:
            self._token = field["value"]
        return page

    def sign_in(self, person: User, path: str = "/login") -> Page:
        """Through the portal's own routes; the answer to the browser's return."""
        away = self.get(path)
        state = parse_qs(urlsplit(away.location or "").query)["state"][0]
        code = self._identity.code_for(person)
        self._token = None
        return self.get("/login/callback", query_string={"code": code, "state": state})

    @property
    def token(self) -> str:
        """The token of this session, as the last page carried it."""
        if self._token is None:
            # Not looked at as a page: a third of all requests would be this one.
            with self.client.get("/nothing-here", base_url=PORTAL, headers=self._headers) as response:
                self._token = (
                    response.get_data(as_text=True).partition('name="csrf_token" value="')[2].partition('"')[0]
                )
        return self._token

    def tab(self) -> "Browser":
        """The same session in another client, for another thread."""
        tab = Browser(self.app, self._identity, self._headers)
        tab._token = self.token
        tab.cookie = self.cookie
        return tab

    @property
    def cookie(self) -> str:
        """The value of the session's cookie; empty when there is none."""
        found = self.client.get_cookie("attache", domain=urlsplit(PORTAL).netloc)
        return found.value if found else ""

    @cookie.setter
    def cookie(self, value: str) -> None:
        self.client.set_cookie("attache", value, domain=urlsplit(PORTAL).netloc)

    def _resolves(self, address: str, method: str) -> bool:
        if (address, method) not in _RESOLVED:
            _RESOLVED[address, method] = self._leads_somewhere(address, method)
        return _RESOLVED[address, method]

    def _leads_somewhere(self, address: str, method: str) -> bool:
        target = urlsplit(address)
        if target.netloc:
            return address.startswith(SERVICE)
        if target.path.startswith(f"{self.app.static_url_path}/"):
            name = target.path.removeprefix(f"{self.app.static_url_path}/")
            return Path(self.app.static_folder or "", name).is_file()
        try:
            self.app.url_map.bind(urlsplit(PORTAL).netloc).match(target.path, method=method)
        except (HTTPException, RequestRedirect):
            return False
        return True


_RESOLVED: dict[tuple[str, str], bool] = {}
"""Every portal of a test run has the same addresses."""


def form_of(element: Element) -> Form:
    """The form that this element is."""
    fields: dict[str, str] = {}
    for control in element.all("input"):
        if control["type"] in {"radio", "checkbox"} and "checked" not in control:
            continue
        if control["type"] != "file":
            fields[control["name"]] = control["value"]
    for control in element.all("select"):
        options = control.all("option")
        chosen = [option for option in options if "selected" in option] or options[:1]
        fields[control["name"]] = chosen[0]["value"]
    for control in element.all("textarea"):
        fields[control["name"]] = control.text
    buttons = tuple(button["name"] for button in element.all("button") if button["name"])
    return Form(element["action"], (element["method"] or "get").upper(), fields, buttons, element)
