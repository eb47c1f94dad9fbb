"""« Mon profil »: the holder's own account, and leaving a company."""

import re

import pytest

from directory.errors import CompanyNotFoundError
from directory.model import Locale, Title, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from tests.web.fake_identity import FakeIdentity
from tests.web.typed import a_row
from webapp.errors import SignedOutError

TYPED = {"last_name": "Dupont", "first_name": "Jean-Noël", "title": "m", "locale": "en"}


class TestEdit:
    """Rule 8: last name, first name, title and language; the e-mail is shown and cannot be changed."""

    def test_shows_what_is(self, client_for: ClientFor, member: User):
        """The form holds the present values; the address is a fact, not a field."""
        page = client_for(member).get("/profile")
        assert page.status == 200
        assert page.h1 == "Mon profil"
        fields = page.form("/profile").fields
        del fields["csrf_token"]
        assert fields == {"last_name": "Martin", "first_name": "Chloé", "title": "mme", "locale": "fr"}
        assert page.main.all("dl", class_="fact")[0].text.startswith(f"E-mail {member.email}")
        assert page.html.all("input", name="email") == []

    def test_labels(self, client_for: ClientFor, member: User):
        """« Nom », « Prénom », « Civilité », « Langue »."""
        form = client_for(member).get("/profile").form("/profile").element
        labels = [label.text for label in form.all("label", class_="field-label")]
        assert [*labels, *(legend.text for legend in form.all("legend"))] == [
            "Nom",
            "Prénom",
            "Civilité",
            "Langue",
        ]

    def test_saves(self, client_for: ClientFor, directory: FakeDirectory, member: User):
        """All four at once; 303 back to the page, which says so in the language just chosen."""
        browser = client_for(member)
        done = browser.post("/profile", TYPED)
        assert (done.status, done.location) == (303, "/profile")
        now = directory.user(member.id).profile
        assert (now.last_name, now.first_name, now.title, now.locale) == (
            "Dupont",
            "Jean-Noël",
            Title.M,
            Locale.EN,
        )
        page = browser.follow(done)
        assert page.lang == "en"
        assert page.h1 == "My profile"
        assert "Your profile was saved." in page.banners[0]

    @pytest.mark.parametrize("field", ["email", "username", "id", "attributes", "attachments"])
    def test_address_stays(self, field: str, client_for: ClientFor, directory: FakeDirectory, member: User):
        """Whatever is sent besides the four is ignored."""
        assert client_for(member).post("/profile", {**TYPED, field: "other@acme.example"}).status == 303
        assert directory.user(member.id).email == member.email
        assert len(directory.attachments_of(member.id)) == 1

    def test_goes_by_the_holders_own_token(
        self, client_for: ClientFor, directory: FakeDirectory, identity: FakeIdentity, member: User
    ):
        """The account API of Keycloak and not the service account: no verb of the directory writes."""
        browser = client_for(member)
        browser.get("/profile")
        directory.calls.clear()
        browser.post("/profile", TYPED)
        assert len(identity.saved) == 1
        assert directory.calls == []

    @pytest.mark.parametrize("field", ["last_name", "first_name"])
    def test_refused_by_keycloak(self, field: str, client_for: ClientFor, identity: FakeIdentity, member: User):
        """What Keycloak does not accept ends beside the field, the input kept."""
        identity.refuses = field
        page = client_for(member).post("/profile", TYPED)
        assert (page.status, list(page.errors)) == (422, [field])
        assert page.form("/profile").fields["first_name"] == "Jean-Noël"

    def test_title_not_given_yet(self, client_for: ClientFor, directory: FakeDirectory):
        """An account without a title can be opened, and asks for one when it is saved."""
        person = directory.add_user(a_profile(title=None), [an_attachment("acme")])
        browser = client_for(person)
        page = browser.get("/profile")
        assert "title" not in page.form("/profile").fields
        assert list(browser.submit(page.form("/profile")).errors) == ["title"]

    def test_session_ends_while_it_is_saved(
        self, client_for: ClientFor, identity: FakeIdentity, member: User, monkeypatch: pytest.MonkeyPatch
    ):
        """Ended between the look at who is acting and the save: signed out, not an error."""

        def ended(*_: object) -> None:
            raise SignedOutError("over")

        browser = client_for(member)
        monkeypatch.setattr(identity, "save_profile", ended)
        done = browser.post("/profile", TYPED)
        assert done.status == 401
        assert "/login?next=/profile" in [link["href"] for link in done.main.all("a")]
        assert browser.get("/help").html.all("form", action="/logout") == []

    def test_session_ended_meanwhile(
        self, client_for: ClientFor, directory: FakeDirectory, identity: FakeIdentity, member: User
    ):
        """A form sent after the session ended changes nothing and leads to the sign-in."""
        browser = client_for(member)
        browser.get("/profile")
        identity.end_sessions(member)
        done = browser.post("/profile", TYPED)
        assert done.status == 401
        assert "/login?next=/profile" in [link["href"] for link in done.main.all("a")]
        assert directory.user(member.id) == member


class TestEverybody:
    """Rule 9: whoever has an account signs in, and has a profile."""

    def test_attached_nowhere(self, client_for: ClientFor, directory: FakeDirectory):
        """Somebody without any company gets his profile, and words about it."""
        browser = client_for(directory.add_user(a_profile()))
        page = browser.get("/profile")
        assert page.status == 200
        assert page.main.one("section", **{"aria-labelledby": "my-attachments"}).all("p")[0].text

    def test_operator(self, client_for: ClientFor, directory: FakeDirectory):
        """An operator, whom the portal's service account cannot see, has a profile like anybody."""
        operator = directory.add_operator(a_profile("oper@ator.example"))
        browser = client_for(operator)
        assert browser.get("/profile").status == 200
        assert browser.post("/profile", TYPED).status == 303
        assert browser.get("/users").status == 403

    def test_lists_my_companies_with_what_i_am_there(self, client_for: ClientFor, directory: FakeDirectory):
        """Every company of the holder, foreign ones of his administrator's included: they are his own."""
        person = directory.add_user(
            a_profile(), [an_attachment("acme", external=True), an_attachment("initech", administrator=True)]
        )
        chips = [chip.text for chip in client_for(person).get("/profile").main.all(class_="chip")]
        assert chips == ["Acme Énergie Utilisateur, Externe", "Initech Administrateur, Interne"]


class TestMyCompanies:
    """Which, what one is there, what it opens, who decides, since when."""

    @staticmethod
    def facts(page: Page, company: str) -> dict[str, str]:
        """The facts of one company, by their words."""
        (place,) = [place for place in page.main.all("li", class_="place") if company in place.one("h3").text]
        return {row.one("dt").text: row.one("dd").text for row in place.one("dl").all("div")}

    def test_says_who_administers_each(
        self, client_for: ClientFor, directory: FakeDirectory, administrator: User, second: User
    ):
        """Names and addresses of those who can act; who has not activated, or is disabled, cannot."""
        for state in ({"password_required": True}, {"enabled": False}):
            directory.add_user(a_profile(last_name="Absent"), [an_attachment("acme", administrator=True)], **state)
        person = directory.add_user(a_profile(), [an_attachment("acme"), an_attachment("initech")])
        page = client_for(person).get("/profile")
        assert self.facts(page, "Acme Énergie") == {
            "Services": "cataliz data",
            "Administrée par": "Anne Durand anne.durand@acme.example Bruno Petit bruno.petit@acme.example",
        }
        assert self.facts(page, "Initech")["Administrée par"] == "Personne pour l’instant"

    def test_says_since_when_as_far_as_known(
        self, client_for: ClientFor, browser: Browser, directory: FakeDirectory, member: User
    ):
        """What the portal did it knows; made otherwise, or left since, nothing is said."""
        fields = {**a_row("acme"), **a_row("globex"), "confirm": "1"}
        assert browser.post(f"/users/{member.id}/attachments", fields).status == 303
        own = client_for(member)
        page = own.get("/profile")
        assert re.fullmatch(r"\d{1,2} \w+ 20\d\d", self.facts(page, "Globex")["Depuis le"])
        assert "Depuis le" not in self.facts(page, "Acme Énergie")
        own.post("/profile/companies/globex/leaving")
        directory.add_membership(member.id, "/globex")
        assert "Depuis le" not in self.facts(own.get("/profile"), "Globex")

    def test_last_administrator_is_told_before_he_asks(
        self, client_for: ClientFor, directory: FakeDirectory, administrator: User
    ):
        """No button where it would be refused, but why, and the way to the help; one where it would not."""
        directory.add_user(a_profile(last_name="Petit"), [an_attachment("globex", administrator=True)])
        page = client_for(administrator).get("/profile")
        acme, globex = page.main.all("li", class_="place")
        assert "dernier administrateur actif" in acme.text
        assert acme.all("form") == []
        assert acme.one("a")["href"] == "/help/administrators"
        assert "dernier administrateur" not in globex.text
        assert globex.one("button").text.startswith("Quitter")
        assert "Anne Durand (vous)" in self.facts(page, "Acme Énergie")["Administrée par"]

    def test_company_that_vanishes_meanwhile(self, client_for: ClientFor, directory: FakeDirectory, member: User):
        """It is gone from the page, and the others are not."""
        directory.add_membership(member.id, "/globex")
        directory.fail("administrators", nth=1, error=CompanyNotFoundError("gone"))
        page = client_for(member).get("/profile")
        assert [h3.text for h3 in page.main.one("section", **{"aria-labelledby": "my-attachments"}).all("h3")] == [
            "Globex Utilisateur, Interne"
        ]

    @pytest.mark.usefixtures("administrator", "second")
    def test_costs_one_call_for_each_company(self, client_for: ClientFor, directory: FakeDirectory, member: User):
        browser = client_for(member)
        directory.calls.clear()
        browser.get("/profile")
        assert [verb for verb, _ in directory.calls] == ["attachments_of", "administrators"]


class TestLeaving:
    """A company can be left by its own people."""

    def test_asks_first_on_the_page(self, client_for: ClientFor, directory: FakeDirectory, member: User):
        """The button leads to a question that names the services; its button leaves."""
        browser = client_for(member)
        before = directory.snapshot()
        question = browser.submit(browser.get("/profile").form("/profile/companies/acme/leaving"))
        assert question.status == 200
        assert "Acme Énergie" in question.h1
        assert "cataliz, data" in question.main.text
        assert directory.snapshot() == before
        done = browser.submit(question.form("/profile/companies/acme/leaving"), "confirm")
        assert (done.status, done.location) == (303, "/profile")
        assert directory.attachments_of(member.id) == ()
        assert "Acme Énergie" in browser.follow(done).banners[0]

    def test_post_alone_leaves(self, client_for: ClientFor, directory: FakeDirectory, member: User):
        """The contract knows no `confirm` here."""
        assert client_for(member).post("/profile/companies/acme/leaving").status == 303
        assert directory.attachments_of(member.id) == ()

    def test_other_companies_and_the_account_stay(self, client_for: ClientFor, directory: FakeDirectory):
        """Leaving one is not leaving another."""
        person = directory.add_user(a_profile(), [an_attachment("acme", external=True), an_attachment("initech")])
        client_for(person).post("/profile/companies/acme/leaving")
        assert [at for _, at in directory.attachments_of(person.id)] == [an_attachment("initech")]
        assert directory.user(person.id) == person

    def test_last_administrator_stays(self, client_for: ClientFor, directory: FakeDirectory, administrator: User):
        """409: nobody leaves a company without an active administrator."""
        before = directory.snapshot()
        page = client_for(administrator).post("/profile/companies/acme/leaving")
        assert page.status == 409
        assert "Acme Énergie" in page.main.text
        assert directory.snapshot() == before

    def test_last_administrator_is_not_even_asked(
        self, client_for: ClientFor, directory: FakeDirectory, administrator: User
    ):
        """A page that was opened while there were two: 409 instead of a question that leads nowhere."""
        page = client_for(administrator).post("/profile/companies/acme/leaving", {"ask": "1"})
        assert page.status == 409
        assert "Acme Énergie" in page.h1

    def test_one_of_two_administrators_may_leave(
        self, client_for: ClientFor, directory: FakeDirectory, administrator: User, second: User
    ):
        """As long as another active one stays."""
        assert client_for(administrator).post("/profile/companies/acme/leaving").status == 303
        assert client_for(second).post("/profile/companies/acme/leaving").status == 409

    @pytest.mark.parametrize("company", ["initech", "nowhere", "operators"])
    def test_not_mine_to_leave(self, company: str, client_for: ClientFor, directory: FakeDirectory, member: User):
        """A company one is not at answers like one that does not exist."""
        before = directory.snapshot()
        assert client_for(member).post(f"/profile/companies/{company}/leaving").status == 404
        assert directory.snapshot() == before


class TestLanguage:
    """`POST /language`, on every page."""

    def test_of_somebody_signed_in_is_kept_with_the_account(
        self, client_for: ClientFor, directory: FakeDirectory, member: User
    ):
        """303 back to the page; the profile has the language, and nothing else changed."""
        browser = client_for(member)
        page = browser.get("/profile")
        form = page.html.one("form", class_="language-switch")
        assert form.one("button").text == "English"
        assert form.one("input", name="next")["value"] == "/profile"
        done = browser.post("/language", {"locale": "en", "next": "/profile"})
        assert (done.status, done.location) == (303, "/profile")
        assert directory.user(member.id).profile.locale is Locale.EN
        assert directory.user(member.id).profile.first_name == member.profile.first_name
        again = browser.follow(done)
        assert again.lang == "en"
        assert again.html.one("form", class_="language-switch").one("button").text == "Français"

    def test_of_a_visitor_is_kept_in_his_session(self, visitor: Browser):
        """Who is not signed in reads on in the language he chose."""
        done = visitor.post("/language", {"locale": "en", "next": "/help"})
        assert (done.status, done.location) == (303, "/help")
        assert visitor.get("/help").lang == "en"

    def test_outlasts_the_session(self, client_for: ClientFor, directory: FakeDirectory):
        """Who signs out reads on in the same language; nothing else of the session is left."""
        person = directory.add_user(a_profile(locale=Locale.EN), [an_attachment("acme")])
        browser = client_for(person, {"Accept-Language": "fr"})
        browser.post("/logout")
        page = browser.get("/")
        assert (page.status, page.lang) == (200, "en")
        assert browser.get("/profile").status == 302
        assert "ui_locales=en" in (browser.get("/login").location or "")

    @pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "/\\evil.example", "", "help"])
    def test_leads_to_no_other_site(self, next_: str, visitor: Browser, browser: Browser):
        """Only a path of the portal is gone back to."""
        assert visitor.post("/language", {"locale": "en", "next": next_}).location == "/help"
        assert browser.post("/language", {"locale": "en", "next": next_}).location == "/"

    @pytest.mark.parametrize(
        ("path", "fields", "status", "back"),
        [
            ("/users/new", {"email": "no address"}, 422, "/users/new"),
            ("/users/{member}/attachments", {"company-acme-attached": "1"}, 422, "/users/{member}/attachments"),
            ("/profile", {"last_name": ""}, 422, "/profile"),
            ("/users/{member}/activation", {}, 409, "/"),
            ("/users/{member}/cancellation", {}, 409, "/"),
            ("/language", {"locale": "de"}, 422, "/"),
        ],
    )
    def test_of_an_answer_to_a_form(
        self, path: str, fields: dict[str, str], status: int, back: str, browser: Browser, member: User
    ):
        """What was posted is not posted again: back to the form, or to the start where none can be opened."""
        page = browser.post(path.format(member=member.id), fields)
        assert page.status == status
        back = back.format(member=member.id)
        assert page.html.one("form", action="/language").one("input", name="next")["value"] == back
        opened = browser.follow(browser.post("/language", {"locale": "en", "next": back}))
        assert opened.status == (302 if back == "/" else 200)

    @pytest.mark.parametrize(
        ("language", "words"), [("fr", "Choisissez Français ou English."), ("en", "Choose Français or English.")]
    )
    def test_unknown(self, language: str, words: str, client_for: ClientFor):
        """Those that there are, are named."""
        page = client_for(None, {"Accept-Language": language}).post("/language", {"locale": "de"})
        assert page.status == 422
        assert words in page.main.text

    def test_account_that_is_not_complete(self, client_for: ClientFor, identity: FakeIdentity, member: User):
        """Keycloak may refuse to save a profile that lacks something: said, with the way to complete it."""
        identity.refuses = "last_name"
        page = client_for(member).post("/language", {"locale": "en"})
        assert page.status == 409
        assert "/profile" in [link["href"] for link in page.main.all("a")]


class TestWhichLanguage:
    """The person's, else the browser's, else French; the path is the same."""

    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            (None, "fr"),
            ("", "fr"),
            ("en", "en"),
            ("en-GB,en;q=0.9", "en"),
            ("fr-CA,en;q=0.5", "fr"),
            ("de", "fr"),
            ("de,en;q=0.4,fr;q=0.3", "en"),
            ("de,fr;q=0.4,en;q=0.3", "fr"),
            ("*", "fr"),
            ("en;q=0,fr", "fr"),
            ("\u00ff;;;q=x", "fr"),
        ],
    )
    def test_of_a_visitor(self, header: str | None, expected: str, client_for: ClientFor):
        """Accept-Language decides while nobody is signed in; French when it says nothing of use."""
        headers = {} if header is None else {"Accept-Language": header}
        assert client_for(None, headers).get("/help").lang == expected

    @pytest.mark.parametrize("locale", list(Locale))
    @pytest.mark.parametrize("header", ["fr", "en", "de"])
    def test_of_a_person(self, locale: Locale, header: str, client_for: ClientFor, directory: FakeDirectory):
        """The person's own language wins over the browser's, on every page he gets."""
        person = directory.add_user(a_profile(locale=locale), [an_attachment("acme", administrator=True)])
        browser = client_for(person, {"Accept-Language": header})
        for path in ("/users", "/users/new", "/profile", "/help", "/nothing-here"):
            assert browser.get(path).lang == locale.value

    def test_person_wins_over_what_he_chose_as_a_visitor(self, client_for: ClientFor, member: User):
        """Signing in brings the person's own language."""
        browser = client_for()
        browser.post("/language", {"locale": "en"})
        browser.sign_in(member)
        assert browser.get("/profile").lang == "fr"

    def test_sign_in_is_asked_for_in_the_same_language(self, client_for: ClientFor):
        """Keycloak's pages go on in the visitor's language."""
        away = client_for(None, {"Accept-Language": "en"}).get("/login")
        assert "ui_locales=en" in (away.location or "")
