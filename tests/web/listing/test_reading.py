"""The first look at many companies takes long: a browser is shown how far it is, a program waits for the list."""

import pytest

from directory.model import User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from webapp.listing import cache

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}


@pytest.fixture
def busy(directory: FakeDirectory) -> User:
    """An administrator of thirty companies, on a directory that takes its time."""
    companies = [directory.add_company(a_company(f"company-{number:02}")) for number in range(30)]
    user = directory.add_user(a_profile(), [an_attachment(company, administrator=True) for company in companies])
    directory.latency = 0.02
    return user


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SOON", 0.0)


def rows(browser: Browser, path: str, **headers: str) -> int:
    return len(browser.get(path, headers=headers).html.all("th", scope="row"))


class TestBrowser:
    def test_sees_how_far_it_is_and_comes_back_by_itself(self, client_for: ClientFor, busy: User):
        page = client_for(busy).get("/users?q=an", headers=NAVIGATION)
        assert page.status == 200
        assert page.h1 == "Utilisateurs"
        assert "Sociétés lues : " in page.text
        assert "sur 30" in page.text
        (refresh,) = page.html.all("meta", **{"http-equiv": "refresh"})
        assert refresh["content"] == "2;url=/users?q=an"

    def test_its_script_is_told_the_same(self, client_for: ClientFor, busy: User):
        """It exchanges the number in place; a fetch is no navigation."""
        page = client_for(busy).get("/users", headers={"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"})
        assert page.html.all("progress")

    def test_may_wait_instead(self, client_for: ClientFor, busy: User):
        """The link of the page: nothing renews itself, the whole list comes."""
        browser = client_for(busy)
        page = browser.get("/users?sort=email", headers=NAVIGATION)
        (link,) = [one for one in page.html.all("a") if "whole=1" in one["href"]]
        whole = browser.get(link["href"], headers=NAVIGATION)
        assert not whole.html.all("meta", **{"http-equiv": "refresh"})
        assert len(whole.html.all("th", scope="row")) == 1

    def test_in_the_end_there_is_the_list(self, client_for: ClientFor, busy: User, directory: FakeDirectory):
        browser = client_for(busy)
        browser.get("/users", headers=NAVIGATION)
        directory.latency = 0.0
        browser.get("/users")
        assert rows(browser, "/users", **NAVIGATION) == 1


class TestOthers:
    def test_program_gets_the_list(self, client_for: ClientFor, busy: User):
        """It sends no Fetch Metadata."""
        assert rows(client_for(busy), "/users") == 1

    def test_few_companies_are_never_waited_for(self, browser: Browser):
        assert rows(browser, "/users", **NAVIGATION) == 1
