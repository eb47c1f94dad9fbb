"""Whatever is not mine answers as if it did not exist, on every route, for reading and for writing."""

import re
from collections.abc import Iterator

import pytest

from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.typed import a_creation, a_row

NOBODY = "5b7a1a6e-0000-4000-8000-000000000000"
ODD_IDS = ["1", "x" * 128, "me", "a:b", "-", NOBODY.upper()]
PERSON_ROUTES = [
    ("GET", "/users/{}/attachments", {}),
    ("POST", "/users/{}/attachments", a_row("acme")),
    ("POST", "/users/{}/attachments", {**a_row("acme", administrator=True), "confirm": "1"}),
    ("POST", "/users/{}/attachments", {"confirm": "1"}),
    ("POST", "/users/{}/activation", {}),
    ("GET", "/users/{}/email", {}),
    ("POST", "/users/{}/email", {"email": "new@acme.example"}),
    ("POST", "/users/{}/email", {"email": "wrong"}),
    ("POST", "/users/{}/cancellation", {}),
    ("POST", "/users/{}/cancellation", {"ask": "1"}),
]


def ask(browser: Browser, method: str, path: str, fields: dict[str, str]) -> Page:
    return browser.get(path) if method == "GET" else browser.post(path, fields)


def without(page: Page, user_id: str) -> str:
    """The whole body, but the id that was asked for and the token (it holds the second at which it was made)."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "TOKEN", page.body).replace(user_id, "ID")


@pytest.fixture(params=["stranger", "pending stranger", "operator", "nobody's", "half-made"])
def hidden(request: pytest.FixtureRequest, directory: FakeDirectory) -> User:
    """Somebody who is there and is not mine, in each way in which one can be."""
    profile = a_profile("hid@den.example", last_name="Hidden", first_name="Hugo")
    match request.param:
        case "stranger":
            return directory.add_user(profile, [an_attachment("initech", administrator=True)])
        case "pending stranger":
            return directory.add_user(profile, [an_attachment("initech")], password_required=True)
        case "operator":
            return directory.add_operator(profile)
        case "nobody's":
            return directory.add_user(profile)
        case _:
            person = directory.add_user(profile)
            directory.add_membership(person.id, "/acme/administrators")
            return person


@pytest.fixture(autouse=True)
def untouched(directory: FakeDirectory, browser: Browser, hidden: User) -> Iterator[None]:
    """Nothing changes, whatever is asked for here."""
    before = directory.snapshot()
    yield
    assert directory.snapshot() == before


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path", "fields"), PERSON_ROUTES)
def test_hidden_person_answers_like_nobody(
    method: str, path: str, fields: dict[str, str], browser: Browser, hidden: User
):
    """404 with the very same page; nothing of the person is on it."""
    browser.get("/help")
    nobody = ask(browser, method, path.format(NOBODY), fields)
    theirs = ask(browser, method, path.format(hidden.id), fields)
    assert (theirs.status, nobody.status) == (404, 404)
    assert without(theirs, hidden.id) == without(nobody, NOBODY)
    assert {name for name, _ in theirs.headers} == {name for name, _ in nobody.headers}
    assert "Hidden" not in theirs.body


def test_hidden_person_costs_no_more_than_nobody(browser: Browser, directory: FakeDirectory, hidden: User):
    """No look at the person beyond the one that tells he is not mine: the time tells nothing either."""
    directory.calls.clear()
    browser.get(f"/users/{hidden.id}/attachments")
    theirs = [verb for verb, _ in directory.calls]
    directory.calls.clear()
    browser.get(f"/users/{NOBODY}/attachments")
    assert theirs == [verb for verb, _ in directory.calls] == ["attachments_of", "attachments_of"]


@pytest.mark.slow
def test_list_does_not_show_him(browser: Browser, hidden: User):
    """Nor under any filter or sort."""
    for query in ("", "?company=initech", "?q=hidden", "?sort=email", "?status=active", "?company=operators"):
        assert "Hidden" not in browser.get(f"/users{query}").text


@pytest.mark.usefixtures("hidden")
class TestOddIds:
    """What is no id at all is nobody."""

    @pytest.fixture
    def hidden(self, stranger: User) -> User:
        return stranger

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "user_id", [*ODD_IDS, "../users", "%2e%2e", "a b", "x" * 129, "a%2Fb", "<script>", "é"]
    )
    @pytest.mark.parametrize(("method", "path", "fields"), PERSON_ROUTES[:5])
    def test_not_found(self, user_id: str, method: str, path: str, fields: dict[str, str], browser: Browser):
        """404, and never a way into another address of Keycloak."""
        assert ask(browser, method, path.format(user_id), fields).status == 404

    def test_foreign_company_in_any_field_is_an_unknown_field(self, browser: Browser, administrator: User):
        """The row of a company that is not mine changes nothing and is not looked at, even when it is wrong."""
        rows = {**a_row("acme", administrator=True), **a_row("globex", administrator=True)}
        wrong = {"company-initech-attached": "1", "company-initech-role": "x"}
        for fields in (a_row("initech", administrator=True), wrong, {"company--attached": "1"}, {"company-": "1"}):
            page = browser.post(f"/users/{administrator.id}/attachments", {"confirm": "1", **rows, **fields})
            assert page.status == 303

    def test_foreign_filter_shows_nobody(self, browser: Browser):
        """A company that is not mine filters like one that does not exist."""
        foreign = browser.get("/users?company=initech")
        absent = browser.get("/users?company=nowhere00")
        assert foreign.status == absent.status == 200
        assert foreign.main.text == absent.main.text

    def test_administrator_elsewhere_is_no_administrator_here(
        self, client_for: ClientFor, directory: FakeDirectory, stranger: User, administrator: User
    ):
        """Somebody who administers another company sees its people and nobody of mine."""
        other = client_for(stranger)
        assert other.get("/users").status == 403
        assert other.get(f"/users/{administrator.id}/attachments").status == 403
        assert other.post("/users/new", a_creation()).status == 403
