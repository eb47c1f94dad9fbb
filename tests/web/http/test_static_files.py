"""What a browser fetches: pages and files compressed, files kept for a year at addresses that change with them."""

import gzip
import re
from posixpath import join, normpath

import pytest
from werkzeug.datastructures import Headers

from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import PORTAL, Browser
from tests.web.conftest import ClientFor
from webapp.http.static_files import prepared

MOST_BYTES = 120_000
MOST_REQUESTS = 8


def fetched(browser: Browser, address: str, encodings: str = "gzip, br") -> tuple[int, Headers, bytes]:
    with browser.client.get(address, base_url=PORTAL, headers={"Accept-Encoding": encodings}) as answer:
        return answer.status_code, answer.headers, answer.data


class TestServed:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("attache.css", "text/css"),
            ("vendor/bootstrap-5.3.9/bootstrap.min.css", "text/css"),
            ("logo.svg", "image/svg+xml"),
        ],
    )
    def test_with_its_type_for_a_year(self, name: str, kind: str, visitor: Browser):
        """Immutable, and its type is never guessed."""
        page = visitor.get(f"{prepared().path}/{name}")
        assert page.status == 200
        assert page.headers["Content-Type"].startswith(kind)
        assert page.headers["Cache-Control"] == "max-age=31536000, public, immutable"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers.getlist("Set-Cookie") == []

    def test_compressed_for_who_asks(self, visitor: Browser):
        """Others get the file as it is; caches in between are told of the difference."""
        address = f"{prepared().path}/attache.css"
        _, plain, content = fetched(visitor, address, "identity")
        _, small, compressed = fetched(visitor, address)
        assert small["Content-Encoding"] == "gzip"
        assert gzip.decompress(compressed) == content
        assert "Content-Encoding" not in plain
        assert plain["Vary"] == small["Vary"] == "Accept-Encoding"

    def test_address_has_the_hash_of_all_files(self, visitor: Browser):
        """An address without it, or with another, is none."""
        assert re.fullmatch(r"/static/[0-9a-f]{12}", prepared().path)
        assert visitor.get("/static/attache.css").status == 404
        assert visitor.get("/static/0123456789ab/attache.css").status == 404

    @pytest.mark.parametrize("path", ["/", "/../app.py", "/..%2fapp.py", "/nothing.css", "/vendor"])
    def test_nothing_else(self, path: str, visitor: Browser):
        """No listing, and nothing outside the folder."""
        assert visitor.get(f"/static{path}").status == 404
        assert visitor.get(f"{prepared().path}{path}").status == 404


class TestPages:
    def test_compressed_for_who_asks(self, visitor: Browser):
        """The others get the same page as it is; caches in between are told of the difference."""
        _, plain, content = fetched(visitor, "/help", "identity")
        _, small, compressed = fetched(visitor, "/help")
        assert small["Content-Encoding"] == "gzip"
        assert int(small["Content-Length"]) == len(compressed)
        assert gzip.decompress(compressed).startswith(b"<!doctype html>")
        assert content.startswith(b"<!doctype html>")
        assert "Content-Encoding" not in plain
        assert "Accept-Encoding" in plain["Vary"]
        assert "Accept-Encoding" in small["Vary"]

    def test_not_for_who_refuses_it(self, visitor: Browser):
        assert "Content-Encoding" not in fetched(visitor, "/help", "gzip;q=0")[1]

    def test_nothing_but_pages(self, client_for: ClientFor, administrator: User):
        """A file to download, and what machines ask."""
        browser = client_for(administrator)
        for address, kind in (("/users.csv", "text/csv"), ("/livez", "text/plain")):
            status, headers, _ = fetched(browser, address)
            assert (status, headers["Content-Type"].partition(";")[0]) == (200, kind)
            assert "Content-Encoding" not in headers


def test_first_visit_of_the_list_is_small(client_for: ClientFor, administrator: User, directory: FakeDirectory):
    """A full page of fifty people, with all that a browser fetches for it: at most 120 kB in 8 requests."""
    for number in range(60):
        profile = a_profile(f"personne{number}@acme.example", first_name="Prénom", last_name=f"Nom{number}")
        directory.add_user(profile, [an_attachment("acme")], password_required=True)
    browser = client_for(administrator)
    page = browser.get("/users")
    assert len(page.rows) == 50
    addresses = {tag["href"] for tag in page.html.all("link")}
    addresses |= {tag["src"] for kind in ("script", "img") for tag in page.html.all(kind)}
    for sheet in [address for address in addresses if address.endswith(".css")]:
        _, _, style = fetched(browser, sheet, "identity")
        names = re.findall(r"url\([\"']?([^\"')]+)", style.decode())
        addresses |= {normpath(join(sheet, "..", name)) for name in names if not name.startswith("data:")}
    # A browser takes the chevron of its colour scheme, and no letter of this page is in the extended Latin font.
    needed = [one for one in addresses if "latin-ext" not in one and "chevron-dark" not in one]
    assert all(one.startswith(f"{prepared().path}/") for one in needed)
    answers = [fetched(browser, one) for one in needed]
    assert {status for status, _, _ in answers} == {200}
    assert 1 + len(answers) <= MOST_REQUESTS
    _, _, compressed = fetched(browser, "/users")
    assert gzip.decompress(compressed).count(b'<th scope="row">') == 50
    total = len(compressed) + sum(len(content) for _, _, content in answers)
    assert total <= MOST_BYTES, total
