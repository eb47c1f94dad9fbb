"""« Modifier »: one person's boxes at my companies; the difference before it is saved; the last administrator."""

import pytest

from directory.errors import UnavailableError
from directory.model import User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.typed import a_row


def at(directory: FakeDirectory, user: User) -> set[object]:
    return {attachment for _, attachment in directory.attachments_of(user.id)}


@pytest.fixture
def shared(directory: FakeDirectory) -> User:
    """Somebody at Acme (mine) and at Initech (not mine)."""
    return directory.add_user(
        a_profile("sh@red.example", last_name="Shared"),
        [an_attachment("acme", external=True), an_attachment("initech")],
    )


class TestRows:
    """The first page: my companies, as the person is there."""

    def test_shows_what_is(self, browser: Browser, shared: User):
        """Each of my companies has a row with its present state; what is elsewhere is not shown."""
        page = browser.get(f"/users/{shared.id}/attachments")
        assert page.status == 200
        assert [row.text.split()[0] for row in page.html.all("th", scope="row")] == ["Acme", "Globex"]
        fields = page.forms[0].fields
        del fields["csrf_token"]
        assert fields == {
            "seen": "acme=user:external globex=",
            **a_row("acme", external=True),
            "company-acme-until": "",
            "company-globex-role": "user",
            "company-globex-affiliation": "internal",
            "company-globex-until": "",
        }
        assert "Initech" not in page.text
        assert "Shared" in page.h1
        assert page.h1.startswith("Modifier")

    def test_row_says_which_services_a_company_opens(self, browser: Browser, shared: User):
        """The services stand in the row, before anything is ticked."""
        page = browser.get(f"/users/{shared.id}/attachments")
        assert page.row("Acme").all(class_="services-cell")[0].text == "cataliz data"

    def test_controls_are_named_by_word_and_company(self, browser: Browser, shared: User):
        """The words of the contract, each followed by its company."""
        labels = [
            label.text for label in browser.get(f"/users/{shared.id}/attachments").row("Globex").all("label")
        ]
        assert labels == [
            "Rattachement – Globex",
            "Utilisateur – Globex",
            "Administrateur – Globex",
            "Interne – Globex",
            "Externe – Globex",
            "Jusqu’au – Globex",
        ]

    def test_new_company_is_seen_at_once(
        self, browser: Browser, directory: FakeDirectory, administrator: User, shared: User
    ):
        """Operations may add a company at any time; whoever administers it sees it on his next page."""
        directory.add_company(a_company("umbrella", "Umbrella"))
        directory.add_membership(administrator.id, "/umbrella")
        directory.add_membership(administrator.id, "/umbrella/administrators")
        assert "Umbrella" in browser.get(f"/users/{shared.id}/attachments").main.text
        assert browser.post(f"/users/{shared.id}/attachments", {"confirm": "1", **a_row("umbrella")}).status == 303
        assert an_attachment("umbrella") in at(directory, shared)


class TestDifference:
    """The second page: what saving will do; nothing is done yet."""

    def test_names_each_change_and_the_services(
        self, browser: Browser, directory: FakeDirectory, second: User, member: User
    ):
        """Attach one, detach another: which services open and which close."""
        before = directory.snapshot()
        page = browser.post(f"/users/{member.id}/attachments", a_row("globex", administrator=True))
        assert page.status == 200
        items = [item.text for item in page.main.all("li", class_="difference-item")]
        assert len(items) == 2
        acme, globex = items
        assert acme.startswith("Acme Énergie")
        assert "cataliz, data" in acme
        assert globex.startswith("Globex")
        assert "Administrateur" in globex
        assert "data" in globex
        assert directory.snapshot() == before
        assert directory.called("change_attachment") == []

    def test_says_nothing_of_companies_that_are_not_mine(self, browser: Browser, shared: User):
        """What the person has elsewhere is no part of the difference."""
        page = browser.post(f"/users/{shared.id}/attachments", {**a_row("acme"), **a_row("globex")})
        assert page.status == 200
        assert len(page.main.all("li", class_="difference-item")) == 2
        assert "Initech" not in page.text

    def test_role_and_affiliation(self, browser: Browser, member: User):
        """A change in place names before and after, in words."""
        page = browser.post(f"/users/{member.id}/attachments", a_row("acme", administrator=True, external=True))
        text = page.main.one(class_="difference-item").text
        assert "Utilisateur → Administrateur" in text
        assert "Interne → Externe" in text

    def test_confirming_the_page_does_what_it_showed(
        self, browser: Browser, directory: FakeDirectory, member: User
    ):
        """The form of the page carries everything; its button saves."""
        page = browser.post(f"/users/{member.id}/attachments", a_row("globex", external=True))
        done = browser.submit(page.form(f"/users/{member.id}/attachments"), "confirm")
        assert (done.status, done.location) == (303, "/users")
        assert at(directory, member) == {an_attachment("globex", external=True)}

    def test_nothing_changed(self, browser: Browser, directory: FakeDirectory, member: User):
        """Rows as they are lead back to the rows, with a word about it."""
        page = browser.post(f"/users/{member.id}/attachments", a_row("acme"))
        assert page.status == 200
        assert page.banners
        assert page.forms[0].fields["company-acme-attached"] == "1"

    def test_unknown_fields_are_ignored(self, browser: Browser, directory: FakeDirectory, member: User):
        """Names, address and companies that are not mine are no fields of this form."""
        before = directory.snapshot()
        page = browser.post(
            f"/users/{member.id}/attachments",
            {
                "confirm": "1",
                "email": "x@x.example",
                "last_name": "X",
                **a_row("acme"),
                **a_row("initech"),
                **a_row("zz"),
            },
        )
        assert page.status == 303
        assert directory.snapshot() == before


class TestSaving:
    """Rule 5 and 6: ticking attaches, unticking detaches, and nothing else happens."""

    @pytest.mark.slow
    @pytest.mark.parametrize("administers", [False, True])
    @pytest.mark.parametrize("external", [False, True])
    @pytest.mark.parametrize("present", [None, (False, False), (True, True), (False, True), (True, False)])
    def test_every_state_from_every_state(
        self,
        present: tuple[bool, bool] | None,
        administers: bool,
        external: bool,
        browser: Browser,
        directory: FakeDirectory,
    ):
        """One POST brings a row from any state to any other, and leaves the other company alone."""
        held = [an_attachment("globex", external=True), an_attachment("initech", administrator=True)]
        if present is not None:
            held.append(an_attachment("acme", administrator=present[0], external=present[1]))
        person = directory.add_user(a_profile(), held)
        rows = {**a_row("acme", administrator=administers, external=external), **a_row("globex", external=True)}
        assert browser.post(f"/users/{person.id}/attachments", {"confirm": "1", **rows}).status == 303
        assert at(directory, person) == {
            an_attachment("acme", administrator=administers, external=external),
            an_attachment("globex", external=True),
            an_attachment("initech", administrator=True),
        }

    def test_detaching_touches_neither_account_nor_other_companies(
        self, browser: Browser, directory: FakeDirectory, shared: User
    ):
        """All boxes unticked: gone from the list, still active, still at the company that is not mine."""
        done = browser.post(f"/users/{shared.id}/attachments", {"confirm": "1"})
        assert done.status == 303
        assert at(directory, shared) == {an_attachment("initech")}
        assert directory.user(shared.id) == shared
        listed = browser.follow(done)
        assert "Shared" in listed.banners[0]
        assert listed.html.all("th", scope="row")[0].text.startswith("Durand")
        assert len(listed.rows) == 1
        assert browser.get(f"/users/{shared.id}/attachments").status == 404

    def test_missing_checkbox_means_detach(self, browser: Browser, directory: FakeDirectory, second: User):
        """A row that was not sent is a row unticked."""
        browser.post(f"/users/{second.id}/attachments", {"confirm": "1", **a_row("globex")})
        assert at(directory, second) == {an_attachment("globex")}

    def test_nothing_to_do_is_said(self, browser: Browser, directory: FakeDirectory, member: User):
        """Confirming what is already so answers like any save, and says that there was nothing."""
        before = directory.snapshot()
        done = browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **a_row("acme")})
        assert done.status == 303
        assert directory.snapshot() == before
        assert browser.follow(done).banners

    def test_pending_person_is_attached_without_a_mail(self, browser: Browser, directory: FakeDirectory):
        """« Modifier » mails nobody."""
        person = directory.add_user(a_profile(), [an_attachment("acme")], password_required=True)
        browser.post(f"/users/{person.id}/attachments", {"confirm": "1", **a_row("acme"), **a_row("globex")})
        assert directory.mails == []

    def test_one_change_is_one_write(self, browser: Browser, directory: FakeDirectory, member: User):
        """Only what differs is written."""
        directory.calls.clear()
        browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **a_row("acme"), **a_row("globex")})
        assert len(directory.called("change_attachment")) == 1

    def test_detaching_myself_takes_my_rights_at_once(
        self, browser: Browser, directory: FakeDirectory, administrator: User, second: User
    ):
        """The next request is already answered with the rights that are left."""
        done = browser.post(
            f"/users/{administrator.id}/attachments", {"confirm": "1", **a_row("acme", administrator=True)}
        )
        assert done.status == 303
        page = browser.get("/users")
        assert "Globex" not in page.main.text
        browser.post(f"/users/{administrator.id}/attachments", {"confirm": "1"})
        assert browser.get("/users").status == 403


class TestPartlyDone:
    """Several companies, and Keycloak fails in between."""

    def test_says_what_is_done_and_finishes_when_sent_again(
        self, browser: Browser, directory: FakeDirectory, member: User
    ):
        """503 with what is done and what is left; its button finishes, and does nothing twice."""
        directory.fail("change_attachment", nth=2)
        page = browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **a_row("globex")})
        assert page.status == 503
        assert int(page.headers["Retry-After"]) > 0
        assert at(directory, member) == set(), "the detachment at Acme was the first change"
        (finish,) = page.forms
        assert browser.submit(finish).status == 303
        assert at(directory, member) == {an_attachment("globex")}

    def test_attached_person_can_be_finished(self, browser: Browser, directory: FakeDirectory, member: User):
        """The button does the rest and nothing twice."""
        directory.fail("change_attachment", nth=2)
        rows = {**a_row("acme", external=True), **a_row("globex")}
        page = browser.post(f"/users/{member.id}/attachments", {"confirm": "1", **rows})
        assert page.status == 503
        assert at(directory, member) == {an_attachment("acme", external=True)}
        (finish,) = page.forms
        assert browser.submit(finish).status == 303
        assert at(directory, member) == {an_attachment("acme", external=True), an_attachment("globex")}
        assert len(directory.called("change_attachment")) == 3

    @pytest.mark.parametrize("effect", ["none", "half", "whole"])
    def test_any_half_made_change_can_be_repeated(
        self, effect: str, browser: Browser, directory: FakeDirectory, member: User
    ):
        """Before, half way or after: the same form sent again ends where it should."""
        rows = {"confirm": "1", **a_row("acme", administrator=True, external=True)}
        directory.fail("change_attachment", error=UnavailableError("gone"), effect=effect)  # type: ignore[arg-type]
        assert browser.post(f"/users/{member.id}/attachments", rows).status == 503
        assert browser.post(f"/users/{member.id}/attachments", rows).status == 303
        assert at(directory, member) == {an_attachment("acme", administrator=True, external=True)}


class TestMyself:
    """« Modifier » of one's own account."""

    def test_giving_up_the_role(self, browser: Browser, administrator: User, second: User):
        """Said in the second person, with a button of its own; nobody else's change is."""
        address = f"/users/{administrator.id}/attachments"
        rows = {**a_row("acme"), **a_row("globex", administrator=True)}
        page = browser.post(address, rows)
        assert any("Vous n’administrerez plus Acme Énergie" in banner for banner in page.banners)
        assert "Ne plus administrer" in [button.text for button in page.main.all("button")]
        other = browser.post(f"/users/{second.id}/attachments", rows)
        assert "administrerez" not in other.main.text
        assert "Confirmer" in [button.text for button in other.main.all("button")]

    def test_other_changes_are_confirmed_as_ever(self, browser: Browser, administrator: User, second: User):
        """External instead of internal takes nothing away."""
        rows = {**a_row("acme", administrator=True, external=True), **a_row("globex", administrator=True)}
        page = browser.post(f"/users/{administrator.id}/attachments", rows)
        assert "Confirmer" in [button.text for button in page.main.all("button")]


class TestLastAdministrator:
    """A company never loses its last active administrator."""

    @pytest.mark.parametrize("confirm", [{}, {"confirm": "1"}])
    @pytest.mark.parametrize(
        "rows", [{}, a_row("acme"), a_row("acme", external=True)], ids=["detach", "user", "external user"]
    )
    def test_refused(
        self,
        rows: dict[str, str],
        confirm: dict[str, str],
        browser: Browser,
        directory: FakeDirectory,
        administrator: User,
    ):
        """409 with a page that names the company and says what to do; nothing is changed, at any company."""
        before = directory.snapshot()
        page = browser.post(f"/users/{administrator.id}/attachments", {**rows, **confirm})
        assert page.status == 409
        assert "Acme Énergie" in page.main.text
        assert directory.snapshot() == before
        assert directory.called("change_attachment") == []

    def test_is_said_inside_the_form(self, browser: Browser, administrator: User):
        """The boxes stay as they were chosen, and a link leads to the people of the company to choose another."""
        address = f"/users/{administrator.id}/attachments"
        page = browser.post(address, {**a_row("acme"), **a_row("globex", administrator=True)})
        assert page.status == 409
        assert page.form(address).fields["company-acme-role"] == "user"
        assert "/users?company=acme" in [link["href"] for link in page.main.all("a")]

    def test_staying_administrator_in_another_affiliation_is_fine(
        self, browser: Browser, directory: FakeDirectory, administrator: User
    ):
        """Only the role counts."""
        rows = {**a_row("acme", administrator=True, external=True), **a_row("globex", administrator=True)}
        assert browser.post(f"/users/{administrator.id}/attachments", {"confirm": "1", **rows}).status == 303

    @pytest.mark.parametrize(
        "state", [{"password_required": True}, {"enabled": False}], ids=["pending", "disabled"]
    )
    def test_inactive_second_administrator_does_not_count(
        self, state: dict[str, bool], browser: Browser, directory: FakeDirectory, administrator: User
    ):
        """Who cannot sign in administers nothing."""
        directory.add_user(a_profile(), [an_attachment("acme", administrator=True)], **state)
        rows = a_row("globex", administrator=True)
        assert browser.post(f"/users/{administrator.id}/attachments", {"confirm": "1", **rows}).status == 409

    def test_active_second_administrator_counts(
        self, browser: Browser, directory: FakeDirectory, administrator: User, second: User
    ):
        """With another active one, the first may go; then the other one may not."""
        assert browser.post(f"/users/{second.id}/attachments", {"confirm": "1"}).status == 303
        assert at(directory, second) == set()
        assert browser.post(f"/users/{administrator.id}/attachments", {"confirm": "1"}).status == 409

    def test_pending_administrator_may_always_be_detached(
        self, browser: Browser, directory: FakeDirectory, administrator: User
    ):
        """Who was never active was never the last active one."""
        pending = directory.add_user(
            a_profile(), [an_attachment("acme", administrator=True)], password_required=True
        )
        assert browser.post(f"/users/{pending.id}/attachments", {"confirm": "1"}).status == 303
        assert at(directory, pending) == set()

    def test_rule_is_judged_on_the_present_state(
        self, client_for: ClientFor, directory: FakeDirectory, administrator: User, second: User
    ):
        """A page opened while there were two does not help once there is one."""
        browser = client_for(administrator)
        page = browser.post(f"/users/{administrator.id}/attachments", {})
        assert page.status == 200
        directory.disable(second.id)
        assert browser.submit(page.form(f"/users/{administrator.id}/attachments"), "confirm").status == 409
