"""« Ajouter un utilisateur » in a browser: « Back » opens the step before, as it was typed, and sends nothing."""

from directory.model import User
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.html import Element
from tests.web.typed import a_creation, a_row

BROWSES = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
EMAIL = "new.person@acme.example"
TYPED = a_creation(a_row("acme"), email=EMAIL, confirm=False)


def checked(page: Page, name: str) -> list[str]:
    """The values that are chosen among the radios, or boxes, of that name."""
    found: list[Element] = page.main.all("input", name=name)
    return [one["value"] for one in found if "checked" in one]


def details_of(browser: Browser) -> tuple[str, Page]:
    """The second step: its address and its page."""
    sent = browser.post("/users/new", {"email": EMAIL})
    assert sent.status == 303
    assert EMAIL not in (sent.location or ""), "no address of a person in an address"
    return sent.location or "", browser.follow(sent)


def test_second_step_has_an_address_of_its_own(client_for: ClientFor, administrator: User):
    """It opens as often as it is asked for, with what was typed into it since."""
    browser = client_for(administrator, BROWSES)
    address, page = details_of(browser)
    assert page.status == 200
    review = browser.submit(page.form("/users/new"), **TYPED)
    assert review.status == 200
    back = browser.get(address)
    assert back.status == 200
    assert back.form("/users/new").fields["last_name"] == TYPED["last_name"]
    assert checked(back, "company-acme-attached") == ["1"]


def test_modify_leads_there(client_for: ClientFor, administrator: User):
    """« Modifier » of the review leads back to the same address."""
    browser = client_for(administrator, BROWSES)
    address, page = details_of(browser)
    review = browser.submit(page.form("/users/new"), **TYPED)
    modify = browser.submit(review.form("/users/new"), "back")
    assert (modify.status, modify.location) == (303, address)
    assert browser.follow(modify).form("/users/new").fields["first_name"] == TYPED["first_name"]


def test_what_is_wrong_is_shown_there(client_for: ClientFor, administrator: User):
    """With its status, and what was typed."""
    browser = client_for(administrator, BROWSES)
    _, page = details_of(browser)
    wrong = browser.follow(browser.submit(page.form("/users/new"), **{**TYPED, "first_name": ""}))
    assert wrong.status == 422
    assert set(wrong.errors) == {"first_name"}
    assert wrong.form("/users/new").fields["last_name"] == TYPED["last_name"]


def test_is_over_when_it_is_done(client_for: ClientFor, administrator: User):
    """The address leads to the first step then, and so it does for everybody else."""
    browser = client_for(administrator, BROWSES)
    address, page = details_of(browser)
    review = browser.submit(page.form("/users/new"), **TYPED)
    other = client_for(administrator).get(address)
    assert TYPED["last_name"] not in other.body
    assert browser.submit(review.form("/users/new"), "confirm").status == 303
    assert EMAIL not in browser.get(address).main.text


def test_program_is_answered_at_once(browser: Browser):
    """Without a redirect."""
    assert browser.post("/users/new", {"email": EMAIL}).status == 200
    assert browser.post("/users/new", TYPED).status == 200


def test_unticked_companies_keep_what_is_proposed(browser: Browser):
    """« Modifier » of the review shows « Utilisateur » and « Interne » at companies that are not ticked."""
    review = browser.post("/users/new", TYPED)
    page = browser.submit(review.form("/users/new"), "back")
    assert checked(page, "company-globex-attached") == []
    assert checked(page, "company-globex-role") == ["user"]
    assert checked(page, "company-globex-affiliation") == ["internal"]


def test_word_is_modify(browser: Browser):
    """The way back is « Modifier », as everywhere."""
    review = browser.post("/users/new", TYPED)
    (button,) = [one for one in review.main.all("button") if one.attributes.get("name") == "back"]
    assert button.text.startswith("Modifier")
