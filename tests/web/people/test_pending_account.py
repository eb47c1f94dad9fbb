"""A pending account: correct its address, or cancel it; never an active one, never a shared one."""

from datetime import UTC, datetime

import pytest

from directory.errors import InvalidPersonError, NotFoundError
from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.typed import a_creation, a_row


@pytest.fixture
def pending(directory: FakeDirectory) -> User:
    """Somebody of Acme and Globex with a typo in his address."""
    return directory.add_user(
        a_profile("tpyo@acme.example", last_name="Typo"),
        [an_attachment("acme"), an_attachment("globex")],
        password_required=True,
        activation_sent_at=datetime.now(UTC),
    )


@pytest.fixture
def shared(directory: FakeDirectory) -> User:
    """Somebody pending at Acme (mine) and at Initech (not mine)."""
    return directory.add_user(
        a_profile("shared@acme.example", last_name="Shared"),
        [an_attachment("acme"), an_attachment("initech")],
        password_required=True,
        activation_sent_at=datetime.now(UTC),
    )


class TestAddress:
    """The new address gets a mail; the links sent to the old one are dead."""

    def test_whole_story(self, browser: Browser, directory: FakeDirectory, pending: User):
        """The form shows the old address; the new one is mailed and listed."""
        page = browser.get(f"/users/{pending.id}/email")
        assert page.form(f"/users/{pending.id}/email").fields["email"] == pending.email
        done = browser.submit(page.forms[0], email=" Typo@Acme.example ")
        assert (done.status, done.location) == (303, "/users")
        assert directory.mails == ["typo@acme.example"]
        now = directory.user(pending.id)
        assert now.email == "typo@acme.example"
        assert now.profile.last_name == "Typo"
        assert len(directory.attachments_of(pending.id)) == 2
        assert "En cours d'activation" in browser.follow(done).row("typo@acme.example").text

    def test_address_is_changed_before_it_is_mailed(
        self, browser: Browser, directory: FakeDirectory, pending: User
    ):
        """The other way round the mail would go to the old address."""
        browser.post(f"/users/{pending.id}/email", {"email": "typo@acme.example"})
        verbs = [
            verb for verb, _ in directory.called("correct_email", "send_activation", "record_activation_sent")
        ]
        assert verbs == ["correct_email", "send_activation", "record_activation_sent"]

    def test_mail_server_down(self, browser: Browser, directory: FakeDirectory, pending: User):
        """The address is corrected, the list says « Mail non envoyé »."""
        directory.mail = "refused"
        done = browser.post(f"/users/{pending.id}/email", {"email": "typo@acme.example"})
        listed = browser.follow(done)
        assert listed.html.all(class_="banner-warning")
        assert listed.row("typo@acme.example").one(class_="badge-status").text == "Mail non envoyé"

    @pytest.mark.parametrize("typed", ["anne.durand@acme.example", "ANNE.durand@acme.example"])
    def test_taken(self, typed: str, browser: Browser, directory: FakeDirectory, pending: User):
        """422 beside the field; it does not say whose it is."""
        before = directory.snapshot()
        page = browser.post(f"/users/{pending.id}/email", {"email": typed})
        assert (page.status, list(page.errors)) == (422, ["email"])
        assert "Durand" not in page.main.text
        assert directory.snapshot() == before

    def test_same_address(self, browser: Browser, directory: FakeDirectory, pending: User):
        """Nothing to correct: refused, and nobody is mailed."""
        page = browser.post(f"/users/{pending.id}/email", {"email": pending.email.upper()})
        assert page.status == 422
        assert directory.mails == []

    def test_taken_by_an_operator(self, browser: Browser, directory: FakeDirectory, pending: User):
        """An operator's address answers like any that cannot be used."""
        operator = directory.add_operator(a_profile("oper@ator.example", last_name="Secret"))
        page = browser.post(f"/users/{pending.id}/email", {"email": operator.email})
        taken = browser.post(f"/users/{pending.id}/email", {"email": "anne.durand@acme.example"})
        assert page.errors == taken.errors
        assert "Secret" not in page.text

    def test_refused_by_keycloak(self, browser: Browser, directory: FakeDirectory, pending: User):
        """What Keycloak does not accept as an address ends beside the field."""
        directory.fail("correct_email", error=InvalidPersonError("error-invalid-email", "email"))
        page = browser.post(f"/users/{pending.id}/email", {"email": "typo@acme.example"})
        assert (page.status, list(page.errors)) == (422, ["email"])

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("state", [{}, {"enabled": False}])
    def test_active_or_disabled(
        self, method: str, state: dict[str, bool], browser: Browser, directory: FakeDirectory
    ):
        """409: the address of an active account is its holder's identity."""
        person = directory.add_user(a_profile(), [an_attachment("acme")], **state)
        before = directory.snapshot()
        address = f"/users/{person.id}/email"
        page = browser.get(address) if method == "GET" else browser.post(address, {"email": "new@acme.example"})
        assert page.status == 409
        assert directory.snapshot() == before

    def test_shared(self, browser: Browser, directory: FakeDirectory, shared: User):
        """409: who chose the address would choose who gets the other company's rights. The other is not named."""
        before = directory.snapshot()
        page = browser.post(f"/users/{shared.id}/email", {"email": "mine@acme.example"})
        assert page.status == 409
        assert "Initech" not in page.text
        assert directory.snapshot() == before

    def test_mails_of_corrections_count_for_the_day(
        self, browser: Browser, directory: FakeDirectory, pending: User
    ):
        """Five mails a day for one person, however asked for: a sixth is 429, and the address stays."""
        for number in range(5):
            assert (
                browser.post(f"/users/{pending.id}/email", {"email": f"typo{number}@acme.example"}).status == 303
            )
        before = directory.snapshot()
        page = browser.post(f"/users/{pending.id}/email", {"email": "typo6@acme.example"})
        assert page.status == 429
        assert int(page.headers["Retry-After"]) > 86_000
        assert directory.snapshot() == before


class TestDetaching:
    """« Modifier » detaches a pending person too; taking the invitation back is something else."""

    WORDS = "Ce compte n’a jamais été activé."

    def test_from_all_my_companies_says_so_before(
        self, browser: Browser, directory: FakeDirectory, pending: User, shared: User
    ):
        """Whoever is nowhere any more is in nobody's list; the same is said whether he is elsewhere or not."""
        for person in (pending, shared):
            page = browser.post(f"/users/{person.id}/attachments", {})
            assert self.WORDS in page.main.text
            assert "reste actif" not in page.main.text

    def test_from_one_of_two(self, browser: Browser, pending: User):
        """He stays in the list: nothing to warn of."""
        assert self.WORDS not in browser.post(f"/users/{pending.id}/attachments", a_row("acme")).main.text

    def test_of_an_active_person_is_as_ever(self, browser: Browser, member: User):
        page = browser.post(f"/users/{member.id}/attachments", {})
        assert self.WORDS not in page.main.text
        assert "reste actif" in page.main.text


class TestCancellation:
    """An invitation taken back."""

    def test_asks_first_on_the_page(self, browser: Browser, directory: FakeDirectory, pending: User):
        """The button of the person's page leads to a question; its button cancels."""
        before = directory.snapshot()
        question = browser.submit(browser.get(f"/users/{pending.id}").form(f"/users/{pending.id}/cancellation"))
        assert question.status == 200
        assert pending.email in question.main.text
        assert directory.snapshot() == before
        done = browser.submit(question.form(f"/users/{pending.id}/cancellation"), "confirm")
        assert (done.status, done.location) == (303, "/users")
        with pytest.raises(NotFoundError):
            directory.user(pending.id)
        assert "Typo" in browser.follow(done).banners[0]

    def test_post_alone_cancels(self, browser: Browser, directory: FakeDirectory, pending: User):
        """The contract knows no `confirm` here: a POST does it."""
        assert browser.post(f"/users/{pending.id}/cancellation").status == 303
        assert directory.find_by_email(pending.email) is None
        assert directory.mails == []

    def test_address_is_free_again(self, browser: Browser, directory: FakeDirectory, pending: User):
        """Somebody cancelled can be invited anew."""
        browser.post(f"/users/{pending.id}/cancellation")
        assert browser.post("/users/new", a_creation(email=pending.email)).status == 303

    @pytest.mark.parametrize("state", [{}, {"enabled": False}])
    def test_active_or_disabled(self, state: dict[str, bool], browser: Browser, directory: FakeDirectory):
        """409: an account that was activated is never deleted by the portal."""
        person = directory.add_user(a_profile(), [an_attachment("acme")], **state)
        before = directory.snapshot()
        assert browser.post(f"/users/{person.id}/cancellation", {"confirm": "1"}).status == 409
        assert directory.snapshot() == before

    def test_shared_is_only_detached(self, browser: Browser, directory: FakeDirectory, shared: User):
        """What is another's too is taken from my companies and stays."""
        assert browser.post(f"/users/{shared.id}/cancellation").status == 303
        assert [company.id for company, _ in directory.attachments_of(shared.id)] == ["initech"]
        assert directory.called("delete_user") == []
        assert directory.user(shared.id) == shared

    def test_somebody_just_activated_is_kept(
        self, client_for: ClientFor, administrator: User, directory: FakeDirectory, pending: User
    ):
        """Between the question and its answer he activated: 409, and his account lives."""
        browser = client_for(administrator)
        question = browser.submit(browser.get(f"/users/{pending.id}").form(f"/users/{pending.id}/cancellation"))
        directory.activate(pending.id)
        assert browser.submit(question.forms[0], "confirm").status == 409
        assert directory.user(pending.id).id == pending.id

    def test_pending_administrator_can_be_cancelled(self, browser: Browser, directory: FakeDirectory):
        """Who never was active is no last administrator."""
        person = directory.add_user(
            a_profile(), [an_attachment("acme", administrator=True)], password_required=True
        )
        assert browser.post(f"/users/{person.id}/cancellation").status == 303
