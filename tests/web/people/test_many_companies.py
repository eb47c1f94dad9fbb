"""An administrator of fifty companies: find one, turn the pages without a script, and lose no tick."""

import pytest

from directory.model import User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.typed import a_row

IDS = [f"filiale-{number:02}" for number in range(1, 53)]


@pytest.fixture
def browser(client_for: ClientFor, directory: FakeDirectory) -> Browser:
    for company_id in IDS:
        directory.add_company(a_company(company_id, services=["data"]))
    paul = directory.add_user(a_profile(), [an_attachment(one, administrator=True) for one in IDS])
    directory.add_user(a_profile(), [an_attachment(one, administrator=True) for one in IDS])
    return client_for(paul)


@pytest.fixture
def somebody(browser: Browser, directory: FakeDirectory) -> User:
    return directory.add_user(a_profile("x@f.example"), [an_attachment("filiale-30")])


def in_sight(page: Page) -> list[str]:
    """The companies whose rows are shown without a script."""
    boxes = page.main.all("input", class_="attach-box")
    assert len(boxes) == len(IDS), "all are there, so that nothing that is ticked is lost"
    hidden = page.main.all("tr", class_="is-elsewhere")
    return [box["name"][8:-9] for box in boxes if box.within("tr") not in hidden]


def ticked(page: Page) -> list[str]:
    return [box["name"][8:-9] for box in page.main.all("input", class_="attach-box") if "checked" in box]


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"rows_page": "1"}, {"rows_page": "0"}, {"rows_page": "x" * 99}])
def test_twenty_at_a_time(browser: Browser, somebody: User, more: dict[str, str]):
    page = browser.post(f"/users/{somebody.id}/attachments", {**a_row("filiale-30"), "rows_page": "1", **more})
    assert page.status == 200
    assert in_sight(page) == IDS[:20]
    assert ticked(page) == ["filiale-30"]


@pytest.mark.slow
def test_pages_and_search_keep_what_was_ticked(browser: Browser, somebody: User, directory: FakeDirectory):
    path = f"/users/{somebody.id}/attachments"
    form = browser.get(path).form(path)
    typed = {**form.fields, **a_row("filiale-01", administrator=True)}
    page = browser.post(path, {**typed, "rows_page": "3"})
    assert in_sight(page) == IDS[40:]
    assert ticked(page) == ["filiale-01", "filiale-30"]
    page = browser.post(path, {**typed, "rows_page": "1", "find": "FILIALE 04"})
    assert in_sight(page) == ["filiale-04"]
    page = browser.post(path, {**typed, "rows_page": "ticked"})
    assert in_sight(page) == ["filiale-01", "filiale-30"]
    page = browser.post(path, {**typed, "rows_page": "1", "find": "nowhere"})
    assert in_sight(page) == []
    assert "Aucune société ne correspond" in page.main.text
    form = page.form(path)
    assert browser.submit(form, "confirm" if "confirm" in form.buttons else "").status == 200
    assert browser.post(path, {**form.fields, "confirm": "1"}).status == 303
    there = {found.company_id: found for _, found in directory.attachments_of(somebody.id)}
    assert set(there) == {"filiale-01", "filiale-30"}
    assert there["filiale-01"].administers


def test_a_new_person_too(browser: Browser):
    typed = {"email": "n@f.example", "last_name": "Neuf", "first_name": "Nina", "title": "mme", "locale": "fr"}
    page = browser.post("/users/new", {**typed, **a_row("filiale-52"), "rows_page": "2"})
    assert page.status == 200
    assert in_sight(page) == IDS[20:40]
    assert ticked(page) == ["filiale-52"]
    assert page.main.one("input", name="last_name")["value"] == "Neuf"


def test_equal_changes_stand_together(browser: Browser, somebody: User):
    rows = {name: value for one in IDS[:25] for name, value in a_row(one, external=True).items()}
    page = browser.post(f"/users/{somebody.id}/attachments", {**rows, **a_row("filiale-30")})
    (item,) = page.main.all("li", class_="difference-item")
    assert "25 sociétés" in item.text
    assert "Filiale 07" in item.text
    assert "data" in item.text


def test_few_companies_are_shown_as_before(client_for: ClientFor, administrator: User, member: User):
    page = client_for(administrator).get(f"/users/{member.id}/attachments")
    assert page.main.all("input", name="find") == []


def test_ones_own_profile_names_administrators_on_demand(browser: Browser, directory: FakeDirectory):
    """A table that reads none of them; the link of a row shows those of its company, and of no other."""
    directory.calls.clear()
    page = browser.get("/profile")
    assert len(page.main.all("tr")) == 1 + len(IDS)
    assert [verb for verb, *_ in directory.calls if verb == "administrators"] == []
    links = [link["href"] for link in page.main.all("a") if link.text.startswith("Afficher les administrateurs")]
    assert len(links) == len(IDS)

    asked = next(link for link in links if "filiale-30" in link)
    page = browser.get(asked.partition("#")[0])
    assert [verb for verb, *_ in directory.calls if verb == "administrators"] == ["administrators"]
    (row,) = [row for row in page.main.all("tr") if "id" in row and row["id"] == "company-filiale-30"]
    assert "(vous)" in row.text
    assert page.main.text.count("(vous)") == 1
    assert browser.get("/profile?company=nowhere").status == 200
