"""For which hosts the portal answers, and whose forms it takes."""

import pytest

from directory.model import User
from tests.fakes import FakeDirectory
from tests.web.browser import PORTAL, Browser
from tests.web.typed import a_creation
from webapp.http.origins import is_foreign_form, is_own_host


@pytest.mark.parametrize("host", ["evil.example", "portal.test.evil.example", "evil.example:80", "", "[", "x@y"])
class TestForeignHost:
    """What is asked of another host is not for the portal."""

    def test_is_refused(self, host: str, visitor: Browser):
        """400, on every page, without a word of that host in the answer."""
        for path in ("/", "/login", "/users", "/nothing-here"):
            page = visitor.get(path, headers={"Host": host})
            assert page.status == 400
            assert "evil" not in page.body + str(page.headers)

    def test_machines_may_use_any_name(self, host: str, visitor: Browser):
        """A probe knows the machine by another name than people do."""
        assert visitor.get("/livez", headers={"Host": host}).status == 200


def test_what_a_proxy_says_of_the_host_is_not_listened_to(visitor: Browser):
    """Keycloak is told the configured address, whatever these headers say."""
    for name in ("X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL"):
        page = visitor.get("/login", headers={name: "evil.example"})
        assert page.status == 302
        assert "evil" not in (page.location or "")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"{PORTAL}.evil.example"},
        {"Origin": f"{PORTAL}:8443"},
        {"Origin": "http://["},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_form_of_another_site(headers: dict[str, str], browser: Browser, directory: FakeDirectory):
    """400 even with a good token; nothing is done."""
    before = directory.snapshot()
    assert browser.post("/users/new", a_creation(), headers=headers).status == 400
    assert directory.snapshot() == before
    assert directory.mails == []


@pytest.mark.parametrize("headers", [{"Origin": PORTAL}, {"Sec-Fetch-Site": "same-origin"}, {}], ids=str)
def test_form_of_our_own(headers: dict[str, str], browser: Browser):
    """What the portal's own pages send is taken, and so is a browser that says nothing."""
    assert browser.post("/users/new", a_creation(), headers=headers).status == 303


def test_link_on_another_site_is_followed(browser: Browser, member: User):
    """Reading is not concerned: a link in a mail or on an intranet page works."""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://intranet.example"}
    assert browser.get(f"/users/{member.id}/attachments", headers=headers).status == 200


def test_on_the_machine_itself_each_of_its_names_will_do():
    """`localhost` and its addresses, whatever the port, and only when that is where the portal is."""
    for host in ("localhost:8000", "127.0.0.1:1", "[::1]:8000"):
        assert is_own_host(host, "localhost")
        assert not is_own_host(host, "portal.example")


def test_tls_proxy_hides_the_scheme():
    """The browser speaks https, the proxy http."""
    assert not is_foreign_form("https://portal.example", None, "portal.example")
    assert is_foreign_form("ftp://portal.example", None, "portal.example")
