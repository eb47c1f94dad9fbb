"""« Ajouter un utilisateur »: create somebody new, or attach somebody who has an account already."""

from datetime import UTC, datetime

import pytest

from directory.model import Affiliation, Attachment, CompanyRole, Locale, Title, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.typed import a_creation, a_row

EMAIL = "emma.bernard@acme.example"


def attachments(directory: FakeDirectory, user: User) -> set[Attachment]:
    return {attachment for _, attachment in directory.attachments_of(user.id)}


class TestSomebodyNew:
    """Rule 1: the e-mail, then the person with a row for each of my companies, then the difference, then done."""

    def test_whole_story_in_four_pages(self, browser: Browser, directory: FakeDirectory):
        """Every step is a page with a form; each brings along what was typed before."""
        address = browser.get("/users/new")
        assert address.h1 == "Ajouter un utilisateur"
        details = browser.submit(address.form("/users/new"), email=EMAIL)
        assert details.status == 200
        form = details.form("/users/new")
        assert form.fields["email"] == EMAIL
        assert [row.text.split()[0] for row in details.html.all("th", scope="row")] == ["Acme", "Globex"]
        before = directory.snapshot()
        review = browser.submit(
            form, last_name="Bernard", first_name="Emma", title="mme", locale="en", **a_row("acme", external=True)
        )
        assert review.status == 200
        assert directory.snapshot() == before, "nothing happens before the confirmation"
        assert "Acme Énergie" in review.main.one(class_="difference").text
        assert "cataliz, data" in review.main.one(class_="difference").text, "the services that open are named"
        assert "Globex" not in review.main.text
        done = browser.submit(review.form("/users/new"), "confirm")
        assert (done.status, done.location) == (303, "/users")
        made = directory.find_by_email(EMAIL)
        assert made is not None
        assert made.profile.first_name == "Emma"
        assert made.profile.last_name == "Bernard"
        assert made.profile.title is Title.MME
        assert made.profile.locale is Locale.EN
        assert made.password_required
        assert attachments(directory, made) == {an_attachment("acme", external=True)}
        assert directory.mails == [EMAIL]
        listed = browser.follow(done)
        assert "Emma Bernard" in listed.banners[0]
        assert "En cours d'activation" in listed.row(EMAIL).text

    def test_hint_recommends_a_professional_address(self, browser: Browser):
        """The help page of the origin asks for professional addresses; so does the form."""
        page = browser.get("/users/new")
        hint = page.html.one(id=page.html.one("input", id="email")["aria-describedby"]).text
        assert "professionnelle" in hint

    @pytest.mark.parametrize("administers", [False, True])
    @pytest.mark.parametrize("external", [False, True])
    def test_role_and_affiliation_are_each_companys_own(
        self, administers: bool, external: bool, browser: Browser, directory: FakeDirectory
    ):
        """What is chosen at one company says nothing about the other."""
        acme = a_row("acme", administrator=administers, external=external)
        globex = a_row("globex", administrator=not administers, external=not external)
        assert browser.post("/users/new", a_creation(acme, globex)).status == 303
        made = directory.find_by_email(EMAIL)
        assert made is not None
        assert attachments(directory, made) == {
            an_attachment("acme", administrator=administers, external=external),
            an_attachment("globex", administrator=not administers, external=not external),
        }

    @pytest.mark.parametrize("title", list(Title))
    @pytest.mark.parametrize("locale", list(Locale))
    def test_title_and_language(self, title: Title, locale: Locale, browser: Browser, directory: FakeDirectory):
        """Both titles and both languages are kept as chosen."""
        browser.post("/users/new", a_creation(title=title.value, locale=locale.value))
        made = directory.find_by_email(EMAIL)
        assert made is not None
        assert (made.profile.title, made.profile.locale) == (title, locale)

    def test_creation_is_three_calls(self, browser: Browser, directory: FakeDirectory):
        """Account and groups in one call, the mail, and the note that it left: nothing is looked up. What the
        companies are called was read for the question before."""
        rows = a_row("acme"), a_row("globex", administrator=True)
        browser.post("/users/new", a_creation(*rows, confirm=False))
        directory.calls.clear()
        browser.post("/users/new", a_creation(*rows))
        assert [verb for verb, _ in directory.calls] == [
            "create_user",
            "send_activation",
            "record_activation_sent",
        ]

    def test_address_is_kept_in_lower_case_without_spaces(self, browser: Browser, directory: FakeDirectory):
        """One spelling of an address, so that one address is one account."""
        browser.post("/users/new", a_creation(email="  Emma.BERNARD@Acme.Example "))
        assert directory.mails == [EMAIL]

    @pytest.mark.parametrize(
        "name", ["O'Brien", "Le Goff-Ménard", "D’Angelo", "Nguyễn", "王", "Ødegård", "x" * 255]
    )
    def test_names_as_people_have_them(self, name: str, browser: Browser, directory: FakeDirectory):
        """Accents, apostrophes, hyphens, other scripts, and 255 characters."""
        assert browser.post("/users/new", a_creation(last_name=name, first_name=name)).status == 303
        made = directory.find_by_email(EMAIL)
        assert made is not None
        assert (made.profile.last_name, made.profile.first_name) == (name, name)

    def test_address_can_come_with_the_link(self, browser: Browser):
        """A link may bring the address along; it is only proposed."""
        page = browser.get("/users/new", query_string={"email": EMAIL})
        assert page.html.one("input", id="email")["value"] == EMAIL

    def test_without_javascript_and_without_hidden_fields_one_post_is_enough(
        self, browser: Browser, directory: FakeDirectory
    ):
        """Hidden fields are optional: the fields of the contract and `confirm` are all it takes."""
        assert browser.post("/users/new", a_creation()).status == 303
        assert directory.find_by_email(EMAIL) is not None

    def test_unknown_fields_are_ignored(self, browser: Browser, directory: FakeDirectory):
        """What the portal does not know changes nothing: rights, state or password cannot be smuggled in."""
        smuggled = {"enabled": "false", "password": "x", "groups": "/operators", "id": "1", "company-acme": "on"}
        assert browser.post("/users/new", {**a_creation(), **smuggled}).status == 303
        made = directory.find_by_email(EMAIL)
        assert made is not None
        assert made.enabled
        assert attachments(directory, made) == {an_attachment("acme")}

    def test_values_of_an_unticked_row_are_not_looked_at(self, browser: Browser, directory: FakeDirectory):
        """Role and affiliation are required where the box is ticked, and nowhere else."""
        fields = a_creation(a_row("acme"), {"company-globex-role": "king", "company-globex-affiliation": ""})
        assert browser.post("/users/new", fields).status == 303
        made = directory.find_by_email(EMAIL)
        assert made is not None
        assert attachments(directory, made) == {an_attachment("acme")}

    def test_administrator_made_so_has_the_same_rights(self, client_for: ClientFor, directory: FakeDirectory):
        """Rule 2: whom I make administrator does at that company all that I do, and nothing at my other ones."""
        maker = directory.add_user(
            a_profile(), [an_attachment("acme", administrator=True), an_attachment("globex", administrator=True)]
        )
        client_for(maker).post("/users/new", a_creation(a_row("acme", administrator=True), a_row("globex")))
        made = directory.find_by_email(EMAIL)
        assert made is not None
        directory.activate(made.id)
        theirs = client_for(made)
        assert theirs.get("/users").status == 200
        page = theirs.get(f"/users/{maker.id}/attachments")
        assert [row.text.split()[0] for row in page.html.all("th", scope="row")] == ["Acme"]
        assert theirs.post("/users/new", a_creation(a_row("acme"), email="third@acme.example")).status == 303
        other = theirs.post("/users/new", a_creation(a_row("globex"), email="fourth@acme.example"))
        assert other.status == 422, "Globex is not a company that he administers"
        assert theirs.post(f"/users/{maker.id}/attachments", {"confirm": "1"}).status == 303, (
            "he may even replace me"
        )


class TestSomebodyKnown:
    """Rule 7: an address that has an account brings the person; only the boxes remain to tick."""

    @pytest.fixture
    def known(self, directory: FakeDirectory) -> User:
        """An active account of somebody whom the administrator cannot see yet."""
        profile = a_profile(
            "henri.roy@initech.example", last_name="Roy", first_name="Henri", title=Title.M, locale=Locale.EN
        )
        return directory.add_user(profile, [an_attachment("initech")])

    def test_whole_story(self, browser: Browser, directory: FakeDirectory, known: User):
        """The person is shown and cannot be changed; no second account, and no mail."""
        details = browser.submit(browser.get("/users/new").form("/users/new"), email=known.email.upper())
        assert details.status == 200
        facts = [fact.text for fact in details.main.all("dl", class_="fact")]
        assert facts == [
            "E-mail henri.roy@initech.example",
            "Nom Roy",
            "Prénom Henri",
            "Civilité M.",
            "Langue English",
        ]
        form = details.form("/users/new")
        assert not {"last_name", "first_name", "title", "locale"} & set(form.fields)
        assert "Initech" not in details.text
        review = browser.submit(form, **a_row("acme", administrator=True), **a_row("globex", external=True))
        assert review.status == 200
        done = browser.submit(review.form("/users/new"), "confirm")
        assert (done.status, done.location) == (303, "/users")
        assert attachments(directory, known) == {
            an_attachment("initech"),
            an_attachment("acme", administrator=True),
            an_attachment("globex", external=True),
        }
        assert directory.mails == []
        assert directory.user(known.id) == known
        assert "Roy" in browser.follow(done).row(known.email).text

    def test_typed_names_of_a_known_account_are_ignored(
        self, browser: Browser, directory: FakeDirectory, known: User
    ):
        """Nobody renames somebody else by attaching him."""
        fields = a_creation(email=known.email, last_name="Other", first_name="Name", title="mme", locale="fr")
        assert browser.post("/users/new", fields).status == 303
        assert directory.user(known.id) == known
        assert an_attachment("acme") in attachments(directory, known)

    @pytest.mark.parametrize(
        "names", [{"last_name": ""}, {"first_name": "<script>"}, {"title": "dr"}, {"locale": ""}]
    )
    @pytest.mark.parametrize("confirm", [False, True])
    def test_even_wrong_names_of_a_known_account_are_ignored(
        self, names: dict[str, str], confirm: bool, browser: Browser, directory: FakeDirectory, known: User
    ):
        """They are not looked at, so they cannot be wrong."""
        page = browser.post("/users/new", a_creation(email=known.email, confirm=confirm, **names))
        assert page.status == (303 if confirm else 200)
        assert (an_attachment("acme") in attachments(directory, known)) is confirm
        assert directory.user(known.id) == known

    def test_only_the_boxes_are_needed(self, browser: Browser, directory: FakeDirectory, known: User):
        """For a known account a POST of address, box and `confirm` attaches it."""
        fields = {"email": known.email, "confirm": "1", **a_row("globex")}
        assert browser.post("/users/new", fields).status == 303
        assert attachments(directory, known) == {an_attachment("initech"), an_attachment("globex")}

    def test_companies_not_ticked_stay_as_they_are(self, browser: Browser, directory: FakeDirectory, member: User):
        """« Ajouter » never detaches: a box not ticked here says nothing."""
        fields = {"email": member.email, "confirm": "1", **a_row("globex")}
        assert browser.post("/users/new", fields).status == 303
        assert attachments(directory, member) == {an_attachment("acme"), an_attachment("globex")}

    def test_difference_names_only_what_is_added(self, browser: Browser, member: User):
        """Nor does the page before it say so: the company that was not ticked is no part of the difference."""
        page = browser.post("/users/new", {"email": member.email, **a_row("globex")})
        (item,) = page.main.all("li", class_="difference-item")
        assert item.text.startswith("Globex")

    def test_already_attached_as_asked(self, browser: Browser, directory: FakeDirectory, member: User):
        """Asking for what is so already changes nothing, and says so."""
        before = directory.snapshot()
        done = browser.post("/users/new", {"email": member.email, "confirm": "1", **a_row("acme")})
        assert done.status == 303
        assert directory.snapshot() == before
        assert browser.follow(done).banners

    def test_attached_everywhere_already(self, browser: Browser, second: User):
        """Nothing remains to tick: the page says so, and leads to « Modifier »."""
        page = browser.post("/users/new", {"email": second.email})
        assert page.status == 200
        assert [link["href"] for link in page.main.all("a") if link.text.startswith("Modifier")] == [
            f"/users/{second.id}/attachments"
        ]

    def test_nothing_would_change(self, browser: Browser, member: User):
        """The step of the difference has none to show, and offers nothing to confirm."""
        page = browser.post("/users/new", {"email": member.email, **a_row("acme")})
        assert page.status == 200
        assert page.forms == []

    def test_pending_person_gets_no_mail_but_the_offer_of_one(self, browser: Browser, directory: FakeDirectory):
        """Attaching mails nobody; « Renvoyer » is offered in the list as for anyone pending."""
        pending = directory.add_user(
            a_profile("p@initech.example"),
            [an_attachment("initech")],
            password_required=True,
            activation_sent_at=datetime.now(UTC),
        )
        done = browser.post("/users/new", {"email": pending.email, "confirm": "1", **a_row("acme")})
        assert directory.mails == []
        row = browser.follow(done).row(pending.email)
        assert "En cours d'activation" in row.text
        assert f"/users/{pending.id}/activation" in [form["action"] for form in row.all("form")]

    def test_person_attached_nowhere(self, browser: Browser, directory: FakeDirectory):
        """An account without any company is found and attached like any other."""
        nobody = directory.add_user(a_profile("free@lance.example"))
        assert browser.post("/users/new", {"email": nobody.email, "confirm": "1", **a_row("acme")}).status == 303
        assert attachments(directory, nobody) == {an_attachment("acme")}

    def test_exact_address_only(self, browser: Browser, known: User):
        """Half an address, or one that only contains it, finds nobody."""
        for typed in ("roy@initech.example", "henri.roy@initech.exampl", "xhenri.roy@initech.example"):
            page = browser.post("/users/new", {"email": typed})
            assert page.status == 200
            assert "Roy" not in page.main.text

    def test_role_of_somebody_attached_changes_in_place(
        self, browser: Browser, directory: FakeDirectory, member: User
    ):
        """A ticked box says what the person is to be at that company."""
        fields = {"email": member.email, **a_row("acme", administrator=True, external=True)}
        review = browser.post("/users/new", fields)
        assert "Utilisateur → Administrateur" in review.main.one(class_="difference").text
        assert browser.submit(review.form("/users/new"), "confirm").status == 303
        assert attachments(directory, member) == {
            Attachment("acme", CompanyRole.ADMINISTRATOR, Affiliation.EXTERNAL)
        }

    def test_last_administrator_keeps_his_role_on_this_path_too(
        self, client_for: ClientFor, directory: FakeDirectory
    ):
        """« Ajouter » is no way around the rule of the last administrator."""
        only = directory.add_user(a_profile(), [an_attachment("initech", administrator=True)])
        before = directory.snapshot()
        page = client_for(only).post("/users/new", {"email": only.email, "confirm": "1", **a_row("initech")})
        assert page.status == 409
        assert directory.snapshot() == before


class TestOperator:
    """An operator is outside every company and cannot be seen, nor attached, nor taken for nobody's address."""

    @pytest.fixture
    def operator(self, directory: FakeDirectory) -> User:
        return directory.add_operator(a_profile("oper@ator.example", last_name="Secret", first_name="Agent"))

    def test_answers_as_somebody_unknown(self, browser: Browser, operator: User):
        """The second step is the one of an address that nobody has."""
        theirs = browser.post("/users/new", {"email": operator.email})
        nobodys = browser.post("/users/new", {"email": "nob@ody.example"})
        assert theirs.status == nobodys.status == 200
        assert "Secret" not in theirs.text
        assert [form.fields.keys() for form in theirs.forms] == [form.fields.keys() for form in nobodys.forms]
        assert theirs.main.text.replace(operator.email, "X") == nobodys.main.text.replace("nob@ody.example", "X")

    def test_cannot_be_attached_or_created_again(self, browser: Browser, directory: FakeDirectory, operator: User):
        """The confirmation is refused beside the e-mail; nothing changes and nobody is mailed."""
        before = directory.snapshot()
        page = browser.post("/users/new", a_creation(email=operator.email))
        assert page.status == 422
        assert "email" in page.errors
        assert "Secret" not in page.text
        assert directory.snapshot() == before
