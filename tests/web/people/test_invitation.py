"""What an activation mail will say of who invites and to which companies, at everything that sends one."""

from datetime import UTC, datetime

import pytest

from directory.model import AttachmentChange, Company, Invitation, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.typed import a_creation, a_row

ACME, GLOBEX = "Acme Énergie", "Globex"
AUTHOR = "Anne Durand"


def invitation_of(directory: FakeDirectory, email: str) -> Invitation | None:
    user = directory.find_by_email(email)
    assert user is not None
    return user.invitation


def verbs(directory: FakeDirectory) -> list[str]:
    return [verb for verb, *_ in directory.calls]


@pytest.fixture
def pending(directory: FakeDirectory) -> User:
    """Somebody of Acme and Initech, invited by nobody that is known."""
    return directory.add_user(
        a_profile("pe@nding.example"),
        [an_attachment("acme"), an_attachment("initech")],
        password_required=True,
    )


def test_creation_names_author_and_companies(browser: Browser, directory: FakeDirectory):
    """In the very call that creates: no other writes it."""
    typed = a_creation(a_row("acme"), a_row("globex"), email="new@acme.example")
    directory.calls.clear()
    assert browser.post("/users/new", typed).status == 303
    assert invitation_of(directory, "new@acme.example") == Invitation(AUTHOR, (ACME, GLOBEX))
    assert "record_invitation" not in verbs(directory)


def test_names_are_those_of_the_question(browser: Browser, directory: FakeDirectory):
    """Of another form's question nothing is taken: then the names are read."""
    rows = a_row("acme"), a_row("globex")
    browser.post("/users/new", a_creation(*rows, email="a@acme.example", confirm=False))
    browser.post("/users/new", a_creation(a_row("globex"), email="b@acme.example", confirm=False))
    assert browser.post("/users/new", a_creation(*rows, email="a@acme.example")).status == 303
    assert invitation_of(directory, "a@acme.example") == Invitation(AUTHOR, (ACME, GLOBEX))


def test_resend_says_what_is_true_now(browser: Browser, directory: FakeDirectory, pending: User):
    """Who sends again invites, to those of the person's companies that he administers, and to no other."""
    assert browser.post(f"/users/{pending.id}/activation").status == 303
    assert invitation_of(directory, pending.email) == Invitation(AUTHOR, (ACME,))
    order = [verb for verb in verbs(directory) if verb in ("record_invitation", "send_activation")]
    assert order == ["record_invitation", "send_activation"], "before the mail that says it"


def test_resend_writes_nothing_when_it_is_said_already(browser: Browser, directory: FakeDirectory, pending: User):
    """No call more than before."""
    directory.record_invitation(pending, Invitation(AUTHOR, (ACME,)))
    directory.calls.clear()
    assert browser.post(f"/users/{pending.id}/activation").status == 303
    assert "record_invitation" not in verbs(directory)
    assert invitation_of(directory, pending.email) == Invitation(AUTHOR, (ACME,))


def test_corrected_address_names_the_companies_of_today(
    browser: Browser, directory: FakeDirectory, globex: Company
):
    """With the address, in one call."""
    email = "tpyo@acme.example"
    assert browser.post("/users/new", a_creation(email=email)).status == 303
    user = directory.find_by_email(email)
    assert user is not None
    too = AttachmentChange("globex", None, an_attachment("globex"))
    directory.change_attachment(user.id, globex, too)
    directory.calls.clear()
    assert browser.post(f"/users/{user.id}/email", {"email": "typo@acme.example"}).status == 303
    assert invitation_of(directory, "typo@acme.example") == Invitation(AUTHOR, (ACME, GLOBEX))
    assert "record_invitation" not in verbs(directory)


def test_all_expired(browser: Browser, directory: FakeDirectory, pending: User):
    """Each of the batch."""
    directory.record_activation_sent(pending, datetime(2023, 1, 1, tzinfo=UTC))
    assert browser.post("/users/activations").status == 303
    assert invitation_of(directory, pending.email) == Invitation(AUTHOR, (ACME,))


def test_no_page_shows_it(browser: Browser, directory: FakeDirectory, pending: User):
    """It is for the mail; an administrator of Acme learns from no page who invited to Initech."""
    directory.record_invitation(pending, Invitation("Someone Else", ("Initech",)))
    for path in ("/users", f"/users/{pending.id}/attachments", "/users.csv"):
        page = browser.get(path)
        assert "Someone Else" not in page.body
        assert "Initech" not in page.body
