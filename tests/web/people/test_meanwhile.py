"""What another administrator changed while a form was open is detected and shown, never overwritten."""

import pytest

from directory.model import Attachment, AttachmentChange, User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.typed import a_creation, a_row
from webapp.records.journal import Values
from webapp.records.journal_reading import Search, read
from webapp.storage.database import Database

MEANWHILE = "Quelqu’un d’autre a modifié"


def at(directory: FakeDirectory, user: User) -> set[Attachment]:
    return {attachment for _, attachment in directory.attachments_of(user.id)}


@pytest.fixture
def other(client_for: ClientFor, second: User) -> Browser:
    """The other administrator's browser."""
    return client_for(second)


def path(user: User) -> str:
    return f"/users/{user.id}/attachments"


class TestModify:
    def test_two_wishes_about_one_company(
        self, browser: Browser, other: Browser, directory: FakeDirectory, member: User
    ):
        """The second is shown what the first did, who it was, and decides again."""
        form = browser.get(path(member)).form(path(member))
        assert other.post(path(member), {"confirm": "1", **a_row("acme", administrator=True)}).status == 303
        before = directory.snapshot()
        page = browser.submit(form, **a_row("acme", external=True), **a_row("globex"))
        assert page.status == 409
        assert directory.snapshot() == before
        (said,) = [banner for banner in page.banners if MEANWHILE in banner]
        assert "Acme Énergie : Utilisateur, Interne → Administrateur, Interne (Bruno Petit)" in said
        again = page.form(path(member))
        assert again.fields["company-acme-role"] == "administrator", "the box stands as it is now"
        assert again.fields["company-globex-attached"] == "1", "what was typed elsewhere is kept"
        review = browser.submit(again)
        assert review.status == 200
        assert browser.submit(review.form(path(member)), "confirm").status == 303
        assert at(directory, member) == {an_attachment("acme", administrator=True), an_attachment("globex")}

    @pytest.mark.parametrize("confirmed", [False, True])
    def test_between_the_difference_and_its_confirmation(
        self, confirmed: bool, browser: Browser, other: Browser, directory: FakeDirectory, member: User
    ):
        """What is confirmed is what was shown, or nothing."""
        form = browser.get(path(member)).form(path(member))
        review = browser.submit(form, **a_row("acme", administrator=True)).form(path(member))
        assert other.post(path(member), {"confirm": "1", **a_row("acme", external=True)}).status == 303
        page = browser.submit(review, "confirm" if confirmed else "")
        assert page.status == 409
        assert at(directory, member) == {an_attachment("acme", external=True)}

    def test_up_to_the_last_moment(
        self, browser: Browser, directory: FakeDirectory, member: User, monkeypatch: pytest.MonkeyPatch, acme
    ):
        """The change is looked for once more under the company's lock."""
        form = browser.get(path(member)).form(path(member))
        review = browser.submit(form, **a_row("acme", administrator=True)).form(path(member))
        seen, read_ = [], directory.attachments_of

        def between(user_id: str, *, ends: bool = True):
            found = read_(user_id, ends=ends)
            seen.append(user_id)
            if seen.count(member.id) == 1:
                directory.add_membership(member.id, "/acme/externals")
            return found

        monkeypatch.setattr(directory, "attachments_of", between)
        page = browser.submit(review, "confirm")
        assert page.status == 409
        assert any(MEANWHILE in banner for banner in page.banners)
        assert at(directory, member) == {an_attachment("acme", external=True)}

    def test_what_i_left_alone_stays_as_the_other_made_it(
        self, browser: Browser, other: Browser, directory: FakeDirectory, member: User
    ):
        """No conflict: it is said, and both changes stand in the end."""
        form = browser.get(path(member)).form(path(member))
        assert other.post(path(member), {"confirm": "1", **a_row("acme", external=True)}).status == 303
        review = browser.submit(form, **a_row("globex"))
        assert review.status == 200
        assert any(
            MEANWHILE in banner and "cette modification est conservée" in banner for banner in review.banners
        )
        assert "Globex" in review.main.one(class_="difference").text
        assert "Acme" not in review.main.one(class_="difference").text
        assert browser.submit(review.form(path(member)), "confirm").status == 303
        assert at(directory, member) == {an_attachment("acme", external=True), an_attachment("globex")}

    def test_both_wanted_the_same(self, browser: Browser, other: Browser, directory: FakeDirectory, member: User):
        """Nothing is left to do, and nobody is bothered."""
        form = browser.get(path(member)).form(path(member))
        assert other.post(path(member), {"confirm": "1", **a_row("acme", external=True)}).status == 303
        page = browser.submit(form, **a_row("acme", external=True))
        assert page.status == 200
        assert "Rien n’a encore changé" in page.banners[0]

    @pytest.mark.parametrize(
        "seen", ["", "acme", "acme=boss:internal", "=", "acme=user", "x" * 5000, "acme=user:internal:x"]
    )
    def test_hidden_field_that_says_nothing_is_as_good_as_none(
        self, seen: str, browser: Browser, directory: FakeDirectory, member: User
    ):
        """Then the form acts on the present state; `acme` alone says: not attached."""
        page = browser.post(path(member), {"confirm": "1", "seen": seen, **a_row("acme", external=True)})
        assert page.status == (409 if seen == "acme" else 303)

    def test_changing_ones_mind_keeps_what_was_chosen(
        self, browser: Browser, directory: FakeDirectory, member: User
    ):
        """The second button of the difference leads back to the boxes, as they were ticked."""
        form = browser.get(path(member)).form(path(member))
        review = browser.submit(form, **a_row("acme", external=True), **a_row("globex", administrator=True))
        before = directory.snapshot()
        back = browser.submit(review.form(path(member)), "back")
        assert back.status == 200
        fields = back.form(path(member)).fields
        assert (fields["company-acme-affiliation"], fields["company-globex-role"]) == ("external", "administrator")
        assert directory.snapshot() == before


class TestAdd:
    PATH = "/users/new"

    def test_account_that_appeared(self, browser: Browser, other: Browser, directory: FakeDirectory):
        """Typed as somebody new; meanwhile the address has an account: it is shown, not silently attached."""
        details = browser.submit(browser.get(self.PATH).form(self.PATH), email="emma.bernard@acme.example")
        form = details.form(self.PATH)
        assert other.post(self.PATH, a_creation(a_row("globex"), last_name="Autre")).status == 303
        review = browser.submit(form, **a_creation(confirm=False))
        assert review.status == 409
        assert "entre-temps" in review.banners[0]
        assert "Autre" in review.main.text
        emma = directory.find_by_email("emma.bernard@acme.example")
        assert emma is not None
        assert at(directory, emma) == {an_attachment("globex")}
        page = browser.submit(form, **a_creation())
        assert page.status == 409
        assert at(directory, emma) == {an_attachment("globex")}
        done = browser.submit(page.form(self.PATH), **a_row("acme"), confirm="1")
        assert done.status == 303
        assert at(directory, emma) == {an_attachment("globex"), an_attachment("acme")}

    def test_attached_otherwise_meanwhile(self, browser: Browser, directory: FakeDirectory, stranger: User, acme):
        """Somebody else attached the person to the same company with another role."""
        details = browser.submit(browser.get(self.PATH).form(self.PATH), email=stranger.email)
        form = details.form(self.PATH)
        boss = an_attachment("acme", administrator=True)
        directory.change_attachment(stranger.id, a_company("acme"), AttachmentChange("acme", None, boss))
        page = browser.submit(form, **a_row("acme"), confirm="1")
        assert page.status == 409
        assert "Acme Énergie" in page.banners[0]
        assert boss in at(directory, stranger)

    def test_without_hidden_fields_a_form_acts_on_the_present_state(
        self, browser: Browser, directory: FakeDirectory, stranger: User
    ):
        assert browser.post(self.PATH, {"email": stranger.email, "confirm": "1", **a_row("acme")}).status == 303
        assert an_attachment("acme") in at(directory, stranger)


class TestLookUps:
    """Adding by e-mail does not leak: exact address, counted, written down."""

    PATH = "/users/new"

    def lines(self, database: Database, *companies: str) -> list[tuple[str, str, object]]:
        found = read(database, companies, Search(), 1).lines
        return [(line.person.email, line.outcome.value, line.after) for line in found if line.action == "look_up"]

    def test_each_is_written_down_without_a_name(
        self, browser: Browser, database: Database, stranger: User, administrator: User
    ):
        """For the companies of who asked, whether there is an account or not; his own name, not the one found."""
        browser.post(self.PATH, {"email": stranger.email})
        browser.post(self.PATH, {"email": "nobody@acme.example"})
        expected = [
            ("nobody@acme.example", "done", Values(found=False)),
            (stranger.email, "done", Values(found=True)),
        ]
        assert self.lines(database, "acme") == self.lines(database, "globex") == expected
        assert self.lines(database, "initech") == []
        line = read(database, ["acme"], Search(), 1).lines[0]
        assert (line.author.id, line.person.name, line.person.id) == (administrator.id, "", None)

    def test_one_form_asks_once(self, browser: Browser, database: Database, stranger: User):
        """Its later steps ask about the same address again; each new form counts."""
        details = browser.submit(browser.get(self.PATH).form(self.PATH), email=stranger.email)
        review = browser.submit(details.form(self.PATH), **a_row("acme"))
        assert browser.submit(review.form(self.PATH), "confirm").status == 303
        assert len(self.lines(database, "acme")) == 1
        browser.post(self.PATH, {"email": stranger.email})
        assert len(self.lines(database, "acme")) == 2

    def test_attaching_at_once_asks_too(self, browser: Browser, database: Database, stranger: User):
        """A form without the first step finds the account just the same."""
        browser.post(self.PATH, {"email": stranger.email, "confirm": "1", **a_row("acme")})
        assert len(self.lines(database, "acme")) == 1

    @pytest.mark.slow
    def test_sixty_an_hour(
        self, browser: Browser, other: Browser, directory: FakeDirectory, database: Database, stranger: User
    ):
        """The next is refused and says when it is possible; nobody is looked up; another one may go on."""
        for number in range(60):
            assert browser.post(self.PATH, {"email": f"p{number}@acme.example"}).status == 200
        asked = len(directory.called("find_by_email"))
        refused = browser.post(self.PATH, {"email": stranger.email})
        assert refused.status == 429
        assert 3500 < int(refused.headers["Retry-After"]) <= 3600
        assert "60 minutes" in refused.text
        assert stranger.profile.last_name not in refused.text
        confirmed = browser.post(self.PATH, {"email": stranger.email, "confirm": "1", **a_row("acme")})
        assert confirmed.status == 429
        assert len(directory.called("find_by_email")) == asked
        assert an_attachment("acme") not in at(directory, stranger)
        assert self.lines(database, "acme")[0] == (stranger.email, "refused", None)
        assert other.post(self.PATH, {"email": stranger.email}).status == 200

    def test_operator_is_unknown_and_cannot_be_attached(
        self, browser: Browser, directory: FakeDirectory, database: Database
    ):
        """To the word what a stranger's address without an account gets; in the end the address is refused."""
        operator = directory.add_operator(a_profile("op@grid.example", last_name="Operator"))
        unknown = browser.post(self.PATH, {"email": "nobody@grid.example"})
        page = browser.post(self.PATH, {"email": operator.email})
        assert page.text == unknown.text.replace("nobody@grid.example", operator.email)
        assert browser.post(self.PATH, a_creation(email=operator.email)).status == 422
        assert directory.groups_of(operator.id) == {"/operators"}
        assert self.lines(database, "acme")[-1] == ("nobody@grid.example", "done", Values(found=False))
        assert (operator.email, "done", Values(found=False)) in self.lines(database, "acme")
