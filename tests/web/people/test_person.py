"""The page of one person: what an administrator sees of them, and what they can do from there."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from directory.model import Locale, User
from tests.builders import a_context, a_profile, an_attachment, an_author
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from webapp.people import accounts, attachments
from webapp.records.journal import Action, Entry, person_of, values_of, write
from webapp.records.payloads import NewAccount
from webapp.storage.database import Database

ClientFor = Callable[..., Browser]


def facts(page: Page) -> dict[str, str]:
    """The facts on the page, by their words."""
    return {
        fact.one("dt").text: fact.one("dd").text
        for facts in page.main.all("dl", class_="facts")
        for fact in facts.all("div")
    }


def path(user: User) -> str:
    return f"/users/{user.id}"


@pytest.fixture
def pending(directory: FakeDirectory) -> User:
    """Invited to Acme three days ago."""
    return directory.add_user(
        a_profile("camille.morel@acme.example", last_name="Morel", first_name="Camille"),
        [an_attachment("acme")],
        password_required=True,
        activation_sent_at=datetime.now(UTC).replace(microsecond=0) - timedelta(days=3),
    )


class TestWhatIsSeen:
    def test_who_the_person_is(self, browser: Browser, member: User):
        page = browser.get(path(member))

        assert page.status == 200
        assert page.h1 == "Chloé Martin"
        found = facts(page)
        assert found["E-mail"] == "chloe.martin@acme.example"
        assert (found["Nom"], found["Prénom"]) == ("Martin", "Chloé")
        assert (found["Civilité"], found["Langue"]) == ("Mme", "Français")
        assert "Actif" in page.main.one("p", class_="lead-text").text

    def test_attachments_at_my_companies_and_nowhere_else(
        self, browser: Browser, directory: FakeDirectory, database: Database
    ):
        """Nor what was done at the others, nor who did it."""
        person = directory.add_user(
            a_profile(last_name="Noir", first_name="Nina"),
            [an_attachment("acme", administrator=True), an_attachment("initech", external=True)],
        )
        chief = directory.add_user(a_profile(last_name="Ailleurs"), [an_attachment("initech", administrator=True)])
        entry = Entry(Action.ATTACH, ("initech",), person_of(person), None, values_of(an_attachment("initech")))
        write(database, an_author(chief), [entry])

        page = browser.get(path(person))

        assert "Administrateur" in page.row("Acme Énergie").text
        assert "Interne" in page.row("Acme Énergie").text
        assert "Initech" not in page.text
        assert "Ailleurs" not in page.text

    def test_until_when_and_the_way_to_another_account(
        self, browser: Browser, directory: FakeDirectory, member: User, pending: User
    ):
        """The last day is beside since when; a pending account has its address corrected instead."""
        directory._end(member.id, "acme", date(2099, 6, 18))
        page = browser.get(f"/users/{member.id}")
        assert "jusqu’au 18 juin 2099" in page.row("Acme Énergie").text
        others = [f"/users/{user.id}/replacement" for user in (member, pending)]
        assert others[0] in [link["href"].partition("?")[0] for link in page.main.all("a")]
        links = browser.get(f"/users/{pending.id}").main.all("a")
        assert others[1] not in [link["href"].partition("?")[0] for link in links]

    def test_another_account_leads_back_here_and_when_done_to_the_list(self, browser: Browser, member: User):
        """The old account is not mine any more then."""
        page = browser.get(f"{path(member)}?next=/users?q=chloe")
        (link,) = [a for a in page.main.all("a") if a["href"].startswith(f"{path(member)}/replacement")]
        form = browser.get(link["href"])
        (cancel,) = [a for a in form.main.all("a") if a.text == "Annuler"]
        assert same(cancel["href"], f"{path(member)}?next=/users?q%3Dchloe")
        review = browser.submit(form.form(f"{path(member)}/replacement"), email="chloe.zola@acme.example")
        done = browser.submit(review.form(f"{path(member)}/replacement"), "confirm")
        assert (done.status, done.location) == (303, "/users?q=chloe")

    def test_since_when_and_by_whom_as_the_journal_tells(
        self, client_for: ClientFor, browser: Browser, directory: FakeDirectory, database: Database, second: User
    ):
        person = directory.add_user(a_profile(), [])
        attach(directory, database, second, person, "globex")

        row = browser.get(path(person)).row("Globex").text

        assert "par Bruno Petit" in row
        assert str(datetime.now(UTC).year) in row

    def test_who_was_attached_elsewhere_since_an_unknown_day(self, browser: Browser, member: User):
        assert "Inconnu absent du journal de ce portail" in browser.get(path(member)).row("Acme").text

    def test_who_invited_and_each_mail_with_its_day(
        self, browser: Browser, directory: FakeDirectory, database: Database, second: User
    ):
        person = invite(directory, database, second, "zoe@acme.example")

        found = facts(browser.get(path(person)))

        assert found["Invité par"] == "Bruno Petit bruno.petit@acme.example"
        assert str(datetime.now(UTC).year) in found["Mails d’activation"]
        assert "il reste 30 jours" in found["Son lien"] or "30 jours" in found["Son lien"]
        assert "(dans " in found["Prochain mail possible"]

    def test_who_invited_at_other_companies_only_stays_unknown(
        self, browser: Browser, directory: FakeDirectory, database: Database, second: User
    ):
        """What the invitation in the directory says may name people and companies that are not mine."""
        chief = directory.add_user(a_profile(last_name="Ailleurs"), [an_attachment("initech", administrator=True)])
        person = invite(directory, database, chief, "zoe@initech.example", "initech")
        attach(directory, database, second, person, "globex")

        page = browser.get(path(person))

        assert "Inconnu" in facts(page)["Invité par"]
        assert "Ailleurs" not in page.text
        assert "Initech" not in page.text

    def test_every_mail_is_listed_and_none_twice(
        self, browser: Browser, directory: FakeDirectory, database: Database, second: User, pending: User
    ):
        assert browser.post(f"{path(pending)}/activation").status == 303

        page = browser.get(path(pending))

        mails = page.main.one("section", class_="person-activation").all("li")
        assert len(mails) == 1, "the directory keeps the last one, the portal each that it sent"

    def test_last_sign_in_where_it_is_known(self, browser: Browser, directory: FakeDirectory, member: User):
        assert facts(browser.get(path(member)))["Dernière connexion"].startswith("Inconnu")
        directory.signed_in_at[member.id] = datetime(2026, 3, 14, 8, 30, tzinfo=UTC)

        assert facts(browser.get(path(member)))["Dernière connexion"] == "14 mars 2026, 09:30"

    def test_second_factor(self, browser: Browser, directory: FakeDirectory, member: User):
        assert facts(browser.get(path(member)))["Second facteur"].startswith("Pas de codes")
        directory.has_codes.add(member.id)

        assert facts(browser.get(path(member)))["Second facteur"] == "Codes d’une application"

    def test_the_journal_about_the_person(
        self, browser: Browser, directory: FakeDirectory, database: Database, second: User, member: User
    ):
        attach(directory, database, second, member, "globex")

        page = browser.get(path(member))

        lines = page.main.one("section", class_="person-journal")
        assert "Rattaché Utilisateur, Interne Globex Bruno Petit" in lines.one("tbody").text
        (link,) = lines.all("a")
        assert page.text.count("Rattaché Utilisateur") == 1
        assert "Rattaché" in browser.get(link["href"]).main.text

    def test_only_the_latest_lines_are_shown(
        self, browser: Browser, database: Database, second: User, member: User
    ):
        entry = Entry(Action.RESEND, ("acme",), person_of(member))
        write(database, an_author(second), [entry] * 12)

        lines = browser.get(path(member)).main.one("section", class_="person-journal")

        assert len(lines.one("tbody").all("tr")) == 10
        assert "12" in lines.all("a")[0].text

    def test_in_english(self, client_for: ClientFor, directory: FakeDirectory, member: User, pending: User):
        boss = directory.add_user(a_profile(locale=Locale.EN), [an_attachment("acme", administrator=True)])
        browser = client_for(boss)

        assert facts(browser.get(path(member)))["Last sign-in"].startswith("Not known")
        assert "Make administrator" in browser.get(path(pending)).row("Acme").text

    def test_it_takes_few_calls(self, browser: Browser, directory: FakeDirectory, member: User):
        """Who acts is read with the token; then their companies (one call) and the person (three)."""
        browser.get("/help")
        directory.calls.clear()
        browser.get(path(member))

        assert [verb for verb, _ in directory.called()] == ["attachments_of", "dossier"]


class TestWhoIsNotMine:
    def test_is_as_somebody_who_does_not_exist(
        self, browser: Browser, directory: FakeDirectory, stranger: User, member: User
    ):
        operator = directory.add_operator(a_profile(), [an_attachment("acme")])
        nobody = browser.get("/users/00000000-0000-4000-8000-000000000000")

        assert nobody.status == 404
        for one in (stranger, operator):
            page = browser.get(path(one))
            assert page.status == 404
            assert page.main.text.partition("Référence")[0] == nobody.main.text.partition("Référence")[0]

    def test_was_detached_a_moment_ago(self, browser: Browser, directory: FakeDirectory, member: User):
        assert browser.get(path(member)).status == 200
        directory.remove_membership(member.id, "/acme")

        assert browser.get(path(member)).status == 404


class TestWhatCanBeDone:
    @pytest.mark.parametrize(
        ("button", "expected"),
        [
            ("Nommer administrateur", an_attachment("acme", administrator=True)),
            ("Passer en externe", an_attachment("acme", external=True)),
        ],
    )
    def test_a_role_is_changed_in_two_clicks(
        self, browser: Browser, directory: FakeDirectory, member: User, button: str, expected: object
    ):
        """Choose, then confirm on the difference; what the person is at my other companies stays as it is."""
        directory.add_membership(member.id, "/globex")
        here = path(member)

        review = press(browser, browser.get(here), "Acme", button)
        assert directory.called("change_attachment") == []
        assert "Acme Énergie" in review.main.one("ul", class_="difference").text
        assert "Globex" not in review.main.one("ul", class_="difference").text
        done = browser.submit(review.form(f"{here}/attachments"), "confirm")

        assert (done.status, done.location) == (303, here)
        found = {a.company_id: a for _, a in directory.attachments_of(member.id)}
        assert found == {"acme": expected, "globex": an_attachment("globex")}
        assert browser.follow(done).banners

    def test_detaching_one_company_leads_back(self, browser: Browser, directory: FakeDirectory, member: User):
        directory.add_membership(member.id, "/globex")

        done = confirm(browser, press(browser, browser.get(path(member)), "Globex", "Détacher"))

        assert done.location == path(member)
        assert [a.company_id for _, a in directory.attachments_of(member.id)] == ["acme"]

    def test_detaching_the_last_company_leads_to_the_list_as_it_was(
        self, browser: Browser, directory: FakeDirectory, member: User
    ):
        """The page of somebody who is not mine any more would be a 404."""
        page = browser.get(f"{path(member)}?next=/users?q=mar")

        done = confirm(browser, press(browser, page, "Acme", "Détacher"))

        assert done.location == "/users?q=mar"
        assert browser.follow(done).banners

    def test_what_was_chosen_can_be_changed_for_that_company(
        self, browser: Browser, directory: FakeDirectory, member: User
    ):
        """« Modifier » of the difference shows the one row; the other companies stay as they are."""
        directory.add_membership(member.id, "/globex")
        review = press(browser, browser.get(path(member)), "Acme", "Nommer administrateur")

        rows = browser.submit(review.form(f"{path(member)}/attachments"), "back")
        assert len(rows.rows) == 1
        form = rows.form(f"{path(member)}/attachments")
        again = browser.submit(form, **{"company-acme-affiliation": "external"})
        confirm(browser, again)

        found = {a.company_id: a for _, a in directory.attachments_of(member.id)}
        assert found["acme"] == an_attachment("acme", administrator=True, external=True)
        assert found["globex"] == an_attachment("globex")

    def test_the_last_administrator_is_refused_here_too(
        self, client_for: ClientFor, directory: FakeDirectory, member: User
    ):
        boss = directory.add_user(a_profile(), [an_attachment("initech", administrator=True)])
        directory.add_membership(member.id, "/initech")
        browser = client_for(boss)

        answer = press(browser, browser.get(path(boss)), "Initech", "Rendre utilisateur")

        assert answer.status == 409
        assert directory.called("change_attachment") == []

    def test_a_change_of_somebody_elses_meanwhile_is_a_conflict(
        self, browser: Browser, directory: FakeDirectory, member: User
    ):
        page = browser.get(path(member))
        directory.add_membership(member.id, "/acme/externals")

        answer = press(browser, page, "Acme", "Nommer administrateur")

        assert answer.status == 409
        assert "Globex" not in " ".join(answer.rows)

    def test_a_company_that_is_not_mine_cannot_be_named(self, browser: Browser, member: User):
        assert browser.post(f"{path(member)}/attachments", {"only": "initech"}).status == 404
        assert browser.post(f"{path(member)}/attachments", {"only": "nowhere"}).status == 404

    def test_everything_leads_back_here(self, browser: Browser, directory: FakeDirectory, pending: User):
        """And the page leads back to the list as it was."""
        page = browser.get(f"{path(pending)}?next=/users?status=pending")
        here = f"{path(pending)}?next=/users?status%3Dpending"
        assert page.main.one("p", class_="way-back").one("a")["href"] == "/users?status=pending"

        resent = browser.submit(page.form(f"{path(pending)}/activation"))
        assert same(resent.location, here)
        for words in ("Modifier", "Corriger l’adresse"):
            (link,) = [a for a in page.main.all("a") if a.text.startswith(words)]
            (cancel,) = [a for a in browser.get(link["href"]).main.all("a") if a.text == "Annuler"]
            assert same(cancel["href"], here)
        asked = browser.submit(page.form(f"{path(pending)}/cancellation"))
        (keep,) = [a for a in asked.main.all("a") if "conserver" in a.text]
        assert same(keep["href"], here)

    def test_a_cancelled_invitation_leads_to_the_list(self, browser: Browser, pending: User):
        page = browser.get(f"{path(pending)}?next=/users?status=pending")
        asked = browser.submit(page.form(f"{path(pending)}/cancellation"))

        done = browser.submit(asked.form(f"{path(pending)}/cancellation"), "confirm")

        assert done.location == "/users?status=pending"

    def test_what_is_for_pending_accounts_is_not_offered_for_active_ones(self, browser: Browser, member: User):
        page = browser.get(path(member))

        assert not [form for form in page.forms if form.action.endswith(("/activation", "/cancellation"))]
        assert not [a for a in page.main.all("a") if a["href"].partition("?")[0].endswith("/email")]

    def test_a_foreign_way_back_is_ignored(self, browser: Browser, member: User):
        page = browser.get(f"{path(member)}?next=//evil.example/")

        assert page.main.one("p", class_="way-back").one("a")["href"] == "/users"


class TestTextOfTheInvitation:
    def test_says_what_to_look_for_from_whom_and_until_when(self, browser: Browser, pending: User):
        page = browser.get(path(pending))

        text = page.html.one("textarea", id="invitation")
        assert "readonly" in text
        words = text.text
        sent, end = pending.activation_sent_at, pending.activation_expires_at
        assert sent
        assert end
        for part in (
            "Bonjour Camille Morel",
            "camille.morel@acme.example",
            "no-reply@portal.example",
            "Activez votre compte Attaché",
            "Acme Énergie",
            f"{end.year}",
            "Anne Durand",
        ):
            assert part in words
        assert "Le lien n’y est pas" in page.main.one("p", id="invitation-hint").text

    def test_is_in_the_language_of_the_person(self, browser: Browser, directory: FakeDirectory):
        """The page is in the administrator's."""
        person = directory.add_user(
            a_profile(locale=Locale.EN),
            [an_attachment("acme")],
            password_required=True,
            activation_sent_at=datetime.now(UTC),
        )

        text = browser.get(path(person)).html.one("textarea", id="invitation")

        assert text["lang"] == "en"
        assert "Hello" in text.text
        assert "Activate your Attaché account" in text.text

    @pytest.mark.parametrize("days", [None, 40])
    def test_there_is_none_where_no_link_works(self, browser: Browser, directory: FakeDirectory, days: int | None):
        """Then a new mail is to be sent first."""
        sent = None if days is None else datetime.now(UTC) - timedelta(days=days)
        person = directory.add_user(
            a_profile(), [an_attachment("acme")], password_required=True, activation_sent_at=sent
        )

        assert browser.get(path(person)).html.all("textarea") == []

    def test_names_my_companies_only(self, browser: Browser, directory: FakeDirectory):
        person = directory.add_user(
            a_profile(),
            [an_attachment("acme"), an_attachment("initech")],
            password_required=True,
            activation_sent_at=datetime.now(UTC),
        )

        assert "Initech" not in browser.get(path(person)).html.one("textarea").text


def attach(directory: FakeDirectory, database: Database, author: User, person: User, company_id: str) -> None:
    """Through the use case, with its line in the journal."""
    companies = [company for company, _ in directory.attachments_of(author.id)]
    wanted = {company_id: an_attachment(company_id)}
    attachments.change(a_context(directory, database, author), companies, person, wanted)


def invite(
    directory: FakeDirectory, database: Database, author: User, email: str, company_id: str = "acme"
) -> User:
    account = NewAccount(a_profile(email), (an_attachment(company_id),))
    companies = [company for company, _ in directory.attachments_of(author.id)]
    return accounts.create(a_context(directory, database, author), account, companies).user


def press(browser: Browser, page: Page, company: str, words: str) -> Page:
    """Send the form of the button with these words in the row of the company."""
    (button,) = [b for b in page.row(company).all("button") if b.text.startswith(words)]
    element = button.within("form")
    (form,) = [form for form in page.forms if form.element is element]
    return browser.submit(form)


def confirm(browser: Browser, review: Page) -> Page:
    (form,) = [form for form in review.forms if "confirm" in form.buttons]
    return browser.submit(form, "confirm")


def same(one: str | None, other: str) -> bool:
    """Whether two addresses are the same, however they are quoted."""
    from urllib.parse import unquote

    return unquote(unquote(one or "")) == unquote(unquote(other))
